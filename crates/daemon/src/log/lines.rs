//! Log lines on a terminal: a message, and a line for each request.

mod bar;

use std::{
    fmt::{self, Write as _},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

use self::bar::Bar;
use crate::{server::access_log, terminal::Ink};

/// The target of events that tell how far something is: `bytes` of `total`, `bytes_per_second`, and `done` of `parts`.
/// One without a rate tells that it is over.
pub(super) const PROGRESS: &str = "progress";

/// Ends what was written on the line, and clears it.
const CLEAR: &str = "\r\u{1b}[K";

/// Paths that are asked again and again by machines and by an open page: a line each would hide the others.
const OFTEN: [&str; 4] = ["/metrics", "/health/", "/v2/health/", "/console/"];

/// Writes lines for somebody who looks on.
pub(super) struct Lines {
    colours: bool,
    /// Whether the last line is a bar, which the next one takes the place of.
    has_bar: AtomicBool,
}

impl Lines {
    pub(super) fn new(colours: bool) -> Self {
        Self { colours, has_bar: AtomicBool::new(false) }
    }

    /// Takes a bar away.
    fn clear(&self, writer: &mut Writer<'_>) -> fmt::Result {
        if self.has_bar.swap(false, Relaxed) { writer.write_str(CLEAR) } else { Ok(()) }
    }
}

/// What of an event is shown.
#[derive(Default)]
struct Shown {
    message: String,
    method: String,
    path: String,
    status: Option<u64>,
    rows: Option<u64>,
    micros: Option<u64>,
    bar: Bar,
    /// What only those who look for a cause need.
    causes: Vec<(&'static str, String)>,
}

impl Visit for Shown {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = || format!("{value:?}");
        match field.name() {
            "message" => self.message = text(),
            "method" => self.method = text(),
            "path" => self.path = text(),
            name @ ("error" | "detail" | "reason" | "signal") => self.causes.push((name, text())),
            _ => {}
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "status" => self.status = Some(value),
            "rows" => self.rows = Some(value),
            "micros" => self.micros = Some(value),
            name => self.bar.record(name, value),
        }
    }
}

impl Shown {
    fn is_often(&self) -> bool {
        let is_asked_often =
            OFTEN.iter().any(|path| self.path.starts_with(path)) || self.path.ends_with("/stats");
        is_asked_often && self.status.is_some_and(|status| status < 400)
    }

    /// `POST /v1/models/wine:predict  200  3 rows  0.4 ms`, and below it what was wrong.
    fn request(&self, status: u64, colours: bool) -> String {
        let ink = match status {
            500.. => Ink::Red,
            400.. => Ink::Yellow,
            _ => Ink::Green,
        };
        let mut line =
            format!("{:<4} {}  {}", self.method, self.path, ink.on(colours, &status.to_string()));
        if let Some(rows) = self.rows {
            let _ = write!(line, "  {rows} row{}", if rows == 1 { "" } else { "s" });
        }
        if let Some(micros) = self.micros {
            let _ = write!(line, "  {}", Ink::Dim.on(colours, &time(micros)));
        }
        for (_, cause) in &self.causes {
            let _ = write!(line, "\n     {}", ink.on(colours, cause));
        }
        line
    }
}

/// A time with three digits: `84 µs`, `1.25 ms`, `12.5 ms`, `1.2 s`.
fn time(micros: u64) -> String {
    let millis = micros as f64 / 1e3;
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..10_000 => format!("{millis:.2} ms"),
        10_000..1_000_000 => format!("{millis:.1} ms"),
        _ => format!("{:.1} s", millis / 1e3),
    }
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut shown = Shown::default();
        event.record(&mut shown);
        if event.metadata().target() == PROGRESS {
            if !shown.bar.has_rate() {
                return self.clear(&mut writer);
            }
            self.has_bar.store(true, Relaxed);
            return write!(writer, "{CLEAR}{}", shown.bar.line(&shown.message));
        }
        if shown.bar.has_rate() {
            // the same in the words of a log, for where there is no bar
            return Ok(());
        }
        if event.metadata().target() == access_log::TARGET
            && let Some(status) = shown.status
        {
            if shown.is_often() {
                return Ok(());
            }
            self.clear(&mut writer)?;
            return writeln!(writer, "{}", shown.request(status, self.colours));
        }
        self.clear(&mut writer)?;
        let mut line = shown.message;
        for (name, cause) in &shown.causes {
            if !line.contains(cause.as_str()) {
                let _ = write!(line, " ({name}: {cause})");
            }
        }
        match *event.metadata().level() {
            Level::ERROR => writeln!(writer, "{} {line}", Ink::Red.on(self.colours, "error:")),
            Level::WARN => writeln!(writer, "{} {line}", Ink::Yellow.on(self.colours, "warning:")),
            Level::INFO => writeln!(writer, "{line}"),
            _ => writeln!(writer, "{}", Ink::Dim.on(self.colours, &line)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_bar_leaves_its_line_when_it_is_over() {
        let written = Written::default();
        let writer = written.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(Level::DEBUG)
            .event_format(Lines::new(false))
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            tracing::debug!(target: "progress", "");
            tracing::debug!(target: "progress", bytes = 1_u64, bytes_per_second = 1_u64, "a");
            tracing::debug!(target: "progress", "");
        });
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text, format!("{CLEAR}a  0.0 MiB  0.0 MiB/s{CLEAR}"));
    }

    #[test]
    fn a_request_is_one_line_and_what_was_wrong_with_it_another() {
        let mut shown = Shown {
            method: "POST".into(),
            path: "/v1/models/wine:predict".into(),
            rows: Some(3),
            micros: Some(400),
            ..Shown::default()
        };
        assert_eq!(shown.request(200, false), "POST /v1/models/wine:predict  200  3 rows  400 µs");
        shown.rows = Some(1);
        assert_eq!(
            shown.request(200, true),
            "POST /v1/models/wine:predict  \u{1b}[32m200\u{1b}[0m  1 row  \u{1b}[2m400 µs\u{1b}[0m"
        );
        (shown.rows, shown.micros) = (None, None);
        shown.causes.push(("error", "row 0 has no column `age`".into()));
        assert_eq!(
            shown.request(400, false),
            "POST /v1/models/wine:predict  400\n     row 0 has no column `age`"
        );
    }

    #[test]
    fn what_machines_ask_often_has_no_line_unless_it_fails() {
        let at = |path: &str, status| Shown {
            path: path.into(),
            status: Some(status),
            ..Shown::default()
        };
        assert!(at("/health/ready", 200).is_often());
        assert!(at("/metrics", 200).is_often());
        assert!(at("/v2/models/wine/stats", 200).is_often());
        assert!(!at("/health/ready", 503).is_often());
        assert!(!at("/v1/models/metrics", 200).is_often());
    }

    #[test]
    fn times_are_short() {
        for (micros, text) in
            [(84, "84 µs"), (1_250, "1.25 ms"), (12_500, "12.5 ms"), (1_200_000, "1.2 s")]
        {
            assert_eq!(time(micros), text);
        }
    }
}
