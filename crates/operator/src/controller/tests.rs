//! Looks at services against an API server that a test plays: what it is asked for, and what is told.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, StatusCode, body::Bytes, service::service_fn};
use hyper_util::rt::TokioIo;
use kube::{Client, client::Body, core::DynamicObject};
use longshore_kserve::{
    Component,
    address::Hosts,
    annotations::DeploymentMode,
    select::Runtime,
    status::{ConditionStatus, ConditionType, InferenceServiceStatus, TransitionStatus},
};
use longshore_platform::{PoolReadiness, PoolState, Routed, Routes};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{
    Controller, Setup, given,
    queue::{self, Next},
};
use crate::{
    Metrics,
    autoscaler::{Defaults, Targets},
    build::{PoolSettings, Settings},
    cluster::{Applied, Cluster, Deployed, Key, POOL, Replica, Trouble},
    gateways::Gateways,
};

mod pooled;
mod projections;
mod scenarios;

/// A cluster as far as one service is concerned.
struct World {
    controller: Controller,
    targets: Targets,
    api: Arc<Api>,
    key: Key,
}

/// What the API server holds and was asked for.
struct Api {
    cluster: Arc<Cluster>,
    /// `METHOD KIND NAME`, in order, without Events.
    asked: Mutex<Vec<String>>,
    /// The status and the words with which it refuses what such a line begins with.
    refuses: Mutex<BTreeMap<String, (u16, String)>>,
    /// What gateways route is what was told so many tellings ago.
    lag: Mutex<usize>,
    told: Mutex<Vec<InferenceServiceStatus>>,
    /// What the warm pool says of each revision.
    pooled: Mutex<PoolReadiness>,
    /// The annotations of the namespace.
    namespace: Mutex<Value>,
}

impl World {
    /// A cluster with a runtime for scikit-learn, and the service `iris` of this spec.
    async fn new(spec: Value) -> Self {
        Self::within(Cluster::default(), spec).await
    }

    /// The same in another cluster.
    async fn within(cluster: Cluster, spec: Value) -> Self {
        let cluster = Arc::new(cluster);
        let api = Arc::new(Api {
            cluster: cluster.clone(),
            asked: Mutex::default(),
            refuses: Mutex::default(),
            lag: Mutex::default(),
            told: Mutex::default(),
            pooled: Mutex::new(PoolReadiness {
                state: PoolState::Waiting,
                message: "it loads".into(),
            }),
            namespace: Mutex::default(),
        });
        let answering = api.clone();
        let client = Client::new(
            tower::service_fn(move |request: Request<Body>| {
                let api = answering.clone();
                async move { Ok::<_, Infallible>(api.answer(request).await) }
            }),
            "ml",
        );
        let targets = Targets::default();
        let gateways = Gateways::new(vec![api.clone().gateway().await]);
        let settings = Settings {
            hosts: Hosts::default(),
            image: "longshore:1".into(),
            gateway_host: "gateway.local".into(),
            announce_to: None,
            storage_env: BTreeMap::new(),
            default_mode: DeploymentMode::Knative,
        };
        let setup = Setup {
            cluster: cluster.clone(),
            gateways: Arc::new(gateways),
            settings,
            class: None,
            scaling: Defaults::default(),
            targets: targets.clone(),
            metrics: Metrics::default(),
            projects: false,
            pool: Some(PoolSettings {
                ingress: Some(vec![json!({"from": [{"podSelector": {}}]})]),
                ..PoolSettings::default()
            }),
            queue: queue::queue().0,
            identity: "test".into(),
        };
        let runtime = json!({
            "supportedModelFormats": [{"name": "sklearn", "autoSelect": true}],
            "containers": [{"name": "kserve-container", "image": "server:1"}],
        });
        let runtime = Runtime {
            name: "server".into(),
            is_cluster_wide: true,
            spec: serde_json::from_value(runtime).unwrap(),
            ..Runtime::default()
        };
        cluster.cluster_runtimes.put(&Key::default(), "server", runtime);
        let own = json!({
            "supportedModelFormats": [{"name": "xgboost", "autoSelect": true}],
            "containers": [{
                "name": "kserve-container", "image": "longshore:1",
                "args": ["serve", "--model_name={{.Name}}", "--model_dir=/mnt/models"],
            }],
        });
        let own = Runtime {
            name: "longshore".into(),
            is_cluster_wide: true,
            annotations: [
                ("longshore.dev/fetches-models".into(), "true".into()),
                ("serving.kserve.io/server-type".into(), "longshore".into()),
            ]
            .into(),
            spec: serde_json::from_value(own).unwrap(),
            ..Runtime::default()
        };
        cluster.cluster_runtimes.put(&Key::default(), "longshore", own);
        let world = Self {
            controller: Controller::new(client, setup),
            targets,
            api,
            key: Key::new("ml", "iris"),
        };
        world.put(&spec, &json!({}));
        world
    }

    /// The manifest becomes this one.
    fn put(&self, spec: &Value, annotations: &Value) {
        let old = self.api.cluster.service(&self.key);
        let generation = old.as_ref().and_then(|old| old.metadata.generation).unwrap_or(0) + 1;
        let status = old.map(|old| old.data["status"].clone()).unwrap_or_default();
        let object = json!({
            "apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService",
            "metadata": {
                "name": "iris", "namespace": "ml", "uid": "u", "generation": generation,
                "resourceVersion": "1", "annotations": annotations,
            },
            "spec": spec, "status": status,
        });
        let object: DynamicObject = serde_json::from_value(object).unwrap();
        self.api.cluster.services.put(&self.key, "iris", object);
    }

    /// One look.
    async fn look(&self) -> Next {
        self.controller.look(&self.key).await
    }

    /// Looks until nothing is asked of the API server any more; gives what was asked.
    async fn settle(&self) -> Vec<String> {
        let mut all = Vec::new();
        for _ in 0..20 {
            self.look().await;
            let asked = std::mem::take(&mut *self.api.asked.lock().unwrap());
            if asked.is_empty() {
                return all;
            }
            all.extend(asked);
        }
        panic!("it never settles: {all:?}");
    }

    /// The Deployment of a revision becomes as `change` makes it.
    fn deployed(&self, revision: &str, change: impl FnOnce(&mut Deployed)) {
        let old = self.api.cluster.deployments.get(&self.key, revision).unwrap();
        let mut new = (*old).clone();
        change(&mut new);
        self.api.cluster.deployments.put(&self.key, revision, new);
    }

    /// All replicas of a revision that are wanted are ready.
    fn ready(&self, revision: &str) {
        self.deployed(revision, |it| (it.ready, it.is_complete) = (it.wanted, true));
    }

    /// A replica of a revision has this trouble.
    fn troubled(&self, revision: &str, trouble: Trouble) {
        let name = format!("{revision}-x");
        let revision = revision.to_owned();
        let replica =
            Replica { name: name.clone(), revision, trouble: Some(trouble), ..Replica::default() };
        self.api.cluster.replicas.put(&self.key, &name, replica);
    }

    /// The newest revision.
    fn latest(&self) -> String {
        let component = &self.status().components[&Component::Predictor];
        component.latest_created_revision.clone().unwrap()
    }

    fn status(&self) -> InferenceServiceStatus {
        given::status(&self.api.cluster.service(&self.key).unwrap())
    }

    /// Whether a condition holds, and why.
    fn condition(&self, kind: ConditionType) -> (ConditionStatus, String) {
        let status = self.status();
        let condition = status.conditions.get(kind).cloned();
        condition.map(|it| (it.status, it.message.unwrap_or_default())).unwrap_or_default()
    }

    /// `REVISION:PERCENT` of each share, by the revision's number.
    fn traffic(&self) -> String {
        let status = self.status();
        let shares = status.components.get(&Component::Predictor).map(|it| it.traffic.clone());
        let shares = shares.unwrap_or_default();
        let share = |it: &longshore_kserve::status::Traffic| {
            let revision = it.revision_name.as_deref().unwrap();
            format!("{}:{}", number(revision), it.percent.unwrap())
        };
        shares.iter().map(share).collect::<Vec<_>>().join(" ")
    }
}

/// The number of a revision, as text.
fn number(revision: &str) -> &str {
    let number = revision.rsplit('-').nth(1).unwrap();
    number.trim_start_matches('0')
}

impl Api {
    async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let path = head.uri.path().to_owned();
        let mut parts: Vec<_> = path.split('/').skip_while(|it| *it != "ml").skip(1).collect();
        if parts.is_empty() {
            let annotations = self.namespace.lock().unwrap().clone();
            return reply(
                200,
                &json!({
                    "apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata",
                    "metadata": {"name": "ml", "annotations": annotations},
                }),
            );
        }
        if path.starts_with("/apis/serving.knative.dev/") {
            parts[0] = "projections";
        }
        if parts[0] == "events" {
            return reply(201, &body);
        }
        let name = body["metadata"]["name"].as_str().unwrap_or_default();
        if parts.len() == 1 {
            parts.push(name);
        }
        let line = format!("{} {}", head.method, parts.join(" "));
        self.asked.lock().unwrap().push(line.clone());
        let refused = self.refuses.lock().unwrap();
        if let Some((_, (code, message))) =
            refused.iter().find(|(begin, _)| line.starts_with(*begin))
        {
            let reason = if *code == 409 { "AlreadyExists" } else { "" };
            let status = json!({
                "kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message,
            });
            return reply(*code, &status);
        }
        drop(refused);
        self.change(&head.method, &parts, &body);
        let done = json!({"kind": "Status", "status": "Success", "code": 200});
        reply(200, &if body.is_null() { done } else { without_nulls(body) })
    }

    /// What was asked for becomes so.
    fn change(&self, method: &hyper::Method, parts: &[&str], body: &Value) {
        let key = Key::new("ml", "iris");
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let metadata = &body["metadata"];
        let name = parts[1];
        let key = if name == "longshore-pool" { Key::new("ml", POOL) } else { key };
        match (method.as_str(), parts) {
            ("PATCH", ["inferenceservices", _, "status"]) => {
                let old = self.cluster.service(&key).unwrap();
                let mut new = (*old).clone();
                new.data["status"] = body["status"].clone();
                self.told.lock().unwrap().push(given::status(&new));
                self.cluster.services.put(&key, name, new);
            }
            ("POST", ["deployments", _]) => {
                let deployed = Deployed {
                    name: name.to_owned(),
                    component: Some(Component::Predictor),
                    hash: text(&metadata["annotations"]["longshore.dev/applied"]),
                    template: text(&metadata["labels"]["longshore.dev/hash"]),
                    wanted: body["spec"]["replicas"].as_u64().unwrap() as u32,
                    created: i64::MAX / 2,
                    ..Deployed::default()
                };
                self.cluster.deployments.put(&key, name, deployed);
            }
            ("PATCH", ["deployments", _, "scale"]) => {
                let old = self.cluster.deployments.get(&key, name).unwrap();
                let wanted = body["spec"]["replicas"].as_u64().unwrap() as u32;
                let ready = old.ready.min(wanted);
                let new = Deployed { wanted, ready, ..(*old).clone() };
                self.cluster.deployments.put(&key, name, new);
            }
            ("PATCH", ["services", _]) => {
                let applied = Applied {
                    name: name.to_owned(),
                    revision: text(&metadata["labels"]["longshore.dev/revision"]),
                    hash: text(&metadata["annotations"]["longshore.dev/applied"]),
                };
                self.cluster.addresses.put(&key, name, applied);
            }
            ("PATCH", ["scaledobjects", _]) => {
                let hash = text(&metadata["annotations"]["longshore.dev/applied"]);
                let applied = Applied { name: name.to_owned(), revision: None, hash };
                self.cluster.scaled_objects.put(&key, name, applied);
            }
            ("DELETE", ["scaledobjects", _]) => {
                self.cluster.scaled_objects.remove(&key, name);
            }
            ("PATCH", ["projections", _]) => {
                let hash = text(&metadata["annotations"]["longshore.dev/applied"]);
                let applied = Applied { name: name.to_owned(), hash, ..Applied::default() };
                self.cluster.projections.put(&key, name, applied);
            }
            ("DELETE", ["projections", _]) => {
                self.cluster.projections.remove(&key, name);
            }
            ("DELETE", ["deployments", _]) => {
                self.cluster.deployments.remove(&key, name);
            }
            ("DELETE", ["services", _]) => {
                self.cluster.addresses.remove(&key, name);
            }
            ("PATCH", ["deployments", "longshore-pool"]) => {
                let deployed = Deployed {
                    name: name.to_owned(),
                    hash: text(&metadata["annotations"]["longshore.dev/applied"]),
                    wanted: body["spec"]["replicas"].as_u64().unwrap() as u32,
                    ..Deployed::default()
                };
                self.cluster.deployments.put(&key, name, deployed);
            }
            // no watch shows the one, and the first applying of everything finds the others as they are
            ("PATCH" | "DELETE", ["networkpolicies", "longshore-pool-ingress"])
            | ("PATCH", ["deployments" | "inferenceservices", _]) => {}
            other => panic!("nobody expects {other:?}"),
        }
    }

    /// A gateway that routes what was told.
    async fn gateway(self: Arc<Self>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let api = self.clone();
                let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                    let answer = if request.uri().path().starts_with("/pooled/ml/iris-") {
                        serde_json::to_vec(&*api.pooled.lock().unwrap())
                    } else {
                        serde_json::to_vec(&api.routes())
                    };
                    let answer = Bytes::from(answer.unwrap());
                    async move { Ok::<_, Infallible>(Response::new(Full::new(answer))) }
                });
                let connection = hyper::server::conn::http1::Builder::new();
                tokio::spawn(connection.serve_connection(TokioIo::new(socket), service));
            }
        });
        address
    }

    fn routes(&self) -> Routes {
        let told = self.told.lock().unwrap();
        let lag = *self.lag.lock().unwrap();
        let Some(status) = told.len().checked_sub(lag + 1).map(|at| &told[at]) else {
            return Routes::default();
        };
        let shares = status.components.iter().flat_map(|(component, it)| {
            it.traffic.iter().map(|it| Routed {
                component: component.name().to_owned(),
                revision: it.revision_name.clone().unwrap_or_default(),
                percent: it.percent.unwrap_or(0) as u32,
                replicas: 1,
            })
        });
        Routes { hosts: Vec::new(), revisions: shares.collect() }
    }
}

/// What is left of a patch once it is done: a null takes a field away.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let left = fields.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(left.map(|(key, value)| (key, without_nulls(value))).collect())
        }
        other => other,
    }
}

fn reply(code: u16, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string().into_bytes()));
    *response.status_mut() = StatusCode::from_u16(code).unwrap();
    response
}

/// A spec whose model is at `uri`.
fn model(uri: &str, more: &Value) -> Value {
    let mut predictor = json!({"model": {"modelFormat": {"name": "sklearn"}, "storageUri": uri}});
    for (key, value) in more.as_object().unwrap() {
        predictor[key] = value.clone();
    }
    json!({"predictor": predictor})
}

/// Whether a service is ready, and what its model's transition is.
fn shown(world: &World) -> (ConditionStatus, TransitionStatus) {
    let transition = world.status().model_status.map(|it| it.transition_status);
    (world.condition(ConditionType::Ready).0, transition.unwrap_or_default())
}
