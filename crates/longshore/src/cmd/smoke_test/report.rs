//! The results as lines, JSON and JUnit's XML.

use std::fmt::Write;

use serde_json::{Value, json};

use super::check::{Outcome, Verdict};
use crate::cmd::print;

/// The checks so far.
#[derive(Debug)]
pub(super) struct Report {
    url: String,
    quiet: bool,
    checks: Vec<(String, Verdict)>,
}

impl Report {
    /// No checks; each is printed as it comes unless `quiet`.
    pub(super) fn new(url: &str, quiet: bool) -> Self {
        Self { url: url.into(), quiet, checks: Vec::new() }
    }

    /// Adds a result, and prints it.
    pub(super) fn add(&mut self, name: &str, verdict: Verdict) {
        if !self.quiet {
            let (word, time) = (verdict.outcome.word(), millis(&verdict));
            print(&format!("{word} {name:<28} {time:>8.1} ms  {}", verdict.detail));
        }
        self.note(name, verdict);
    }

    /// Adds a result without printing it: the program's own error tells it.
    pub(super) fn note(&mut self, name: &str, verdict: Verdict) {
        self.checks.push((name.into(), verdict));
    }

    /// How many checks there are.
    pub(super) fn len(&self) -> usize {
        self.checks.len()
    }

    /// How many failed.
    pub(super) fn failed(&self) -> usize {
        self.count(&Outcome::Fail)
    }

    fn count(&self, outcome: &Outcome) -> usize {
        self.checks.iter().filter(|(_, verdict)| verdict.outcome == *outcome).count()
    }

    /// One line of JSON.
    pub(super) fn json(&self) -> String {
        let check = |(name, verdict): &(String, Verdict)| {
            json!({
                "name": name,
                "result": verdict.outcome.word().to_lowercase(),
                "ms": millis(verdict),
                "detail": verdict.detail,
            })
        };
        json!({
            "url": self.url,
            "passed": self.count(&Outcome::Pass),
            "failed": self.failed(),
            "skipped": self.count(&Outcome::Skip),
            "checks": self.checks.iter().map(check).collect::<Vec<Value>>(),
        })
        .to_string()
    }

    /// JUnit's XML.
    pub(super) fn junit(&self) -> String {
        let mut text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"smoke-test {}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\">\n",
            escaped(&self.url),
            self.len(),
            self.failed(),
            self.count(&Outcome::Skip)
        );
        for (name, verdict) in &self.checks {
            let seconds = verdict.time.as_secs_f64();
            let detail = escaped(&verdict.detail);
            let inner = match verdict.outcome {
                Outcome::Pass => String::new(),
                Outcome::Fail => format!("<failure message=\"{detail}\"/>"),
                Outcome::Skip => format!("<skipped message=\"{detail}\"/>"),
            };
            let _ = writeln!(
                text,
                "  <testcase classname=\"smoke-test\" name=\"{}\" time=\"{seconds:.6}\">{inner}</testcase>",
                escaped(name)
            );
        }
        text.push_str("</testsuite>\n");
        text
    }
}

impl Outcome {
    fn word(&self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Fail => "FAIL",
            Self::Skip => "SKIP",
        }
    }
}

fn millis(verdict: &Verdict) -> f64 {
    (verdict.time.as_secs_f64() * 1e6).round() / 1e3
}

/// Text inside an XML attribute; control characters, which XML 1.0 cannot hold, become blanks.
fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push(' '),
            c => out.push(c),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_counted_and_escaped() {
        let mut report = Report::new("http://a/?b&c", true);
        report.add("one", Verdict::failed("<\"&\u{1}".into()));
        report.add("two", Verdict::skipped("not there".into()));
        assert_eq!((report.len(), report.failed()), (2, 1));
        let xml = report.junit();
        assert!(xml.contains("tests=\"2\" failures=\"1\" skipped=\"1\""), "{xml}");
        assert!(xml.contains("<failure message=\"&lt;&quot;&amp; \"/>"), "{xml}");
        let json: Value = serde_json::from_str(&report.json()).unwrap();
        assert_eq!(json["checks"][1]["result"], "skip");
    }
}
