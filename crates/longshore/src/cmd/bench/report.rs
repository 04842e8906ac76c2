//! The report of a load, as a table and as JSON.

use std::{collections::BTreeSet, fmt::Write, time::Instant};

use serde_json::{Map, Value, json};

use super::tally::{Tally, seconds};
use crate::cli::BenchArgs;

/// Shares of all requests whose slowest time is reported.
const QUANTILES: [(&str, f64); 5] =
    [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p99_9", 0.999)];

/// What a load came to.
#[derive(Debug)]
pub(super) struct Report {
    urls: Vec<String>,
    mode: Value,
    tally: Tally,
    seconds: f64,
}

impl Report {
    /// Closes the account now.
    pub(super) fn new(args: &BenchArgs, mut tally: Tally) -> Self {
        let mut mode = json!({"connections": args.connections});
        if let Some(rate) = args.rate {
            mode["rate"] = json!(rate);
        }
        let seconds = seconds(tally.close(Instant::now()));
        Self { urls: args.urls.clone(), mode, tally, seconds }
    }

    /// Requests that succeeded.
    pub(super) fn ok(&self) -> u64 {
        self.tally.ok_count()
    }

    /// Requests that failed.
    pub(super) fn failed(&self) -> u64 {
        self.tally.failed_count()
    }

    fn per_second(&self) -> f64 {
        (self.ok() as f64 / self.seconds.max(1e-9) * 10.0).round() / 10.0
    }

    /// Times in milliseconds by name, fastest first.
    fn latency(&self) -> Vec<(&'static str, f64)> {
        let histogram = &self.tally.latency;
        let millis = |nanos: f64| (nanos / 1e3).round() / 1e3;
        let mut times = vec![("min", histogram.min() as f64), ("mean", histogram.mean())];
        times.extend(QUANTILES.map(|(name, share)| (name, histogram.quantile(share) as f64)));
        times.push(("max", histogram.max() as f64));
        times.into_iter().map(|(name, nanos)| (name, millis(nanos))).collect()
    }

    fn failures(&self) -> Map<String, Value> {
        self.tally.failures.iter().map(|(kind, &n)| (kind.name().into(), json!(n))).collect()
    }

    /// One line of JSON.
    pub(super) fn json(&self) -> String {
        let tally = &self.tally;
        let statuses = tally.statuses.iter().map(|(status, &n)| (status.to_string(), json!(n)));
        let (first, last) = tally.failed_between.unzip();
        json!({
            "urls": self.urls,
            "mode": self.mode,
            "seconds": self.seconds,
            "requests": self.ok() + self.failed(),
            "ok": self.ok(),
            "failed": self.failed(),
            "requests_per_second": self.per_second(),
            "latency_ms": self.latency().into_iter().map(|(n, t)| (n.into(), json!(t))).collect::<Map<_, _>>(),
            "statuses": statuses.collect::<Map<_, _>>(),
            "failures": self.failures(),
            "first_failures": tally.first,
            "first_failure_seconds": first.map(seconds),
            "last_failure_seconds": last.map(seconds),
            "longest_gap_seconds": seconds(tally.longest_gap),
            "behind_seconds": seconds(tally.behind),
            "connections_opened": tally.connections,
            "bytes_received": tally.bytes,
        })
        .to_string()
    }

    /// Lines for people.
    pub(super) fn table(&self) -> String {
        let tally = &self.tally;
        let mut text = String::new();
        let mut line = |name: &str, value: String| {
            let _ = writeln!(text, "{name:<17} {value}");
        };
        line(
            "answered",
            format!("{} in {:.2} s, {} a second", self.ok(), self.seconds, self.per_second()),
        );
        line("failed", self.failed().to_string());
        for (kind, count) in self.failures() {
            line(&format!("  {kind}"), count.to_string());
        }
        if self.ok() > 0 {
            let times: Vec<_> = self.latency().iter().map(|(n, t)| format!("{n} {t}")).collect();
            line("latency (ms)", times.join(" · ").replace("p99_9", "p99.9"));
        }
        line("connections", tally.connections.to_string());
        line("longest gap", format!("{:.3} s without an answer", seconds(tally.longest_gap)));
        if self.mode.get("rate").is_some() {
            line(
                "behind",
                format!("{:.3} s at most: all connections were busy", seconds(tally.behind)),
            );
        }
        let mut told = BTreeSet::new();
        for failure in &tally.first {
            let text = |name: &str| failure[name].as_str().unwrap_or_default();
            let what = format!("{}: {} ({})", text("kind"), text("message"), text("url"));
            if told.insert(what.clone()) {
                let when = failure["at_seconds"].as_f64().unwrap_or_default();
                line(&format!("at {when:.3} s"), what);
            }
        }
        text.truncate(text.trim_end().len());
        text
    }
}
