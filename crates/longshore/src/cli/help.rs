//! What people read of the command line beside its types: examples, groups, and which options `-h` leaves out. The
//! program parses without any of it, and puts it on only when there is something to read.

mod examples;

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    process::ExitCode,
};

use clap::{
    Command, CommandFactory, FromArgMatches, Parser,
    builder::styling::{AnsiColor, Style, Styles},
};
use longshore_daemon::terminal::has_colours;

use super::Cli;

/// Widest line of a help page.
const WIDEST: usize = 100;

/// A command with more options than this has a short help and a long one.
const MANY: usize = 12;

/// Options in groups of their own that `-h` shows all the same.
const FREQUENT: &[&str] = &[
    "host",
    "port",
    "model_dir",
    "watch",
    "api_keys",
    "tracking_uri",
    "log_format",
    "model",
    "namespace",
];

/// The commands by what they are for, as the first page of help lists them.
const GROUPS: &[(&str, &[&str])] = &[
    ("Serve a model", &["try", "serve", "demo", "predict", "batch", "inspect", "verify", "fetch"]),
    ("Look at a running server", &["ps", "smoke-test", "bench", "api-key"]),
    ("Experiments and models", &["tracking", "experiments", "runs", "models"]),
    (
        "Kubernetes: what people do",
        &["get", "describe", "url", "logs", "rollout", "apply", "delete"],
    ),
    ("Kubernetes: what runs there", &["operator", "gateway", "autoscaler"]),
    ("This program", &["version", "completions", "man", "help"]),
];

/// Exit code of a command line that cannot be understood (`docs/reference/exit-codes.md`).
const WRONG_ARGUMENTS: u8 = 2;

const STYLES: Styles = Styles::styled()
    .header(Style::new().bold())
    .usage(Style::new().bold())
    .literal(AnsiColor::Cyan.on_default())
    .error(AnsiColor::Red.on_default().bold())
    .valid(AnsiColor::Green.on_default())
    .invalid(AnsiColor::Yellow.on_default());

/// Parses the process' arguments.
///
/// # Errors
/// A page of help that was asked for, or what is wrong with the arguments.
pub(crate) fn parse() -> Result<Cli, clap::Error> {
    // what is right needs no page, and a server starts without making any
    Cli::try_parse().or_else(|_| {
        let is_short = std::env::args_os().any(|argument| argument == "-h");
        let matches = page(is_short).try_get_matches()?;
        Cli::from_arg_matches(&matches)
    })
}

/// Prints a page of help or what is wrong with the arguments. Returns the exit code that goes with it.
pub(crate) fn tell(error: &clap::Error) -> ExitCode {
    // clap's own choice of colours also goes by other variables, `CI` among them
    let text = error.render();
    let shown = |has_colours: bool| {
        if has_colours { text.ansi().to_string() } else { text.to_string() }
    };
    // who reads it may be gone: there is nobody to tell
    let _ = if error.use_stderr() {
        let mut stream = io::stderr();
        let shown = shown(has_colours(&stream));
        stream.write_all(shown.as_bytes())
    } else {
        let mut stream = io::stdout();
        let shown = shown(has_colours(&stream));
        stream.write_all(shown.as_bytes()).and_then(|()| stream.flush())
    };
    if error.use_stderr() { ExitCode::from(WRONG_ARGUMENTS) } else { ExitCode::SUCCESS }
}

/// The command line with its examples and groups; `is_short` for a page of the most frequent options.
pub(crate) fn page(is_short: bool) -> Command {
    let command = dress(Cli::command(), "", is_short).styles(STYLES).max_term_width(WIDEST);
    let (groups, header) = (groups(&command), STYLES.get_header());
    command.help_template(format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n{groups}\n{header}Options:{header:#}\n{{options}}{{after-help}}"
    ))
}

/// Puts its examples and its groups on a command, and on all below it.
fn dress(command: Command, path: &str, is_short: bool) -> Command {
    let header = STYLES.get_header();
    let own = command.get_after_help().map(ToString::to_string);
    let text = own.unwrap_or_else(|| examples::of(path));
    let text =
        text.strip_prefix("Examples:\n").or(text.strip_prefix("Example:\n")).unwrap_or(&text);
    let options = command.get_arguments().filter(|arg| !arg.is_hide_set()).count();
    let has_two_pages = options > MANY;
    let command = command.after_help(format!("{header}Examples:{header:#}\n{text}"));
    let command = command.mut_args(|arg| {
        let id = arg.get_id().as_str();
        let is_rare = arg.get_help_heading().is_some() && !FREQUENT.contains(&id);
        arg.hide_short_help(has_two_pages && is_rare).hide_env(is_short)
    });
    command.mut_subcommands(|sub| {
        let path = format!("{path} {}", sub.get_name());
        dress(sub, path.trim_start(), is_short)
    })
}

/// The list of commands by their groups; those that are in none stand at the end.
fn groups(root: &Command) -> String {
    let (header, literal) = (STYLES.get_header(), STYLES.get_literal());
    let about = |name: &str| match name {
        "help" => Some("Print this, or the help of a command".to_owned()),
        _ => root
            .find_subcommand(name)
            .map(|sub| sub.get_about().map(ToString::to_string).unwrap_or_default()),
    };
    let grouped = |name: &str| GROUPS.iter().any(|(_, names)| names.contains(&name));
    let others: Vec<_> =
        root.get_subcommands().map(Command::get_name).filter(|name| !grouped(name)).collect();
    let mut text = String::new();
    for (title, names) in GROUPS.iter().copied().chain([("More", &others[..])]) {
        let lines: Vec<_> = names.iter().filter_map(|name| Some((name, about(name)?))).collect();
        if lines.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n{header}{title}:{header:#}");
        for (name, about) in lines {
            let _ = writeln!(text, "  {literal}{name:<11}{literal:#}  {about}");
        }
    }
    text
}

#[cfg(test)]
mod tests;
