//! What KEDA measures: each metric of a manifest as a trigger of a ScaledObject, as KServe makes them.

use longshore_kserve::{MetricSource, MetricTarget, MetricTargetType, Quantity};
use serde_json::{Value, json};

use super::scaling::USED;

/// Where KEDA's scaler for OpenTelemetry answers, as its own chart installs it.
const OPENTELEMETRY: &str = "keda-otel-scaler.keda.svc:4318";

/// A trigger of a ScaledObject.
#[derive(Clone, Debug, PartialEq)]
pub struct Trigger {
    value: Value,
    /// What is asked of each pod, when it is a figure of pods: which ones is said by their revision.
    of_pods: Option<String>,
}

impl Trigger {
    /// A metric as a trigger. None for one that does not say what its type needs.
    pub(super) fn new(source: &MetricSource) -> Option<Self> {
        match &*source.kind {
            "Resource" => resource(source),
            "External" => external(source),
            "PodMetric" => pod_metric(source),
            _ => None,
        }
    }

    /// The trigger of the Deployment `name`.
    pub(super) fn of(&self, namespace: &str, name: &str) -> Value {
        let mut value = self.value.clone();
        if let Some(query) = &self.of_pods {
            value["metadata"]["metricQuery"] =
                format!("sum({query}{{namespace=\"{namespace}\", deployment=\"{name}\"}})").into();
        }
        value
    }
}

fn of_all(value: Value) -> Trigger {
    Trigger { value, of_pods: None }
}

fn shown(quantity: Option<&Quantity>) -> Option<String> {
    quantity.map(ToString::to_string)
}

fn resource(source: &MetricSource) -> Option<Trigger> {
    let resource = source.resource.as_ref()?;
    let MetricTarget { kind, value, average_value, average_utilization } = &resource.target;
    let (kind, value) = match kind {
        MetricTargetType::Utilization => {
            ("Utilization", average_utilization.unwrap_or(USED).to_string())
        }
        MetricTargetType::AverageValue => ("AverageValue", shown(average_value.as_ref())?),
        MetricTargetType::Value => ("Value", shown(value.as_ref())?),
    };
    let metadata = json!({"value": value});
    Some(of_all(json!({"type": resource.name, "metricType": kind, "metadata": metadata})))
}

fn external(source: &MetricSource) -> Option<Trigger> {
    let external = source.external.as_ref()?;
    let metric = &external.metric;
    let mut metadata = json!({
        "serverAddress": metric.server_address.as_deref().unwrap_or_default(),
        "query": metric.query.as_deref()?,
        "threshold": threshold(&external.target)?,
    });
    if let Some(namespace) = metric.namespace.as_deref().filter(|it| !it.is_empty()) {
        metadata["namespace"] = namespace.into();
    }
    let who = external.authentication.as_ref();
    if let Some(modes) = who.and_then(|who| who.get("authModes")?.as_str()) {
        metadata["authModes"] = modes.into();
    }
    let mut value = json!({"type": metric.backend, "metadata": metadata});
    // the name stands one level deeper in the definition than in the examples
    let name = who.and_then(|who| {
        who.get("authenticationRef").and_then(|it| it.get("name")).or_else(|| who.get("name"))
    });
    if let Some(name) = name.and_then(Value::as_str) {
        value["authenticationRef"] = json!({"name": name});
    }
    Some(of_all(value))
}

fn pod_metric(source: &MetricSource) -> Option<Trigger> {
    let pods = source.podmetric.as_ref()?;
    let metric = &pods.metric;
    let mut metadata = json!({
        "scalerAddress": metric.server_address.as_deref().filter(|it| !it.is_empty()).unwrap_or(OPENTELEMETRY),
        "targetValue": threshold(&pods.target)?,
    });
    if let Some(operation) = &metric.operation_over_time {
        metadata["operationOverTime"] = operation.as_str().into();
    }
    let value = json!({"type": "external", "metadata": metadata});
    Some(Trigger { value, of_pods: Some(metric.query.clone()?) })
}

/// The figure at which there is another replica.
fn threshold(target: &MetricTarget) -> Option<String> {
    shown(target.value.as_ref().or(target.average_value.as_ref()))
}
