//! `longshore models list`, `get` and `versions`.

use std::{fmt::Write, time::SystemTime};

use anyhow::{Result, bail};
use k8s_openapi::jiff::Timestamp;
use longshore_mlflow::{
    ModelUri,
    rest::{
        GetModelVersion, GetRegisteredModel, ModelVersion, ModelVersionStatus, RegisteredModel,
        SearchModelVersions, SearchRegisteredModels,
    },
};
use longshore_storage::Mark;

use super::{
    Server,
    pages::{Found, pages},
    show::{self, Table},
    text::{ago, clean, quoted, said, when},
};
use crate::{
    cli::SearchArgs,
    cmd::{
        fitted::{Column, Room, fitted, terminal_width},
        page::{facts, section},
        table::{age, or_dash},
    },
};

/// Versions that `get` shows of a model.
const LATEST: usize = 10;

/// Names that are looked through for a near one.
const NAMES: usize = 1000;

/// A registered model, or a version of it.
#[expect(clippy::large_enum_variant, reason = "a command has one")]
pub(super) enum Target {
    Model(RegisteredModel),
    Version(ModelVersion),
}

impl Server {
    /// What `NAME`, `NAME/VERSION`, `NAME@ALIAS` or one of them after `models:/` means.
    pub(super) fn target(&self, text: &str) -> Result<Target> {
        let bare = text.strip_prefix("models:/").unwrap_or(text).trim_matches('/');
        if !bare.contains(['/', '@']) {
            return Ok(Target::Model(self.model(bare)?));
        }
        let uri: ModelUri = format!("models:/{bare}").parse()?;
        let model = self.model(uri.name())?;
        let of = match &uri {
            ModelUri::Version { version, .. } => version.to_string(),
            ModelUri::Alias { alias, .. } => {
                match model.aliases.iter().find(|it| it.alias == *alias) {
                    Some(found) => found.version.clone(),
                    None => return Err(self.unset(&model, alias)),
                }
            }
            ModelUri::Latest { .. } => {
                let versions = model.latest_versions.iter();
                let latest = versions.filter_map(|it| it.version.parse::<u64>().ok()).max();
                match latest {
                    Some(latest) => latest.to_string(),
                    None => bail!("the model `{}` has no version yet", clean(&model.name)),
                }
            }
            _ => bail!("`{text}` is neither `NAME`, `NAME/VERSION` nor `NAME@ALIAS`"),
        };
        Ok(Target::Version(self.version(&model, &of)?))
    }

    /// The registered model of this name.
    pub(super) fn model(&self, name: &str) -> Result<RegisteredModel> {
        let call = GetRegisteredModel { name: name.to_owned() };
        if let Some(found) = self.find(&call, &format!("the model `{name}`"))? {
            return Ok(found.registered_model);
        }
        let all = SearchRegisteredModels {
            max_results: Some(NAMES as i64),
            ..SearchRegisteredModels::default()
        };
        let all = self.ask(&all, "the registered models")?.registered_models;
        let names: Vec<_> = all.into_iter().map(|it| it.name).collect();
        Err(self.absent("registered model", name, &names, "longshore models list"))
    }

    /// A version of a model.
    pub(super) fn version(&self, model: &RegisteredModel, version: &str) -> Result<ModelVersion> {
        let name = model.name.clone();
        let what = format!("version {version} of the model `{}`", clean(&name));
        let call = GetModelVersion { name: name.clone(), version: version.to_owned() };
        match self.find(&call, &what)? {
            Some(found) => Ok(found.model_version),
            None => bail!(
                "there is no {what} at {}: `longshore models versions {name}` lists what there is",
                self.address()
            ),
        }
    }

    /// That a model has no such alias.
    pub(super) fn unset(&self, model: &RegisteredModel, alias: &str) -> anyhow::Error {
        let names: Vec<_> = model.aliases.iter().map(|it| it.alias.clone()).collect();
        let what = format!("alias of the model `{}` with the name", clean(&model.name));
        self.absent(&what, alias, &names, &format!("longshore models get {}", model.name))
    }
}

pub(super) fn list(server: &Server, search: &SearchArgs) -> Result<String> {
    let found = pages(search.limit, |token, count| {
        let call = SearchRegisteredModels {
            filter: search.filter.clone(),
            max_results: Some(count),
            order_by: search.order_by.clone(),
            page_token: token,
        };
        let reply = server.ask(&call, "the registered models")?;
        Ok((reply.registered_models, reply.next_page_token))
    })?;
    show::list(server, &found, search, "registered models", |models| {
        let columns = vec![
            Column::new("NAME", Room::Cut),
            Column::new("LATEST", Room::Whole),
            Column::new("CHANGED", Room::Whole),
            Column::new("ALIASES", Room::Cut),
            Column::new("DESCRIPTION", Room::Cut),
        ];
        let row = |model: &RegisteredModel| {
            let versions = model.latest_versions.iter();
            let latest = versions.filter_map(|it| it.version.parse::<u64>().ok()).max();
            vec![
                clean(&model.name),
                or_dash(latest.map(|it| it.to_string())),
                ago(model.last_updated_timestamp),
                aliases(model),
                clean(model.description.as_deref().unwrap_or_default()),
            ]
        };
        (columns, models.iter().map(row).collect())
    })
}

/// The aliases of a model and where they point: `champion→3`.
fn aliases(model: &RegisteredModel) -> String {
    let of = model.aliases.iter().map(|it| format!("{}→{}", clean(&it.alias), it.version));
    let all = of.collect::<Vec<_>>().join(", ");
    if all.is_empty() { "-".to_owned() } else { all }
}

pub(super) fn versions(server: &Server, name: &str, search: &SearchArgs) -> Result<String> {
    let model = server.model(name)?;
    let found = found_versions(server, &model, search)?;
    show::list(server, &found, search, "versions", versions_table)
}

fn found_versions(
    server: &Server,
    model: &RegisteredModel,
    search: &SearchArgs,
) -> Result<Found<ModelVersion>> {
    let of_model = format!("name = {}", quoted(&model.name)?);
    let filter = match &search.filter {
        Some(filter) => format!("{of_model} AND {filter}"),
        None => of_model,
    };
    let by_number = || vec!["version_number DESC".to_owned()];
    let order_by = Some(search.order_by.clone()).filter(|it| !it.is_empty());
    let order_by = order_by.unwrap_or_else(by_number);
    pages(search.limit, |token, count| {
        let call = SearchModelVersions {
            filter: Some(filter.clone()),
            max_results: Some(count),
            order_by: order_by.clone(),
            page_token: token,
        };
        let what = format!("the versions of the model `{}`", model.name);
        let mut reply = server.ask(&call, &what)?;
        // a search tells no aliases: those are with the model
        for version in reply.model_versions.iter_mut().filter(|it| it.aliases.is_empty()) {
            let of = model.aliases.iter().filter(|it| it.version == version.version);
            version.aliases = of.map(|it| it.alias.clone()).collect();
        }
        Ok((reply.model_versions, reply.next_page_token))
    })
}

fn versions_table(versions: &[ModelVersion]) -> Table {
    let staged = versions.iter().any(|it| stage(it).is_some());
    let mut columns = vec![
        Column::new("VERSION", Room::Whole),
        Column::new("ALIASES", Room::Cut),
        Column::new("STATUS", Room::Whole),
        Column::new("AGE", Room::Whole),
        Column::new("SERVED", Room::Cut),
        Column::new("RUN", Room::Spare),
    ];
    if staged {
        columns.insert(2, Column::new("STAGE", Room::Whole));
    }
    let row = |it: &ModelVersion| {
        let aliases = clean(&it.aliases.join(", "));
        let mut cells = vec![
            it.version.clone(),
            if aliases.is_empty() { "-".to_owned() } else { aliases },
            it.status.map_or("-", ModelVersionStatus::name).to_owned(),
            ago(it.creation_timestamp),
            served(it),
            or_dash(it.run_id.clone().filter(|run| !run.is_empty())),
        ];
        if staged {
            cells.insert(2, stage(it).unwrap_or("-").to_owned());
        }
        cells
    };
    (columns, versions.iter().map(row).collect())
}

fn stage(version: &ModelVersion) -> Option<&str> {
    version.current_stage.as_deref().filter(|stage| !matches!(*stage, "" | "None"))
}

/// Where a version is served, by the names of the places.
fn served(version: &ModelVersion) -> String {
    let now = SystemTime::now();
    let place = |mark: Mark| {
        let stale = if mark.is_stale(now) { " (stale)" } else { "" };
        format!("{}{stale}", clean(&mark.place))
    };
    let places = marks(version).map(place).collect::<Vec<_>>().join(", ");
    if places.is_empty() { "-".to_owned() } else { places }
}

fn marks(version: &ModelVersion) -> impl Iterator<Item = Mark> + '_ {
    version.tags.iter().filter_map(|tag| Mark::read(&tag.key, &tag.value))
}

pub(super) fn get(server: &Server, text: &str) -> Result<String> {
    match server.target(text)? {
        Target::Model(model) if server.json => show::json(&model),
        Target::Model(model) => model_page(server, &model),
        Target::Version(version) if server.json => show::json(&version),
        Target::Version(version) => Ok(version_page(&version)),
    }
}

fn model_page(server: &Server, model: &RegisteredModel) -> Result<String> {
    let mut page = String::new();
    let all = [
        ("Model", Some(clean(&model.name))),
        ("Description", said(model.description.as_deref())),
        ("Created", when(model.creation_timestamp)),
        ("Changed", when(model.last_updated_timestamp)),
        ("Aliases", Some(aliases(model))),
    ];
    facts(&mut page, all);
    let tags: Vec<_> = model.tags.iter().map(|it| vec![clean(&it.key), clean(&it.value)]).collect();
    section(&mut page, "Tags", &["KEY", "VALUE"], &tags);
    let search = SearchArgs { filter: None, order_by: Vec::new(), limit: LATEST, wide: false };
    let found = found_versions(server, model, &search)?;
    if !found.items.is_empty() {
        let (columns, rows) = versions_table(&found.items);
        let title = if found.more { "Latest versions" } else { "Versions" };
        let _ = writeln!(page, "\n{title}:");
        page.push_str(&fitted(&columns, &rows, Some(terminal_width())).0);
    }
    Ok(page.trim_end().to_owned())
}

fn version_page(version: &ModelVersion) -> String {
    let mut page = String::new();
    let all = [
        ("Model", Some(clean(&version.name))),
        ("Version", Some(version.version.clone())),
        ("Aliases", Some(clean(&version.aliases.join(", "))).filter(|it| !it.is_empty())),
        ("Stage", stage(version).map(str::to_owned)),
        ("Status", version.status.map(|status| status.name().to_owned())),
        ("Why", said(version.status_message.as_deref())),
        ("Description", said(version.description.as_deref())),
        ("Created", when(version.creation_timestamp)),
        ("Changed", when(version.last_updated_timestamp)),
        ("Run", said(version.run_id.as_deref())),
        ("Logged model", said(version.model_id.as_deref())),
        ("Source", said(version.source.as_deref())),
    ];
    facts(&mut page, all);
    let moment = |at: SystemTime| age(Timestamp::try_from(at).ok(), Timestamp::now());
    let now = SystemTime::now();
    let row = |mark: Mark| {
        let state = if mark.is_stale(now) {
            format!("stale: not heard of for {}", moment(mark.until))
        } else {
            "yes".to_owned()
        };
        vec![clean(&mark.place), clean(&mark.url), moment(mark.since), state]
    };
    let served: Vec<_> = marks(version).map(row).collect();
    section(&mut page, "Served", &["PLACE", "URL", "FOR", "NOW"], &served);
    let others = version.tags.iter().filter(|it| Mark::read(&it.key, &it.value).is_none());
    let tags: Vec<_> = others.map(|it| vec![clean(&it.key), clean(&it.value)]).collect();
    section(&mut page, "Tags", &["KEY", "VALUE"], &tags);
    page.trim_end().to_owned()
}
