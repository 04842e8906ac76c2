//! The changes of `longshore models`.

use anyhow::{Context, Result};
use longshore_mlflow::{
    RunUri,
    rest::{
        CreateModelVersion, CreateRegisteredModel, DeleteModelVersion, DeleteModelVersionTag,
        DeleteRegisteredModel, DeleteRegisteredModelAlias, DeleteRegisteredModelTag,
        GetRegisteredModel, ListArtifacts, LoggedModel, ModelVersion, ModelVersionTag,
        RegisteredModel, RegisteredModelTag, SearchLoggedModels, SetModelVersionTag,
        SetRegisteredModelAlias, SetRegisteredModelTag,
    },
};

use super::{
    Server,
    models::Target,
    show,
    text::{clean, quoted},
};
use crate::cli::{RegisterArgs, Tag};

/// The file that makes a folder a model.
const MLMODEL: &str = "MLmodel";

/// Where the files of a version are, as the registry takes it.
struct Source {
    uri: String,
    run_id: Option<String>,
    model_id: Option<String>,
}

pub(super) fn register(server: &Server, wanted: &RegisterArgs) -> Result<String> {
    let name = &wanted.name;
    let source = match &wanted.source {
        Some(source) => Some(self::source(server, source)?),
        None => None,
    };
    let call = GetRegisteredModel { name: name.clone() };
    let is_new = server.find(&call, &format!("the model `{name}`"))?.is_none();
    // what is said beside is said of the version, unless there is none
    let of_model = source.is_none();
    if is_new || of_model {
        let tag = |it: &Tag| RegisteredModelTag { key: it.key.clone(), value: it.value.clone() };
        let call = CreateRegisteredModel {
            name: name.clone(),
            tags: if of_model { wanted.tags.iter().map(tag).collect() } else { Vec::new() },
            description: wanted.description.clone().filter(|_| of_model),
            deployment_job_id: None,
        };
        let made = server.ask(&call, &format!("a new model `{name}`"))?.registered_model;
        if of_model {
            return if server.json {
                show::json(&made)
            } else {
                Ok(format!("the model `{}` is registered, without a version yet", clean(name)))
            };
        }
    }
    let Some(source) = source else { return Ok(String::new()) };
    let tag = |it: &Tag| ModelVersionTag { key: it.key.clone(), value: it.value.clone() };
    let call = CreateModelVersion {
        name: name.clone(),
        source: source.uri,
        run_id: source.run_id,
        tags: wanted.tags.iter().map(tag).collect(),
        run_link: None,
        description: wanted.description.clone(),
        model_id: source.model_id,
    };
    let mut made =
        server.ask(&call, &format!("a new version of the model `{name}`"))?.model_version;
    let mut pointing = String::new();
    if let Some(alias) = &wanted.alias {
        point(server, name, alias, &made.version)?;
        made.aliases.push(alias.clone());
        pointing = format!(" and `{}` points at it", clean(alias));
    }
    if server.json {
        return show::json(&made);
    }
    Ok(format!(
        "version {} of the model `{}` is registered{pointing}: `longshore serve models:/{name}/{}` serves it",
        made.version,
        clean(name),
        made.version
    ))
}

/// What MLflow's client gives a registry for a source: the place of a run's files, or the logged model.
fn source(server: &Server, text: &str) -> Result<Source> {
    if let Some(id) = text.strip_prefix("models:/").filter(|id| id.starts_with("m-")) {
        let model_id = Some(id.trim_end_matches('/').to_owned());
        return Ok(Source { uri: text.to_owned(), run_id: None, model_id });
    }
    if !text.starts_with("runs:/") {
        return Ok(Source { uri: text.to_owned(), run_id: None, model_id: None });
    }
    let uri: RunUri = text.parse()?;
    let info = server.run(&uri.run_id, None)?.info;
    let run_id = Some(uri.run_id.clone());
    let call = ListArtifacts {
        run_id: uri.run_id.clone(),
        path: Some(uri.path.clone()).filter(|path| !path.is_empty()),
        ..ListArtifacts::default()
    };
    let files = server.ask(&call, &format!("the files of `{text}`"))?.files;
    if files.iter().any(|file| file.path.rsplit('/').next() == Some(MLMODEL)) {
        let root = info.artifact_uri.unwrap_or_default();
        let place = format!("{}/{}", root.trim_end_matches('/'), uri.path);
        return Ok(Source { uri: place.trim_end_matches('/').to_owned(), run_id, model_id: None });
    }
    let call = SearchLoggedModels {
        experiment_ids: vec![info.experiment_id],
        filter: Some(format!(
            "name = {} AND source_run_id = {}",
            quoted(&uri.path)?,
            quoted(&uri.run_id)?
        )),
        ..SearchLoggedModels::default()
    };
    let of_run = |it: &LoggedModel| it.info.source_run_id.as_deref() == Some(&*uri.run_id);
    let found = server.ask(&call, &format!("the models of the run `{}`", uri.run_id))?.models;
    let newest = found.into_iter().filter(of_run).max_by_key(|it| it.info.creation_timestamp_ms);
    let model = newest.with_context(|| {
        format!(
            "the run `{0}` has no model `{1}`: `longshore runs get {0}` and `longshore runs artifacts list {0}` show what it has",
            uri.run_id, uri.path
        )
    })?;
    let model_id = model.info.model_id;
    Ok(Source { uri: format!("models:/{model_id}"), run_id, model_id: Some(model_id) })
}

pub(super) fn set_alias(server: &Server, name: &str, alias: &str, version: &str) -> Result<String> {
    let model = server.model(name)?;
    let version = server.version(&model, version)?;
    point(server, &model.name, alias, &version.version)?;
    let was = model.aliases.iter().find(|it| it.alias == alias);
    let was = was.map(|it| format!(", before at {}", it.version)).unwrap_or_default();
    done(server, &model.name, || {
        format!(
            "`{}` of the model `{}` points at version {}{was}",
            clean(alias),
            clean(name),
            version.version
        )
    })
}

fn point(server: &Server, name: &str, alias: &str, version: &str) -> Result<()> {
    let call = SetRegisteredModelAlias {
        name: name.to_owned(),
        alias: alias.to_owned(),
        version: version.to_owned(),
    };
    server.ask(&call, &format!("the alias `{alias}` of the model `{name}`"))?;
    Ok(())
}

pub(super) fn delete_alias(server: &Server, name: &str, alias: &str) -> Result<String> {
    let model = server.model(name)?;
    // a server forgets an alias that nobody set without a word
    if !model.aliases.iter().any(|it| it.alias == alias) {
        return Err(server.unset(&model, alias));
    }
    let call = DeleteRegisteredModelAlias { name: name.to_owned(), alias: alias.to_owned() };
    server.ask(&call, &format!("the alias `{alias}` of the model `{name}`"))?;
    done(server, name, || {
        format!("the model `{}` has no alias `{}` any more", clean(name), clean(alias))
    })
}

pub(super) fn delete(server: &Server, text: &str) -> Result<String> {
    let what = match server.target(text)? {
        Target::Model(RegisteredModel { name, .. }) => {
            let what = format!("the model `{}`", clean(&name));
            server.ask(&DeleteRegisteredModel { name }, &format!("the deletion of {what}"))?;
            format!("{what} and its versions are")
        }
        Target::Version(ModelVersion { name, version, .. }) => {
            let what = format!("version {version} of the model `{}`", clean(&name));
            let call = DeleteModelVersion { name, version };
            server.ask(&call, &format!("the deletion of {what}"))?;
            format!("{what} is")
        }
    };
    if server.json { Ok("{}".to_owned()) } else { Ok(format!("{what} deleted; the files stay")) }
}

pub(super) fn set_tags(server: &Server, text: &str, tags: &[Tag]) -> Result<String> {
    let target = server.target(text)?;
    for Tag { key, value } in tags.iter().cloned() {
        let what = format!("the tag `{key}` of `{text}`");
        match &target {
            Target::Model(RegisteredModel { name, .. }) => {
                let call = SetRegisteredModelTag { name: name.clone(), key, value };
                server.ask(&call, &what)?;
            }
            Target::Version(ModelVersion { name, version, .. }) => {
                let (name, version) = (name.clone(), version.clone());
                server.ask(&SetModelVersionTag { name, version, key, value }, &what)?;
            }
        }
    }
    tagged(server, &target)
}

pub(super) fn delete_tags(server: &Server, text: &str, keys: &[String]) -> Result<String> {
    let target = server.target(text)?;
    for key in keys.iter().cloned() {
        let what = format!("the tag `{key}` of `{text}`");
        match &target {
            Target::Model(RegisteredModel { name, .. }) => {
                server.ask(&DeleteRegisteredModelTag { name: name.clone(), key }, &what)?;
            }
            Target::Version(ModelVersion { name, version, .. }) => {
                let (name, version) = (name.clone(), version.clone());
                server.ask(&DeleteModelVersionTag { name, version, key }, &what)?;
            }
        }
    }
    tagged(server, &target)
}

/// The tags as they are now.
fn tagged(server: &Server, target: &Target) -> Result<String> {
    let now = match target {
        Target::Model(model) => Target::Model(server.model(&model.name)?),
        Target::Version(version) => {
            let model = server.model(&version.name)?;
            Target::Version(server.version(&model, &version.version)?)
        }
    };
    let pair = |key: &str, value: &str| format!("{}={}", clean(key), clean(value));
    let (what, tags): (_, Vec<_>) = match &now {
        Target::Model(it) if server.json => return show::json(it),
        Target::Version(it) if server.json => return show::json(it),
        Target::Model(it) => (
            format!("the model `{}`", clean(&it.name)),
            it.tags.iter().map(|tag| pair(&tag.key, &tag.value)).collect(),
        ),
        Target::Version(it) => (
            format!("version {} of the model `{}`", it.version, clean(&it.name)),
            it.tags.iter().map(|tag| pair(&tag.key, &tag.value)).collect(),
        ),
    };
    if tags.is_empty() {
        return Ok(format!("{what} has no tags"));
    }
    Ok(format!("{what} has {}", tags.join(", ")))
}

/// What was done, or the model as it is now as JSON.
fn done(server: &Server, name: &str, words: impl FnOnce() -> String) -> Result<String> {
    if server.json { show::json(&server.model(name)?) } else { Ok(words()) }
}
