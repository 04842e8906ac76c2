//! The warm pool of a namespace: which revisions it may answer for, and its objects.

use std::collections::BTreeMap;

use longshore_kserve::{
    InferenceServiceSpec, Model, Pod, Predictor, Quantity,
    annotations::{Annotations, DeploymentMode, wants_no_pool},
    validate::POOL_NAME,
};
use longshore_platform::{Pool, names::POOL_LABEL};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Account, DEFAULT_ACCOUNT, Refusal, Service, Settings, Surroundings, container,
    context::{Context, refuse},
    credentials::{self, STORAGE_SECRET},
    custom::PORT,
    draft::Draft,
    own,
};

/// The name of its Deployment and of its Service.
pub const POOL: &str = POOL_NAME;

/// The name of the NetworkPolicy that says who may ask it. One of its own name is the tenant's.
pub const POOL_INGRESS: &str = "longshore-pool-ingress";

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

/// The share of the volume for fetched models that they may fill: Kubernetes ends a pod whose volume is
/// over its limit, and a model that is being fetched needs room beside those that are there.
const CACHE_SHARE: f64 = 0.75;

/// How pools are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolSettings {
    /// The memory of a replica, such as `512Mi`. Half of it is for models.
    pub memory: Quantity,
    /// What a replica has beside its memory.
    pub resources: PoolResources,
    /// The size of a replica's volume for fetched models, such as `2Gi`.
    pub cache: Quantity,
    /// How many replicas there are.
    pub replicas: u32,
    /// The `ingress` of the NetworkPolicy of each pool; without it none is made.
    pub ingress: Option<Vec<Value>>,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            memory: Quantity::new("512Mi"),
            resources: PoolResources::default(),
            cache: Quantity::new("2Gi"),
            replicas: 1,
            ingress: None,
        }
    }
}

/// Requests and limits of a replica of a pool, without its memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PoolResources {
    /// Requests, by resource.
    pub requests: BTreeMap<String, Quantity>,
    /// Limits, by resource.
    pub limits: BTreeMap<String, Quantity>,
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
    let is_off = wants_no_pool(annotations);
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
    let extension = &component.extension;
    let is_told_more = extension.batcher.is_some()
        || extension.logger.is_some()
        || context.service.spec.tracing.is_some();
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

/// The objects of the pool of a namespace, whole, for server-side apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolObjects {
    /// The Deployment.
    pub deployment: Value,
    /// The headless Service.
    pub service: Value,
    /// The NetworkPolicy, where there is to be one.
    pub policy: Option<Value>,
}

/// The objects of the pool of a namespace. `accounts` has the namespace's ServiceAccount `default`.
///
/// # Errors
/// When a step refuses what it is given, as in [`plan`](super::plan).
pub fn pool(
    namespace: &str,
    accounts: &BTreeMap<String, Account>,
    settings: &Settings,
    pool: &PoolSettings,
) -> Result<PoolObjects, Refusal> {
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
    let around = Surroundings {
        runtimes: &[],
        storage_containers: &[],
        accounts,
        storage_secret: None,
        has_keda: false,
    };
    let mode = DeploymentMode::Knative;
    let context = Context { service: &service, around: &around, settings, mode };
    let template = template(&context, pool)?;
    let metadata = json!({
        "name": POOL, "namespace": namespace, "labels": labels(),
    });
    let deployment = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata,
        "spec": {
            "replicas": pool.replicas,
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
    let policy = pool.ingress.as_ref().map(|ingress| {
        json!({
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": POOL_INGRESS, "namespace": namespace, "labels": labels()},
            "spec": {
                "podSelector": {"matchLabels": {POOL_LABEL: "true"}},
                "policyTypes": ["Ingress"],
                "ingress": ingress,
            },
        })
    });
    Ok(PoolObjects { deployment, service, policy })
}

fn labels() -> Value {
    json!({
        "app.kubernetes.io/component": "pool",
        "app.kubernetes.io/managed-by": "longshore",
        POOL_LABEL: "true",
    })
}

fn template(context: &Context<'_>, pool: &PoolSettings) -> Result<Value, Refusal> {
    let PoolSettings { memory, resources, cache, replicas, .. } = pool;
    let mut resources = resources.clone();
    for all in [&mut resources.requests, &mut resources.limits] {
        all.insert("memory".into(), memory.clone());
    }
    let wrong = || refuse(format!("`{cache}` is no size of a volume; write one such as `2Gi`"));
    let cache_bytes = cache.value().map(|bytes| bytes * CACHE_SHARE).ok_or_else(wrong)? as u64;
    let server = json!({
        "name": POOL,
        "image": context.settings.image,
        "args": [
            "serve", "--pool", "--host=0.0.0.0", format!("--http_port={PORT}"),
            format!("--grpc_port={GRPC_PORT}"), format!("--cache-bytes={cache_bytes}"),
        ],
        "ports": [
            {"containerPort": own::PORT, "protocol": "TCP"},
            {"containerPort": GRPC_PORT, "protocol": "TCP"},
        ],
        "resources": resources,
        "terminationMessagePolicy": "FallbackToLogsOnError",
    });
    let mut pod = Pod::default();
    pod.0.insert("containers".into(), json!([server]));
    if *replicas > 1 {
        let spread = json!({
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": {POOL_LABEL: "true"}},
        });
        pod.0.insert("topologySpreadConstraints".into(), json!([spread]));
    }
    let mut draft = Draft::new(&pod, POOL);
    draft.add_volume(own::CACHE_VOLUME, ("emptyDir", json!({"sizeLimit": cache})));
    credentials::give(context, &mut draft, POOL, None)?;
    own::complete(&mut draft, own::PORT);
    draft.complete();
    Ok(json!({"metadata": {"labels": labels()}, "spec": draft.into_fields()}))
}
