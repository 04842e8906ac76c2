use clap::{CommandFactory, Parser, error::ErrorKind};

use super::{MANY, page};
use crate::cli::Cli;

/// Calls `look` with the words and the command of every command there is.
fn walk(
    command: &clap::Command,
    words: &[String],
    look: &mut dyn FnMut(&[String], &clap::Command),
) {
    look(words, command);
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let words = [words, &[sub.get_name().to_owned()]].concat();
        walk(sub, &words, look);
    }
}

fn help(words: &[String], flag: &str) -> String {
    let all = words.iter().cloned().chain([flag.to_owned()]);
    let error = page(flag == "-h").try_get_matches_from(all).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DisplayHelp, "{words:?} {flag}: {error}");
    error.to_string()
}

/// The words of a command line; quotes hold words together.
fn words(line: &str) -> Vec<String> {
    let line = line.split(" < ").next().unwrap_or(line).split(" > ").next().unwrap_or(line);
    let (mut words, mut quote) = (vec![String::new()], None);
    for letter in line.chars() {
        match (letter, quote) {
            ('\'' | '"', None) => quote = Some(letter),
            (letter, Some(mark)) if letter == mark => quote = None,
            (' ', None) => words.push(String::new()),
            _ => words.last_mut().unwrap().push(letter),
        }
    }
    words
}

#[test]
fn every_help_has_examples_and_every_example_is_a_command_line() {
    let mut count = 0;
    walk(&page(false), &["longshore".to_owned()], &mut |path, command| {
        assert!(help(path, "--help").contains("Examples:\n  longshore"), "{path:?}");
        // a page may fold them
        let examples = command.get_after_help().unwrap().to_string();
        let lines: Vec<_> = examples.lines().skip(1).map(str::trim).collect();
        let own = format!("{} ", path.join(" "));
        let is_own = |line: &&&str| {
            format!("{line} ").starts_with(&own) || command.get_visible_aliases().count() > 0
        };
        assert!(lines.iter().any(|line| is_own(&line)), "{path:?}: {lines:?}");
        for line in lines {
            let parsed = Cli::try_parse_from(words(line));
            assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
            count += 1;
        }
    });
    assert!(count > 100, "{count}");
}

#[test]
fn the_short_help_of_a_command_with_many_options_is_short() {
    walk(&Cli::command(), &["longshore".to_owned()], &mut |path, command| {
        // `-h` is the host of a tracking server
        if path.get(1).is_some_and(|word| word == "tracking") {
            return;
        }
        let (short, long) = (help(path, "-h"), help(path, "--help"));
        assert!(!short.contains("[env:"), "{short}");
        if command.get_arguments().filter(|arg| !arg.is_hide_set()).count() > MANY {
            assert!(short.lines().count() * 2 < long.lines().count(), "{path:?}\n{short}");
            assert!(short.contains("--help"), "{short}");
        }
    });
}

#[test]
fn the_first_page_names_every_command_in_a_group_and_fits_a_terminal() {
    let first = help(&["longshore".to_owned()], "--help");
    for sub in Cli::command().get_subcommands() {
        let line = format!("\n  {:<11}  ", sub.get_name());
        assert!(
            sub.is_hide_set() || first.contains(&line),
            "{} is missing:\n{first}",
            sub.get_name()
        );
    }
    assert!(!first.contains("\nMore:"), "{first}");
    for line in first.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn what_is_misspelt_is_told_what_may_be_meant() {
    for (line, meant) in [
        ("longshore srve wine", "serve"),
        ("longshore serve wine --prot 1", "--port"),
        ("longshore serve wine --method predict_prob", "predict_proba"),
        ("longshore serve wine --log-format jsn", "json"),
        ("longshore models lst", "list"),
    ] {
        let error = page(false).try_get_matches_from(words(line)).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{line}");
        let text = error.to_string();
        let tip =
            text.lines().find(|line| line.contains("tip:")).unwrap_or_else(|| panic!("{text}"));
        assert!(tip.contains(meant), "{text}");
    }
}
