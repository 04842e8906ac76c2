//! The subcommands, one file each.

mod advice;
pub(crate) mod api_key;
#[cfg(feature = "operator")]
pub(crate) mod autoscaler;
pub(crate) mod batch;
pub(crate) mod bench;
mod curl;
pub(crate) mod demo;
pub(crate) mod fetch;
#[cfg(feature = "cli")]
mod fitted;
#[cfg(feature = "gateway")]
pub(crate) mod gateway;
pub(crate) mod inspect;
#[cfg(feature = "cli")]
pub(crate) mod mlflow;
#[cfg(feature = "cli")]
mod near;
#[cfg(feature = "operator")]
pub(crate) mod operator;
#[cfg(feature = "cli")]
mod page;
#[cfg(feature = "cli")]
pub(crate) mod platform;
pub(crate) mod predict;
#[cfg(feature = "cli")]
pub(crate) mod ps;
pub(crate) mod serve;
#[cfg(feature = "cli")]
pub(crate) mod shell;
pub(crate) mod smoke_test;
#[cfg(feature = "cli")]
mod table;
mod traces;
#[cfg(feature = "tracking")]
pub(crate) mod tracking;
pub(crate) mod trial;
pub(crate) mod verify;
pub(crate) mod version;

use std::io::Write;

use longshore_daemon::terminal::{Ink, has_colours};

use crate::termination;

/// Prints an answer on standard output; a closed pipe ends the output silently.
pub(crate) fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Prints an error with its causes on one line of standard error, what to do about it on another, and tells the first
/// to Kubernetes.
pub(crate) fn complain(error: &anyhow::Error) {
    let line = line(error);
    termination::note(&line);
    let colours = has_colours(&std::io::stderr());
    let mut out = std::io::stderr().lock();
    let _ = writeln!(out, "{} {line}", Ink::Red.on(colours, "error:"));
    if let Some(advice) = advice::of(error) {
        let _ = writeln!(out, "{}  {advice}", Ink::Cyan.on(colours, "next:"));
    }
}

/// An error with its causes. Some errors name their cause in their own words already.
pub(crate) fn line(error: &anyhow::Error) -> String {
    let mut line = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !line.contains(&cause) {
            line.push_str(": ");
            line.push_str(&cause);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::line;

    #[test]
    fn an_error_is_one_line_that_says_nothing_twice() {
        let refused = || anyhow::anyhow!("connection refused");
        assert_eq!(line(&refused()), "connection refused");
        let named = refused().context("failed to connect: connection refused");
        assert_eq!(line(&named), "failed to connect: connection refused");
        let error = Err::<(), _>(named).context("failed to fetch `a`").unwrap_err();
        assert_eq!(line(&error), "failed to fetch `a`: failed to connect: connection refused");
    }
}
