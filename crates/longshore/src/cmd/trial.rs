//! `longshore try`: a model on this machine alone, and its page in the browser.

use std::{
    env,
    process::{Command as Process, Stdio},
};

use anyhow::{Result, bail};
use clap::Parser;

use crate::cli::{Cli, Command, TryArgs};

/// Serves until TERM or Ctrl-C, as `serve --watch` does.
pub(crate) fn run(args: &TryArgs) -> Result<()> {
    let port = args.port.to_string();
    let mut words = vec!["longshore", "serve", "--host", "127.0.0.1", "--port", &port, "--watch"];
    if let Some(uri) = &args.tracking_uri {
        words.extend(["--tracking-uri", uri]);
    }
    words.extend(["--", &args.model]);
    let Command::Serve(serve) = Cli::try_parse_from(words)?.command else {
        bail!("`serve` is not understood");
    };
    super::serve::run_and(&serve, |page| {
        if !args.no_open && has_display() {
            // whether a browser comes up or not, its address is printed
            let _ = opener()
                .arg(page)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn();
        }
    })
}

/// What opens an address in the user's browser.
fn opener() -> Process {
    Process::new(if cfg!(target_os = "macos") { "open" } else { "xdg-open" })
}

/// Whether somebody sits before this machine: a remote shell has no display.
fn has_display() -> bool {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    if cfg!(target_os = "macos") {
        !is_set("SSH_CONNECTION")
    } else {
        is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
    }
}
