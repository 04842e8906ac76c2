//! Registered models and their tags.

use std::collections::HashMap;

use longshore_mlflow::rest::{
    CreateRegisteredModel, DeleteRegisteredModel, DeleteRegisteredModelTag, Done, ErrorCode,
    GetRegisteredModel, RegisteredModel, RegisteredModelAlias, RegisteredModelReply,
    RegisteredModelTag, RenameRegisteredModel, SetRegisteredModelTag, UpdateRegisteredModel,
    WebhookAction, WebhookEntity, checks, names,
};

use serde_json::json;

use super::{events, model_versions, prompts, stages::DELETED};
use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation},
    rights::Kind,
    routes::Route,
    sql,
    store::{Connection, Value},
    users::Change,
    webhooks::Delivery,
};

/// The routes of registered models.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::of::<CreateRegisteredModel>(),
        Route::of::<RenameRegisteredModel>(),
        Route::of::<UpdateRegisteredModel>(),
        Route::of::<DeleteRegisteredModel>(),
        Route::of::<GetRegisteredModel>(),
        Route::of::<SetRegisteredModelTag>(),
        Route::of::<DeleteRegisteredModelTag>(),
    ]
}

/// Registered models whole, in the order of `names`; those that are not there are left out.
pub(crate) fn load(
    on: &mut dyn Connection,
    context: &Context<'_>,
    names: &[String],
) -> Result<Vec<RegisteredModel>, Error> {
    let mut found = HashMap::new();
    for names in names.chunks(sql::ROWS) {
        load_some(on, context, names, &mut found)?;
    }
    Ok(names.iter().filter_map(|name| found.remove(name)).collect())
}

fn load_some(
    on: &mut dyn Connection,
    context: &Context<'_>,
    names: &[String],
    found: &mut HashMap<String, RegisteredModel>,
) -> Result<(), Error> {
    let marks = sql::marks(names.len());
    let of_them = format!("workspace = ? AND name IN ({marks})");
    let mut values = vec![Value::from(&context.caller.workspace)];
    values.extend(names.iter().map(Value::from));
    let sql = format!(
        "SELECT name, creation_time, last_updated_time, description FROM registered_models WHERE {of_them}"
    );
    for mut row in on.query(&sql, &values)? {
        let name: String = row.take(0)?;
        let model = RegisteredModel {
            name: name.clone(),
            creation_timestamp: row.take(1)?,
            last_updated_timestamp: row.take(2)?,
            description: row.take::<Option<String>>(3)?.filter(|text| !text.is_empty()),
            ..RegisteredModel::default()
        };
        found.insert(name, model);
    }
    let sql = format!(
        "SELECT name, key, value FROM registered_model_tags WHERE {of_them} ORDER BY name, key"
    );
    for mut row in on.query(&sql, &values)? {
        if let Some(model) = found.get_mut(&row.take::<String>(0)?) {
            let value = row.take::<Option<String>>(2)?.unwrap_or_default();
            model.tags.push(RegisteredModelTag { key: row.take(1)?, value });
        }
    }
    let sql = format!(
        "SELECT name, alias, version FROM registered_model_aliases WHERE {of_them} ORDER BY name, alias"
    );
    for mut row in on.query(&sql, &values)? {
        if let Some(model) = found.get_mut(&row.take::<String>(0)?) {
            let version = row.take::<i64>(2)?.to_string();
            model.aliases.push(RegisteredModelAlias { alias: row.take(1)?, version });
        }
    }
    let sql = format!(
        "SELECT name, MAX(version) FROM model_versions WHERE {of_them} AND current_stage <> ? GROUP BY name, current_stage ORDER BY name, MIN(version)"
    );
    values.push(DELETED.into());
    let latest = on.query(&sql, &values)?;
    let latest = latest.into_iter().map(|mut row| Ok((row.take(0)?, row.take(1)?)));
    let latest: Vec<(String, i64)> = latest.collect::<Result<_, Error>>()?;
    for version in model_versions::load(on, context, &latest)? {
        if let Some(model) = found.get_mut(&version.name) {
            model.latest_versions.push(version);
        }
    }
    Ok(())
}

/// A registered model whole.
///
/// # Errors
/// When the name is not valid, or there is no such model.
pub(super) fn get(
    on: &mut dyn Connection,
    context: &Context<'_>,
    name: &str,
) -> Result<RegisteredModel, Error> {
    names::registered_model("name", name)?;
    let found = load(on, context, &[name.to_owned()])?.pop();
    found.ok_or_else(|| missing(name))
}

/// Checks that there is a registered model of a name.
///
/// # Errors
/// When the name is not valid, or there is no such model.
pub(super) fn exists(
    on: &mut dyn Connection,
    context: &Context<'_>,
    name: &str,
) -> Result<(), Error> {
    names::registered_model("name", name)?;
    if is_there(on, context, name)? { Ok(()) } else { Err(missing(name)) }
}

/// Says that something of a model changes. It keeps other writers from the model's versions until the
/// transaction ends.
///
/// # Errors
/// When the name is not valid, or there is no such model.
pub(super) fn touch(
    on: &mut dyn Connection,
    context: &Context<'_>,
    name: &str,
) -> Result<(), Error> {
    names::registered_model("name", name)?;
    let sql = "UPDATE registered_models SET last_updated_time = ? WHERE workspace = ? AND name = ?";
    let values = [context.now.into(), (&context.caller.workspace).into(), name.into()];
    if on.execute(sql, &values)? == 0 { Err(missing(name)) } else { Ok(()) }
}

fn is_there(on: &mut dyn Connection, context: &Context<'_>, name: &str) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM registered_models WHERE workspace = ? AND name = ?";
    Ok(on.first(sql, &[(&context.caller.workspace).into(), name.into()])?.is_some())
}

/// What has a name in the registry.
const MODELS: [Kind; 2] = [Kind::RegisteredModel, Kind::Prompt];

fn missing(name: &str) -> Error {
    Error::missing(format!("Registered Model with name={name} not found"))
}

fn set_tag(
    on: &mut dyn Connection,
    context: &Context<'_>,
    name: &str,
    key: &str,
    value: &str,
) -> Result<(), Error> {
    let sql = "INSERT INTO registered_model_tags (workspace, name, key, value) VALUES (?, ?, ?, ?) ON CONFLICT (workspace, key, name) DO UPDATE SET value = excluded.value";
    let workspace = &context.caller.workspace;
    on.execute(sql, &[workspace.into(), name.into(), key.into(), value.into()])?;
    Ok(())
}

impl Operation for CreateRegisteredModel {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::Workspace)
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        names::registered_model("name", &self.name)?;
        for tag in &self.tags {
            checks::registry_tag(&tag.key, &tag.value)?;
        }
        let sql = "INSERT INTO registered_models (workspace, name, creation_time, last_updated_time, description) VALUES (?, ?, ?, ?, ?) ON CONFLICT (workspace, name) DO NOTHING";
        let values = [
            (&context.caller.workspace).into(),
            (&self.name).into(),
            context.now.into(),
            context.now.into(),
            self.description.clone().unwrap_or_default().into(),
        ];
        if on.execute(sql, &values)? == 0 {
            return Err(prompts::taken(on, context, &self.name, &self.tags)?);
        }
        // of a key that is given twice, the last value counts
        for tag in &self.tags {
            set_tag(on, context, &self.name, &tag.key, &tag.value)?;
        }
        Ok(RegisteredModelReply { registered_model: get(on, context, &self.name)? })
    }

    fn tells(
        &self,
        _: &Self::Reply,
        on: &mut dyn Connection,
        context: &Context<'_>,
    ) -> Result<Vec<Delivery>, Error> {
        let description = self.description.as_deref().unwrap_or_default();
        events::model_created(on, context, &self.name, &self.tags, description)
    }

    fn changes(&self, answer: &Self::Reply) -> Vec<Change> {
        let is_prompt = answer.registered_model.tags.iter().any(prompts::is_mark);
        let kind = if is_prompt { Kind::Prompt } else { Kind::RegisteredModel };
        // no grant of one that had the name before is left
        let other = if is_prompt { Kind::RegisteredModel } else { Kind::Prompt };
        let name = &self.name;
        vec![Change::Deleted(other, name.clone()), Change::Made(kind, name.clone())]
    }
}

impl Operation for RenameRegisteredModel {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::RegisteredModel(&self.name))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        names::registered_model("new_name", &self.new_name)?;
        touch(on, context, &self.name)?;
        if self.new_name != self.name && is_there(on, context, &self.new_name)? {
            let words = format!("Registered Model (name={}) already exists.", self.new_name);
            return Err(Error::refused(ErrorCode::ResourceAlreadyExists, words));
        }
        let workspace = &context.caller.workspace;
        let sql =
            "UPDATE model_versions SET last_updated_time = ? WHERE workspace = ? AND name = ?";
        on.execute(sql, &[context.now.into(), workspace.into(), (&self.name).into()])?;
        // the foreign keys of versions, tags and aliases follow
        let sql = "UPDATE registered_models SET name = ? WHERE workspace = ? AND name = ?";
        on.execute(sql, &[(&self.new_name).into(), workspace.into(), (&self.name).into()])?;
        Ok(RegisteredModelReply { registered_model: get(on, context, &self.new_name)? })
    }

    fn changes(&self, _: &Self::Reply) -> Vec<Change> {
        let (old, new) = (&self.name, &self.new_name);
        let kinds = MODELS.into_iter().filter(|_| old != new);
        kinds.map(|kind| Change::Renamed(kind, old.clone(), new.clone())).collect()
    }
}

impl Operation for UpdateRegisteredModel {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::RegisteredModel(&self.name))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        touch(on, context, &self.name)?;
        let sql = "UPDATE registered_models SET description = ? WHERE workspace = ? AND name = ?";
        let description = self.description.clone().unwrap_or_default();
        let workspace = &context.caller.workspace;
        on.execute(sql, &[description.into(), workspace.into(), (&self.name).into()])?;
        Ok(RegisteredModelReply { registered_model: get(on, context, &self.name)? })
    }
}

impl Operation for DeleteRegisteredModel {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Manage, Object::RegisteredModel(&self.name))
    }

    fn also_needs(&self) -> Vec<Need<'_>> {
        vec![Need::of(Level::Manage, Object::VersionsOf(&self.name))]
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        touch(on, context, &self.name)?;
        let tables = [
            "model_version_tags",
            "model_versions",
            "registered_model_tags",
            "registered_model_aliases",
            "registered_models",
        ];
        for table in tables {
            let sql = format!("DELETE FROM {table} WHERE workspace = ? AND name = ?");
            on.execute(&sql, &[(&context.caller.workspace).into(), (&self.name).into()])?;
        }
        Ok(Done)
    }

    fn changes(&self, _: &Self::Reply) -> Vec<Change> {
        MODELS.into_iter().map(|kind| Change::Deleted(kind, self.name.clone())).collect()
    }
}

impl Operation for GetRegisteredModel {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Read, Object::RegisteredModel(&self.name))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        Ok(RegisteredModelReply { registered_model: get(on, context, &self.name)? })
    }
}

/// What a tag needs beside to change the model: the one that makes it a prompt moves it from the grants of
/// models to those of prompts.
fn of_kind(key: &str) -> Vec<Need<'_>> {
    if key == prompts::IS_PROMPT {
        return vec![Need::of(Level::Manage, Object::Server)];
    }
    Vec::new()
}

impl Operation for SetRegisteredModelTag {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::RegisteredModel(&self.name))
    }

    fn also_needs(&self) -> Vec<Need<'_>> {
        of_kind(&self.key)
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        names::registered_model("name", &self.name)?;
        checks::registry_tag(&self.key, &self.value)?;
        exists(on, context, &self.name)?;
        set_tag(on, context, &self.name, &self.key, &self.value)?;
        Ok(Done)
    }

    fn tells(
        &self,
        _: &Self::Reply,
        on: &mut dyn Connection,
        context: &Context<'_>,
    ) -> Result<Vec<Delivery>, Error> {
        let data = json!({"name": self.name, "key": self.key, "value": self.value});
        let of = (None, WebhookEntity::PromptTag);
        events::changed(on, context, &self.name, of, WebhookAction::Set, data)
    }
}

impl Operation for DeleteRegisteredModelTag {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::RegisteredModel(&self.name))
    }

    fn also_needs(&self) -> Vec<Need<'_>> {
        of_kind(&self.key)
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        names::registered_model("name", &self.name)?;
        names::key("key", &self.key)?;
        exists(on, context, &self.name)?;
        let sql = "DELETE FROM registered_model_tags WHERE workspace = ? AND key = ? AND name = ?";
        let workspace = &context.caller.workspace;
        on.execute(sql, &[workspace.into(), (&self.key).into(), (&self.name).into()])?;
        Ok(Done)
    }

    fn tells(
        &self,
        _: &Self::Reply,
        on: &mut dyn Connection,
        context: &Context<'_>,
    ) -> Result<Vec<Delivery>, Error> {
        let data = json!({"name": self.name, "key": self.key});
        let of = (None, WebhookEntity::PromptTag);
        events::changed(on, context, &self.name, of, WebhookAction::Deleted, data)
    }
}
