//! Logged models.

use std::collections::HashSet;

use anyhow::Result;
use longshore_mlflow::rest::{
    CreateLoggedModel, FinalizeLoggedModel, LogLoggedModelParams, LoggedModel, LoggedModelStatus,
    LoggedModelTag, Metric, SearchLoggedModels, SetLoggedModelTags, limits::BATCH_PARAMS,
};

use super::{
    super::{
        folder::{Kind, Line},
        server::pages,
        workers::each,
    },
    Import, MOVED,
    ids::Of,
    moved,
    runs::Measured,
};

/// Lines that are read at once.
const LINES: usize = 128;

/// Makes the logged models that are not there; gives what was measured for them, with their new ids.
pub(super) fn make(on: &Import<'_>) -> Result<Measured> {
    let (mut searched, mut measured, mut known) = (HashSet::new(), Measured::new(), None);
    on.folder.read_some(Kind::LoggedModels, LINES, |lines| {
        let models = models(on, &lines)?;
        if let (Some(first), None) = (models.first(), known) {
            let is_known = is_known(on, first)?;
            if !is_known {
                let address = on.server.address();
                on.progress
                    .note(format!("logged models are left out: {address} is older than MLflow 3"));
            }
            known = Some(is_known);
        }
        if known != Some(true) {
            return Ok(());
        }
        for model in &models {
            let experiment = model.info.experiment_id.clone().unwrap_or_default();
            if on.ids.of(Of::LoggedModel, &model.info.model_id).is_none()
                && searched.insert(experiment.clone())
            {
                recognise(on, &experiment)?;
            }
        }
        each(on.at_once, &models, |model| one(on, model))?;
        for model in models {
            let to = on.ids.of(Of::LoggedModel, &model.info.model_id);
            for metric in model.data.into_iter().flat_map(|data| data.metrics) {
                if let Some(run) = metric.run_id.clone() {
                    let metric = Metric { model_id: to.clone(), ..metric };
                    measured.entry(run).or_default().push(metric);
                }
            }
        }
        Ok(())
    })?;
    Ok(measured)
}

/// Whether the server knows logged models.
fn is_known(on: &Import<'_>, model: &LoggedModel) -> Result<bool> {
    let id = model.info.experiment_id.as_deref().unwrap_or_default();
    let call = SearchLoggedModels {
        experiment_ids: on.experiment(id).into_iter().collect(),
        max_results: Some(1),
        ..SearchLoggedModels::default()
    };
    Ok(on.server.ask_if_known(&call, "logged models")?.is_some())
}

fn models(on: &Import<'_>, lines: &[Line]) -> Result<Vec<LoggedModel>> {
    on.counted(lines, "logged_model", "logged_models", |model: &LoggedModel| {
        (&model.info.model_id, model.info.experiment_id.as_deref().unwrap_or_default())
    })
}

/// Notes the models that an earlier import made and could not note.
fn recognise(on: &Import<'_>, experiment: &str) -> Result<()> {
    let Some(to) = on.experiment(experiment) else { return Ok(()) };
    let key = moved("model_id");
    let ask = |token| {
        let call = SearchLoggedModels {
            experiment_ids: vec![to.clone()],
            max_results: Some(50),
            page_token: token,
            ..SearchLoggedModels::default()
        };
        let reply = on.ask(&call, "logged models")?;
        Ok((reply.models, reply.next_page_token))
    };
    pages(ask, |page: Vec<LoggedModel>| {
        for model in page {
            let from = model.info.tags.iter().find(|tag| tag.key == key).map(|tag| &tag.value);
            if let Some(from) = from.filter(|from| on.ids.of(Of::LoggedModel, from).is_none()) {
                note(on, from, "", &model)?;
            }
        }
        Ok(())
    })
}

fn note(on: &Import<'_>, from: &str, was: &str, model: &LoggedModel) -> Result<()> {
    let now = model.info.artifact_uri.clone().unwrap_or_default();
    on.ids.note(Of::LoggedModel, from, &model.info.model_id, Some((was.to_owned(), now)))
}

fn one(on: &Import<'_>, model: &LoggedModel) -> Result<()> {
    let info = &model.info;
    let id = &info.model_id;
    on.progress.add("logged_models", 1);
    if let Some(to) = on.ids.of(Of::LoggedModel, id) {
        if let Some(now) = on.ids.artifacts(id) {
            let was = info.artifact_uri.clone().unwrap_or_default();
            on.ids.remember(Of::LoggedModel, id, &to, (was, now));
        }
        return Ok(());
    }
    let what = format!("the logged model `{id}`");
    let source = info.source_run_id.as_deref().filter(|run| !run.is_empty());
    let params = model.data.iter().flat_map(|data| data.params.clone()).collect::<Vec<_>>();
    let mut params = params.chunks(BATCH_PARAMS);
    let time = info.creation_timestamp_ms.map(|time| time.to_string());
    let facts = [("model_id", Some(id.clone())), ("creation_timestamp_ms", time)];
    let facts = facts
        .into_iter()
        .filter_map(|(what, value)| Some(LoggedModelTag { key: moved(what), value: value? }));
    let own = info.tags.iter().filter(|tag| !tag.key.starts_with(MOVED)).cloned();
    let call = CreateLoggedModel {
        experiment_id: on
            .experiment(info.experiment_id.as_deref().unwrap_or_default())
            .unwrap_or_default(),
        name: info.name.clone(),
        model_type: info.model_type.clone(),
        source_run_id: source.and_then(|run| on.ids.of(Of::Run, run)),
        params: params.next().unwrap_or_default().to_vec(),
        tags: own.chain(facts).collect(),
    };
    let made = on.ask_once(&call, &what)?.model;
    for some in params {
        let call =
            LogLoggedModelParams { model_id: made.info.model_id.clone(), params: some.to_vec() };
        on.ask(&call, &what)?;
    }
    note(on, id, info.artifact_uri.as_deref().unwrap_or_default(), &made)
}

/// Says where the models stand, once their files are there, and gives the tags that name other things.
pub(super) fn finish(on: &Import<'_>) -> Result<()> {
    on.folder.read_some(Kind::LoggedModels, LINES, |lines| {
        each(on.at_once, &models(on, &lines)?, |model| {
            let id = &model.info.model_id;
            let to =
                on.ids.of(Of::LoggedModel, id).filter(|_| !on.ids.is_done(Of::LoggedModel, id));
            let Some(to) = to else { return Ok(()) };
            let what = format!("the logged model `{id}`");
            let tags = model.info.tags.iter().filter(|tag| !tag.key.starts_with(MOVED));
            let tags: Vec<_> = tags
                .filter_map(|tag| {
                    let value = on.ids.rewritten(&tag.value)?;
                    Some(LoggedModelTag { key: tag.key.clone(), value })
                })
                .collect();
            if !tags.is_empty() {
                on.ask(&SetLoggedModelTags { model_id: to.clone(), tags }, &what)?;
            }
            let status = model.info.status.filter(|status| {
                matches!(status, LoggedModelStatus::Ready | LoggedModelStatus::UploadFailed)
            });
            if let Some(status) = status {
                on.ask(&FinalizeLoggedModel { model_id: to, status }, &what)?;
            }
            on.ids.done(Of::LoggedModel, id)
        })
    })
}
