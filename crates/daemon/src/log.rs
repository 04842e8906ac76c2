//! Log lines: JSON on stderr, or text when stderr is a terminal.

use std::io::{self, IsTerminal};

use tracing_subscriber::{EnvFilter, fmt, prelude::*};

use crate::Error;

/// The form of the lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Text on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// One JSON object a line.
    Json,
    /// One line of text.
    Text,
}

/// Starts logging for the process; `filter` is a level or a list of `target=level`.
///
/// # Errors
/// [`Error::LogFilter`], [`Error::LogTwice`].
pub fn init(filter: &str, format: Format) -> Result<(), Error> {
    let parsed = EnvFilter::try_new(filter)
        .map_err(|source| Error::LogFilter { filter: filter.to_owned(), source })?;
    let json = match format {
        Format::Auto => !io::stderr().is_terminal(),
        Format::Json => true,
        Format::Text => false,
    };
    let registry = tracing_subscriber::registry().with(parsed);
    if json {
        let layer = fmt::layer().json().flatten_event(true).with_writer(io::stderr);
        registry.with(layer).try_init()
    } else {
        registry.with(fmt::layer().with_ansi(false).with_writer(io::stderr)).try_init()
    }
    .map_err(|_| Error::LogTwice)
}
