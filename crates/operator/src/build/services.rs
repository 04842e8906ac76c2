//! The Services by which a service is asked in the cluster: names that lead to the gateway.

use std::collections::BTreeMap;

use longshore_kserve::{
    Component,
    address::object,
    annotations::{Annotations, COMPONENT, DeploymentMode, INFERENCE_SERVICE},
};
use serde_json::{Value, json};

use super::context::Context;

/// Where the service is asked in the cluster: by its own name, and in the mode `Standard` by that of the object that
/// requests come to.
pub(super) fn address(context: &Context<'_>) -> String {
    let service = context.service;
    let name = match context.mode {
        DeploymentMode::Knative => service.name.to_owned(),
        DeploymentMode::Standard if service.spec.transformer.is_some() => {
            object(service.name, Component::Transformer, None)
        }
        DeploymentMode::Standard => {
            let variant = service.spec.predictor.name.as_deref().filter(|name| !name.is_empty());
            object(service.name, Component::Predictor, variant)
        }
    };
    format!("http://{}", context.hosts().in_cluster(&name))
}

/// The Service of the service itself, and one for each of its components' objects.
pub(super) fn of(context: &Context<'_>, objects: &BTreeMap<String, Component>) -> Vec<Value> {
    let mut services = vec![leading(context, context.service.name, None)];
    services.extend(
        objects.iter().map(|(object, component)| leading(context, object, Some(*component))),
    );
    services
}

fn leading(context: &Context<'_>, name: &str, component: Option<Component>) -> Value {
    let owner = context.owner();
    let mut labels: Annotations = [
        ("app.kubernetes.io/managed-by".to_owned(), "longshore".to_owned()),
        (INFERENCE_SERVICE.to_owned(), owner.name.clone()),
    ]
    .into();
    labels.extend(component.map(|it| (COMPONENT.to_owned(), it.name().to_owned())));
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": owner.metadata(name, &labels),
        "spec": {
            "type": "ExternalName",
            "externalName": context.settings.gateway_host,
            "ports": [{"name": "http", "port": 80, "protocol": "TCP"}],
        },
    })
}
