//! What is asked and what a good answer is.

use std::time::Duration;

use bytes::Bytes;
use hyper::StatusCode;
use longshore_kserve::v2;
use serde_json::Value;

use super::probe::{Answer, Probe};
use crate::client::{Reply, Target};

/// Pages that tell that a process lives: V2's, Longshore's, MLflow's.
pub(super) const LIVE: &[&str] = &["/v2/health/live", "/health/live", "/ping"];

/// Pages that tell that a server takes requests.
pub(super) const READY: &[&str] = &["/v2/health/ready", "/health/ready", "/ping"];

/// Longest part of a reply that a line shows, in characters.
const SHOWN: usize = 160;

/// How a check ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It holds.
    Pass,
    /// It does not.
    Fail,
    /// The server does not offer it.
    Skip,
}

/// How a check ended, after how long, and why.
#[derive(Clone, Debug)]
pub(super) struct Verdict {
    /// How it ended.
    pub(super) outcome: Outcome,
    /// How long the answer took.
    pub(super) time: Duration,
    /// What was asked, and what was wrong.
    pub(super) detail: String,
    /// The reply's status, when that is what was wrong.
    status: Option<StatusCode>,
    /// Why no connection came about, when that is what was wrong.
    pub(super) unreached: Option<String>,
}

impl Verdict {
    /// A failure without a request.
    pub(super) fn failed(detail: String) -> Self {
        Self { outcome: Outcome::Fail, time: Duration::ZERO, detail, status: None, unreached: None }
    }

    /// A check that was skipped without a request.
    pub(super) fn skipped(detail: String) -> Self {
        Self { outcome: Outcome::Skip, ..Self::failed(detail) }
    }

    /// Judges a reply of success by `judge`, which says what is wrong; a page that is not there is skipped.
    fn of(answer: Answer, judge: impl FnOnce(&Reply) -> Result<(), String>) -> Self {
        let mut unreached = None;
        let (outcome, status, wrong) = match answer.outcome {
            Ok(reply) if reply.status.is_success() => match judge(&reply) {
                Ok(()) => (Outcome::Pass, None, String::new()),
                Err(wrong) => (Outcome::Fail, None, format!("{wrong}: {}", shown(&reply))),
            },
            Ok(reply) => {
                let (outcome, what) = if is_absent(reply.status) {
                    (Outcome::Skip, "not offered, answered")
                } else {
                    (Outcome::Fail, "answered")
                };
                let wrong = format!("{what} {}: {}", reply.status, shown(&reply));
                (outcome, Some(reply.status), wrong)
            }
            Err(failure) => {
                unreached = failure.kind.is_connect().then(|| failure.message.clone());
                (Outcome::Fail, None, failure.message)
            }
        };
        let detail =
            if wrong.is_empty() { answer.asked } else { format!("{}: {wrong}", answer.asked) };
        Self { outcome, time: answer.time, detail, status, unreached }
    }

    /// Whether it holds.
    pub(super) fn is_pass(&self) -> bool {
        self.outcome == Outcome::Pass
    }

    /// Whether the page is not there.
    fn is_absent(&self) -> bool {
        self.outcome == Outcome::Skip && self.status.is_some()
    }

    /// Makes a page that is not there a failure.
    pub(super) fn strict(mut self) -> Self {
        if self.is_absent() {
            self.outcome = Outcome::Fail;
        }
        self
    }

    /// Adds to a refusal what to do.
    pub(super) fn hint(mut self, text: &str) -> Self {
        if self.outcome == Outcome::Fail && self.status.is_some_and(|status| !is_absent(status)) {
            self.detail.push_str(text);
        }
        self
    }
}

fn is_absent(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED
    )
}

/// The beginning of a reply on one line.
fn shown(reply: &Reply) -> String {
    let text = String::from_utf8_lossy(&reply.body);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn json(reply: &Reply) -> Result<Value, String> {
    serde_json::from_slice(&reply.body).map_err(|error| format!("the answer is no JSON ({error})"))
}

/// Checks that a page answers.
pub(super) async fn get(probe: &Probe, path: &str) -> Verdict {
    Verdict::of(probe.ask(path, None).await, |_| Ok(()))
}

/// Checks that the first of these pages that exists answers.
pub(super) async fn answers(probe: &Probe, paths: &[&str]) -> Verdict {
    let mut last = Verdict::failed("nothing to ask".into());
    for path in paths {
        last = get(probe, path).await;
        if !last.is_absent() {
            return last;
        }
    }
    last.strict()
}

/// Checks that the server says what it is. True when it is one of Longshore's.
pub(super) async fn server(probe: &Probe) -> (Verdict, bool) {
    let mut ours = false;
    let verdict = Verdict::of(probe.ask("/v2", None).await, |reply| {
        let name = json(reply)?["name"].as_str().map(str::to_owned).ok_or("no `name`")?;
        ours = name == "longshore";
        Ok(())
    });
    (verdict, ours)
}

/// Checks that the model says what it takes.
pub(super) async fn metadata(
    probe: &Probe,
    model: &str,
    ours: bool,
) -> (Verdict, Option<v2::Model>) {
    let mut metadata = None;
    let verdict = Verdict::of(probe.ask(&format!("/v2/models/{model}"), None).await, |reply| {
        let found: v2::Model = serde_json::from_slice(&reply.body)
            .map_err(|error| format!("no metadata of a model ({error})"))?;
        if found.name != model {
            return Err(format!("the metadata is of `{}`", found.name));
        }
        metadata = Some(found);
        Ok(())
    });
    (if ours { verdict.strict() } else { verdict }, metadata)
}

/// Checks that V1 or `/invocations` gives a prediction for each row.
pub(super) async fn predictions(probe: &Probe, path: &str, body: &Bytes, rows: usize) -> Verdict {
    Verdict::of(probe.ask(path, Some(body)).await, |reply| {
        let reply = json(reply)?;
        let predictions = reply.get("predictions").ok_or("no `predictions`")?;
        // a model of several outputs may answer an object of lists
        match predictions.as_array() {
            Some(list) if list.len() != rows => {
                Err(format!("{} predictions for {rows} rows", list.len()))
            }
            _ => Ok(()),
        }
    })
}

/// Checks that V2 gives tensors that are as large as their shapes say, with a line for each row.
pub(super) async fn infer(probe: &Probe, path: &str, body: &Bytes, rows: usize) -> Verdict {
    Verdict::of(probe.ask(path, Some(body)).await, |reply| {
        let reply = json(reply)?;
        let outputs = reply["outputs"].as_array().filter(|outputs| !outputs.is_empty());
        outputs.ok_or("no `outputs`")?.iter().try_for_each(|output| tensor(output, rows))
    })
}

fn tensor(output: &Value, rows: usize) -> Result<(), String> {
    let name = output["name"].as_str().ok_or("an output without `name`")?;
    let shape = output["shape"].as_array().ok_or_else(|| format!("`{name}` has no `shape`"))?;
    let lengths: Option<Vec<u64>> = shape.iter().map(Value::as_u64).collect();
    let lengths =
        lengths.ok_or_else(|| format!("`{name}` has a shape that is no list of lengths"))?;
    if let Some(&first) = lengths.first()
        && first != rows as u64
    {
        return Err(format!("`{name}` has {first} rows for {rows}"));
    }
    let data = output["data"].as_array().ok_or_else(|| format!("`{name}` has no `data`"))?;
    let values = count(data);
    match lengths.iter().try_fold(1_u64, |all, &length| all.checked_mul(length)) {
        Some(expected) if expected == values => Ok(()),
        _ => Err(format!("`{name}` has {values} values in shape {lengths:?}")),
    }
}

/// Values in lists, nested or not.
fn count(data: &[Value]) -> u64 {
    data.iter().map(|value| value.as_array().map_or(1, |inner| count(inner))).sum()
}

/// Checks that a body which is not JSON is refused as the caller's fault, with a reply in JSON, wherever
/// predictions are offered.
pub(super) async fn bad_input(probe: &Probe, model: &str) -> Verdict {
    let body = Bytes::from_static(b"{");
    let paths = [
        format!("/v2/models/{model}/infer"),
        format!("/v1/models/{model}:predict"),
        "/invocations".into(),
    ];
    for path in paths {
        let answer = probe.ask(&path, Some(&body)).await;
        let Ok(reply) = &answer.outcome else { return Verdict::of(answer, |_| Ok(())) };
        if is_absent(reply.status) {
            continue;
        }
        let wrong = match json(reply) {
            _ if !reply.status.is_client_error() => {
                format!("half a JSON text was answered {}", reply.status)
            }
            Ok(value)
                if ["error", "message", "detail"].iter().any(|key| value[key].is_string()) =>
            {
                String::new()
            }
            _ => format!("{} without a message in JSON: {}", reply.status, shown(reply)),
        };
        let outcome = if wrong.is_empty() { Outcome::Pass } else { Outcome::Fail };
        let detail = match wrong.as_str() {
            "" => format!("{}: half a JSON text is answered {}", answer.asked, reply.status),
            wrong => format!("{}: {wrong}", answer.asked),
        };
        return Verdict { outcome, time: answer.time, ..Verdict::failed(detail) };
    }
    Verdict::skipped("no protocol is offered".into())
}

/// Checks that Prometheus finds metrics, and Longshore's own where the server is one of Longshore's.
pub(super) async fn metrics(probe: &Probe, target: Option<Target>, ours: bool) -> Verdict {
    let named = target.is_some();
    let (probe, path) = match target {
        Some(target) => {
            let path = if target.path == "/" { "/metrics".into() } else { target.path.clone() };
            (&probe.at(target), path)
        }
        None => (probe, "/metrics".to_owned()),
    };
    let verdict = Verdict::of(probe.ask(&path, None).await, |reply| {
        let text = String::from_utf8_lossy(&reply.body);
        if !text.lines().any(|line| line.starts_with("# TYPE ")) {
            return Err("no metrics".into());
        }
        if ours && !text.contains("longshore_serve_requests_total") {
            return Err("no `longshore_serve_requests_total`".into());
        }
        Ok(())
    });
    if named {
        return verdict.strict();
    }
    if verdict.is_absent() {
        let detail = format!("{}; give their place with `--metrics-url`", verdict.detail);
        return Verdict { detail, ..verdict };
    }
    verdict
}
