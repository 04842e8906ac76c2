//! What requests must keep to beyond their types, in MLflow's words. Nothing here looks at what is stored.

pub mod label_schemas;
pub mod review_queues;

use super::{
    DatasetInput, LogBatch, Metric,
    limits::{
        ARTIFACT_LOCATION, BATCH_ALL, BATCH_METRICS, BATCH_PARAMS, BATCH_TAGS, DATASET_DIGEST,
        DATASET_NAME, DATASET_PROFILE, DATASET_SCHEMA, DATASET_SOURCE, EXPERIMENT_TAG_VALUE,
        INPUT_TAG_KEY, INPUT_TAG_VALUE, KEY, REGISTRY_TAG_VALUE, length,
    },
    names::key,
};
use crate::{
    Error,
    text::{double, repr},
};

/// Checks a batch: its names, its times, and how much it holds.
///
/// # Errors
/// [`Error::Rule`].
pub fn batch(batch: &LogBatch) -> Result<(), Error> {
    for (index, metric) in batch.metrics.iter().enumerate() {
        self::metric(&format!("metrics[{index}]."), metric)?;
    }
    for (index, param) in batch.params.iter().enumerate() {
        key(&format!("params[{index}].key"), &param.key)?;
        length("Param key", &param.key, KEY)?;
    }
    for (index, tag) in batch.tags.iter().enumerate() {
        let place = format!("tags[{index}].key");
        key(&place, &tag.key)?;
        length(&place, &tag.key, KEY)?;
    }
    let (metrics, params, tags) = (batch.metrics.len(), batch.params.len(), batch.tags.len());
    at_most("metrics", metrics, BATCH_METRICS)?;
    at_most("params", params, BATCH_PARAMS)?;
    at_most("tags", tags, BATCH_TAGS)?;
    at_most("metrics, params, and tags", metrics + params + tags, BATCH_ALL)?;
    let mut seen = std::collections::BTreeSet::new();
    let twice: Vec<_> = batch.params.iter().filter(|param| !seen.insert(&param.key)).collect();
    if twice.is_empty() {
        return Ok(());
    }
    let keys: Vec<_> = twice.iter().map(|param| repr(&param.key)).collect();
    Err(Error::rule(format!(
        "Duplicate parameter keys have been submitted: [{}]. Please ensure the request contains only one param value per param key.",
        keys.join(", ")
    )))
}

/// The refusal of a parameter that would change: it was logged with another value.
pub fn changed_param(run_id: &str, key: &str, old: &str, new: &str) -> Error {
    Error::rule(format!(
        "Changing param values is not allowed. Param with key='{key}' was already logged with value='{old}' for run ID='{run_id}'. Attempted logging new value '{new}'."
    ))
}

/// As [`changed_param`], for the parameters of a batch: the key, the old value and the new one of each.
pub fn changed_params(run_id: &str, params: &[(&str, &str, &str)]) -> Error {
    let params = params.iter().map(|(key, old, new)| {
        let (key, old, new) = (repr(key), repr(old), repr(new));
        format!("{{'key': {key}, 'old_value': {old}, 'new_value': {new}}}")
    });
    let params = params.collect::<Vec<_>>().join(", ");
    Error::rule(format!(
        "Changing param values is not allowed. Params were already logged='[{params}]' for run ID='{run_id}'."
    ))
}

/// Checks a measurement. `place` is empty, or ends in a dot.
///
/// # Errors
/// [`Error::Rule`].
pub fn metric(place: &str, metric: &Metric) -> Result<(), Error> {
    let is_named = |it: &Option<String>| it.as_ref().is_some_and(|it| !it.is_empty());
    if is_named(&metric.dataset_name) != is_named(&metric.dataset_digest) {
        let words = "Both dataset_name and dataset_digest must be provided if one is provided";
        return Err(Error::rule(words.to_owned()));
    }
    key(&format!("{place}name"), &metric.key)?;
    if metric.timestamp < 0 {
        let mut value = String::new();
        double(metric.value, &mut value);
        return Err(Error::rule(format!(
            "Invalid value {} for parameter '{place}timestamp' supplied: metric '{}' (value={}). Timestamp must be a nonnegative long (64-bit integer) ",
            metric.timestamp,
            metric.key,
            value.trim_matches('"')
        )));
    }
    length("Metric name", &metric.key, KEY)
}

/// Checks a parameter's key.
///
/// # Errors
/// [`Error::Rule`].
pub fn param(name: &str) -> Result<(), Error> {
    key("key", name)?;
    length("Param key", name, KEY)
}

/// Checks the key of a run's tag.
///
/// # Errors
/// [`Error::Rule`].
pub fn run_tag(name: &str) -> Result<(), Error> {
    key("key", name)?;
    length("key", name, KEY)
}

/// Checks a tag of an experiment.
///
/// # Errors
/// [`Error::Rule`].
pub fn experiment_tag(name: &str, value: &str) -> Result<(), Error> {
    run_tag(name)?;
    length("value", value, EXPERIMENT_TAG_VALUE)
}

/// Checks a tag of a registered model or of a version.
///
/// # Errors
/// [`Error::Rule`].
pub fn registry_tag(name: &str, value: &str) -> Result<(), Error> {
    run_tag(name)?;
    length("value", value, REGISTRY_TAG_VALUE)
}

/// Checks a dataset and the tags of its use.
///
/// # Errors
/// [`Error::Rule`].
pub fn dataset_input(input: &DatasetInput) -> Result<(), Error> {
    let dataset = &input.dataset;
    length("name", &dataset.name, DATASET_NAME)?;
    length("digest", &dataset.digest, DATASET_DIGEST)?;
    length("source", &dataset.source, DATASET_SOURCE)?;
    length("schema", dataset.schema.as_deref().unwrap_or_default(), DATASET_SCHEMA)?;
    length("profile", dataset.profile.as_deref().unwrap_or_default(), DATASET_PROFILE)?;
    for tag in &input.tags {
        length("key", &tag.key, INPUT_TAG_KEY)?;
        length("value", &tag.value, INPUT_TAG_VALUE)?;
    }
    Ok(())
}

/// Checks the location of an experiment's artifacts.
///
/// # Errors
/// [`Error::Rule`].
pub fn artifact_location(location: &str) -> Result<(), Error> {
    if location.starts_with("runs:") {
        let words = format!("Artifact location cannot be a runs:/ URI. Given: '{location}'");
        return Err(Error::rule(words));
    }
    if location.chars().count() <= ARTIFACT_LOCATION {
        return Ok(());
    }
    Err(Error::rule(format!(
        "Invalid artifact path length. The length of the artifact path cannot be greater than {ARTIFACT_LOCATION} characters. To configure this limit, please set the MLFLOW_ARTIFACT_LOCATION_MAX_LENGTH environment variable."
    )))
}

fn at_most(what: &str, found: usize, limit: usize) -> Result<(), Error> {
    if found <= limit {
        return Ok(());
    }
    Err(Error::rule(format!(
        "A batch logging request can contain at most {limit} {what}. Got {found} {what}. Please split up {what} across multiple requests and try again."
    )))
}
