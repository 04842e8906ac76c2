//! How far a run is: a bar on a terminal, a line every so often elsewhere.

use std::{
    io::{IsTerminal, Write, stderr},
    time::{Duration, Instant},
};

/// Between two looks at a terminal, and between two lines elsewhere.
const OFTEN: Duration = Duration::from_millis(200);
const SELDOM: Duration = Duration::from_secs(15);

/// Cells of the bar.
const WIDTH: usize = 24;

pub(super) struct Progress {
    begun: Instant,
    shown: Instant,
    is_terminal: bool,
    is_open: bool,
    /// Rows that an earlier run has done.
    before: u64,
}

impl Progress {
    pub(super) fn new(before: u64) -> Self {
        let now = Instant::now();
        Self { begun: now, shown: now, is_terminal: stderr().is_terminal(), is_open: false, before }
    }

    /// Shows how far the run is, when it is time to. `part` is the part of the input that is done, where
    /// that is known.
    pub(super) fn show(&mut self, rows: u64, rejected: u64, part: Option<f64>) {
        let pause = if self.is_terminal { OFTEN } else { SELDOM };
        if self.shown.elapsed() < pause {
            return;
        }
        self.shown = Instant::now();
        let line = line(rows, self.rate(rows), rejected, part, self.begun.elapsed());
        let mut err = stderr().lock();
        if self.is_terminal {
            let done = (part.unwrap_or_default() * WIDTH as f64) as usize;
            let bar = match part {
                Some(_) => format!("[{:<WIDTH$}] ", "#".repeat(done.min(WIDTH))),
                None => String::new(),
            };
            let _ = write!(err, "\r\x1b[K{bar}{line}").and_then(|()| err.flush());
            self.is_open = true;
        } else {
            let _ = writeln!(err, "{line}");
        }
    }

    /// Ends the bar, so that a line can follow.
    pub(super) fn close(&mut self) {
        if std::mem::take(&mut self.is_open) {
            let _ = write!(stderr().lock(), "\r\x1b[K");
        }
    }

    /// Rows a second, of those that this run has done.
    pub(super) fn rate(&self, rows: u64) -> f64 {
        let seconds = self.begun.elapsed().as_secs_f64().max(1e-3);
        rows.saturating_sub(self.before) as f64 / seconds
    }

    pub(super) fn seconds(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }
}

fn line(rows: u64, rate: f64, rejected: u64, part: Option<f64>, spent: Duration) -> String {
    let done = part.map(|part| format!("{:3.0} %  ", part * 100.0)).unwrap_or_default();
    let counted = format!("{} rows, {} a second", grouped(rows), grouped(rate as u64));
    let rejected =
        if rejected > 0 { format!(", {} rejected", grouped(rejected)) } else { String::new() };
    let left = part.filter(|part| *part > 0.01).map(|part| {
        let left = spent.as_secs_f64() * (1.0 - part) / part;
        format!(", {left:.0} s left")
    });
    done + &counted + &rejected + &left.unwrap_or_default()
}

/// A number with commas.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_it_is() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_234_567), "1,234,567");
        let text = line(1_000, 500.4, 2, Some(0.25), Duration::from_secs(10));
        assert_eq!(text, " 25 %  1,000 rows, 500 a second, 2 rejected, 30 s left");
        assert_eq!(line(5, 1.0, 0, None, Duration::ZERO), "5 rows, 1 a second");
    }
}
