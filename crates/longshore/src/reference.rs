//! The generated pages of `docs/reference/`: the command line from the argument types, the metrics
//! from the roles' own answers.
//!
//! `LONGSHORE_UPDATE_REFERENCE=1 cargo test -p longshore reference` writes them anew.

use std::{fmt::Write, fs, path::Path};

use clap::{Arg, Command, CommandFactory};

use crate::cli::Cli;

mod estimators;
mod metrics;

#[test]
fn the_command_line_reference_is_true() {
    hold("cli.md", &command_line());
}

#[test]
fn the_metrics_reference_is_true() {
    hold("metrics.md", &metrics::page());
}

#[test]
fn the_list_of_estimators_is_true() {
    hold("estimators.md", &estimators::page());
}

fn hold(page: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(page);
    if std::env::var_os("LONGSHORE_UPDATE_REFERENCE").is_some() {
        fs::write(&path, expected).expect("docs/reference is writable");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "{page} is stale: run with LONGSHORE_UPDATE_REFERENCE=1");
}

fn command_line() -> String {
    let mut command = Cli::command();
    command.build();
    let mut page = String::from(
        "# Command line\n\nMade from the program's own argument types by a test; do not edit.\n\
         Every flag with an environment variable can be set by either; the flag wins. `longshore COMMAND --help` prints the\n\
         same with examples, `-h` the most frequent flags. [Sizes, times, colours and exit codes](exit-codes.md).\n",
    );
    sections(&mut page, "longshore", &command);
    page
}

/// A section for each subcommand that does something by itself, and for each of their own.
fn sections(page: &mut String, path: &str, command: &Command) {
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let path = format!("{path} {}", sub.get_name());
        if !sub.is_subcommand_required_set() {
            section(page, &path, sub);
        }
        sections(page, &path, sub);
    }
}

fn section(page: &mut String, path: &str, command: &Command) {
    let about = command
        .get_long_about()
        .or(command.get_about())
        .map(ToString::to_string)
        .unwrap_or_default();
    let about = about.replace("\n\n", ": ");
    let aliases = command.get_visible_aliases().map(|alias| format!("; also called `{alias}`"));
    let about = about + &aliases.collect::<String>();
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    let _ = write!(page, "\n## {path}\n\n{about}.\n\n```\n{usage}\n```\n");
    page.push_str("\n| argument | default | environment | what it is |\n|---|---|---|---|\n");
    let shown =
        |arg: &&Arg| !arg.is_hide_set() && arg.get_id() != "help" && arg.get_id() != "version";
    for arg in command.get_arguments().filter(shown) {
        let default = arg.get_default_values().first().map(|v| code(&v.to_string_lossy()));
        let variable = arg.get_env().map(|name| code(&name.to_string_lossy()));
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} |",
            code(&name(arg)),
            default.unwrap_or_default(),
            variable.unwrap_or_default(),
            help.replace('|', "\\|"),
        );
    }
}

fn name(arg: &Arg) -> String {
    let value = arg.get_value_names().and_then(|names| names.first()).map(ToString::to_string);
    let takes_value = arg.get_action().takes_values();
    match (arg.get_long(), value) {
        (Some(long), Some(value)) if takes_value => format!("--{long} <{value}>"),
        (Some(long), _) => format!("--{long}"),
        (None, value) => value.unwrap_or_else(|| arg.get_id().to_string()),
    }
}

fn code(text: &str) -> String {
    format!("`{text}`")
}
