//! Experiments: making them, and asking for them.

mod change;
mod location;
mod tags;

use std::collections::HashMap;

use longshore_mlflow::rest::{
    CreateExperiment, CreateExperimentReply, ErrorCode, Experiment, ExperimentReply, ExperimentTag,
    GetExperiment, GetExperimentByName, names,
};

use super::artifact_uri::{below, root};
use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation},
    rights::Kind,
    routes::Route,
    sql::{ROWS, marks},
    store::{Connection, Row, Value},
    users::Change,
};

/// The columns that [`of`] reads.
const COLUMNS: &str = "experiment_id, name, artifact_location, lifecycle_stage, last_update_time, creation_time, workspace";

pub(super) use location::checked as checked_location;

/// The routes of experiments.
pub(super) fn routes() -> Vec<Route> {
    let own = vec![
        Route::of::<CreateExperiment>(),
        Route::of::<GetExperiment>(),
        Route::of::<GetExperimentByName>(),
    ];
    [own, change::routes(), tags::routes()].concat()
}

/// The experiments with `ids`, in their order, with their tags. Ids of none are left out.
///
/// # Errors
/// Those of the store.
pub(super) fn load(on: &mut dyn Connection, ids: &[i64]) -> Result<Vec<Experiment>, Error> {
    let mut found = HashMap::new();
    for ids in ids.chunks(ROWS) {
        let keys: Vec<Value> = ids.iter().map(|id| (*id).into()).collect();
        let marks = marks(ids.len());
        let sql = format!("SELECT {COLUMNS} FROM experiments WHERE experiment_id IN ({marks})");
        for row in on.query(&sql, &keys)? {
            let experiment = of(row)?;
            found.insert(experiment.experiment_id.clone(), experiment);
        }
        let sql = format!(
            "SELECT experiment_id, key, value FROM experiment_tags WHERE experiment_id IN ({marks})"
        );
        for mut row in on.query(&sql, &keys)? {
            let id = row.take::<i64>(0)?.to_string();
            let value = row.take::<Option<String>>(2)?.unwrap_or_default();
            let tag = ExperimentTag { key: row.take(1)?, value };
            if let Some(experiment) = found.get_mut(&id) {
                experiment.tags.push(tag);
            }
        }
    }
    Ok(ids.iter().filter_map(|id| found.remove(&id.to_string())).collect())
}

/// The experiment with an id, with its tags, when it is in the workspace of the caller.
///
/// # Errors
/// Refusals of an id that is no number or that no experiment has, and those of the store.
pub(super) fn by_id(
    on: &mut dyn Connection,
    context: &Context<'_>,
    id: &str,
) -> Result<Experiment, Error> {
    let id = names::experiment_id(id)?;
    let found = load(on, &[id])?.into_iter().next();
    let in_workspace = |it: &Experiment| it.workspace.as_ref() == Some(&context.caller.workspace);
    found
        .filter(in_workspace)
        .ok_or_else(|| Error::missing(format!("No Experiment with id={id} exists")))
}

/// The experiment with an id, when it is active.
///
/// # Errors
/// As [`by_id`], and a refusal of one that is deleted.
pub(super) fn active(
    on: &mut dyn Connection,
    context: &Context<'_>,
    id: &str,
) -> Result<Experiment, Error> {
    let experiment = by_id(on, context, id)?;
    match experiment.lifecycle_stage.as_deref() {
        Some("active") => Ok(experiment),
        stage => Err(Error::invalid(format!(
            "The experiment {} must be in the 'active' state. Current state is {}.",
            experiment.experiment_id,
            stage.unwrap_or("unknown")
        ))),
    }
}

/// The number of an experiment that is active. One that is deleted is told to be not there.
///
/// # Errors
/// As [`by_id`].
pub(super) fn number(
    on: &mut dyn Connection,
    context: &Context<'_>,
    id: &str,
) -> Result<i64, Error> {
    let id = names::experiment_id(id)?;
    let sql = "SELECT 1 FROM experiments WHERE experiment_id = ? AND workspace = ? AND lifecycle_stage = 'active'";
    match on.first(sql, &[id.into(), (&context.caller.workspace).into()])? {
        Some(_) => Ok(id),
        None => Err(Error::missing(format!("No Experiment with id={id} exists"))),
    }
}

/// An experiment without its tags, from [`COLUMNS`].
fn of(mut row: Row) -> Result<Experiment, Error> {
    Ok(Experiment {
        experiment_id: row.take::<i64>(0)?.to_string(),
        name: row.take(1)?,
        artifact_location: row.take(2)?,
        lifecycle_stage: row.take(3)?,
        // databases of old versions hold none, or 0
        last_update_time: row.take::<Option<i64>>(4)?.filter(|it| *it != 0),
        creation_time: row.take::<Option<i64>>(5)?.filter(|it| *it != 0),
        workspace: row.take(6)?,
        ..Experiment::default()
    })
}

/// A refusal of a name that another experiment has.
fn exists(name: &str) -> Error {
    let words = format!("Experiment(name={name}) already exists.");
    Error::refused(ErrorCode::ResourceAlreadyExists, words)
}

impl Operation for CreateExperiment {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::Workspace)
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        names::experiment(&self.name)?;
        tags::check_all(&self.tags)?;
        let location = self.artifact_location.as_deref().filter(|it| !it.is_empty());
        if context.settings.workspaces && location.is_some() {
            let words = "artifact_location cannot be specified when workspaces are enabled";
            return Err(Error::invalid(words));
        }
        let location = location.map(|it| location::checked(it, context.settings)).transpose()?;
        if let Some(location) = &location {
            location::not_of_others(on, context, location)?;
        }
        let now = context.now;
        let sql = "INSERT INTO experiments (name, artifact_location, lifecycle_stage, creation_time, last_update_time, workspace) VALUES (?, ?, 'active', ?, ?, ?) ON CONFLICT (workspace, name) DO NOTHING RETURNING experiment_id";
        let workspace = &context.caller.workspace;
        let row = on.first(
            sql,
            &[
                (&self.name).into(),
                location.clone().into(),
                now.into(),
                now.into(),
                workspace.into(),
            ],
        )?;
        let id: i64 = row.ok_or_else(|| exists(&self.name))?.take(0)?;
        if let Some(location) = &location {
            location::not_as_chosen(location, id, context.settings)?;
        } else {
            let location = below(&root(on, context)?, &id.to_string());
            let sql = "UPDATE experiments SET artifact_location = ? WHERE experiment_id = ?";
            on.execute(sql, &[location.into(), id.into()])?;
        }
        tags::set(on, id, &self.tags)?;
        Ok(CreateExperimentReply { experiment_id: id.to_string() })
    }

    fn changes(&self, answer: &Self::Reply) -> Vec<Change> {
        vec![Change::Made(Kind::Experiment, answer.experiment_id.clone())]
    }
}

impl Operation for GetExperiment {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Read, Object::Experiment(&self.experiment_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        Ok(ExperimentReply { experiment: by_id(on, context, &self.experiment_id)? })
    }
}

impl Operation for GetExperimentByName {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Read, Object::ExperimentNamed(&self.experiment_name))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let sql = "SELECT experiment_id FROM experiments WHERE workspace = ? AND name = ?";
        let workspace = &context.caller.workspace;
        let row = on.first(sql, &[workspace.into(), (&self.experiment_name).into()])?;
        let ids = row.map(|mut row| row.take::<i64>(0)).transpose()?;
        let experiment = load(on, ids.as_slice())?.into_iter().next().ok_or_else(|| {
            let words = format!("Could not find experiment with name '{}'", self.experiment_name);
            Error::missing(words)
        })?;
        Ok(ExperimentReply { experiment })
    }
}
