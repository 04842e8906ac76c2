use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use hyper::Method;
use kube::Client;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::{
    Deployments, Kubernetes,
    fake_api::{FakeApi, failure},
};
use crate::{Table, Wake, revision::Visit};

fn start(client: &Client, table: &Table) -> Kubernetes {
    let deployments = Deployments::new(client.clone(), Handle::current());
    let kubernetes = Kubernetes::new(client.clone(), table.clone(), Vec::new(), None, deployments);
    tokio::spawn(kubernetes.clone().run());
    kubernetes
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..2000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("not so in 10 s: {what}");
}

/// An InferenceService whose revision `NAME-1` has all requests.
fn service(name: &str) -> Value {
    let revision = format!("{name}-1");
    let traffic = json!([{ "revisionName": revision, "percent": 100, "latestRevision": true }]);
    json!({ "metadata": {}, "status": {
        "url": format!("http://{name}.ml.example.com"),
        "components": { "predictor": { "traffic": traffic } },
    }})
}

/// The Service of a revision.
fn revision(service: &str) -> Value {
    let facts = json!({
        "service": service, "component": "predictor", "port": 8080, "timeoutSeconds": 60,
    });
    json!({ "metadata": {
        "labels": { "longshore.dev/revision": format!("{service}-1") },
        "annotations": { "longshore.dev/revision-facts": facts.to_string() },
    }})
}

/// An EndpointSlice of a revision.
fn slice(service: &str, addresses: &[&str]) -> Value {
    let endpoints = addresses
        .iter()
        .map(|address| json!({ "addresses": [address], "conditions": { "ready": true } }));
    json!({
        "metadata": { "labels": { "longshore.dev/revision": format!("{service}-1") } },
        "addressType": "IPv4",
        "endpoints": endpoints.collect::<Vec<_>>(),
    })
}

fn put_all(api: &FakeApi, name: &str, addresses: &[&str]) {
    api.put("inferenceservices", name, service(name));
    // the Service of a revision need not have the revision's name
    api.put("services", &format!("{name}-address"), revision(name));
    api.put("endpointslices", &format!("{name}-1-x"), slice(name, addresses));
}

/// The replicas of the only revision of a service; `None` while the service is not routed.
fn replicas(table: &Table, name: &str) -> Option<u32> {
    let routes = table.routes("ml", name)?;
    Some(routes.revisions.iter().map(|routed| routed.replicas).sum())
}

fn nothing(_: &Method, _: &str, _: Value) -> (u16, Value) {
    (404, failure(404, "nothing else is here"))
}

#[tokio::test]
async fn routes_follow_what_the_cluster_has() {
    let (api, client) = FakeApi::start(nothing).await;
    put_all(&api, "iris", &["10.0.0.1", "10.0.0.2"]);
    // neither is understood, and neither is in the way of the other objects
    api.put("inferenceservices", "broken", json!({ "status": { "components": 5 } }));
    api.put(
        "services",
        "broken-1",
        json!({ "metadata": {
            "labels": { "longshore.dev/revision": "broken-1" },
            "annotations": { "longshore.dev/revision-facts": "{" },
        }}),
    );
    let table = Table::new("cluster.local");
    let kubernetes = start(&client, &table);
    until("all is listed", || kubernetes.is_complete()).await;
    assert_eq!(replicas(&table, "iris"), Some(2));
    assert_eq!(replicas(&table, "broken"), None);
    put_all(&api, "wine", &["10.0.0.3"]);
    until("what is new is routed", || replicas(&table, "wine") == Some(1)).await;
    api.put("endpointslices", "iris-1-x", slice("iris", &[]));
    until("replicas go", || replicas(&table, "iris") == Some(0)).await;
    // a status that is not understood any more leaves the routes as they were
    api.put("inferenceservices", "iris", json!({ "status": { "components": 5 } }));
    api.delete("inferenceservices", "wine");
    until("a service goes", || replicas(&table, "wine").is_none()).await;
    assert_eq!(replicas(&table, "iris"), Some(0));
}

#[tokio::test]
async fn what_was_known_is_routed_on_while_the_api_is_away() {
    let (api, client) = FakeApi::start(nothing).await;
    put_all(&api, "iris", &["10.0.0.1"]);
    put_all(&api, "wine", &["10.0.0.2"]);
    let table = Table::new("cluster.local");
    api.set_away(true);
    let kubernetes = start(&client, &table);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!kubernetes.is_complete(), "nothing is known yet");
    api.set_away(false);
    until("all is listed", || kubernetes.is_complete()).await;
    api.set_away(true);
    api.delete("inferenceservices", "wine");
    api.put("endpointslices", "iris-1-x", slice("iris", &["10.0.0.1", "10.0.0.3"]));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!((replicas(&table, "iris"), replicas(&table, "wine")), (Some(1), Some(1)));
    assert!(kubernetes.is_complete());
    api.set_away(false);
    until("what has changed meanwhile is taken over", || {
        (replicas(&table, "iris"), replicas(&table, "wine")) == (Some(2), None)
    })
    .await;
}

/// A table with a revision that sleeps, and somebody who waits for it.
fn sleeping() -> (Table, Arc<crate::Revision>) {
    let table = Table::new("cluster.local");
    table.set_replicas("ml", "iris-1", Vec::new());
    let revision = table.revision("ml", "iris-1").unwrap();
    (table, revision)
}

const SCALE: &str = "/apis/apps/v1/namespaces/ml/deployments/iris-1/scale";

fn scale(version: &str, replicas: u32) -> Value {
    json!({
        "apiVersion": "autoscaling/v1", "kind": "Scale",
        "metadata": { "namespace": "ml", "name": "iris-1", "resourceVersion": version },
        "spec": { "replicas": replicas },
    })
}

#[tokio::test]
async fn a_sleeping_revision_is_scaled_to_one_with_the_version_that_was_read() {
    let conflicts = AtomicU32::new(1);
    let (api, client) = FakeApi::start(move |method, path, sent| match *method {
        Method::GET => (200, scale("7", 0)),
        _ if conflicts.swap(0, SeqCst) > 0 => (409, failure(409, "somebody was faster")),
        _ => {
            assert_eq!(path, format!("{SCALE}?&fieldManager=longshore-gateway"));
            assert_eq!(sent["metadata"]["resourceVersion"], "7");
            assert_eq!(sent["spec"]["replicas"], 1);
            (200, sent)
        }
    })
    .await;
    let deployments = Deployments::new(client, Handle::current());
    let (table, revision) = sleeping();
    let (visit, _) = Visit::begin(revision.clone(), Instant::now());
    let waiting = visit.wait(9).unwrap();
    for _ in 0..5 {
        deployments.wake(&revision);
    }
    until("it is scaled", || deployments.counts().woken.load(SeqCst) == 1).await;
    let asked = |api: &FakeApi, method: &str| {
        api.requests().iter().filter(|request| request.starts_with(method)).count()
    };
    assert_eq!((asked(&api, "GET"), asked(&api, "PUT")), (2, 2), "{:?}", api.requests());
    let replica = "10.0.0.1:8080".parse().unwrap();
    let endpoint = crate::description::Endpoint { address: replica, grpc: None };
    table.set_replicas("ml", "iris-1", vec![endpoint]);
    assert_eq!(waiting.await.unwrap().replica().endpoint(), endpoint);
}

#[tokio::test]
async fn what_is_awake_is_never_scaled() {
    let (api, client) = FakeApi::start(|method, _, _| {
        assert_eq!(*method, Method::GET);
        (200, scale("7", 3))
    })
    .await;
    let deployments = Deployments::new(client, Handle::current());
    let (_table, revision) = sleeping();
    deployments.wake(&revision);
    until("it is looked at", || api.requests().len() == 1).await;
    until("the work ends, since nobody waits", || !deployments.is_busy()).await;
    assert_eq!(deployments.counts().woken.load(SeqCst), 0);
}

#[tokio::test]
async fn who_waits_learns_what_is_in_the_way() {
    for (status, expected) in [
        (403, "does not let the gateway ask for a replica (403)"),
        (404, "there is no Deployment `iris-1`"),
        (500, "refuses a replica with status 500"),
    ] {
        let (_api, client) = FakeApi::start(move |_, _, _| (status, failure(status, "no"))).await;
        let deployments = Deployments::new(client, Handle::current());
        let (_table, revision) = sleeping();
        let (visit, _) = Visit::begin(revision.clone(), Instant::now());
        let _waiting = visit.wait(9).unwrap();
        deployments.wake(&revision);
        until("it has failed twice", || deployments.counts().failures.load(SeqCst) >= 2).await;
        let trouble = revision.trouble().unwrap();
        assert!(trouble.contains(expected), "{trouble}");
    }
}
