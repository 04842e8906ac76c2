//! Registered models and prompts.

use std::collections::HashMap;

use anyhow::{Result, bail};
use longshore_mlflow::rest::{
    CreateModelVersion, CreateRegisteredModel, DeleteModelVersion, GetRegisteredModel,
    ModelVersion, ModelVersionStatus, ModelVersionTag, RegisteredModel, RegisteredModelTag,
    SearchModelVersions, SetRegisteredModelAlias, SetRegisteredModelTag,
    TransitionModelVersionStage,
};

use super::{
    super::{
        folder::Kind,
        lines::parse,
        server::{logged, pages},
    },
    Import, MOVED, files,
    ids::Of,
    moved,
};
use crate::{cli::OnConflict, cmd::mlflow::text::quoted};

/// The tag of a prompt that holds the ids of its experiments, with commas around them.
const EXPERIMENTS: &str = "_mlflow_experiment_ids";

/// What the tag of a version says that only takes the number of one that was deleted.
const FILLER: &str = "deleted_version";

/// What becomes of a registered model.
pub(super) struct Plan {
    model: RegisteredModel,
    versions: Vec<ModelVersion>,
    becomes: Becomes,
}

enum Becomes {
    /// A new one, whose versions keep their numbers.
    New,
    /// One that is there: versions of an earlier import by the numbers that they had, and its own aliases.
    There(Box<RegisteredModel>),
    /// Nothing.
    LeftOut,
}

/// Decides what becomes of each registered model. Nothing is changed.
pub(super) fn plan(on: &Import<'_>) -> Result<Vec<Plan>> {
    let (mut versions, mut all) = (Vec::new(), Vec::new());
    on.folder.read(Kind::Registry, |piece, name, value| {
        if name == "model_version" {
            versions.push(parse::<ModelVersion>(value)?);
        } else {
            let model: RegisteredModel = parse(value)?;
            let versions = std::mem::take(&mut versions);
            if on.latest.is("registered_models", &model.name, piece) {
                all.push((model, versions));
            }
        }
        Ok(())
    })?;
    let (mut taken, mut plans) = (Vec::new(), Vec::new());
    for (model, versions) in all {
        let name = &model.name;
        let call = GetRegisteredModel { name: name.clone() };
        let there = on.find(&call, &format!("the model `{name}`"))?.map(|it| it.registered_model);
        let is_ours = |it: &RegisteredModel| it.tags.iter().any(|tag| tag.key.starts_with(MOVED));
        let is_new = |it: &RegisteredModel| {
            on.ids.of(Of::Registered, name).is_some()
                || is_ours(it)
                || it.latest_versions.is_empty()
        };
        let becomes = match (there, on.args.on_conflict) {
            (None, _) => Becomes::New,
            (Some(there), _) if is_new(&there) => Becomes::There(Box::new(there)),
            (Some(there), OnConflict::Merge) => Becomes::There(Box::new(there)),
            (Some(_), OnConflict::Skip) => {
                on.progress
                    .note(format!("the model `{name}` is left out, because its name is taken"));
                Becomes::LeftOut
            }
            (Some(_), OnConflict::Fail) => {
                taken.push(format!("`{name}`"));
                continue;
            }
        };
        plans.push(Plan { model, versions, becomes });
    }
    if !taken.is_empty() {
        bail!(
            "{} has registered models of the same names, with other versions: {}. `--on-conflict merge` adds versions to them, `--on-conflict skip` leaves these out; nothing was imported",
            on.server.address(),
            taken.join(", ")
        );
    }
    Ok(plans)
}

/// Makes what is not there.
pub(super) fn make(on: &Import<'_>, plans: &[Plan]) -> Result<()> {
    for Plan { model, versions, becomes } in plans {
        if matches!(becomes, Becomes::LeftOut) || on.ids.is_done(Of::Registered, &model.name) {
            continue;
        }
        one(on, model, versions, becomes)?;
        on.ids.done(Of::Registered, &model.name)?;
    }
    Ok(())
}

fn one(
    on: &Import<'_>,
    model: &RegisteredModel,
    versions: &[ModelVersion],
    becomes: &Becomes,
) -> Result<()> {
    let name = &model.name;
    let what = format!("the model `{name}`");
    let time = model.creation_timestamp.map(|time| time.to_string());
    let mut tags: Vec<_> =
        model.tags.iter().filter(|tag| !tag.key.starts_with(MOVED)).cloned().collect();
    for tag in tags.iter_mut().filter(|tag| tag.key == EXPERIMENTS) {
        tag.value = experiments(on, &tag.value);
    }
    tags.extend(time.map(|value| RegisteredModelTag { key: moved("creation_timestamp"), value }));
    let own = if let Becomes::There(there) = becomes {
        let is_own = |tag: &RegisteredModelTag| there.tags.iter().any(|own| own.key == tag.key);
        for RegisteredModelTag { key, value } in tags.into_iter().filter(|tag| !is_own(tag)) {
            on.ask(&SetRegisteredModelTag { name: name.clone(), key, value }, &what)?;
        }
        Some(there)
    } else {
        let call = CreateRegisteredModel {
            name: name.clone(),
            tags,
            description: model.description.clone(),
            deployment_job_id: None,
        };
        on.ask_once(&call, &what)?;
        None
    };
    on.ids.note(Of::Registered, name, name, None)?;
    let mut there = there(on, name)?;
    for version in versions {
        self::version(on, version, &mut there)?;
        on.progress.add("model_versions", 1);
    }
    for alias in &model.aliases {
        let Some(version) = there.of.get(&alias.version).cloned() else { continue };
        let before = own.and_then(|own| own.aliases.iter().find(|it| it.alias == alias.alias));
        if let Some(before) = before.filter(|before| before.version != version) {
            on.progress.note(format!(
                "the alias `{}` of {what} stays at version {}",
                alias.alias, before.version
            ));
            continue;
        }
        let call =
            SetRegisteredModelAlias { name: name.clone(), alias: alias.alias.clone(), version };
        on.ask(&call, &what)?;
    }
    on.progress.add("registered_models", 1);
    Ok(())
}

/// The versions that a model has.
struct There {
    /// Those of this export by the numbers that they had.
    of: HashMap<String, String>,
    /// The highest number.
    last: u64,
    /// Whether all of them are of this export, so that numbers can be kept.
    all: bool,
}

fn there(on: &Import<'_>, name: &str) -> Result<There> {
    let mut there = There { of: HashMap::new(), last: 0, all: true };
    let mut fillers = Vec::new();
    let key = moved("version");
    let named = format!("name = {}", quoted(name)?);
    for filter in [named.clone(), format!("{named} AND tags.`mlflow.prompt.is_prompt` = 'true'")] {
        let ask = |token| {
            let call = SearchModelVersions {
                filter: Some(filter.clone()),
                max_results: Some(1000),
                page_token: token,
                ..SearchModelVersions::default()
            };
            let reply = on.ask(&call, &format!("the versions of the model `{name}`"))?;
            Ok((reply.model_versions, reply.next_page_token))
        };
        pages(ask, |page: Vec<ModelVersion>| {
            for version in page {
                there.last = there.last.max(version.version.parse().unwrap_or_default());
                if let Some(tag) = version.tags.iter().find(|tag| tag.key == key) {
                    there.of.insert(tag.value.clone(), version.version);
                } else if version.tags.iter().any(|tag| tag.key == moved(FILLER)) {
                    fillers.push(version.version);
                } else {
                    there.all = false;
                }
            }
            Ok(())
        })?;
    }
    // what a killed import left
    for version in fillers {
        let what = format!("version {version} of the model `{name}`");
        on.ask(&DeleteModelVersion { name: name.to_owned(), version }, &what)?;
    }
    Ok(there)
}

fn version(on: &Import<'_>, version: &ModelVersion, there: &mut There) -> Result<()> {
    let (name, number) = (&version.name, &version.version);
    let what = format!("version {number} of the model `{name}`");
    if there.of.contains_key(number) {
        return Ok(());
    }
    let is_failed = version.status.filter(|status| *status != ModelVersionStatus::Ready);
    let facts = [
        ("version", Some(number.clone())),
        ("creation_timestamp", version.creation_timestamp.map(|time| time.to_string())),
        ("user_id", version.user_id.clone()),
        ("status", is_failed.map(|status| status.name().to_owned())),
    ];
    let facts = facts.into_iter().filter_map(|(what, value)| {
        let value = value.filter(|value| !value.is_empty())?;
        Some(ModelVersionTag { key: moved(what), value })
    });
    let own =
        version.tags.iter().filter(|tag| !tag.key.starts_with(MOVED)).map(|tag| ModelVersionTag {
            key: tag.key.clone(),
            value: match tag.key.as_str() {
                EXPERIMENTS => experiments(on, &tag.value),
                _ => on.ids.rewritten(&tag.value).unwrap_or_else(|| tag.value.clone()),
            },
        });
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let run = given(&version.run_id);
    let source = source(on, version);
    // MLflow tells the model of a version in its source alone
    let model = given(&version.model_id).and_then(|model| on.ids.of(Of::LoggedModel, &model));
    let call = CreateModelVersion {
        name: name.clone(),
        source: source.clone(),
        run_id: run.clone().map(|run| on.ids.of(Of::Run, &run).unwrap_or(run)),
        tags: own.chain(facts).collect(),
        run_link: given(&version.run_link),
        description: given(&version.description),
        model_id: model.or_else(|| logged(&source)),
    };
    // numbers of versions that were deleted are taken and given back, so that the others keep theirs
    while there.all && number.parse().is_ok_and(|number: u64| there.last + 1 < number) {
        let is_of_prompt = |tag: &&ModelVersionTag| tag.key.starts_with("mlflow.prompt.");
        let tags = call.tags.iter().filter(is_of_prompt).cloned();
        let filler = ModelVersionTag { key: moved(FILLER), value: "true".to_owned() };
        let tags = tags.chain([filler]).collect();
        let filler = CreateModelVersion { tags, description: None, ..call.clone() };
        let made = on.ask_once(&filler, &what)?.model_version.version;
        there.last = made.parse().unwrap_or(u64::MAX - 1);
        on.ask(&DeleteModelVersion { name: name.clone(), version: made }, &what)?;
    }
    let made = on.ask_once(&call, &what)?.model_version.version;
    there.last = made.parse().unwrap_or_default();
    there.of.insert(number.clone(), made.clone());
    let stage = given(&version.current_stage).filter(|stage| stage != "None");
    if let Some(stage) = stage {
        let call = TransitionModelVersionStage {
            name: name.clone(),
            version: made,
            stage,
            archive_existing_versions: false,
        };
        on.ask(&call, &what)?;
    }
    Ok(())
}

/// Where the files of a version are now.
fn source(on: &Import<'_>, version: &ModelVersion) -> String {
    let source = version.source.clone().unwrap_or_default();
    if let Some(rewritten) = on.ids.rewritten(&source) {
        return rewritten;
    }
    if on.latest.has_files_of_version(&version.name, &version.version) {
        return files::of_version(&version.name, &version.version);
    }
    source
}

/// Ids of experiments with commas around them, as they are now.
fn experiments(on: &Import<'_>, text: &str) -> String {
    let ids = text.split(',').map(|id| on.experiment(id).unwrap_or_else(|| id.to_owned()));
    ids.collect::<Vec<_>>().join(",")
}
