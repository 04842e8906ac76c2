//! What `serve` tells somebody who looks on: its models, where its page is, a request that works, how to stop it.

use std::{
    fmt::Write as _,
    io::{Write as _, stderr},
    thread,
    time::Duration,
};

use longshore_daemon::terminal::{Ink, has_colours};
use longshore_engine::quantity;
use longshore_serve::{Models, Summary};
use tracing::subscriber::{NoSubscriber, with_default};

use crate::{
    cmd::{curl, inspect::request},
    models::Named,
    question,
};

/// Most models that are listed.
const MOST: usize = 10;

/// Most characters of why a model does not answer: the log has said it in full.
const REASON: usize = 60;

/// How long to wait for models at a time.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the banner is made from.
pub(super) struct Banner {
    pub(super) models: Models,
    /// What the command line names.
    pub(super) named: Vec<Named>,
    /// Where the server is, such as `http://127.0.0.1:8080/`.
    pub(super) page: String,
    /// Whether there are pages for browsers.
    pub(super) has_pages: bool,
    pub(super) needs_key: bool,
}

impl Banner {
    /// Prints it as soon as the models have come, in a thread of its own.
    pub(super) fn start(self) {
        // without a thread there is no banner, and the server serves all the same
        let _ = thread::Builder::new().name("banner".into()).spawn(move || {
            while !self.models.await_ready(PATIENCE) {
                let has_come = self.models.summaries().iter().all(|model| !model.is_expected);
                if has_come {
                    break;
                }
            }
            // what is asked to find a request that works is nobody's request
            let text = with_default(NoSubscriber::new(), || self.text(has_colours(&stderr())));
            let _ = stderr().lock().write_all(text.as_bytes());
        });
    }

    fn text(&self, colours: bool) -> String {
        let models = self.models.summaries();
        let mut text =
            format!("\n{} {}\n\n", Ink::Bold.on(colours, "longshore"), env!("CARGO_PKG_VERSION"));
        let width =
            models.iter().take(MOST).map(|model| model.name.chars().count()).max().unwrap_or(0);
        for model in models.iter().take(MOST) {
            let gap = " ".repeat(width - model.name.chars().count());
            let _ = writeln!(
                text,
                "  {}{gap}  {}",
                Ink::Bold.on(colours, &model.name),
                self.line(model, colours)
            );
        }
        if models.len() > MOST {
            let _ = writeln!(text, "  and {} more: `longshore ps` lists them", models.len() - MOST);
        }
        let address = |what: &str| Ink::Cyan.on(colours, &format!("{}{what}", self.page));
        let _ = if self.has_pages {
            writeln!(text, "\n  page  {}\n  docs  {}", address(""), address("docs"))
        } else {
            writeln!(text, "\n  listens on {}", address(""))
        };
        if let Some(asked) = models.iter().find_map(|model| self.request(model)) {
            let _ = writeln!(text, "\n{asked}");
        }
        let _ = writeln!(text, "\n{}\n", Ink::Dim.on(colours, "Ctrl-C stops it."));
        text
    }

    /// What is told of a model behind its name.
    fn line(&self, model: &Summary, colours: bool) -> String {
        let from =
            self.named.iter().find(|named| named.name == *model.name).map(|named| &named.path);
        let from = from.map(|path| format!("  {}", Ink::Dim.on(colours, path))).unwrap_or_default();
        let Some(loaded) = &model.loaded else {
            let reason = model.reason.as_deref().unwrap_or("it has not come yet");
            let ink = if model.is_idle { Ink::Dim } else { Ink::Red };
            let short: String = reason.chars().take(REASON).collect();
            let gap = if short.len() < reason.len() { "…" } else { "" };
            return ink.on(colours, &(short + gap)) + &from;
        };
        let columns = question::columns(&loaded.inputs)
            .map(|columns| format!(", {}", quantity(columns, "column")));
        format!(
            "{}, {}{}, {}{from}",
            loaded.flavor,
            size(loaded.bytes),
            columns.unwrap_or_default(),
            Ink::Green.on(colours, &format!("ready in {}", time(loaded.load_time))),
        )
    }

    /// A request that this model answers, when one is known.
    fn request(&self, model: &Summary) -> Option<String> {
        let body = self.models.request(&model.name, request::MOST)?;
        let key: &[&str] =
            if self.needs_key { &["authorization: Bearer YOUR-API-KEY"] } else { &[] };
        let url = format!("{}v1/models/{}:predict", self.page, model.name);
        Some(curl::post(&url, key, &body, 2))
    }
}

/// Bytes for people.
fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..0x10_0000 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        0x10_0000..0x4000_0000 => format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20)),
        _ => format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30)),
    }
}

fn time(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1e3;
    if millis < 1000.0 { format!("{millis:.1} ms") } else { format!("{:.1} s", millis / 1e3) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_short() {
        assert_eq!(size(12), "12 B");
        assert_eq!(size(2450), "2.4 KiB");
        assert_eq!(size(5 << 20), "5.0 MiB");
        assert_eq!(size(3 << 30), "3.0 GiB");
        assert_eq!(time(Duration::from_micros(1240)), "1.2 ms");
        assert_eq!(time(Duration::from_millis(2340)), "2.3 s");
    }
}
