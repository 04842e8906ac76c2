//! How much MLflow takes, in its words. Lengths are in characters, as Python counts them.

use crate::Error;

/// Most measurements of one [`LogBatch`](super::LogBatch).
pub const BATCH_METRICS: usize = 1000;
/// Most parameters of one batch.
pub const BATCH_PARAMS: usize = 100;
/// Most tags of one batch.
pub const BATCH_TAGS: usize = 100;
/// Most measurements, parameters and tags of one batch together.
pub const BATCH_ALL: usize = 1000;
/// Longest key of a metric, a parameter or a tag.
pub const KEY: usize = 250;
/// Longest value of a parameter; MLflow cuts what is longer.
pub const PARAM_VALUE: usize = 6000;
/// Longest value of a run's tag; MLflow cuts what is longer.
pub const RUN_TAG_VALUE: usize = 8000;
/// Longest name of a run. MLflow has no such limit, but a column of that size.
pub const RUN_NAME: usize = 250;
/// Longest name of an experiment.
pub const EXPERIMENT_NAME: usize = 500;
/// Longest value of an experiment's tag.
pub const EXPERIMENT_TAG_VALUE: usize = 20_000;
/// Longest value of a tag of a registered model or of a version.
pub const REGISTRY_TAG_VALUE: usize = 100_000;
/// Longest alias.
pub const ALIAS: usize = 255;
/// Longest location of an experiment's artifacts.
pub const ARTIFACT_LOCATION: usize = 2048;
/// Longest key of a tag or a parameter of a logged model.
pub const LOGGED_MODEL_KEY: usize = 255;
/// Longest name of a dataset.
pub const DATASET_NAME: usize = 500;
/// Longest digest of a dataset.
pub const DATASET_DIGEST: usize = 36;
/// Longest source of a dataset.
pub const DATASET_SOURCE: usize = 65_535;
/// Longest schema of a dataset.
pub const DATASET_SCHEMA: usize = 1_048_575;
/// Longest profile of a dataset.
pub const DATASET_PROFILE: usize = 16_777_215;
/// Longest key of an input's tag.
pub const INPUT_TAG_KEY: usize = 255;
/// Longest value of an input's tag.
pub const INPUT_TAG_VALUE: usize = 500;

/// Checks a length. `what` is the word that MLflow has for it.
///
/// # Errors
/// [`Error::Rule`].
pub fn length(what: &str, text: &str, limit: usize) -> Result<(), Error> {
    if text.len() <= limit || text.chars().count() <= limit {
        return Ok(());
    }
    Err(Error::rule(format!("'{what}' exceeds the maximum length of {limit} characters")))
}

/// The beginning of a text that MLflow would cut.
pub fn cut(text: &str, limit: usize) -> &str {
    text.char_indices().nth(limit).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}
