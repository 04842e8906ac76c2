//! Log lines: JSON on stderr, or text when stderr is a terminal.

mod lines;

use std::io::{self, IsTerminal};

use tracing_subscriber::{EnvFilter, fmt, prelude::*};

use self::lines::Lines;
use crate::{Error, server::access_log, terminal};

/// The form of the lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Text on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// One JSON object a line.
    Json,
    /// Lines of text; on a terminal for somebody who looks on, with a line for each request.
    Text,
}

impl Format {
    /// Whether somebody looks on: text on a terminal.
    pub fn is_watched(self) -> bool {
        self != Self::Json && io::stderr().is_terminal()
    }
}

/// Starts logging for the process; `filter` is a level or a list of `target=level`.
///
/// # Errors
/// [`Error::LogFilter`], [`Error::LogTwice`].
pub fn init(filter: &str, format: Format) -> Result<(), Error> {
    let mut parsed = EnvFilter::try_new(filter)
        .map_err(|source| Error::LogFilter { filter: filter.to_owned(), source })?;
    if format.is_watched() {
        // a filter that names parts of the program says itself whether requests are wanted
        if filter == "info"
            && let Ok(requests) = format!("{}=debug", access_log::TARGET).parse()
        {
            parsed = parsed.add_directive(requests);
        }
        if let Ok(progress) = format!("{}=debug", lines::PROGRESS).parse() {
            parsed = parsed.add_directive(progress);
        }
        let colours = terminal::has_colours(&io::stderr());
        let layer = fmt::layer().event_format(Lines::new(colours)).with_writer(io::stderr);
        let registry = tracing_subscriber::registry().with(parsed).with(layer);
        return registry.try_init().map_err(|_| Error::LogTwice);
    }
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
