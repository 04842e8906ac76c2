//! The warm pool of a namespace: which revisions it may answer for, and its objects.

use std::collections::BTreeMap;

use longshore_kserve::{
    InferenceServiceSpec, Model, Pod, Predictor,
    annotations::{Annotations, DeploymentMode, WARM_POOL},
};
use longshore_platform::{Pool, names::POOL_LABEL};
use serde_json::{Value, json};

use super::{
    Account, DEFAULT_ACCOUNT, Refusal, Service, Settings, Surroundings, container,
    context::Context,
    credentials::{self, STORAGE_SECRET},
    custom::PORT,
    draft::Draft,
    own,
};

/// The name of its Deployment and of its Service.
pub const POOL: &str = "longshore-pool";

/// The port that manifests name for gRPC.
const GRPC_PORT: u16 = 8081;

/// Fields of a model's container that matter to a replica of its own only.
const OF_REPLICAS: [&str; 7] = [
    "imagePullPolicy",
    "livenessProbe",
    "name",
    "ports",
    "readinessProbe",
    "resources",
    "startupProbe",
];

/// How large pools are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolSize {
    /// The memory of a replica, such as `512Mi`.
    pub memory: String,
    /// How many there are.
    pub replicas: u32,
}

/// What the pool is told of a predictor on our own server, when it may answer for it: its model alone
/// says how it answers, and whatever the default ServiceAccount may read holds it.
pub(super) fn of(
    context: &Context<'_>,
    predictor: &Predictor,
    model: &Model,
    draft: &Draft,
) -> Option<Pool> {
    let annotations = context.service.annotations;
    let is_off = annotations.get(WARM_POOL).is_some_and(|value| value == "false");
    let component = &predictor.component;
    let own = &model.framework.container;
    let is_plain = own.0.keys().all(|field| OF_REPLICAS.contains(&field.as_str()))
        && component.pod.0.iter().all(|(field, value)| {
            matches!(field.as_str(), "serviceAccountName" | "serviceAccount")
                && value == DEFAULT_ACCOUNT
        });
    let has_storage = model.framework.storage.is_some()
        || !component.storage_uris.is_empty()
        || predictor.storage_container_name.as_ref().is_some_and(|name| !name.is_empty())
        || annotations.contains_key(STORAGE_SECRET);
    let is_told_more =
        component.extension.batcher.is_some() || context.service.spec.tracing.is_some();
    if is_off || !is_plain || has_storage || is_told_more {
        return None;
    }
    let uri = model.framework.storage_uri.as_deref()?.trim();
    let (scheme, _) = uri.split_once("://")?;
    if scheme == "pvc" || scheme == "file" || scheme.starts_with("oci") {
        return None;
    }
    let server = draft.containers.iter().find(|it| it.name() == Some(&*draft.server))?;
    let name = container::flag(server, &["--model_name", "--model-name"]);
    Some(Pool { uri: uri.to_owned(), model: name.unwrap_or(context.service.name).to_owned() })
}

/// The Deployment and the headless Service of the pool of a namespace, whole, for server-side apply.
/// `accounts` has the namespace's ServiceAccount `default`.
///
/// # Errors
/// When a step refuses what it is given, as in [`plan`](super::plan).
pub fn pool(
    namespace: &str,
    accounts: &BTreeMap<String, Account>,
    settings: &Settings,
    size: &PoolSize,
) -> Result<[Value; 2], Refusal> {
    let none = Annotations::new();
    let spec = InferenceServiceSpec::default();
    let service = Service {
        name: POOL,
        namespace,
        uid: "",
        labels: &none,
        annotations: &none,
        mode: None,
        spec: &spec,
    };
    let around =
        Surroundings { runtimes: &[], storage_containers: &[], accounts, storage_secret: None };
    let mode = DeploymentMode::Knative;
    let context = Context { service: &service, around: &around, settings, mode };
    let template = template(&context, size)?;
    let metadata = json!({
        "name": POOL, "namespace": namespace, "labels": labels(),
    });
    let deployment = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata,
        "spec": {
            "replicas": size.replicas,
            "revisionHistoryLimit": 0,
            "selector": {"matchLabels": {POOL_LABEL: "true"}},
            // a pool of one is never without a replica
            "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}, "type": "RollingUpdate"},
            "template": template,
        },
    });
    let port = |name: &str, port: &Value| json!({"name": name, "port": port, "targetPort": port, "protocol": "TCP"});
    let service = json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": false,
            "selector": {POOL_LABEL: "true"},
            "ports": [port("http", &json!(own::PORT)), port("grpc", &json!(GRPC_PORT))],
        },
    });
    Ok([deployment, service])
}

fn labels() -> Value {
    json!({
        "app.kubernetes.io/component": "pool",
        "app.kubernetes.io/managed-by": "longshore",
        POOL_LABEL: "true",
    })
}

fn template(context: &Context<'_>, size: &PoolSize) -> Result<Value, Refusal> {
    let server = json!({
        "name": POOL,
        "image": context.settings.image,
        "args": [
            "serve", "--pool", "--host=0.0.0.0", format!("--http_port={PORT}"),
            format!("--grpc_port={GRPC_PORT}"),
        ],
        "ports": [
            {"containerPort": own::PORT, "protocol": "TCP"},
            {"containerPort": GRPC_PORT, "protocol": "TCP"},
        ],
        "resources": {
            "requests": {"cpu": "100m", "memory": size.memory},
            "limits": {"memory": size.memory},
        },
        "terminationMessagePolicy": "FallbackToLogsOnError",
    });
    let mut pod = Pod::default();
    pod.0.insert("containers".into(), json!([server]));
    let mut draft = Draft::new(&pod, POOL);
    credentials::give(context, &mut draft, POOL, None)?;
    own::complete(&mut draft, own::PORT);
    draft.complete();
    Ok(json!({"metadata": {"labels": labels()}, "spec": draft.into_fields()}))
}
