//! What is wrong with a manifest: KServe's rules, and the traps that it leaves open.

use std::fmt;

use crate::{
    Canary, Component, InferenceServiceSpec, Predictor,
    annotations::{
        AUTOSCALER_CLASS, AUTOSCALER_CLASSES, Annotations, DEPLOYMENT_MODE, DeploymentMode,
    },
    unknown::{self, Unknown},
};

mod canary;
mod containers;
mod scaling;
mod storage;

/// The name of the objects of a namespace's warm pool. The Service of an InferenceService of this name
/// would be the pool's.
pub const POOL_NAME: &str = "longshore-pool";

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The field.
    pub path: String,
    /// What is wrong with it, and what to write.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// Faults, as they are found.
#[derive(Debug, Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.0.push(Fault { path: path.into(), message: message.into() });
    }
}

/// What is wrong with the service `name` of this specification, once [`crate::defaults::complete`]
/// has filled it in. Nothing is, when the list is empty.
pub fn validate(name: &str, annotations: &Annotations, spec: &InferenceServiceSpec) -> Vec<Fault> {
    let mut faults = Faults::default();
    if !is_name(name) {
        faults.add(
            "metadata.name",
            format!(
                "`{name}` cannot be a service's name: it has lower-case letters, digits and `-`, begins with a letter and does not end with `-`"
            ),
        );
    }
    if name == POOL_NAME {
        let message =
            format!("`{POOL_NAME}` is the name of the namespace's warm pool; choose another");
        faults.add("metadata.name", message);
    }
    annotation(&mut faults, annotations);
    for Unknown { path, meant } in unknown::fields(spec) {
        if let Some(meant) = meant {
            faults.add(path, format!("there is no such field; did you mean `{meant}`?"));
        }
    }
    let class = annotations.get(AUTOSCALER_CLASS).map(String::as_str);
    let is_standard = annotations.get(DEPLOYMENT_MODE).is_some_and(|mode| mode == "Standard");
    // as KServe, which reads the class `hpa` in that mode only
    let class = class.filter(|class| *class != "hpa" || is_standard);
    predictor(&mut faults, "spec.predictor", &spec.predictor);
    if let Some(model) = &spec.predictor.model {
        storage::format(&mut faults, "spec.predictor.model", model);
    }
    containers::one_model(&mut faults, "spec.predictor", &spec.predictor);
    for (component, own) in spec.components() {
        let path = format!("spec.{}", component.name());
        let art = spec.explainer.as_ref().and_then(|it| it.art.as_ref());
        match (component, art) {
            (Component::Predictor, _) => {}
            (Component::Explainer, Some(art)) => {
                containers::variables(&mut faults, &format!("{path}.art"), &art.container);
            }
            _ => containers::own(&mut faults, &path, component, &own.pod),
        }
        if component != Component::Predictor {
            storage::places(&mut faults, &path, None, &own.storage_uris);
        }
        scaling::component(&mut faults, &path, class, &own.extension);
    }
    canary::all(&mut faults, spec);
    faults.0
}

/// What is wrong with a change: a service stays in its mode, and a predictor's name changes with its
/// model. `mode` is the one that its status tells.
pub fn validate_change(
    mode: Option<&str>,
    annotations: &Annotations,
    old: &Predictor,
    new: &Predictor,
) -> Vec<Fault> {
    let mut faults = Faults::default();
    let mode = mode.and_then(DeploymentMode::named);
    let wanted = annotations.get(DEPLOYMENT_MODE).and_then(|mode| DeploymentMode::named(mode));
    if let (Some(mode), Some(wanted)) = (mode, wanted)
        && mode != wanted
    {
        let (mode, wanted) = (mode.name(), wanted.name());
        faults.add(
            format!("metadata.annotations[{DEPLOYMENT_MODE}]"),
            format!("a service of the mode {mode} cannot become one of the mode {wanted}; delete it and make it anew"),
        );
    }
    if old.name != new.name && place(old) == place(new) {
        let message = "the predictor's name changes only together with its model (`storageUri`)";
        faults.add("spec.predictor.name", message);
    }
    faults.0
}

fn place(predictor: &Predictor) -> Option<&str> {
    predictor.model.as_ref()?.framework.storage_uri.as_deref()
}

fn annotation(faults: &mut Faults, annotations: &Annotations) {
    if let Some(mode) = annotations.get(DEPLOYMENT_MODE)
        && DeploymentMode::named(mode).is_none()
    {
        let message = if mode == "ModelMesh" {
            "ModelMesh is not served; many models share a pod without it: leave the annotation out"
                .to_owned()
        } else {
            format!("`{mode}` is no mode; write Knative or Standard, both do the same here")
        };
        faults.add(format!("metadata.annotations[{DEPLOYMENT_MODE}]"), message);
    }
    if let Some(class) = annotations.get(AUTOSCALER_CLASS)
        && !AUTOSCALER_CLASSES.contains(&&**class)
    {
        faults.add(
            format!("metadata.annotations[{AUTOSCALER_CLASS}]"),
            format!("`{class}` is no class; write one of: {}", AUTOSCALER_CLASSES.join(", ")),
        );
    }
}

/// What holds for a predictor, a canary's too.
fn predictor(faults: &mut Faults, path: &str, predictor: &Predictor) {
    if let Some(name) = &predictor.name
        && !is_name(name)
    {
        let message =
            format!("`{name}` cannot be a name: it has lower-case letters, digits and `-`");
        faults.add(format!("{path}.name"), message);
    }
    containers::of_predictor(faults, path, predictor);
    let model = predictor.model.as_ref();
    let uri = model.and_then(|model| model.framework.storage_uri.as_deref());
    storage::places(faults, path, uri, &predictor.component.storage_uris);
    if let Some(model) = model {
        storage::model(faults, &format!("{path}.model"), model);
    }
}

/// A DNS label that begins with a letter.
fn is_name(name: &str) -> bool {
    let inner = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    let ends = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    let bytes = name.as_bytes();
    bytes.first().is_some_and(u8::is_ascii_lowercase)
        && bytes.last().is_some_and(|&last| ends(last))
        && bytes.iter().all(|&c| inner(c))
}

/// The path of the canary at this position.
fn canary_path(at: usize, canary: &Canary) -> String {
    match &canary.predictor.name {
        Some(name) => format!("spec.canary[{at}] ({name})"),
        None => format!("spec.canary[{at}]"),
    }
}

#[cfg(test)]
mod tests;
