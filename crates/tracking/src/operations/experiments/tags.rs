//! Tags of experiments.

use std::collections::BTreeMap;

use longshore_mlflow::rest::{
    DeleteExperimentTag, Done, ExperimentTag, SetExperimentTag, checks, names, trace_retention,
};
use serde_json::{Map, Value as Json};

use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation},
    routes::Route,
    sql::{ROWS, tuples},
    store::{Connection, Value},
};

/// The tags that hold the views that the web pages let users make of an experiment.
const VIEW: &str = "mlflow.customView.view";

/// Most such tags of one experiment.
const VIEWS: usize = 50;

/// The routes of an experiment's tags.
pub(super) fn routes() -> Vec<Route> {
    vec![Route::of::<SetExperimentTag>(), Route::of::<DeleteExperimentTag>()]
}

/// Checks the tags of an experiment that is to be made.
pub(super) fn check_all(tags: &[ExperimentTag]) -> Result<(), Error> {
    if tags.iter().filter(|tag| tag.key.starts_with(VIEW)).count() > VIEWS {
        return Err(too_many_views(None));
    }
    for tag in tags {
        check(&tag.key, &tag.value)?;
    }
    Ok(())
}

/// Checks a tag of an experiment.
fn check(key: &str, value: &str) -> Result<(), Error> {
    checks::experiment_tag(key, value)?;
    match key {
        "mlflow.trace.archivalRetention" => archival(value, "value", true),
        "mlflow.trace.archiveNow" => archival(value, "older_than", false),
        _ => Ok(()),
    }
}

/// Checks what a tag says of when traces go to the archive: JSON with a duration in `field`.
fn archival(value: &str, field: &str, is_needed: bool) -> Result<(), Error> {
    let config = serde_json::from_str::<Map<String, Json>>(value);
    let words = "Trace archival config must be encoded as a JSON object.";
    let config = config.map_err(|_| Error::invalid(words))?;
    if is_needed && config.get("type").and_then(Json::as_str) != Some("duration") {
        return Err(Error::invalid("Trace archival config must use type 'duration'."));
    }
    let duration = config.get(field).filter(|it| !it.is_null());
    let text = duration.and_then(Json::as_str).map(str::trim).filter(|it| !it.is_empty());
    match (duration, text.map(trace_retention)) {
        (None, _) if !is_needed => Ok(()),
        (_, Some(Ok(_))) => Ok(()),
        _ => Err(Error::invalid(
            "Trace archival retention must be in the form `<int><unit>`, where unit is one of 'm', 'h', or 'd'.",
        )),
    }
}

/// Sets tags; of a key that is there twice, the last counts.
pub(super) fn set(on: &mut dyn Connection, id: i64, tags: &[ExperimentTag]) -> Result<(), Error> {
    let tags: BTreeMap<_, _> = tags.iter().map(|tag| (&tag.key, &tag.value)).collect();
    let tags: Vec<_> = tags.into_iter().collect();
    for tags in tags.chunks(ROWS) {
        let sql = format!(
            "INSERT INTO experiment_tags (key, value, experiment_id) VALUES {} ON CONFLICT (key, experiment_id) DO UPDATE SET value = excluded.value",
            tuples(3, tags.len())
        );
        let rows = tags.iter().flat_map(|(key, value)| [(*key).into(), (*value).into(), id.into()]);
        on.execute(&sql, &rows.collect::<Vec<Value>>())?;
    }
    Ok(())
}

fn too_many_views(id: Option<&str>) -> Error {
    let of = id.map(|id| format!(" for experiment {id}")).unwrap_or_default();
    Error::invalid(format!(
        "Unable to create another custom view{of}; the maximum number of custom views per experiment is {VIEWS}. Delete an existing custom view before creating a new one."
    ))
}

impl Operation for SetExperimentTag {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::Experiment(&self.experiment_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        check(&self.key, &self.value)?;
        let experiment = super::active(on, context, &self.experiment_id)?;
        let is_new = experiment.tags.iter().all(|tag| tag.key != self.key);
        let views = experiment.tags.iter().filter(|tag| tag.key.starts_with(VIEW)).count();
        if is_new && self.key.starts_with(VIEW) && views >= VIEWS {
            return Err(too_many_views(Some(&experiment.experiment_id)));
        }
        let tag = ExperimentTag { key: self.key.clone(), value: self.value.clone() };
        set(on, names::experiment_id(&self.experiment_id)?, &[tag])?;
        Ok(Done)
    }
}

impl Operation for DeleteExperimentTag {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::Experiment(&self.experiment_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        super::active(on, context, &self.experiment_id)?;
        let id = names::experiment_id(&self.experiment_id)?;
        let sql = "DELETE FROM experiment_tags WHERE experiment_id = ? AND key = ?";
        if on.execute(sql, &[id.into(), (&self.key).into()])? == 0 {
            return Err(Error::missing(format!(
                "No tag with name: {} in experiment with id {}",
                self.key, self.experiment_id
            )));
        }
        Ok(Done)
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn what_is_said_of_the_archive_is_a_duration() {
        let retention = "mlflow.trace.archivalRetention";
        let now = "mlflow.trace.archiveNow";
        for (key, value) in [
            (retention, r#"{"type": "duration", "value": "30d"}"#),
            (now, "{}"),
            (now, r#"{"older_than": null}"#),
            (now, r#"{"older_than": "12h"}"#),
            ("mlflow.trace.other", "30d"),
        ] {
            assert!(check(key, value).is_ok(), "{key} {value}");
        }
        for (key, value, words) in [
            (retention, "30d", "must be encoded as a JSON object"),
            (retention, "[]", "must be encoded as a JSON object"),
            (retention, r#"{"value": "30d"}"#, "must use type 'duration'"),
            (retention, r#"{"type": "duration"}"#, "must be in the form"),
            (retention, r#"{"type": "duration", "value": ""}"#, "must be in the form"),
            (retention, r#"{"type": "duration", "value": 30}"#, "must be in the form"),
            (now, r#"{"older_than": "soon"}"#, "must be in the form"),
        ] {
            let told = check(key, value).unwrap_err().to_string();
            assert!(told.contains(words), "{key} {value}: {told}");
        }
    }
}
