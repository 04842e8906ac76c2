//! Whose files are asked for.

use std::path::PathBuf;

use super::{ArtifactPath, Location};
use crate::{
    Error,
    operation::{Context, Object},
    operations,
    store::{Connection, Row},
    workspaces,
};

/// What has files.
#[derive(Clone, Debug)]
pub(super) enum Owner {
    /// A run, by its id.
    Run(String),
    /// A logged model, by its id.
    LoggedModel(String),
    /// A version of a registered model.
    Version {
        /// The name of the model.
        name: String,
        /// The number of the version.
        version: String,
    },
    /// A trace, by its id.
    Trace(String),
}

/// Where the files of an owner are.
#[derive(Clone, Debug)]
pub(super) struct Owned {
    /// As clients see it.
    pub(super) uri: String,
    /// As this server does.
    pub(super) location: Location,
    /// The folder of the experiment, when a server chose it.
    pub(super) chosen: Option<PathBuf>,
}

impl Owner {
    /// What a caller must be allowed to look at or change.
    pub(super) fn object(&self) -> Object<'_> {
        match self {
            Self::Run(id) => Object::Run(id),
            Self::Trace(id) => Object::Trace(id),
            Self::LoggedModel(id) => Object::LoggedModel(id),
            Self::Version { name, .. } => Object::VersionsOf(name),
        }
    }

    /// Where its files are.
    ///
    /// # Errors
    /// When there is no such owner, or its URI is no location.
    pub(super) fn files(
        &self,
        on: &mut dyn Connection,
        context: &Context<'_>,
    ) -> Result<Owned, Error> {
        let owned = match self {
            Self::Run(id) => of_run(on, context, id)?,
            Self::LoggedModel(id) => of_logged_model(on, context, id)?,
            Self::Version { name, version } => of_version(on, context, name, version)?,
            Self::Trace(id) => of_trace(on, context, id)?,
        };
        let owned = match owned.location {
            Location::Run(id, path) => {
                let of_run = of_run(on, context, &id)?;
                let location = of_run.location.join(&path);
                Owned { uri: owned.uri, location, chosen: of_run.chosen }
            }
            _ => owned,
        };
        Ok(Owned { location: in_workspace(owned.location, context)?, ..owned })
    }
}

/// A location as the artifact proxy has it: it puts the files of a workspace below a folder of their own,
/// whether the location says so or not.
fn in_workspace(location: Location, context: &Context<'_>) -> Result<Location, Error> {
    let Location::Proxied(path) = &location else { return Ok(location) };
    let enabled = context.settings.workspaces;
    match workspaces::folder_of(enabled, &context.caller.workspace, path.as_str()) {
        Some(folder) => Ok(Location::Proxied(ArtifactPath::parse(&folder)?.join(path))),
        None => Ok(location),
    }
}

fn of_run(on: &mut dyn Connection, context: &Context<'_>, id: &str) -> Result<Owned, Error> {
    let sql = "SELECT runs.artifact_uri, experiments.experiment_id, experiments.artifact_location FROM runs JOIN experiments ON experiments.experiment_id = runs.experiment_id WHERE runs.run_uuid = ? AND experiments.workspace = ?";
    let row = on.first(sql, &[id.into(), (&context.caller.workspace).into()])?;
    owned(row.ok_or_else(|| Error::missing(format!("Run with id={id} not found")))?)
}

fn of_logged_model(
    on: &mut dyn Connection,
    context: &Context<'_>,
    id: &str,
) -> Result<Owned, Error> {
    let sql = "SELECT logged_models.artifact_location, experiments.experiment_id, experiments.artifact_location FROM logged_models JOIN experiments ON experiments.experiment_id = logged_models.experiment_id WHERE logged_models.model_id = ? AND logged_models.lifecycle_stage = 'active' AND experiments.workspace = ?";
    let row = on.first(sql, &[id.into(), (&context.caller.workspace).into()])?;
    owned(row.ok_or_else(|| Error::missing(format!("Logged model with ID '{id}' not found.")))?)
}

fn of_version(
    on: &mut dyn Connection,
    context: &Context<'_>,
    name: &str,
    version: &str,
) -> Result<Owned, Error> {
    let uri = uri(Some(operations::location_of_version(on, context, name, version)?))?;
    let sql = "SELECT experiments.experiment_id, experiments.artifact_location FROM model_versions JOIN runs ON runs.run_uuid = model_versions.run_id JOIN experiments ON experiments.experiment_id = runs.experiment_id WHERE model_versions.workspace = ? AND experiments.workspace = ? AND model_versions.name = ? AND model_versions.version = ?";
    let workspace = || (&context.caller.workspace).into();
    let number = version.parse::<i64>().ok().into();
    let row = on.first(sql, &[workspace(), workspace(), name.into(), number])?;
    let chosen = match row {
        Some(mut row) => chosen(row.take(0)?, row.take(1)?),
        None => None,
    };
    Ok(Owned { location: Location::parse(&uri)?, uri, chosen })
}

/// By the location of the experiment: the tag that tells clients of it may be set to anything.
fn of_trace(on: &mut dyn Connection, context: &Context<'_>, id: &str) -> Result<Owned, Error> {
    let sql = "SELECT experiments.experiment_id, experiments.artifact_location FROM trace_info JOIN experiments ON experiments.experiment_id = trace_info.experiment_id WHERE trace_info.request_id = ? AND experiments.workspace = ?";
    let row = on.first(sql, &[id.into(), (&context.caller.workspace).into()])?;
    let missing = || Error::missing(format!("Trace with ID '{id}' not found."));
    let mut row = row.ok_or_else(missing)?;
    let (experiment, place): (i64, Option<String>) = (row.take(0)?, row.take(1)?);
    let uri = operations::below(&uri(place.clone())?, &format!("traces/{id}/artifacts"));
    Ok(Owned { location: Location::parse(&uri)?, uri, chosen: chosen(experiment, place) })
}

/// From a row of a location, and of an experiment's id and location.
fn owned(mut row: Row) -> Result<Owned, Error> {
    let uri = uri(row.take(0)?)?;
    Ok(Owned { location: Location::parse(&uri)?, uri, chosen: chosen(row.take(1)?, row.take(2)?) })
}

/// The folder of an experiment, when a server chose it.
fn chosen(experiment: i64, location: Option<String>) -> Option<PathBuf> {
    let location = location.and_then(|uri| Location::parse(&uri).ok());
    location.and_then(|it| it.of_experiment(experiment).map(PathBuf::from))
}

fn uri(stored: Option<String>) -> Result<String, Error> {
    let stored = stored.filter(|uri| !uri.is_empty());
    stored.ok_or_else(|| Error::Schema("what has artifacts has no location of them".to_owned()))
}
