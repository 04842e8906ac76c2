//! A workload from the pod of a component.

use longshore_kserve::{
    Component, Extension, Fields,
    address::object,
    annotations::{Annotations, KNATIVE_AUTOSCALING, TAG_ROUTING, is_true},
};
use longshore_platform::Revision;
use serde_json::{Value, json};

use super::{
    Refusal, Workload, context::Context, draft::Draft, hash, names, pod, scaling, tracing,
};

/// Seconds that a request may take, unless the manifest says so: Knative's own.
const TIMEOUT: u32 = 300;

/// Annotations that say how a service runs, and are not its pods': a change of one makes no revision.
const NOT_OF_PODS: [&str; 8] = [
    KNATIVE_AUTOSCALING,
    "argocd.argoproj.io/",
    "kubectl.kubernetes.io/",
    "longshore.dev/",
    "meta.helm.sh/",
    "modelFormat",
    "serving.knative.dev/",
    "serving.kserve.io/",
];

/// The accelerator of Google's nodes that a pod with GPUs is to run on.
const GKE_ACCELERATOR: &str = "serving.kserve.io/gke-accelerator";

/// One component, or a canary of the predictor.
pub(super) struct Part<'p> {
    pub component: Component,
    /// Where it stands in the manifest.
    pub path: String,
    /// The predictor's own name.
    pub variant: Option<&'p str>,
    pub is_canary: bool,
    pub extension: &'p Extension,
}

/// What runs, from its pod.
pub(super) fn workload(
    context: &Context<'_>,
    part: &Part<'_>,
    mut draft: Draft,
    notes: &mut Vec<String>,
) -> Result<Workload, Refusal> {
    let Part { component, path, variant, is_canary, extension } = part;
    let service = context.service;
    let object = object(service.name, *component, *variant);
    names::check(&object)?;
    if let Some(it) = &service.spec.tracing {
        let is_own = draft.is_own;
        tracing::tell(draft.server()?, it, is_own);
    }
    let ports = pod::complete(context, &mut draft)?;
    let mut annotations = service.annotations.clone();
    annotations.extend(extension.annotations.clone().unwrap_or_default());
    if extension.deployment_strategy.is_some() {
        notes.push(format!(
            "{path}.deploymentStrategy: it holds for the pods of one revision; a new version is a revision beside the old one, which goes once the new one is ready, and needs room for both"
        ));
    }
    if let Some(accelerator) = annotations.get(GKE_ACCELERATOR) {
        draft.choose_accelerator(accelerator);
    }
    let scaling = scaling::of(path, extension, &annotations, context.around.has_keda, notes);
    let mut labels = service.labels.clone();
    labels.extend(extension.labels.clone().unwrap_or_default());
    let template = template(context, *component, &object, draft, &labels, &annotations);
    let positive = |value: Option<i64>| value.and_then(|value| u32::try_from(value).ok());
    let facts = Revision {
        service: service.name.to_owned(),
        component: component.name().to_owned(),
        port: ports.http,
        scheme: ports.scheme,
        grpc_port: ports.grpc,
        container_concurrency: positive(extension.container_concurrency).unwrap_or(0),
        timeout_seconds: positive(extension.timeout_seconds)
            .filter(|&it| it > 0)
            .unwrap_or(TIMEOUT),
        ready_path: ports.ready.map(str::to_owned),
        pool: None,
    };
    Ok(Workload {
        owner: context.owner(),
        mode: context.mode,
        component: *component,
        canary: variant.filter(|_| *is_canary).map(str::to_owned),
        object,
        hash: hash::of_value(&template),
        template,
        facts,
        min_replicas: scaling.min,
        max_replicas: scaling.max,
        scaler: scaling.scaler,
        percent: positive(extension.canary_traffic_percent),
        has_tag_routing: is_true(&annotations, TAG_ROUTING),
        extension: (*extension).clone(),
        annotations,
        labels,
        strategy: extension.deployment_strategy.clone().map(counted),
        metrics: scaling.metrics,
        triggers: scaling.triggers,
    })
}

/// The template of the pods. What a component says of labels and annotations goes before what its
/// service says, and that before what its runtime says.
fn template(
    context: &Context<'_>,
    component: Component,
    object: &str,
    draft: Draft,
    labels: &Annotations,
    annotations: &Annotations,
) -> Value {
    let mut all = draft.labels.clone();
    all.extend(labels.clone());
    all.extend(context.owner().labels(component, object));
    let mut of_pod = draft.annotations.clone();
    scraped(&mut of_pod, annotations);
    let is_of_pod = |name: &str| !NOT_OF_PODS.iter().any(|prefix| name.starts_with(prefix));
    let own = annotations.iter().filter(|(name, _)| is_of_pod(name));
    of_pod.extend(own.map(|(name, value)| (name.clone(), value.clone())));
    of_pod
        .entry("kubectl.kubernetes.io/default-container".to_owned())
        .or_insert_with(|| draft.server.clone());
    let spec = Value::Object(draft.into_fields());
    json!({"metadata": {"labels": all, "annotations": of_pod}, "spec": spec})
}

/// A strategy whose numbers of pods are numbers, also where they are written as texts.
fn counted(mut strategy: Fields) -> Fields {
    if let Some(Value::Object(rolling)) = strategy.get_mut("rollingUpdate") {
        for value in rolling.values_mut() {
            if let Some(number) = value.as_str().and_then(|text| text.parse::<u32>().ok()) {
                *value = number.into();
            }
        }
    }
    strategy
}

/// Where Prometheus finds the metrics, when the service wants it to.
fn scraped(of_pod: &mut Annotations, annotations: &Annotations) {
    if !is_true(annotations, "serving.kserve.io/enable-prometheus-scraping") {
        return;
    }
    let told = |name: &str, default: &str| {
        let name = format!("prometheus.kserve.io/{name}");
        let value = annotations.get(&name).or_else(|| of_pod.get(&name));
        value.map_or(default, String::as_str).to_owned()
    };
    let (port, path) = (told("port", "8080"), told("path", "/metrics"));
    of_pod.insert("prometheus.io/scrape".into(), "true".into());
    of_pod.insert("prometheus.io/port".into(), port);
    of_pod.insert("prometheus.io/path".into(), path);
}
