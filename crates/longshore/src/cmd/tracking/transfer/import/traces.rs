//! Traces, which keep their ids.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result};
use base64::{Engine, prelude::BASE64_STANDARD};
use longshore_mlflow::rest::{
    GetTraceInfoV3, StartTraceV3, Trace, TraceInfoV3, TraceLocation, camel,
};
use longshore_storage::Error;
use serde_json::{Value, json};

use super::{
    super::{
        digest::digits,
        folder::{Kind, Line},
        lines::parse,
        workers::each,
    },
    Import,
    ids::Of,
};

/// Lines that are read at once.
const LINES: usize = 64;

/// Tags that say where a server keeps something of a trace: each server has its own.
const OF_SERVER: [&str; 2] = ["mlflow.artifactLocation", "mlflow.trace.spansLocation"];

/// Makes the traces that are not there.
pub(super) fn make(on: &Import<'_>) -> Result<()> {
    let (mut spans, mut is_old) = (HashMap::<String, String>::new(), false);
    on.folder.read_some(Kind::Traces, LINES, |lines| {
        let mut traces = Vec::new();
        for Line { piece, name, value } in lines {
            if name == "spans" {
                let id = serde_json::from_str::<Value>(&value)?;
                let id = id.get("trace_id").and_then(Value::as_str).unwrap_or_default();
                spans.insert(id.to_owned(), value);
                continue;
            }
            let trace: TraceInfoV3 = parse(&value)?;
            let spans = spans.remove(&trace.trace_id);
            let id = trace.trace_id.as_str();
            let experiment = trace.trace_location.experiment_id().and_then(|id| on.experiment(id));
            if on.latest.is("traces", id, piece)
                && !on.ids.is_done(Of::Trace, id)
                && let Some(experiment) = experiment
            {
                traces.push((trace, experiment, spans));
            }
        }
        let (Some((first, ..)), false) = (traces.first(), is_old) else { return Ok(()) };
        let call = GetTraceInfoV3 { trace_id: first.trace_id.clone() };
        if let Err(Error::Unknown { .. }) = on.server.ask_again(&call, "a trace") {
            on.progress.note(format!(
                "traces are left out: {} is older than MLflow 3",
                on.server.address()
            ));
            is_old = true;
            return Ok(());
        }
        each(on.at_once, &traces, |(trace, experiment, spans)| {
            one(on, trace, experiment, spans.as_deref())
        })
    })
}

fn one(on: &Import<'_>, trace: &TraceInfoV3, experiment: &str, spans: Option<&str>) -> Result<()> {
    let id = &trace.trace_id;
    let what = format!("the trace `{id}`");
    match there(on, id)? {
        Some(found) if found.trace_location.experiment_id() != Some(experiment) => {
            on.progress
                .note(format!("{what} is left out: one with its id is in another experiment"));
            return Ok(());
        }
        _ => {}
    }
    let rewrite = |pairs: &BTreeMap<String, String>| {
        let kept = pairs.iter().filter(|(key, _)| !OF_SERVER.contains(&key.as_str()));
        kept.map(|(key, value)| {
            (key.clone(), on.ids.rewritten(value).unwrap_or_else(|| value.clone()))
        })
        .collect()
    };
    let info = TraceInfoV3 {
        trace_location: TraceLocation::experiment(experiment),
        trace_metadata: rewrite(&trace.trace_metadata),
        tags: rewrite(&trace.tags),
        ..trace.clone()
    };
    // what spans say of a trace is not all that is known of it, and does not count any more then
    if let Some(spans) = spans {
        let body = otlp(spans).with_context(|| what.clone())?;
        let headers = [("x-mlflow-experiment-id", experiment)];
        on.server.post("/v1/traces", &headers, &body, &what)?;
    }
    on.ask(&StartTraceV3 { trace: Trace { trace_info: info, spans: Vec::new() } }, &what)?;
    on.ids.note(Of::Trace, id, id, None)?;
    on.ids.done(Of::Trace, id)?;
    on.progress.add("traces", 1);
    Ok(())
}

fn there(on: &Import<'_>, id: &str) -> Result<Option<TraceInfoV3>> {
    let call = GetTraceInfoV3 { trace_id: id.to_owned() };
    Ok(on.find(&call, &format!("the trace `{id}`"))?.map(|reply| reply.trace.trace_info))
}

/// Where the server keeps the files of a trace; `None` when the trace is not imported.
pub(super) fn location(on: &Import<'_>, id: &str) -> Result<Option<String>> {
    if on.ids.of(Of::Trace, id).is_none() {
        return Ok(None);
    }
    let tags = there(on, id)?.map(|trace| trace.tags).unwrap_or_default();
    Ok(tags.get("mlflow.artifactLocation").cloned())
}

/// Spans in the JSON of OpenTelemetry's protocol. Protocol Buffers print ids in base64, and the protocol has them in
/// hexadecimal digits.
fn otlp(line: &str) -> Result<String> {
    let mut value: Value = serde_json::from_str(line)?;
    let spans = value.get_mut("spans").map(Value::take).unwrap_or_default();
    let spans: Vec<Value> =
        spans.as_array().cloned().unwrap_or_default().into_iter().map(span).collect();
    Ok(json!({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).to_string())
}

fn span(value: Value) -> Value {
    let Value::Object(fields) = value else { return value };
    let fields = fields.into_iter().map(|(name, value)| {
        let name = camel(&name);
        let value = match (&*name, &value) {
            ("traceId" | "spanId" | "parentSpanId", Value::String(text)) => hex(text).into(),
            ("attributes", _) => value,
            (_, Value::Array(items)) => items.iter().cloned().map(span).collect(),
            _ => value,
        };
        (name, value)
    });
    Value::Object(fields.collect())
}

/// The bytes of base64 as hexadecimal digits; what has the digits already stays.
fn hex(text: &str) -> String {
    let is_hex = matches!(text.len(), 16 | 32) && text.bytes().all(|it| it.is_ascii_hexdigit());
    if is_hex {
        return text.to_owned();
    }
    // what is none is left for the server to refuse
    BASE64_STANDARD.decode(text).map_or_else(|_| text.to_owned(), |bytes| digits(&bytes))
}

#[cfg(test)]
mod tests {
    use super::otlp;

    #[test]
    fn spans_become_those_of_the_protocol() {
        let line = r#"{"trace_id":"tr-1","spans":[{"trace_id":"AAECAwQFBgcICQoLDA0ODw==","span_id":"AAECAwQFBgc=","start_time_unix_nano":"5","attributes":[{"key":"a_b","value":{"string_value":"x"}}],"events":[{"time_unix_nano":"7"}]}]}"#;
        let wanted = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":[{"key":"a_b","value":{"string_value":"x"}}],"events":[{"timeUnixNano":"7"}],"spanId":"0001020304050607","startTimeUnixNano":"5","traceId":"000102030405060708090a0b0c0d0e0f"}]}]}]}"#;
        assert_eq!(otlp(line).unwrap(), wanted);
    }
}
