//! The subcommands, one file each.

pub(crate) mod bench;
pub(crate) mod demo;
pub(crate) mod inspect;
pub(crate) mod predict;
pub(crate) mod serve;
pub(crate) mod smoke_test;

use std::io::Write;

/// Prints an answer on standard output; a closed pipe ends the output silently.
pub(crate) fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Prints an error with its causes on standard error.
pub(crate) fn complain(error: &anyhow::Error) {
    let mut out = std::io::stderr().lock();
    let mut said = error.to_string();
    let _ = writeln!(out, "error: {said}");
    for cause in error.chain().skip(1).map(ToString::to_string) {
        // some errors name their cause in their own words already
        if !said.contains(&cause) {
            let _ = writeln!(out, "  because: {cause}");
        }
        said = cause;
    }
}
