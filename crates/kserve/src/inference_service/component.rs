use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Extension, StorageUri};
use crate::{Container, Pod};

/// A part of an InferenceService.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Component {
    /// What answers.
    Predictor,
    /// What stands before it.
    Transformer,
    /// What explains it.
    Explainer,
}

impl Component {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Predictor, Self::Transformer, Self::Explainer];

    /// Its name in manifests, labels and the names of objects.
    pub fn name(self) -> &'static str {
        match self {
            Self::Predictor => "predictor",
            Self::Transformer => "transformer",
            Self::Explainer => "explainer",
        }
    }
}

/// What every component has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ComponentSpec {
    /// Several places that its files come from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub storage_uris: Vec<StorageUri>,
    /// How it scales and is asked.
    #[serde(flatten)]
    pub extension: Extension,
    /// The pod's own fields, and whatever no release known here has.
    #[serde(flatten)]
    pub pod: Pod,
}

/// What stands before the predictor, and changes requests and answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Transformer {
    /// Its places, how it scales, and the pod, whose containers it is.
    #[serde(flatten)]
    pub component: ComponentSpec,
}

/// What explains the predictor's answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Explainer {
    /// An explainer of the Adversarial Robustness Toolbox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub art: Option<Art>,
    /// Its places, how it scales, and the pod, whose containers it is unless another explainer is named.
    #[serde(flatten)]
    pub component: ComponentSpec,
}

/// An explainer of the Adversarial Robustness Toolbox.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Art {
    /// Its kind: `SquareAttack`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where its files are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_uri: Option<String>,
    /// The tag of its image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime_version: Option<String>,
    /// Its parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<BTreeMap<String, String>>,
    /// The container's own fields.
    #[serde(flatten)]
    pub container: Container,
}
