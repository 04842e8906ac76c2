//! Stages of versions, and the latest version of each.

use longshore_mlflow::rest::{
    GetLatestVersions, LatestVersionsReply, ModelVersion, ModelVersionReply,
    TransitionModelVersionStage,
};

use super::{model_versions, registered_models};
use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation},
    routes::Route,
    store::Connection,
};

/// The stage of a version that was deleted: its number is never given again.
pub(super) const DELETED: &str = "Deleted_Internal";

/// The stage of a new version.
pub(super) const NONE: &str = "None";

/// The stage of a version that another has followed.
const ARCHIVED: &str = "Archived";

/// All stages that a client can name.
const ALL: [&str; 4] = [NONE, "Staging", "Production", ARCHIVED];

/// The routes of stages.
pub(super) fn routes() -> Vec<Route> {
    vec![Route::of::<TransitionModelVersionStage>(), Route::of::<GetLatestVersions>()]
}

/// A stage as it is stored.
fn canonical(stage: &str) -> Result<&'static str, Error> {
    let lower = stage.to_lowercase();
    let found = ALL.into_iter().find(|it| it.to_lowercase() == lower);
    found.ok_or_else(|| {
        let all = ALL.join(", ");
        Error::invalid(format!("Invalid Model Version stage: {stage}. Value must be one of {all}."))
    })
}

impl Operation for TransitionModelVersionStage {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::VersionsOf(&self.name))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let stage = canonical(&self.stage)?;
        if self.archive_existing_versions && [NONE, ARCHIVED].contains(&stage) {
            return Err(Error::invalid(format!(
                "Model version transition cannot archive existing model versions because '{}' is not an Active stage. Valid stages are ['Staging', 'Production']",
                self.stage
            )));
        }
        let version = model_versions::number(on, context, &self.name, &self.version)?;
        registered_models::touch(on, context, &self.name)?;
        let workspace = &context.caller.workspace;
        if self.archive_existing_versions {
            let sql = "UPDATE model_versions SET current_stage = ?, last_updated_time = ? WHERE workspace = ? AND name = ? AND version <> ? AND current_stage = ?";
            let values = [
                ARCHIVED.into(),
                context.now.into(),
                workspace.into(),
                (&self.name).into(),
                version.into(),
                stage.into(),
            ];
            on.execute(sql, &values)?;
        }
        let sql = "UPDATE model_versions SET current_stage = ?, last_updated_time = ? WHERE workspace = ? AND name = ? AND version = ?";
        let values = [
            stage.into(),
            context.now.into(),
            workspace.into(),
            (&self.name).into(),
            version.into(),
        ];
        on.execute(sql, &values)?;
        let model_version = model_versions::get(on, context, &self.name, &self.version)?;
        Ok(ModelVersionReply { model_version })
    }
}

/// The latest version of each of some stages, or of all of them when none is named.
///
/// # Errors
/// When there is no such model or stage.
pub(super) fn latest(
    on: &mut dyn Connection,
    context: &Context<'_>,
    name: &str,
    stages: &[String],
) -> Result<Vec<ModelVersion>, Error> {
    let model = registered_models::get(on, context, name)?;
    let stages: Vec<_> = stages.iter().map(|it| canonical(it)).collect::<Result<_, _>>()?;
    let mut latest = model.latest_versions;
    latest.retain(|version| {
        let stage = version.current_stage.as_deref().unwrap_or(NONE);
        stages.is_empty() || stages.contains(&stage)
    });
    for version in &mut latest {
        let aliases = model.aliases.iter().filter(|it| it.version == version.version);
        version.aliases = aliases.map(|it| it.alias.clone()).collect();
    }
    Ok(latest)
}

impl Operation for GetLatestVersions {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Read, Object::VersionsOf(&self.name))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let model_versions = latest(on, context, &self.name, &self.stages)?;
        Ok(LatestVersionsReply { model_versions })
    }
}
