//! Traces with their spans.

use std::collections::HashMap;

use anyhow::Result;
use longshore_mlflow::rest::{BatchGetTraces, SearchTracesV3, TraceInfoV3, TraceLocation, print};

use super::{
    super::{
        files::Owner,
        folder::{Kind, Writer},
        known::Known,
        lines::parse,
        server::{pages_if_known, proxied},
    },
    Export,
    artifacts::Owned,
    choice::Choice,
};

/// Traces of a page.
const PAGE: i32 = 100;

/// Traces whose spans are asked for at once.
const SPANS: usize = 20;

/// The tag that says where the files of a trace are.
const LOCATION: &str = "mlflow.artifactLocation";

/// The tag that says where the spans of a trace are.
const SPANS_AT: &str = "mlflow.trace.spansLocation";

/// Writes the traces of experiments that are exported whole, where the server has any; gives those that have files.
pub(super) fn export(on: &Export<'_>, choice: &Choice) -> Result<Vec<Owned>> {
    let id = |value: &str| Ok(parse::<TraceInfoV3>(value)?.trace_id);
    let known = Known::of(&on.folder, Kind::Traces, "trace", &[], id)?;
    let mut writer = on.folder.writer(Kind::Traces)?;
    let mut owners = Vec::new();
    for experiment in &choice.whole {
        let id = &experiment.experiment_id;
        let ask = |token| {
            let call = SearchTracesV3 {
                locations: Some(vec![TraceLocation::experiment(id.clone())]),
                max_results: Some(PAGE),
                order_by: vec!["timestamp_ms ASC".to_owned()],
                page_token: token,
                ..SearchTracesV3::default()
            };
            let what = format!("the traces of the experiment `{id}`");
            let reply = on.server.ask_if_known(&call, &what)?;
            Ok(reply.map(|reply| (reply.traces, reply.next_page_token)))
        };
        let is_known = pages_if_known(ask, |page| {
            owners.extend(some(on, &known, &mut writer, page)?);
            Ok(())
        })?;
        if !is_known {
            on.progress.note("traces are left out: the server is older than MLflow 3".to_owned());
            break;
        }
    }
    writer.cut()?;
    Ok(owners)
}

fn some(
    on: &Export<'_>,
    known: &Known,
    writer: &mut Writer,
    traces: Vec<TraceInfoV3>,
) -> Result<Vec<Owned>> {
    let mut owners = Vec::new();
    let mut wanted = Vec::new();
    for trace in traces {
        on.progress.add("traces", 1);
        let line = print(&trace);
        let is_known = known.has(&trace.trace_id, &[&line]);
        if !is_known {
            wanted.push((trace.trace_id.clone(), line));
        }
        let in_database = trace.tags.get(SPANS_AT).is_some_and(|at| at == "TRACKING_STORE");
        let uri = trace.tags.get(LOCATION);
        // a bucket cannot be listed by the server, and has a file of spans only
        if let Some(uri) = uri.filter(|uri| !in_database || proxied(uri).is_some()) {
            let owner = Owner::Trace(trace.trace_id.clone());
            owners.push(Owned { owner, uri: uri.clone(), is_known });
        }
    }
    if on.args.work.dry_run {
        return Ok(owners);
    }
    for some in wanted.chunks(SPANS) {
        let mut spans = spans(on, some.iter().map(|(id, _)| id.clone()).collect())?;
        for (id, line) in some {
            // of others the spans are in a file
            if let Some(found) = spans.remove(id) {
                on.progress.add("spans", found.len() as u64);
                let id = serde_json::to_string(id)?;
                let found = found.join(",");
                writer.line("spans", &format!("{{\"trace_id\":{id},\"spans\":[{found}]}}"))?;
            }
            writer.item("trace", line)?;
        }
    }
    Ok(owners)
}

/// Spans by the ids of their traces, of those whose spans are in the database of the server.
fn spans(on: &Export<'_>, ids: Vec<String>) -> Result<HashMap<String, Vec<String>>> {
    let call = BatchGetTraces { trace_ids: ids, ..BatchGetTraces::default() };
    let reply = on.server.ask_if_known(&call, "traces with their spans")?;
    let traces = reply.into_iter().flat_map(|reply| reply.traces);
    let pair = |trace: longshore_mlflow::rest::Trace| {
        (trace.trace_info.trace_id, trace.spans.into_iter().map(|span| span.0).collect())
    };
    Ok(traces.map(pair).collect())
}
