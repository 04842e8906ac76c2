//! `longshore completions` and `longshore man`: what a shell and a reader get from the types of the command line.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use clap::{Command, CommandFactory};

use crate::cli::{Cli, CompletionsArgs, ManArgs, help};

/// Prints the script of a shell.
pub(crate) fn completions(args: &CompletionsArgs) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "longshore", &mut script);
    super::print(String::from_utf8(script)?.trim_end());
    Ok(())
}

/// Writes a page for each command: `longshore.1`, `longshore-serve.1`, and so on.
pub(crate) fn man(args: &ManArgs) -> Result<()> {
    let failed = |path: &Path| format!("failed to write `{}`", path.display());
    fs::create_dir_all(&args.dir).with_context(|| failed(&args.dir))?;
    let mut command = help::page(false).disable_help_subcommand(true);
    command.build();
    let count = write(&command, &args.dir)?;
    super::print(&format!("{count} pages in {}", args.dir.display()));
    Ok(())
}

/// Writes the page of a command and those of the commands below it, and returns how many.
fn write(command: &Command, dir: &Path) -> Result<usize> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    let path = dir.join(format!("{name}.1"));
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    fs::write(&path, page).with_context(|| format!("failed to write `{}`", path.display()))?;
    let mut count = 1;
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        count += write(sub, dir)?;
    }
    Ok(count)
}
