//! What is told of the models to somebody who looks on.

use std::time::Duration;

use longshore_kserve::v2::TensorInfo;

use super::Models;
use crate::repository::State;

/// A model in a few words.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Its name.
    pub name: String,
    /// What is loaded of it, the latest version; `None` when it does not answer.
    pub loaded: Option<Loaded>,
    /// It is expected, and has not come yet.
    pub is_expected: bool,
    /// It is loaded by the first request for it.
    pub is_idle: bool,
    /// Why it does not answer, or what is wrong though it does.
    pub reason: Option<String>,
}

/// A version that answers.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Its version's name.
    pub version: String,
    /// Its kind, by MLflow's name.
    pub flavor: &'static str,
    /// Bytes that were read of its file, decompressed.
    pub bytes: u64,
    /// How long it took to load and to try out.
    pub load_time: Duration,
    /// What it takes.
    pub inputs: Vec<TensorInfo>,
}

impl Models {
    /// The models now, in the order in which they came up.
    pub fn summaries(&self) -> Vec<Summary> {
        let models = self.current();
        let summary = |entry: &crate::repository::Entry| Summary {
            name: entry.name.to_string(),
            loaded: entry.versions().last().map(|served| Loaded {
                version: served.version.to_string(),
                flavor: served.flavor(),
                bytes: served.content_bytes(),
                load_time: served.load_time,
                inputs: served.inputs.clone(),
            }),
            is_expected: entry.state() == State::Loading,
            is_idle: entry.state() == State::Idle,
            reason: entry.reason().map(str::to_owned),
        };
        models.entries().into_iter().map(|entry| summary(entry)).collect()
    }
}
