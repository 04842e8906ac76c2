//! Runs, with all that was measured.

use std::sync::{Mutex, atomic::Ordering};

use anyhow::{Result, anyhow};
use longshore_mlflow::rest::{
    GetMetricHistory, LogBatch, Metric, Run, SearchRuns, ViewType, limits::BATCH_METRICS, print,
};
use longshore_storage::Error;

use super::{
    super::{
        files::Owner,
        folder::{Kind, Writer},
        known::Known,
        lines::parse,
        server::pages,
        workers::each,
    },
    Export,
    artifacts::Owned,
    choice::Choice,
};

/// Runs of a page.
const PAGE: i32 = 100;

/// Measurements of a page.
const POINTS: i32 = 25_000;

/// Writes the runs of a choice; gives who has files.
pub(super) fn export(on: &Export<'_>, choice: &Choice) -> Result<Vec<Owned>> {
    let id = |value: &str| Ok(parse::<Run>(value)?.info.run_id);
    let known = Known::of(&on.folder, Kind::Runs, "run", &[], id)?;
    let writer = Mutex::new(on.folder.writer(Kind::Runs)?);
    let mut owners = Vec::new();
    let which = if on.args.selection.deleted { ViewType::All } else { ViewType::ActiveOnly };
    for experiment in &choice.whole {
        let id = &experiment.experiment_id;
        let name = experiment.name.as_deref().unwrap_or_default();
        let ask = |token| {
            let call = SearchRuns {
                experiment_ids: vec![id.clone()],
                run_view_type: Some(which),
                max_results: Some(PAGE),
                // what comes meanwhile comes at the end
                order_by: vec!["attributes.start_time ASC".to_owned()],
                page_token: token,
                ..SearchRuns::default()
            };
            let reply =
                on.server.ask_again(&call, &format!("the runs of the experiment `{name}`"))?;
            Ok((reply.runs, reply.next_page_token))
        };
        pages(ask, |runs| {
            owners.extend(some(on, &known, &writer, &runs)?);
            Ok(())
        })?;
    }
    for runs in choice.runs.chunks(PAGE as usize) {
        owners.extend(some(on, &known, &writer, runs)?);
    }
    writer.into_inner().map_err(|_| anyhow!("runs could not be written"))?.cut()?;
    Ok(owners)
}

fn some(
    on: &Export<'_>,
    known: &Known,
    writer: &Mutex<Writer>,
    runs: &[Run],
) -> Result<Vec<Owned>> {
    let lines: Vec<(&Run, String, bool)> = runs
        .iter()
        .map(|run| {
            let line = print(run);
            let is_known = known.has(&run.info.run_id, &[&line]);
            (run, line, is_known)
        })
        .collect();
    let wanted: Vec<_> = lines.iter().filter(|(_, _, is_known)| !is_known).collect();
    if !on.args.work.dry_run {
        let metrics = wanted.iter().flat_map(|(run, ..)| {
            let data = run.data.iter().flat_map(|data| &data.metrics);
            data.map(|metric| (run.info.run_id.as_str(), metric.key.as_str()))
        });
        let metrics: Vec<_> = metrics.collect();
        each(on.at_once, &metrics, |(run, key)| history(on, writer, run, key))?;
    }
    // the measurements of all of them are written, and a piece has what belongs to its runs
    let mut out = writer.lock().map_err(|_| anyhow!("runs could not be written"))?;
    for (_, line, is_known) in &lines {
        on.progress.add("runs", 1);
        if !on.args.work.dry_run && !is_known {
            out.line("run", line)?;
        }
    }
    out.settle(lines.len() as u64)?;
    let owned = lines.into_iter().map(|(run, _, is_known)| Owned {
        owner: Owner::Run(run.info.run_id.clone()),
        uri: run.info.artifact_uri.clone().unwrap_or_default(),
        is_known,
    });
    Ok(owned.collect())
}

/// Writes all measurements of a metric of a run, in the order that the server has them in.
fn history(on: &Export<'_>, writer: &Mutex<Writer>, run: &str, key: &str) -> Result<()> {
    let what = format!("the metric `{key}` of the run `{run}`");
    let whole = GetMetricHistory {
        run_id: run.to_owned(),
        metric_key: key.to_owned(),
        ..GetMetricHistory::default()
    };
    let ask = |token: Option<String>| {
        let call = GetMetricHistory {
            page_token: token.clone(),
            max_results: Some(POINTS).filter(|_| !on.unpaged.load(Ordering::Relaxed)),
            ..whole.clone()
        };
        let reply = match on.server.ask_again(&call, &what) {
            // a store of files has no pages
            Err(Error::MlflowServer { .. } | Error::Unavailable { .. }) if token.is_none() => {
                let reply = on.server.ask_again(&whole, &what)?;
                on.unpaged.store(true, Ordering::Relaxed);
                reply
            }
            reply => reply?,
        };
        Ok((reply.metrics, reply.next_page_token))
    };
    pages(ask, |points: Vec<Metric>| {
        let mut out = writer.lock().map_err(|_| anyhow!("runs could not be written"))?;
        for some in points.chunks(BATCH_METRICS) {
            let batch =
                LogBatch { run_id: run.to_owned(), metrics: some.to_vec(), ..LogBatch::default() };
            out.line("batch", &print(&batch))?;
        }
        on.progress.add("measurements", points.len() as u64);
        Ok(())
    })
}
