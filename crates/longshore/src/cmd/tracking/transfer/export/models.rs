//! Logged models.

use std::collections::BTreeSet;

use anyhow::Result;
use longshore_mlflow::rest::{GetLoggedModel, LoggedModel, SearchLoggedModels, print};
use longshore_storage::Error;

use super::{
    super::{files::Owner, folder::Kind, known::Known, lines::parse, server::pages_if_known},
    Export,
    artifacts::Owned,
    choice::Choice,
};

/// Models of a page, the most that MLflow gives.
const PAGE: i32 = 50;

/// Writes the logged models of a choice; gives who has files.
pub(super) fn export(on: &Export<'_>, choice: &Choice, runs: &[Owned]) -> Result<Vec<Owned>> {
    let mut found: Vec<LoggedModel> = Vec::new();
    for experiment in &choice.whole {
        let Some(models) = of_experiment(on, &experiment.experiment_id)? else {
            // a server before 3.0 has none
            return Ok(Vec::new());
        };
        found.extend(models);
    }
    let chosen: BTreeSet<&str> = runs
        .iter()
        .filter_map(|owned| match &owned.owner {
            Owner::Run(id) => Some(id.as_str()),
            _ => None,
        })
        .collect();
    let outputs = choice.runs.iter().flat_map(|run| {
        let outputs = run.outputs.iter().flat_map(|outputs| &outputs.model_outputs);
        outputs.map(|output| output.model_id.clone())
    });
    let mut ids: BTreeSet<String> = outputs.chain(choice.models.iter().cloned()).collect();
    for model in &found {
        ids.remove(&model.info.model_id);
    }
    for id in ids {
        let call = GetLoggedModel { model_id: id.clone(), allow_deleted: None };
        match on.server.ask_if_known(&call, &format!("the logged model `{id}`")) {
            Ok(Some(reply)) => found.push(reply.model),
            Ok(None) => break,
            Err(Error::Missing { .. }) => {
                on.progress.note(format!("the logged model `{id}` of a run or version is gone"));
            }
            Err(error) => return Err(error.into()),
        }
    }
    let id = |value: &str| Ok(parse::<LoggedModel>(value)?.info.model_id);
    let known = Known::of(&on.folder, Kind::LoggedModels, "logged_model", &[], id)?;
    let mut writer = on.folder.writer(Kind::LoggedModels)?;
    let mut owners = Vec::new();
    for model in found {
        // a model of an experiment that is exported in part comes only with its run
        let source = model.info.source_run_id.as_deref().filter(|id| !id.is_empty());
        if source.is_some_and(|id| !chosen.contains(id)) {
            on.progress.note(format!(
                "the run `{}` of the logged model `{}` is not exported, or gone",
                source.unwrap_or_default(),
                model.info.model_id
            ));
        }
        let line = print(&model);
        let is_known = known.has(&model.info.model_id, &[&line]);
        on.progress.add("logged_models", 1);
        if !on.args.work.dry_run && !is_known {
            writer.item("logged_model", &line)?;
        }
        owners.push(Owned {
            owner: Owner::LoggedModel(model.info.model_id),
            uri: model.info.artifact_uri.unwrap_or_default(),
            is_known,
        });
    }
    writer.cut()?;
    Ok(owners)
}

/// The logged models of an experiment; `None` when the server knows none.
fn of_experiment(on: &Export<'_>, id: &str) -> Result<Option<Vec<LoggedModel>>> {
    let what = format!("the logged models of the experiment `{id}`");
    let ask = |token| {
        let call = SearchLoggedModels {
            experiment_ids: vec![id.to_owned()],
            max_results: Some(PAGE),
            page_token: token,
            ..SearchLoggedModels::default()
        };
        let reply = on.server.ask_if_known(&call, &what)?;
        Ok(reply.map(|reply| (reply.models, reply.next_page_token)))
    };
    let mut found = Vec::new();
    let is_known = pages_if_known(ask, |page| {
        found.extend(page);
        Ok(())
    })?;
    Ok(is_known.then_some(found))
}
