//! How far a transfer is.

use std::{
    collections::BTreeMap,
    io::{IsTerminal, Write},
    sync::Mutex,
    time::{Duration, Instant},
};

use serde::Serialize;

/// Between two lines on a terminal.
const OFTEN: Duration = Duration::from_millis(500);

/// Between two lines in a log.
const SELDOM: Duration = Duration::from_secs(15);

/// Counts what is moved, and shows it.
pub(super) struct Progress(Mutex<State>);

struct State {
    counts: BTreeMap<&'static str, u64>,
    notes: Vec<String>,
    begun: Instant,
    shown: Instant,
    is_terminal: bool,
    /// Whether a line is to be written over.
    open: bool,
}

/// What was moved.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    #[serde(flatten)]
    pub(super) counts: BTreeMap<&'static str, u64>,
    /// What could not be moved as it is.
    pub(super) notes: Vec<String>,
    pub(super) seconds: f64,
}

impl Progress {
    pub(super) fn new() -> Self {
        let (now, is_terminal) = (Instant::now(), std::io::stderr().is_terminal());
        Self(Mutex::new(State {
            counts: BTreeMap::new(),
            notes: Vec::new(),
            begun: now,
            shown: now,
            is_terminal,
            open: false,
        }))
    }

    /// Counts, and shows the counts from time to time.
    pub(super) fn add(&self, what: &'static str, count: u64) {
        let Ok(mut state) = self.0.lock() else { return };
        *state.counts.entry(what).or_default() += count;
        let pause = if state.is_terminal { OFTEN } else { SELDOM };
        if state.shown.elapsed() >= pause {
            state.show();
        }
    }

    /// Says, at once and in the summary, what could not be moved as it is.
    pub(super) fn note(&self, text: String) {
        let Ok(mut state) = self.0.lock() else { return };
        state.clear();
        let _ = writeln!(std::io::stderr(), "note: {text}");
        state.notes.push(text);
    }

    pub(super) fn end(self) -> Summary {
        let mut state = self.0.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.clear();
        let seconds = (state.begun.elapsed().as_secs_f64() * 100.0).round() / 100.0;
        Summary { counts: state.counts, notes: state.notes, seconds }
    }
}

impl State {
    fn show(&mut self) {
        self.shown = Instant::now();
        let line = words(&self.counts);
        let mut out = std::io::stderr();
        let _ = if self.is_terminal {
            self.open = true;
            write!(out, "\r\x1b[K{line}").and_then(|()| out.flush())
        } else {
            writeln!(out, "{line}")
        };
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.open) {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

/// Counts in a line.
pub(super) fn words(counts: &BTreeMap<&'static str, u64>) -> String {
    let all = counts.iter().filter(|(_, count)| **count > 0);
    let all: Vec<_> =
        all.map(|(what, count)| format!("{count} {}", what.replace('_', " "))).collect();
    if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
}
