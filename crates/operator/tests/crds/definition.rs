//! The `CustomResourceDefinition`s of KServe's kinds, made from their types.

use longshore_kserve::{
    GROUP, InferenceServiceSpec, ServingRuntimeSpec, StorageContainerSpec,
    status::InferenceServiceStatus,
};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Value, json};

use crate::structural::structural;

/// A kind, and how it is shown.
struct Kind {
    name: &'static str,
    plural: &'static str,
    short_names: &'static [&'static str],
    version: &'static str,
    is_namespaced: bool,
    spec: Value,
    /// The schema of its status, when it has one.
    status: Option<Value>,
    /// Names, JSON paths and types.
    columns: &'static [(&'static str, &'static str, &'static str)],
}

/// All definitions, in the order of their names.
pub(crate) fn all() -> Vec<Value> {
    let runtime = |name, plural, is_namespaced| Kind {
        name,
        plural,
        short_names: &[],
        version: "v1alpha1",
        is_namespaced,
        spec: schema::<ServingRuntimeSpec>(),
        status: None,
        columns: &[
            ("Disabled", ".spec.disabled", "boolean"),
            ("ModelType", ".spec.supportedModelFormats[*].name", "string"),
            ("Containers", ".spec.containers[*].name", "string"),
            ("Age", ".metadata.creationTimestamp", "date"),
        ],
    };
    let kinds = [
        runtime("ClusterServingRuntime", "clusterservingruntimes", false),
        Kind {
            name: "ClusterStorageContainer",
            plural: "clusterstoragecontainers",
            short_names: &[],
            version: "v1alpha1",
            is_namespaced: false,
            spec: schema::<StorageContainerSpec>(),
            status: None,
            columns: &[],
        },
        Kind {
            name: "InferenceService",
            plural: "inferenceservices",
            short_names: &["isvc"],
            version: "v1beta1",
            is_namespaced: true,
            spec: schema::<InferenceServiceSpec>(),
            status: Some(schema::<InferenceServiceStatus>()),
            columns: &[
                ("URL", ".status.url", "string"),
                ("Ready", ".status.conditions[?(@.type=='Ready')].status", "string"),
                (
                    "Prev",
                    ".status.components.predictor.traffic[?(@.tag=='prev')].percent",
                    "integer",
                ),
                (
                    "Latest",
                    ".status.components.predictor.traffic[?(@.latestRevision==true)].percent",
                    "integer",
                ),
                (
                    "PrevRolledoutRevision",
                    ".status.components.predictor.traffic[?(@.tag=='prev')].revisionName",
                    "string",
                ),
                (
                    "LatestReadyRevision",
                    ".status.components.predictor.traffic[?(@.latestRevision==true)].revisionName",
                    "string",
                ),
                ("Age", ".metadata.creationTimestamp", "date"),
            ],
        },
        runtime("ServingRuntime", "servingruntimes", true),
    ];
    kinds.into_iter().map(definition).collect()
}

fn definition(kind: Kind) -> Value {
    let Kind { name, plural, short_names, version, is_namespaced, spec, status, columns } = kind;
    let mut properties = json!({
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"type": "object"},
        "spec": spec,
    });
    let mut subresources = json!({});
    if let Some(status) = status {
        properties["status"] = status;
        subresources["status"] = json!({});
    }
    let mut names = json!({
        "kind": name,
        "listKind": format!("{name}List"),
        "plural": plural,
        "singular": name.to_lowercase(),
    });
    // an empty list is not kept by the API server, and whoever applies one again would be in conflict
    if !short_names.is_empty() {
        names["shortNames"] = json!(short_names);
    }
    let mut version = json!({
        "name": version,
        "served": true,
        "storage": true,
        "subresources": subresources,
        "schema": {"openAPIV3Schema": {"type": "object", "required": ["spec"], "properties": properties}},
    });
    if !columns.is_empty() {
        version["additionalPrinterColumns"] = columns
            .iter()
            .map(|(title, path, kind)| json!({"name": title, "type": kind, "jsonPath": path}))
            .collect();
    }
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{GROUP}")},
        "spec": {
            "group": GROUP,
            "names": names,
            "scope": if is_namespaced { "Namespaced" } else { "Cluster" },
            "versions": [version],
        },
    })
}

fn schema<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::openapi3().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    structural(&mut schema);
    schema
}
