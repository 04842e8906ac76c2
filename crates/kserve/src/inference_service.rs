//! `InferenceService`, version `v1beta1`.

use serde::{Deserialize, Serialize};

mod autoscaling;
mod component;
mod extension;
mod logger;
mod predictor;

pub use autoscaling::{
    AutoScaling, External, ExternalMetric, MetricSource, MetricTarget, MetricTargetType, PodMetric,
    PodSource, Resource,
};
pub use component::{Art, Component, ComponentSpec, Explainer, Transformer};
pub use extension::{Extension, ScaleMetric};
pub use logger::{Batcher, Logger, LoggerMode, LoggerStorage};
pub use predictor::{
    ConfidentialModel, Framework, Frameworks, Model, ModelFormat, ModelStorage, Predictor,
    Protocol, StorageUri, WorkerSpec,
};

use crate::Fields;

/// What an InferenceService asks for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct InferenceServiceSpec {
    /// What answers.
    pub predictor: Predictor,
    /// What stands before it, and changes requests and answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transformer: Option<Transformer>,
    /// What explains its answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explainer: Option<Explainer>,
    /// Other predictors beside it, each with its share of the requests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub canary: Vec<Canary>,
    /// Where traces go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracing: Option<Tracing>,
    /// Fields that no release known here has.
    #[serde(flatten)]
    pub unknown: Fields,
}

impl InferenceServiceSpec {
    /// What its components have in common, without its canaries.
    pub fn components(&self) -> impl Iterator<Item = (Component, &ComponentSpec)> {
        let transformer = self.transformer.iter().map(|it| (Component::Transformer, &it.component));
        let explainer = self.explainer.iter().map(|it| (Component::Explainer, &it.component));
        let predictor = std::iter::once((Component::Predictor, &self.predictor.component));
        predictor.chain(transformer).chain(explainer)
    }

    /// The field that says shares of the requests, when one does: `canaryTrafficPercent` of any component,
    /// or `spec.canary`.
    pub fn splits_by(&self) -> Option<&'static str> {
        let percent = |it: &ComponentSpec| it.extension.canary_traffic_percent.is_some();
        if self.components().any(|(_, it)| percent(it)) {
            return Some("canaryTrafficPercent");
        }
        (!self.canary.is_empty()).then_some("spec.canary")
    }
}

/// A predictor beside the stable one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Canary {
    /// What is laid over the stable predictor; its `name` is required.
    pub predictor: Predictor,
    /// Its share of the requests, in percent.
    pub traffic_percent: i32,
    /// Fields that no release known here has.
    #[serde(flatten)]
    pub unknown: Fields,
}

/// Where traces go, since KServe 0.21.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Tracing {
    /// The name of the exporter, such as `otlp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exporter: Option<String>,
    /// Its address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exporter_endpoint: Option<String>,
    /// Which requests are traced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampler: Option<String>,
    /// How many of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampler_arg: Option<String>,
    /// Fields that no release known here has.
    #[serde(flatten)]
    pub unknown: Fields,
}
