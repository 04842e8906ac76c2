//! Evaluation datasets.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use longshore_mlflow::rest::{
    CreateEvaluationDataset, EvaluationDataset, SearchEvaluationDatasets,
    UpsertEvaluationDatasetRecords,
};
use serde_json::Value;

use super::{
    super::{folder::Kind, lines::parse},
    Import,
    ids::Of,
    moved,
};
use crate::cmd::mlflow::text::quoted;

/// Fields of a record that can be given; the server has others of its own.
const GIVEN: [&str; 5] = ["inputs", "outputs", "expectations", "tags", "source"];

/// Makes the datasets that are not there, with their records.
pub(super) fn make(on: &Import<'_>) -> Result<()> {
    let (mut records, mut known) = (Vec::<UpsertEvaluationDatasetRecords>::new(), None);
    on.folder.read(Kind::Datasets, |piece, name, value| {
        if name == "records" {
            records.push(parse(value)?);
            return Ok(());
        }
        let dataset: EvaluationDataset = parse(value)?;
        let records = std::mem::take(&mut records);
        let id = &dataset.dataset_id;
        if known.is_none() {
            let is_known = is_known(on)?;
            if !is_known {
                let address = on.server.address();
                on.progress.note(format!("evaluation datasets are left out: {address} knows none"));
            }
            known = Some(is_known);
        }
        if known == Some(true)
            && on.latest.is("evaluation_datasets", id, piece)
            && !on.ids.is_done(Of::Dataset, id)
        {
            one(on, &dataset, records)?;
        }
        Ok(())
    })
}

fn is_known(on: &Import<'_>) -> Result<bool> {
    let call =
        SearchEvaluationDatasets { max_results: Some(1), ..SearchEvaluationDatasets::default() };
    Ok(on.server.ask_if_known(&call, "evaluation datasets")?.is_some())
}

fn one(
    on: &Import<'_>,
    dataset: &EvaluationDataset,
    records: Vec<UpsertEvaluationDatasetRecords>,
) -> Result<()> {
    let id = &dataset.dataset_id;
    let what = format!("the evaluation dataset `{}`", dataset.name);
    let noted = on.ids.of(Of::Dataset, id);
    let to = if let Some(to) = noted { to } else { new(on, dataset, &what)? };
    for UpsertEvaluationDatasetRecords { records, .. } in records {
        let mut records: Vec<BTreeMap<String, Value>> =
            serde_json::from_str(&records).with_context(|| what.clone())?;
        for record in &mut records {
            record.retain(|field, value| GIVEN.contains(&field.as_str()) && !value.is_null());
        }
        let call = UpsertEvaluationDatasetRecords {
            dataset_id: to.clone(),
            records: serde_json::to_string(&records)?,
        };
        on.ask(&call, &what)?;
    }
    on.progress.add("evaluation_datasets", 1);
    on.ids.done(Of::Dataset, id)
}

/// Makes a dataset, unless an earlier import made it; gives its id.
fn new(on: &Import<'_>, dataset: &EvaluationDataset, what: &str) -> Result<String> {
    let id = &dataset.dataset_id;
    let to = if let Some(to) = recognised(on, dataset)? {
        to
    } else {
        let tags = dataset.tags.as_deref().unwrap_or("{}");
        let mut tags: BTreeMap<String, Value> =
            serde_json::from_str(tags).with_context(|| what.to_owned())?;
        tags.insert(moved("dataset_id"), id.as_str().into());
        let experiments = dataset.experiment_ids.iter().filter_map(|id| on.experiment(id));
        let call = CreateEvaluationDataset {
            name: dataset.name.clone(),
            experiment_ids: experiments.collect(),
            tags: Some(serde_json::to_string(&tags)?),
        };
        on.ask_once(&call, what)?.dataset.dataset_id
    };
    on.ids.note(Of::Dataset, id, &to, None)?;
    Ok(to)
}

/// The dataset that an earlier import made of this one and could not note.
fn recognised(on: &Import<'_>, dataset: &EvaluationDataset) -> Result<Option<String>> {
    let call = SearchEvaluationDatasets {
        filter_string: Some(format!("name = {}", quoted(&dataset.name)?)),
        max_results: Some(1000),
        ..SearchEvaluationDatasets::default()
    };
    let found = on.ask(&call, "evaluation datasets")?.datasets;
    let is_it = |it: &EvaluationDataset| {
        let tags = it.tags.as_deref().unwrap_or("{}");
        let tags: BTreeMap<String, Value> = serde_json::from_str(tags).unwrap_or_default();
        tags.get(&moved("dataset_id")).and_then(Value::as_str) == Some(&dataset.dataset_id)
    };
    Ok(found.into_iter().find(is_it).map(|it| it.dataset_id))
}
