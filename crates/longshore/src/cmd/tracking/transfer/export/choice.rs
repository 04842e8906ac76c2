//! What of a server is exported.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use longshore_mlflow::rest::{
    Experiment, GetExperiment, GetExperimentByName, GetLoggedModel, GetRegisteredModel, GetRun,
    ModelVersion, RegisteredModel, Run, SearchExperiments, SearchModelVersions,
    SearchRegisteredModels, ViewType,
};
use longshore_storage::Error;

use super::{
    super::server::{all, logged},
    Export,
};
use crate::cmd::mlflow::text::quoted;

/// Experiments of a page.
const PAGE: i64 = 1000;

/// The filter for registered models that are prompts: MLflow lists these alone when it is asked for them.
const PROMPTS: &str = "tags.`mlflow.prompt.is_prompt` = 'true'";

/// What is exported.
#[derive(Default)]
pub(super) struct Choice {
    /// Experiments with all that is in them.
    pub(super) whole: Vec<Experiment>,
    /// Experiments of which some runs alone are exported.
    parts: BTreeMap<String, Experiment>,
    /// These runs.
    pub(super) runs: Vec<Run>,
    /// Logged models that versions are, beside those that exported runs made.
    pub(super) models: BTreeSet<String>,
    /// Registered models with their versions.
    pub(super) registered: Vec<(RegisteredModel, Vec<ModelVersion>)>,
    /// Whether everything was asked for.
    pub(super) all: bool,
}

impl Choice {
    pub(super) fn make(on: &Export<'_>) -> Result<Self> {
        let wanted = &on.args.selection;
        let all = wanted.experiment.is_empty() && wanted.model.is_empty() && wanted.runs.is_empty();
        let mut choice = Self { all, ..Self::default() };
        if all {
            choice.whole = all_experiments(on)?;
            let names = all_models(on)?;
            choice.registered = names.iter().map(|name| model(on, name)).collect::<Result<_>>()?;
            return Ok(choice);
        }
        for text in &wanted.experiment {
            let found = experiment(on, text)?;
            if !choice.whole.iter().any(|it| it.experiment_id == found.experiment_id) {
                choice.whole.push(found);
            }
        }
        let mut runs: Vec<String> = wanted.runs.iter().map(|id| id.trim().to_owned()).collect();
        let mut of_versions = BTreeSet::new();
        for name in &wanted.model {
            let (model, versions) = model(on, name)?;
            for version in &versions {
                of_versions.extend(version.run_id.clone().filter(|id| !id.is_empty()));
                choice.models.extend(version.model_id.clone().filter(|id| !id.is_empty()));
                choice.models.extend(logged(version.source.as_deref().unwrap_or_default()));
            }
            choice.registered.push((model, versions));
        }
        runs.extend(of_versions.iter().cloned());
        runs.sort_unstable();
        runs.dedup();
        for id in runs {
            let call = GetRun { run_id: id.clone(), ..GetRun::default() };
            match on.server.ask_again(&call, &format!("the run `{id}`")) {
                Ok(reply) => choice.runs.push(reply.run),
                // a version outlives its run
                Err(Error::Missing { .. }) if of_versions.contains(&id) => {
                    on.progress.note(format!("the run `{id}` of a version is gone"));
                }
                Err(error) => return Err(error.into()),
            }
        }
        let is_whole =
            |whole: &[Experiment], id: &str| whole.iter().any(|it| it.experiment_id == id);
        choice.runs.retain(|run| !is_whole(&choice.whole, &run.info.experiment_id));
        let ids: BTreeSet<_> =
            choice.runs.iter().map(|run| run.info.experiment_id.clone()).collect();
        for id in ids {
            choice.part(on, &id)?;
        }
        for id in choice.models.clone() {
            let call = GetLoggedModel { model_id: id.clone(), allow_deleted: None };
            match on.server.ask_if_known(&call, &format!("the logged model `{id}`")) {
                Ok(Some(reply)) => {
                    choice.part(on, &reply.model.info.experiment_id.unwrap_or_default())?;
                }
                Ok(None) | Err(Error::Missing { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(choice)
    }

    /// Notes that something of an experiment is exported.
    fn part(&mut self, on: &Export<'_>, id: &str) -> Result<()> {
        if !self.parts.contains_key(id) && !self.whole.iter().any(|it| it.experiment_id == id) {
            let call = GetExperiment { experiment_id: id.to_owned() };
            let found = on.server.ask_again(&call, &format!("the experiment `{id}`"))?;
            self.parts.insert(id.to_owned(), found.experiment);
        }
        Ok(())
    }

    /// All experiments of which anything is exported.
    pub(super) fn experiments(&self) -> Vec<&Experiment> {
        self.whole.iter().chain(self.parts.values()).collect()
    }
}

fn all_experiments(on: &Export<'_>) -> Result<Vec<Experiment>> {
    let which = if on.args.selection.deleted { ViewType::All } else { ViewType::ActiveOnly };
    let ask = |token| {
        let call = SearchExperiments {
            max_results: Some(PAGE),
            page_token: token,
            view_type: Some(which),
            ..SearchExperiments::default()
        };
        let reply = on.server.ask_again(&call, "the experiments")?;
        Ok((reply.experiments, reply.next_page_token))
    };
    let mut found = all(ask)?;
    found.sort_by_key(|it| it.experiment_id.parse::<u64>().ok());
    Ok(found)
}

fn experiment(on: &Export<'_>, text: &str) -> Result<Experiment> {
    let what = format!("the experiment `{text}`");
    let named = GetExperimentByName { experiment_name: text.to_owned() };
    match on.server.ask_again(&named, &what) {
        Ok(reply) => return Ok(reply.experiment),
        Err(Error::Missing { .. }) if text.bytes().all(|byte| byte.is_ascii_digit()) => {}
        Err(Error::Missing { .. }) => bail!(
            "there is no experiment `{text}` at {}: `longshore experiments list` lists what there is",
            on.server.address()
        ),
        Err(error) => return Err(error.into()),
    }
    let numbered = GetExperiment { experiment_id: text.to_owned() };
    Ok(on.server.ask_again(&numbered, &what)?.experiment)
}

fn all_models(on: &Export<'_>) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for filter in [None, Some(PROMPTS.to_owned())] {
        let ask = |token| {
            let call = SearchRegisteredModels {
                filter: filter.clone(),
                max_results: Some(PAGE),
                page_token: token,
                ..SearchRegisteredModels::default()
            };
            let reply = on.server.ask_again(&call, "the registered models")?;
            Ok((reply.registered_models, reply.next_page_token))
        };
        names.extend(all(ask)?.into_iter().map(|it| it.name));
    }
    Ok(names)
}

/// A registered model, with its versions from the first on.
fn model(on: &Export<'_>, name: &str) -> Result<(RegisteredModel, Vec<ModelVersion>)> {
    let what = format!("the model `{name}`");
    let call = GetRegisteredModel { name: name.to_owned() };
    let model = on.server.ask_again(&call, &what)?.registered_model;
    let mut versions = BTreeMap::new();
    let named = format!("name = {}", quoted(name)?);
    for filter in [named.clone(), format!("{named} AND {PROMPTS}")] {
        let ask = |token| {
            let call = SearchModelVersions {
                filter: Some(filter.clone()),
                max_results: Some(PAGE),
                page_token: token,
                ..SearchModelVersions::default()
            };
            let reply = on.server.ask_again(&call, &what)?;
            Ok((reply.model_versions, reply.next_page_token))
        };
        versions.extend(all(ask)?.into_iter().map(|it| (it.version.parse::<u64>().ok(), it)));
    }
    Ok((model, versions.into_values().collect()))
}
