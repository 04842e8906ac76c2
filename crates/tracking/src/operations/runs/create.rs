//! Starting runs.

use longshore_mlflow::rest::{
    CreateRun, Run, RunData, RunInfo, RunInputs, RunReply, RunStatus, RunTag, limits, names,
};

use super::NAME_TAG;
use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation, Touched},
    operations::{artifact_uri::below, experiments, run_data},
    random,
    routes::Route,
    store::Connection,
};

/// The route that starts a run.
pub(super) fn routes() -> Vec<Route> {
    vec![Route::of::<CreateRun>()]
}

/// The name of a run: what the request says, or the tag, or random words.
fn name(request: &CreateRun) -> Result<String, Error> {
    let tag = request.tags.iter().find(|tag| tag.key == NAME_TAG).map(|tag| &tag.value);
    let asked = request.run_name.as_ref().filter(|name| !name.is_empty());
    match (asked, tag.filter(|value| !value.is_empty())) {
        (Some(name), Some(tag)) if name != tag => Err(Error::invalid(format!(
            "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values (run_name='{name}', mlflow.runName='{tag}')."
        ))),
        (Some(name), _) | (None, Some(name)) => Ok(name.clone()),
        (None, None) => random::name(),
    }
}

/// The tags of the run, each key once, with the one that holds its name.
fn tags(request: &CreateRun, name: &str, context: &Context<'_>) -> Result<Vec<RunTag>, Error> {
    let named = RunTag { key: NAME_TAG.to_owned(), value: name.to_owned() };
    let mut tags: Vec<RunTag> = Vec::new();
    for tag in request.tags.iter().chain([&named]) {
        limits::length("key", &tag.key, limits::KEY)?;
        let value = run_data::tag_value(context, "value", &tag.value)?.to_owned();
        match tags.iter_mut().find(|it| it.key == tag.key) {
            Some(before) => before.value = value,
            None => tags.push(RunTag { key: tag.key.clone(), value }),
        }
    }
    Ok(tags)
}

impl Operation for CreateRun {
    const ACCESS: Access = Access::Write;

    fn touches(&self) -> Touched {
        Touched::NoRun
    }

    fn needs(&self) -> Need<'_> {
        let id = self.experiment_id.as_deref().unwrap_or_default();
        Need::of(Level::Edit, Object::Experiment(id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let id = self.experiment_id.as_deref().ok_or_else(|| {
            Error::invalid("Missing value for required parameter 'experiment_id'.")
        })?;
        let experiment = experiments::active(on, context, id)?;
        let name = name(self)?;
        limits::length("run_name", &name, limits::RUN_NAME)?;
        let tags = tags(self, &name, context)?;
        let run_id = random::ordered_id()?;
        let location = experiment.artifact_location.as_deref().unwrap_or_default();
        let info = RunInfo {
            run_uuid: Some(run_id.clone()),
            experiment_id: experiment.experiment_id,
            run_name: Some(name),
            user_id: Some(self.user_id.clone().unwrap_or_default()),
            status: Some(RunStatus::Running),
            start_time: Some(self.start_time.unwrap_or_default()),
            end_time: None,
            artifact_uri: Some(below(location, &format!("{run_id}/artifacts"))),
            lifecycle_stage: Some("active".to_owned()),
            run_id,
        };
        insert(on, &info)?;
        run_data::set_tags(on, &info.run_id, &tags)?;
        let data = RunData { tags, ..RunData::default() };
        let inputs = Some(RunInputs::default());
        Ok(RunReply { run: Run { info, data: Some(data), inputs, outputs: None } })
    }
}

fn insert(on: &mut dyn Connection, info: &RunInfo) -> Result<(), Error> {
    let id = names::experiment_id(&info.experiment_id)?;
    let sql = "INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time, source_version, lifecycle_stage, artifact_uri, experiment_id) VALUES (?, ?, 'UNKNOWN', '', '', ?, 'RUNNING', ?, '', 'active', ?, ?)";
    let values = [
        (&info.run_id).into(),
        info.run_name.clone().into(),
        info.user_id.clone().into(),
        info.start_time.into(),
        info.artifact_uri.clone().into(),
        id.into(),
    ];
    on.execute(sql, &values)?;
    Ok(())
}
