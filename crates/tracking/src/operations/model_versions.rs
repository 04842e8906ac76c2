//! Versions of registered models and their tags.

use std::collections::HashMap;

use longshore_mlflow::rest::{
    CreateModelVersion, DeleteModelVersion, DeleteModelVersionTag, Done, GetModelVersion,
    GetModelVersionDownloadUri, ModelVersion, ModelVersionDownloadUriReply, ModelVersionReply,
    ModelVersionStatus, ModelVersionTag, SetModelVersionTag, UpdateModelVersion, WebhookAction,
    WebhookEntity, checks, limits, names,
};

use serde_json::json;

use super::{
    events, registered_models,
    stages::{self, DELETED},
    version_source,
};
use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation},
    routes::Route,
    sql,
    store::{Connection, Row, Value},
    webhooks::Delivery,
};

/// What webhooks are told of when tags of versions change.
const OF_TAGS: (Option<WebhookEntity>, WebhookEntity) =
    (Some(WebhookEntity::ModelVersionTag), WebhookEntity::PromptVersionTag);

/// The routes of versions.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::of::<CreateModelVersion>(),
        Route::of::<UpdateModelVersion>(),
        Route::of::<DeleteModelVersion>(),
        Route::of::<GetModelVersion>(),
        Route::of::<GetModelVersionDownloadUri>(),
        Route::of::<SetModelVersionTag>(),
        Route::of::<DeleteModelVersionTag>(),
    ]
}

/// Versions with their tags, in the order of `versions`; those that are not there, or were deleted, are left
/// out. Like MLflow's lists of versions, these name no aliases.
pub(crate) fn load(
    on: &mut dyn Connection,
    context: &Context<'_>,
    versions: &[(String, i64)],
) -> Result<Vec<ModelVersion>, Error> {
    let mut found = HashMap::new();
    for versions in versions.chunks(sql::ROWS) {
        load_some(on, context, versions, &mut found)?;
    }
    Ok(versions.iter().filter_map(|version| found.remove(version)).collect())
}

fn load_some(
    on: &mut dyn Connection,
    context: &Context<'_>,
    versions: &[(String, i64)],
    found: &mut HashMap<(String, i64), ModelVersion>,
) -> Result<(), Error> {
    // a mark alone has no type in PostgreSQL
    let marks = vec!["(?, CAST(? AS INTEGER))"; versions.len()].join(", ");
    let of_them = format!("workspace = ? AND (name, version) IN (VALUES {marks})");
    let mut values = vec![Value::from(&context.caller.workspace)];
    values.extend(versions.iter().flat_map(|(name, version)| [name.into(), (*version).into()]));
    let sql = format!("SELECT name, version, key, value FROM model_version_tags WHERE {of_them}");
    let mut tags: HashMap<(String, i64), Vec<ModelVersionTag>> = HashMap::new();
    for mut row in on.query(&format!("{sql} ORDER BY key"), &values)? {
        let version = (row.take(0)?, row.take(1)?);
        let value = row.take::<Option<String>>(3)?.unwrap_or_default();
        tags.entry(version).or_default().push(ModelVersionTag { key: row.take(2)?, value });
    }
    let sql = format!(
        "SELECT name, version, creation_time, last_updated_time, user_id, current_stage, description, source, run_id, status, status_message, run_link FROM model_versions WHERE {of_them} AND current_stage <> ?"
    );
    values.push(DELETED.into());
    for mut row in on.query(&sql, &values)? {
        let version = (row.take(0)?, row.take(1)?);
        let tags = tags.remove(&version).unwrap_or_default();
        found.insert(version.clone(), read(version, row, tags)?);
    }
    Ok(())
}

fn read(
    (name, version): (String, i64),
    mut row: Row,
    tags: Vec<ModelVersionTag>,
) -> Result<ModelVersion, Error> {
    let status: Option<String> = row.take(9)?;
    let message: Option<String> = row.take(10)?;
    Ok(ModelVersion {
        name,
        version: version.to_string(),
        creation_timestamp: row.take(2)?,
        last_updated_timestamp: row.take(3)?,
        user_id: row.take(4)?,
        current_stage: row.take(5)?,
        description: row.take(6)?,
        source: row.take(7)?,
        run_id: row.take(8)?,
        status: status.and_then(|name| ModelVersionStatus::parse(&name)),
        status_message: message.filter(|text| !text.is_empty()),
        tags,
        run_link: row.take(11)?,
        ..ModelVersion::default()
    })
}

/// A version with its tags and aliases.
///
/// # Errors
/// When a parameter is not valid, or there is no such version.
pub(super) fn get(
    on: &mut dyn Connection,
    context: &Context<'_>,
    name: &str,
    version: &str,
) -> Result<ModelVersion, Error> {
    names::registered_model("name", name)?;
    let number = names::version(version)?;
    let found = load(on, context, &[(name.to_owned(), number)])?.pop();
    let mut found = found.ok_or_else(|| missing(name, number))?;
    let sql = "SELECT alias FROM registered_model_aliases WHERE workspace = ? AND name = ? AND version = ? ORDER BY alias";
    let aliases =
        on.query(sql, &[(&context.caller.workspace).into(), name.into(), number.into()])?;
    found.aliases = aliases.into_iter().map(|mut row| row.take(0)).collect::<Result<_, _>>()?;
    Ok(found)
}

/// The number of a version that exists.
///
/// # Errors
/// When a parameter is not valid, or there is no such version.
pub(super) fn number(
    on: &mut dyn Connection,
    context: &Context<'_>,
    name: &str,
    version: &str,
) -> Result<i64, Error> {
    names::registered_model("name", name)?;
    let number = names::version(version)?;
    let sql = "SELECT 1 FROM model_versions WHERE workspace = ? AND name = ? AND version = ? AND current_stage <> ?";
    let workspace = &context.caller.workspace;
    let row = on.first(sql, &[workspace.into(), name.into(), number.into(), DELETED.into()])?;
    row.map(|_| number).ok_or_else(|| missing(name, number))
}

/// Where the files of a version are.
///
/// # Errors
/// When a parameter is not valid, or there is no such version.
pub(crate) fn location(
    on: &mut dyn Connection,
    context: &Context<'_>,
    name: &str,
    version: &str,
) -> Result<String, Error> {
    let number = number(on, context, name, version)?;
    let sql = "SELECT storage_location, source FROM model_versions WHERE workspace = ? AND name = ? AND version = ?";
    let row = on.first(sql, &[(&context.caller.workspace).into(), name.into(), number.into()])?;
    let mut row = row.ok_or_else(|| missing(name, number))?;
    let stored = row.take::<Option<String>>(0)?.filter(|text| !text.is_empty());
    let source = row.take::<Option<String>>(1)?;
    Ok(stored.or(source).unwrap_or_default())
}

fn missing(name: &str, version: i64) -> Error {
    Error::missing(format!("Model Version (name={name}, version={version}) not found"))
}

/// Checks a tag of a version. The text of a prompt is one, and users know it by that name.
fn check_tag(key: &str, value: &str) -> Result<(), Error> {
    let most = limits::REGISTRY_TAG_VALUE;
    if key == events::TEXT && value.chars().count() > most {
        let words = format!("Prompt text exceeds max length of {most} characters.");
        return Err(Error::invalid(words));
    }
    Ok(checks::registry_tag(key, value)?)
}

fn set_tag(
    on: &mut dyn Connection,
    context: &Context<'_>,
    name: &str,
    version: i64,
    (key, value): (&str, &str),
) -> Result<(), Error> {
    let sql = "INSERT INTO model_version_tags (workspace, name, version, key, value) VALUES (?, ?, ?, ?, ?) ON CONFLICT (workspace, key, name, version) DO UPDATE SET value = excluded.value";
    let workspace = &context.caller.workspace;
    let values = [workspace.into(), name.into(), version.into(), key.into(), value.into()];
    on.execute(sql, &values)?;
    Ok(())
}

impl Operation for CreateModelVersion {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::NewVersionOf(&self.name))
    }

    fn also_needs(&self) -> Vec<Need<'_>> {
        // whoever may read a registered model may copy its versions, whichever run made them
        if version_source::is_of_registered_model(&self.source) {
            return Vec::new();
        }
        let given = |id: &'_ &str| !id.is_empty();
        let run = self.run_id.as_deref().filter(given).map(Object::Run);
        let model = self.model_id.as_deref().filter(given).map(Object::LoggedModel);
        vec![Need { level: Level::Read, objects: run.into_iter().chain(model).collect() }]
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        names::registered_model("name", &self.name)?;
        for tag in &self.tags {
            check_tag(&tag.key, &tag.value)?;
        }
        let from = version_source::of(self, on, context)?;
        registered_models::touch(on, context, &self.name)?;
        let workspace = &context.caller.workspace;
        let sql = "SELECT COALESCE(MAX(version), 0) + 1 FROM model_versions WHERE workspace = ? AND name = ?";
        let row = on.first(sql, &[workspace.into(), (&self.name).into()])?;
        let version: i64 = row.map_or(Ok(1), |mut row| row.take(0))?;
        let sql = "INSERT INTO model_versions (workspace, name, version, creation_time, last_updated_time, description, current_stage, source, storage_location, run_id, status, run_link) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        let values = [
            workspace.into(),
            (&self.name).into(),
            version.into(),
            context.now.into(),
            context.now.into(),
            self.description.clone().unwrap_or_default().into(),
            stages::NONE.into(),
            (&from.source).into(),
            (&from.location).into(),
            from.run_id.clone().unwrap_or_default().into(),
            ModelVersionStatus::Ready.name().into(),
            self.run_link.clone().unwrap_or_default().into(),
        ];
        on.execute(sql, &values)?;
        // of a key that is given twice, the last value counts
        for tag in &self.tags {
            set_tag(on, context, &self.name, version, (&tag.key, &tag.value))?;
        }
        from.register(on, &self.name, version)?;
        let model_version = get(on, context, &self.name, &version.to_string())?;
        Ok(ModelVersionReply { model_version })
    }

    fn tells(
        &self,
        answer: &Self::Reply,
        on: &mut dyn Connection,
        context: &Context<'_>,
    ) -> Result<Vec<Delivery>, Error> {
        events::version_created(on, context, self, &answer.model_version)
    }
}

impl Operation for UpdateModelVersion {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::VersionsOf(&self.name))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let number = number(on, context, &self.name, &self.version)?;
        let sql = "UPDATE model_versions SET description = ?, last_updated_time = ? WHERE workspace = ? AND name = ? AND version = ?";
        let values = [
            self.description.clone().into(),
            context.now.into(),
            (&context.caller.workspace).into(),
            (&self.name).into(),
            number.into(),
        ];
        on.execute(sql, &values)?;
        let model_version = get(on, context, &self.name, &self.version)?;
        Ok(ModelVersionReply { model_version })
    }
}

impl Operation for DeleteModelVersion {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Manage, Object::VersionsOf(&self.name))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let number = number(on, context, &self.name, &self.version)?;
        registered_models::touch(on, context, &self.name)?;
        let workspace = &context.caller.workspace;
        let sql =
            "DELETE FROM registered_model_aliases WHERE workspace = ? AND name = ? AND version = ?";
        on.execute(sql, &[workspace.into(), (&self.name).into(), number.into()])?;
        // the row stays, so that its number is never given again
        let sql = "UPDATE model_versions SET current_stage = ?, last_updated_time = ?, description = NULL, user_id = NULL, source = 'REDACTED-SOURCE-PATH', run_id = 'REDACTED-RUN-ID', run_link = 'REDACTED-RUN-LINK', status_message = NULL, storage_location = NULL WHERE workspace = ? AND name = ? AND version = ?";
        let values = [
            DELETED.into(),
            context.now.into(),
            workspace.into(),
            (&self.name).into(),
            number.into(),
        ];
        on.execute(sql, &values)?;
        Ok(Done)
    }
}

impl Operation for GetModelVersion {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Read, Object::VersionsOf(&self.name))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let model_version = get(on, context, &self.name, &self.version)?;
        Ok(ModelVersionReply { model_version })
    }
}

impl Operation for GetModelVersionDownloadUri {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Read, Object::VersionsOf(&self.name))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let artifact_uri = location(on, context, &self.name, &self.version)?;
        Ok(ModelVersionDownloadUriReply { artifact_uri: Some(artifact_uri) })
    }
}

impl Operation for SetModelVersionTag {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::VersionsOf(&self.name))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        names::registered_model("name", &self.name)?;
        names::version(&self.version)?;
        check_tag(&self.key, &self.value)?;
        let number = number(on, context, &self.name, &self.version)?;
        set_tag(on, context, &self.name, number, (&self.key, &self.value))?;
        Ok(Done)
    }

    fn tells(
        &self,
        _: &Self::Reply,
        on: &mut dyn Connection,
        context: &Context<'_>,
    ) -> Result<Vec<Delivery>, Error> {
        let data = json!({
            "name": self.name, "version": self.version, "key": self.key, "value": self.value,
        });
        events::changed(on, context, &self.name, OF_TAGS, WebhookAction::Set, data)
    }
}

impl Operation for DeleteModelVersionTag {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Manage, Object::VersionsOf(&self.name))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        names::registered_model("name", &self.name)?;
        names::version(&self.version)?;
        names::key("key", &self.key)?;
        let number = number(on, context, &self.name, &self.version)?;
        let sql = "DELETE FROM model_version_tags WHERE workspace = ? AND key = ? AND name = ? AND version = ?";
        let workspace = &context.caller.workspace;
        let values = [workspace.into(), (&self.key).into(), (&self.name).into(), number.into()];
        on.execute(sql, &values)?;
        Ok(Done)
    }

    fn tells(
        &self,
        _: &Self::Reply,
        on: &mut dyn Connection,
        context: &Context<'_>,
    ) -> Result<Vec<Delivery>, Error> {
        let data = json!({"name": self.name, "version": self.version, "key": self.key});
        events::changed(on, context, &self.name, OF_TAGS, WebhookAction::Deleted, data)
    }
}
