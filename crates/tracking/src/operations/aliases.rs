//! Aliases: names that point at versions.

use longshore_mlflow::rest::{
    DeleteRegisteredModelAlias, Done, GetModelVersionByAlias, ModelVersion, ModelVersionReply,
    SetRegisteredModelAlias, WebhookAction, WebhookEntity, names,
};

use serde_json::json;

use super::{events, model_versions, registered_models, stages};
use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation},
    routes::Route,
    store::Connection,
    webhooks::Delivery,
};

/// The alias that always points at the highest version.
pub(super) const LATEST: &str = "latest";

/// What webhooks are told of when aliases change.
const OF_ALIASES: (Option<WebhookEntity>, WebhookEntity) =
    (Some(WebhookEntity::ModelVersionAlias), WebhookEntity::PromptAlias);

/// The routes of aliases.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::of::<SetRegisteredModelAlias>(),
        Route::of::<DeleteRegisteredModelAlias>(),
        Route::of::<GetModelVersionByAlias>(),
    ]
}

/// The version that an alias points at.
///
/// # Errors
/// When there is no such model or alias.
pub(super) fn version(
    on: &mut dyn Connection,
    context: &Context<'_>,
    name: &str,
    alias: &str,
) -> Result<ModelVersion, Error> {
    names::registered_model("name", name)?;
    names::alias(alias)?;
    if alias.to_lowercase() == LATEST {
        let latest = stages::latest(on, context, name, &[])?;
        let highest = latest.into_iter().max_by_key(|it| it.version.parse::<i64>().ok());
        let missing = || Error::missing(format!("Latest version not found for model {name}."));
        return highest.ok_or_else(missing);
    }
    registered_models::exists(on, context, name)?;
    let sql = "SELECT version FROM registered_model_aliases WHERE workspace = ? AND name = ? AND alias = ?";
    let row = on.first(sql, &[(&context.caller.workspace).into(), name.into(), alias.into()])?;
    let missing = || Error::invalid(format!("Registered model alias {alias} not found."));
    let version: i64 = row.ok_or_else(missing)?.take(0)?;
    model_versions::get(on, context, name, &version.to_string())
}

impl Operation for SetRegisteredModelAlias {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::RegisteredModel(&self.name))
    }

    fn also_needs(&self) -> Vec<Need<'_>> {
        vec![Need::of(Level::Read, Object::VersionsOf(&self.name))]
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        names::registered_model("name", &self.name)?;
        names::new_alias(&self.alias)?;
        let version = model_versions::number(on, context, &self.name, &self.version)?;
        let sql = "INSERT INTO registered_model_aliases (workspace, name, alias, version) VALUES (?, ?, ?, ?) ON CONFLICT (workspace, name, alias) DO UPDATE SET version = excluded.version";
        let values = [
            (&context.caller.workspace).into(),
            (&self.name).into(),
            (&self.alias).into(),
            version.into(),
        ];
        on.execute(sql, &values)?;
        Ok(Done)
    }

    fn tells(
        &self,
        _: &Self::Reply,
        on: &mut dyn Connection,
        context: &Context<'_>,
    ) -> Result<Vec<Delivery>, Error> {
        let data = json!({"name": self.name, "alias": self.alias, "version": self.version});
        events::changed(on, context, &self.name, OF_ALIASES, WebhookAction::Created, data)
    }
}

impl Operation for DeleteRegisteredModelAlias {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Manage, Object::RegisteredModel(&self.name))
    }

    fn also_needs(&self) -> Vec<Need<'_>> {
        vec![Need::of(Level::Read, Object::VersionsOf(&self.name))]
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        names::registered_model("name", &self.name)?;
        names::alias(&self.alias)?;
        registered_models::exists(on, context, &self.name)?;
        let sql =
            "DELETE FROM registered_model_aliases WHERE workspace = ? AND name = ? AND alias = ?";
        let workspace = &context.caller.workspace;
        on.execute(sql, &[workspace.into(), (&self.name).into(), (&self.alias).into()])?;
        Ok(Done)
    }

    fn tells(
        &self,
        _: &Self::Reply,
        on: &mut dyn Connection,
        context: &Context<'_>,
    ) -> Result<Vec<Delivery>, Error> {
        let data = json!({"name": self.name, "alias": self.alias});
        events::changed(on, context, &self.name, OF_ALIASES, WebhookAction::Deleted, data)
    }
}

impl Operation for GetModelVersionByAlias {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Read, Object::VersionsOf(&self.name))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let model_version = version(on, context, &self.name, &self.alias)?;
        Ok(ModelVersionReply { model_version })
    }
}
