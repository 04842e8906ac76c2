//! The command-line reference, `docs/reference/cli.md`, made from the argument types.
//!
//! `LONGSHORE_UPDATE_REFERENCE=1 cargo test -p longshore reference` writes it anew.

use std::{fmt::Write, fs, path::Path};

use clap::{Arg, Command, CommandFactory};

use super::Cli;

#[test]
fn the_command_line_reference_is_true() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/cli.md");
    let expected = reference();
    if std::env::var_os("LONGSHORE_UPDATE_REFERENCE").is_some() {
        fs::write(&path, &expected).expect("docs/reference is writable");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "docs/reference/cli.md is stale: run with LONGSHORE_UPDATE_REFERENCE=1"
    );
}

fn reference() -> String {
    let mut command = Cli::command();
    command.build();
    let mut page = String::from(
        "# Command line\n\nMade from the program's own argument types by a test; do not edit.\n\
         Every flag with an environment variable can be set by either; the flag wins.\n",
    );
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        section(&mut page, sub);
    }
    page
}

fn section(page: &mut String, command: &Command) {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    let _ =
        write!(page, "\n## longshore {}\n\n{about}.\n\n```\n{usage}\n```\n", command.get_name());
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
