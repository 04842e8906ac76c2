//! Evaluation datasets.

use std::collections::BTreeSet;

use anyhow::Result;
use longshore_mlflow::rest::{
    EvaluationDataset, GetEvaluationDatasetExperimentIds, GetEvaluationDatasetRecords,
    SearchEvaluationDatasets, UpsertEvaluationDatasetRecords, print,
};

use super::{
    super::{
        folder::Kind,
        known::Known,
        lines::parse,
        server::{pages, pages_if_known},
    },
    Export,
    choice::Choice,
};

/// Datasets, and records, of a page.
const PAGE: i64 = 1000;

/// Writes the evaluation datasets of experiments that are exported whole, where the server has any.
pub(super) fn export(on: &Export<'_>, choice: &Choice) -> Result<()> {
    let Some(found) = all(on, choice)? else { return Ok(()) };
    let id = |value: &str| Ok(parse::<EvaluationDataset>(value)?.dataset_id);
    let known = Known::of(&on.folder, Kind::Datasets, "dataset", &[], id)?;
    let mut writer = on.folder.writer(Kind::Datasets)?;
    for mut dataset in found {
        let id = dataset.dataset_id.clone();
        let what = format!("the evaluation dataset `{}`", dataset.name);
        let call = GetEvaluationDatasetExperimentIds { dataset_id: id.clone() };
        dataset.experiment_ids = on.server.ask_again(&call, &what)?.experiment_ids;
        dataset.experiment_ids.sort();
        let line = print(&dataset);
        on.progress.add("evaluation_datasets", 1);
        if on.args.work.dry_run || known.has(&id, &[&line]) {
            continue;
        }
        let ask = |token| {
            let call = GetEvaluationDatasetRecords {
                dataset_id: id.clone(),
                max_results: Some(PAGE),
                page_token: token,
            };
            let reply = on.server.ask_again(&call, &what)?;
            Ok((vec![reply.records], reply.next_page_token))
        };
        pages(ask, |page| {
            for records in page {
                let records = UpsertEvaluationDatasetRecords { dataset_id: id.clone(), records };
                writer.line("records", &print(&records))?;
            }
            Ok(())
        })?;
        writer.item("dataset", &line)?;
    }
    writer.cut()
}

/// The datasets of a choice; `None` when the server knows none.
fn all(on: &Export<'_>, choice: &Choice) -> Result<Option<Vec<EvaluationDataset>>> {
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    let ids: Vec<_> = choice.whole.iter().map(|it| it.experiment_id.clone()).collect();
    // datasets of no experiment belong to a whole server
    let searches: Vec<Vec<String>> = match (choice.all, ids.is_empty()) {
        (true, _) => vec![Vec::new()],
        (false, true) => Vec::new(),
        (false, false) => ids.into_iter().map(|id| vec![id]).collect(),
    };
    for experiment_ids in searches {
        let ask = |token| {
            let call = SearchEvaluationDatasets {
                experiment_ids: experiment_ids.clone(),
                max_results: Some(PAGE),
                page_token: token,
                ..SearchEvaluationDatasets::default()
            };
            let reply = on.server.ask_if_known(&call, "the evaluation datasets")?;
            Ok(reply.map(|reply| (reply.datasets, reply.next_page_token)))
        };
        let is_known = pages_if_known(ask, |page: Vec<EvaluationDataset>| {
            found.extend(page.into_iter().filter(|it| seen.insert(it.dataset_id.clone())));
            Ok(())
        })?;
        if !is_known {
            return Ok(None);
        }
    }
    Ok(Some(found))
}
