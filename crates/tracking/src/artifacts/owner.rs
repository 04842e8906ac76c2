//! Whose files are asked for.

use super::Location;
use crate::{Error, operation::Context, operations, store::Connection};

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
}

impl Owner {
    /// The URI of its files, and the location that it is.
    ///
    /// # Errors
    /// When there is no such owner, or its URI is no location.
    pub(super) fn location(
        &self,
        on: &mut dyn Connection,
        context: &Context<'_>,
    ) -> Result<(String, Location), Error> {
        let uri = match self {
            Self::Run(id) => of_run(on, context, id)?,
            Self::LoggedModel(id) => of_logged_model(on, context, id)?,
            Self::Version { name, version } => {
                operations::location_of_version(on, context, name, version)?
            }
        };
        let location = match Location::parse(&uri)? {
            Location::Run(id, path) => Location::parse(&of_run(on, context, &id)?)?.join(&path),
            location => location,
        };
        Ok((uri, location))
    }
}

fn of_run(on: &mut dyn Connection, context: &Context<'_>, id: &str) -> Result<String, Error> {
    let sql = "SELECT runs.artifact_uri FROM runs JOIN experiments ON experiments.experiment_id = runs.experiment_id WHERE runs.run_uuid = ? AND experiments.workspace = ?";
    let row = on.first(sql, &[id.into(), (&context.caller.workspace).into()])?;
    let mut row = row.ok_or_else(|| Error::missing(format!("Run with id={id} not found")))?;
    uri(row.take(0)?)
}

fn of_logged_model(
    on: &mut dyn Connection,
    context: &Context<'_>,
    id: &str,
) -> Result<String, Error> {
    let sql = "SELECT logged_models.artifact_location FROM logged_models JOIN experiments ON experiments.experiment_id = logged_models.experiment_id WHERE logged_models.model_id = ? AND logged_models.lifecycle_stage = 'active' AND experiments.workspace = ?";
    let row = on.first(sql, &[id.into(), (&context.caller.workspace).into()])?;
    let missing = || Error::missing(format!("Logged model with ID '{id}' not found."));
    uri(row.ok_or_else(missing)?.take(0)?)
}

fn uri(stored: Option<String>) -> Result<String, Error> {
    let stored = stored.filter(|uri| !uri.is_empty());
    stored.ok_or_else(|| Error::Schema("what has artifacts has no location of them".to_owned()))
}
