//! Who says how many replicas there are, between which bounds.

use longshore_kserve::{
    Extension, Fields, MetricSource, MetricTarget, MetricTargetType, ScaleMetric,
    annotations::{
        AUTOSCALER_CLASS, Annotations, KNATIVE_AUTOSCALING, METRICS, TARGET_UTILIZATION,
    },
};
use serde_json::{Value, json};

use super::{Scaler, Trigger};

/// Percent of what is requested, when a manifest says no target.
pub(super) const USED: i32 = 80;

/// A HorizontalPodAutoscaler has a limit: this stands for none.
pub(super) const NO_LIMIT: u32 = 1000;

/// How a component scales.
pub(super) struct Scaling {
    pub min: u32,
    pub max: u32,
    pub scaler: Scaler,
    /// `metrics` and `behavior` of a HorizontalPodAutoscaler.
    pub metrics: Option<Fields>,
    /// What KEDA measures.
    pub triggers: Vec<Trigger>,
}

/// How a component scales, by its fields and annotations. What is not done is noted.
pub(super) fn of(
    path: &str,
    extension: &Extension,
    annotations: &Annotations,
    has_keda: bool,
    notes: &mut Vec<String>,
) -> Scaling {
    let annotation = |names: &[&str]| {
        let known = |name: &&str| annotations.get(&format!("{KNATIVE_AUTOSCALING}{name}"));
        names.iter().find_map(known).map(String::as_str)
    };
    let bound = |field: Option<i32>, names: &[&str], default: u32| {
        let field = field.map(|value| u32::try_from(value).unwrap_or(0));
        field.or_else(|| annotation(names)?.parse().ok()).unwrap_or(default)
    };
    let min = bound(extension.min_replicas, &["min-scale", "minScale"], 1);
    let max = bound(extension.max_replicas, &["max-scale", "maxScale"], 0);
    let class = annotations.get(AUTOSCALER_CLASS).map(String::as_str);
    let is_hpa = class == Some("hpa")
        || annotation(&["class"]).is_some_and(|class| class.starts_with("hpa."));
    let scaling = |scaler, metrics, triggers| Scaling { min, max, scaler, metrics, triggers };
    let sources: Vec<_> =
        extension.auto_scaling.iter().flat_map(|scaling| &scaling.metrics).collect();
    if class == Some("keda") && has_keda {
        by_keda(path, &sources, notes);
        let triggers = sources.into_iter().filter_map(Trigger::new).collect();
        return scaling(Scaler::Other, None, triggers);
    }
    let others = sources.iter().enumerate().filter(|(_, source)| source.kind != "Resource");
    for (at, source) in others {
        notes.push(format!(
            "{path}.autoScaling.metrics[{at}]: a metric of the type {} is measured by KEDA only; annotate the service with `{AUTOSCALER_CLASS}: keda` where KEDA is installed, or scale by `concurrency`, `rps`, `cpu` or `memory`",
            source.kind
        ));
    }
    match class {
        Some("none") => return scaling(Scaler::Fixed, None, Vec::new()),
        Some("keda") => {
            notes.push(format!(
                "metadata.annotations[{AUTOSCALER_CLASS}]: the cluster had no KEDA when the operator started, so that nothing scales this service; install KEDA and restart the operator, or leave the annotation out to scale by requests"
            ));
            return scaling(Scaler::Other, None, Vec::new());
        }
        Some("external") => {
            notes.push(format!(
                "metadata.annotations[{AUTOSCALER_CLASS}]: `external` leaves the replicas of each revision's Deployment to an autoscaler of yours; this platform makes none. Leave the annotation out to scale by requests"
            ));
            return scaling(Scaler::Other, None, Vec::new());
        }
        _ => {}
    }
    let metric = annotation(&["metric"]).filter(|_| is_hpa);
    let old = annotations.get(METRICS).map(String::as_str).filter(|_| is_hpa);
    let metrics = metrics(extension, annotations, metric.or(old), is_hpa);
    let scaler = if metrics.is_some() { Scaler::Resources } else { Scaler::Requests };
    if let Some(metric) = extension.scale_metric.filter(|it| is_hpa && !it.is_resource()) {
        notes.push(format!(
            "{path}.scaleMetric: it scales by `{}`, as this says, and not as the class `hpa`; leave the annotation `{AUTOSCALER_CLASS}` out",
            metric.name()
        ));
    }
    let has_behavior = extension.auto_scaling.as_ref().is_some_and(|it| it.behavior.is_some());
    if has_behavior && metrics.is_none() {
        notes.push(format!(
            "{path}.autoScaling.behavior: only what scales by `cpu`, `memory` or KEDA has it; write `{KNATIVE_AUTOSCALING}window` and `{KNATIVE_AUTOSCALING}scale-down-delay` as annotations"
        ));
    }
    scaling(scaler, metrics, Vec::new())
}

/// What is to be known of metrics that KEDA measures.
fn by_keda(path: &str, sources: &[&MetricSource], notes: &mut Vec<String>) {
    if sources.is_empty() {
        notes.push(format!(
            "metadata.annotations[{AUTOSCALER_CLASS}]: `keda` takes its metrics from `{path}.autoScaling.metrics`, and there are none; write some, or leave the annotation out to scale by requests"
        ));
    }
    let of_pods = sources.iter().enumerate().filter(|(_, source)| source.kind == "PodMetric");
    for (at, _) in of_pods {
        notes.push(format!(
            "{path}.autoScaling.metrics[{at}]: KEDA asks its OpenTelemetry scaler for this, but no collector is put beside the pods; have one that sends their metrics there, with `namespace` and `deployment` as labels"
        ));
    }
}

/// `metrics` and `behavior` of a HorizontalPodAutoscaler, when what containers use is measured.
fn metrics(
    extension: &Extension,
    annotations: &Annotations,
    named: Option<&str>,
    is_hpa: bool,
) -> Option<Fields> {
    let sources = extension.auto_scaling.iter().flat_map(|scaling| &scaling.metrics);
    let mut metrics: Vec<_> = sources.filter_map(resource).collect();
    if metrics.is_empty() {
        let by_requests = extension.scale_metric.is_some_and(|metric| !metric.is_resource());
        let name = match (extension.scale_metric, named) {
            (Some(metric @ (ScaleMetric::Cpu | ScaleMetric::Memory)), _) => metric.name(),
            (None, Some(name @ ("cpu" | "memory"))) => name,
            (None, None) if is_hpa && !by_requests => "cpu",
            _ => return None,
        };
        let annotated = || {
            let target = annotations
                .get(TARGET_UTILIZATION)
                .or_else(|| annotations.get(&format!("{KNATIVE_AUTOSCALING}target")));
            target?.parse().ok()
        };
        let target: Option<i32> = extension.scale_target.or_else(annotated);
        metrics.push(single(name, extension.scale_metric_type, target));
    }
    let mut fields = Fields::new();
    fields.insert("metrics".into(), Value::Array(metrics));
    let behavior = extension.auto_scaling.as_ref().and_then(|scaling| scaling.behavior.clone());
    if let Some(behavior) = behavior {
        fields.insert("behavior".into(), Value::Object(behavior));
    }
    Some(fields)
}

/// One metric by `scaleMetric` and `scaleTarget`: in percent of what is requested, or, of memory, in
/// mebibytes where `scaleMetricType` says that it is a value.
fn single(name: &str, kind: Option<MetricTargetType>, target: Option<i32>) -> Value {
    let target = match (kind, target) {
        (Some(MetricTargetType::AverageValue), Some(target)) => {
            let unit = if name == "memory" { "Mi" } else { "" };
            json!({"type": "AverageValue", "averageValue": format!("{target}{unit}")})
        }
        _ => json!({"type": "Utilization", "averageUtilization": target.unwrap_or(USED)}),
    };
    json!({"type": "Resource", "resource": {"name": name, "target": target}})
}

/// A metric of what containers use.
fn resource(source: &MetricSource) -> Option<Value> {
    let resource = source.resource.as_ref().filter(|_| source.kind == "Resource")?;
    let MetricTarget { kind, value, average_value, average_utilization } = &resource.target;
    let target = match kind {
        MetricTargetType::Utilization => {
            json!({"type": "Utilization", "averageUtilization": average_utilization.unwrap_or(USED)})
        }
        MetricTargetType::AverageValue => {
            json!({"type": "AverageValue", "averageValue": average_value.as_ref()?.to_string()})
        }
        MetricTargetType::Value => {
            json!({"type": "Value", "value": value.as_ref()?.to_string()})
        }
    };
    Some(json!({"type": "Resource", "resource": {"name": resource.name, "target": target}}))
}
