//! Evaluation datasets: making them, and asking for them.

mod experiments;
mod merge;
mod record;
mod records;
mod tags;

use std::{collections::HashMap, fmt::Write as _};

use longshore_mlflow::{
    json,
    rest::{
        CreateEvaluationDataset, DeleteEvaluationDataset, Done, EvaluationDataset,
        EvaluationDatasetReply, GetEvaluationDataset, SearchEvaluationDatasets,
        SearchEvaluationDatasetsReply, limits::length,
    },
};
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value as Json};

use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation},
    random,
    routes::Route,
    search,
    sql::{ROWS, marks},
    store::{Connection, Row, Value},
};

/// The columns that [`of`] reads.
const COLUMNS: &str = "dataset_id, name, schema, profile, digest, created_time, last_update_time, created_by, last_updated_by";

/// The tag that says which user makes a change.
const USER: &str = "mlflow.user";

/// Longest name of a dataset and of a user, in characters.
const NAME: usize = 255;

/// The routes of evaluation datasets.
pub(super) fn routes() -> Vec<Route> {
    let own = vec![
        Route::of::<CreateEvaluationDataset>(),
        Route::of::<GetEvaluationDataset>(),
        Route::of::<DeleteEvaluationDataset>(),
        Route::of::<SearchEvaluationDatasets>(),
    ];
    [own, experiments::routes(), records::routes(), tags::routes()].concat()
}

/// The datasets with `ids`, in their order, with their tags. Ids of none are left out.
fn load(on: &mut dyn Connection, ids: &[String]) -> Result<Vec<EvaluationDataset>, Error> {
    let mut found = HashMap::new();
    for ids in ids.chunks(ROWS) {
        let keys: Vec<Value> = ids.iter().map(Value::from).collect();
        let marks = marks(ids.len());
        let sql =
            format!("SELECT {COLUMNS} FROM evaluation_datasets WHERE dataset_id IN ({marks})");
        for row in on.query(&sql, &keys)? {
            let dataset = of(row)?;
            found.insert(dataset.dataset_id.clone(), (dataset, Map::new()));
        }
        let sql = format!(
            "SELECT dataset_id, key, value FROM evaluation_dataset_tags WHERE dataset_id IN ({marks})"
        );
        for mut row in on.query(&sql, &keys)? {
            let id: String = row.take(0)?;
            let (key, value) = (row.take(1)?, row.take::<Option<String>>(2)?);
            if let Some((_, tags)) = found.get_mut(&id) {
                tags.insert(key, value.into());
            }
        }
    }
    let found = ids.iter().filter_map(|id| found.remove(id)).map(|(dataset, tags)| {
        EvaluationDataset { tags: Some(json::python(&Json::Object(tags))), ..dataset }
    });
    Ok(found.collect())
}

/// The dataset with an id, when it is in the workspace of the caller. `missing` says that there is none.
fn by_id(
    on: &mut dyn Connection,
    context: &Context<'_>,
    id: &str,
    missing: impl FnOnce(&str) -> String,
) -> Result<EvaluationDataset, Error> {
    let sql = "SELECT dataset_id FROM evaluation_datasets WHERE dataset_id = ? AND workspace = ?";
    let row = on.first(sql, &[id.into(), (&context.caller.workspace).into()])?;
    let ids = row.map(|mut row| row.take::<String>(0)).transpose()?;
    let found = load(on, ids.as_slice())?.into_iter().next();
    found.ok_or_else(|| Error::missing(missing(id)))
}

/// What most requests say of a dataset that is not there.
fn not_found(id: &str) -> String {
    format!("Dataset '{id}' not found")
}

/// A dataset without its tags, from [`COLUMNS`].
fn of(mut row: Row) -> Result<EvaluationDataset, Error> {
    Ok(EvaluationDataset {
        dataset_id: row.take(0)?,
        name: row.take(1)?,
        schema: row.take(2)?,
        profile: row.take(3)?,
        digest: row.take(4)?,
        created_time: row.take(5)?,
        last_update_time: row.take(6)?,
        created_by: row.take(7)?,
        last_updated_by: row.take(8)?,
        ..EvaluationDataset::default()
    })
}

/// The digest of a dataset whose records were changed at a time: the first 8 hexadecimal digits of the
/// SHA-256 of its name, a colon and the milliseconds.
fn digest_at(name: &str, now: i64) -> String {
    hex(format!("{name}:{now}").as_bytes()).chars().take(8).collect()
}

/// The SHA-256 of some bytes, in hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().fold(String::new(), |mut text, byte| {
        // writing to a text does not fail
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What a request about some experiments needs; when it names none, it concerns all of them.
fn of_experiments(level: Level, ids: &[String]) -> Need<'_> {
    if ids.is_empty() {
        return Need::of(level, Object::Server);
    }
    Need { level, objects: ids.iter().map(|id| Object::Experiment(id)).collect() }
}

impl Operation for CreateEvaluationDataset {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        of_experiments(Level::Edit, &self.experiment_ids)
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        length("name", &self.name, NAME)?;
        let tags = self.tags.as_deref().filter(|it| !it.is_empty());
        let tags = tags::read(tags.unwrap_or("{}"))?;
        let user = tags.get(USER).cloned().flatten();
        length(USER, user.as_deref().unwrap_or_default(), NAME)?;
        let experiments = experiments::known(on, context, &self.experiment_ids)?;
        let id = format!("d-{}", random::id()?);
        let now = context.now;
        let sql = "INSERT INTO evaluation_datasets (dataset_id, name, digest, created_time, last_update_time, created_by, last_updated_by, workspace) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
        let values = [
            (&id).into(),
            (&self.name).into(),
            digest_at(&self.name, now).into(),
            now.into(),
            now.into(),
            user.clone().into(),
            user.into(),
            (&context.caller.workspace).into(),
        ];
        on.execute(sql, &values)?;
        tags::set(on, &id, &tags)?;
        experiments::join(on, &id, &experiments, now)?;
        let dataset = by_id(on, context, &id, not_found)?;
        let experiment_ids = self.experiment_ids.clone();
        Ok(EvaluationDatasetReply { dataset: EvaluationDataset { experiment_ids, ..dataset } })
    }
}

impl Operation for GetEvaluationDataset {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Read, Object::EvaluationDataset(&self.dataset_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let missing = |id: &str| format!("Evaluation dataset with id '{id}' not found");
        Ok(EvaluationDatasetReply { dataset: by_id(on, context, &self.dataset_id, missing)? })
    }
}

impl Operation for DeleteEvaluationDataset {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Manage, Object::EvaluationDataset(&self.dataset_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let id = &self.dataset_id;
        let sql = "DELETE FROM evaluation_datasets WHERE dataset_id = ? AND workspace = ?";
        // the records and the tags go with it
        if on.execute(sql, &[id.into(), (&context.caller.workspace).into()])? > 0 {
            let sql = "DELETE FROM entity_associations WHERE (source_type = 'evaluation_dataset' AND source_id = ?) OR (destination_type = 'evaluation_dataset' AND destination_id = ?)";
            on.execute(sql, &[id.into(), id.into()])?;
        }
        Ok(Done)
    }
}

impl Operation for SearchEvaluationDatasets {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        of_experiments(Level::Read, &self.experiment_ids)
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let page = search::evaluation_datasets::find(on, self, &context.caller.workspace)?;
        let datasets = load(on, &page.found)?;
        Ok(SearchEvaluationDatasetsReply { datasets, next_page_token: page.next })
    }
}
