use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Instant,
};

use hyper::Method;
use longshore_daemon::Code;
use longshore_platform::{Announcement, Revision};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::{Desk, MOST, Refusal, WHILE};
use crate::{
    Table,
    kubernetes::{
        Deployments, Kubernetes,
        fake_api::{FakeApi, failure},
        objects::Key,
    },
};

const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));

fn announcement() -> Announcement {
    Announcement { revision: "iris-1".into(), address: ADDRESS }
}

/// What the API server says of the token `good`.
fn reviewed(sent: &Value) -> Value {
    assert_eq!(sent["spec"]["audiences"], json!(["longshore-gateway"]));
    let status = match sent["spec"]["token"].as_str().unwrap() {
        "good" => json!({
            "authenticated": true,
            "audiences": ["longshore-gateway"],
            "user": {
                "username": "system:serviceaccount:ml:default",
                "extra": {
                    "authentication.kubernetes.io/pod-name": ["iris-1-x"],
                    "authentication.kubernetes.io/pod-uid": ["uid-1"],
                },
            },
        }),
        // a token of a user, or of a ServiceAccount without a pod
        "unbound" => json!({
            "authenticated": true,
            "audiences": ["longshore-gateway"],
            "user": { "username": "system:serviceaccount:ml:default" },
        }),
        // the API server did not look at the audience
        "unmeant" => json!({
            "authenticated": true,
            "user": { "username": "system:serviceaccount:ml:default" },
        }),
        _ => json!({ "authenticated": false, "error": "no" }),
    };
    json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "metadata": {}, "spec": {}, "status": status })
}

fn pod() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "namespace": "ml", "name": "iris-1-x", "uid": "uid-1",
            "labels": { "longshore.dev/revision": "iris-1" },
        },
        "status": { "podIP": "10.0.0.1" },
    })
}

struct Cluster {
    kubernetes: Kubernetes,
    table: Table,
    pod: Arc<Mutex<Value>>,
    /// Questions to the API server.
    asked: Arc<AtomicUsize>,
}

impl Cluster {
    async fn start() -> Self {
        let (pod, asked) = (Arc::new(Mutex::new(pod())), Arc::new(AtomicUsize::new(0)));
        let (known, counted) = (pod.clone(), asked.clone());
        let (_, client) = FakeApi::start(move |method, path, sent| {
            counted.fetch_add(1, SeqCst);
            match (method, path) {
                (&Method::POST, path) if path.contains("tokenreviews") => (201, reviewed(&sent)),
                (&Method::GET, "/api/v1/namespaces/ml/pods/iris-1-x") => {
                    (200, known.lock().unwrap().clone())
                }
                _ => (404, failure(404, "unknown")),
            }
        })
        .await;
        let table = Table::new("cluster.local");
        let deployments = Deployments::new(client.clone(), Handle::current());
        let kubernetes = Kubernetes::new(client, table.clone(), Vec::new(), None, deployments);
        let facts = Revision { service: "iris".into(), port: 8080, ..Revision::default() };
        kubernetes
            .learn(|known| known.facts(&Key::new("ml", "iris-1"), Some(("iris-1".into(), facts))));
        Self { kubernetes, table, pod, asked }
    }

    async fn announce(&self, announcement: Announcement, token: &str) -> Result<(), Refusal> {
        self.kubernetes.announced(announcement, token.into(), ADDRESS).await
    }

    fn replicas(&self) -> usize {
        self.table.revision("ml", "iris-1").unwrap().endpoints().len()
    }

    async fn refused(&self, announcement: Announcement, token: &str) -> (Code, String) {
        let refusal = self.announce(announcement, token).await.unwrap_err();
        assert_eq!(self.replicas(), 0);
        (refusal.code, refusal.message)
    }
}

#[tokio::test]
async fn a_replica_that_is_one_is_routed_to_at_once() {
    let cluster = Cluster::start().await;
    assert_eq!(cluster.announce(announcement(), "good").await, Ok(()));
    assert_eq!(cluster.replicas(), 1);
    assert_eq!(cluster.announce(announcement(), "good").await, Ok(()));
    assert_eq!(cluster.asked.load(SeqCst), 3, "a token is reviewed once");
}

#[tokio::test]
async fn tokens_that_do_not_say_which_pod_it_is_are_refused() {
    let cluster = Cluster::start().await;
    for (token, code) in [
        ("forged", Code::Unauthenticated),
        ("unmeant", Code::Unauthenticated),
        ("unbound", Code::PermissionDenied),
    ] {
        assert_eq!(cluster.refused(announcement(), token).await.0, code, "{token}");
    }
    let long = "x".repeat(100_000);
    assert_eq!(cluster.refused(announcement(), &long).await.0, Code::Unauthenticated);
}

#[tokio::test]
async fn a_pod_speaks_for_itself_alone() {
    let cluster = Cluster::start().await;
    let other = Announcement { revision: "wine-1".into(), ..announcement() };
    let (code, message) = cluster.refused(other, "good").await;
    assert_eq!(code, Code::PermissionDenied);
    assert!(message.contains("does not belong to the revision `wine-1`"), "{message}");
    let elsewhere = Announcement { address: IpAddr::from([10, 0, 0, 9]), ..announcement() };
    let (code, message) = cluster.refused(elsewhere.clone(), "good").await;
    assert_eq!(code, Code::PermissionDenied);
    assert!(message.contains("is not at 10.0.0.9"), "{message}");
    // an address that Kubernetes does not know yet is where the announcement comes from
    cluster.pod.lock().unwrap()["status"] = json!({});
    assert_eq!(cluster.refused(elsewhere, "good").await.0, Code::PermissionDenied);
    cluster.pod.lock().unwrap()["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    assert!(cluster.refused(announcement(), "good").await.1.contains("is going"));
    cluster.pod.lock().unwrap()["metadata"]["uid"] = "uid-2".into();
    assert!(cluster.refused(announcement(), "good").await.1.contains("another pod"));
    *cluster.pod.lock().unwrap() = pod();
    cluster.pod.lock().unwrap()["status"] = json!({});
    assert_eq!(cluster.announce(announcement(), "good").await, Ok(()));
}

#[tokio::test]
async fn a_revision_that_is_not_known_yet_is_announced_again_later() {
    let cluster = Cluster::start().await;
    cluster.kubernetes.learn(|known| known.facts(&Key::new("ml", "iris-1"), None));
    let refusal = cluster.announce(announcement(), "good").await.unwrap_err();
    assert_eq!(refusal.code, Code::NotFound);
    assert!(refusal.message.contains("try again"), "{}", refusal.message);
}

#[tokio::test]
async fn a_hostile_pod_cannot_flood_the_api_server() {
    let cluster = Cluster::start().await;
    for _ in 0..MOST {
        cluster.announce(announcement(), "forged").await.unwrap_err();
    }
    let refusal = cluster.announce(announcement(), "good").await.unwrap_err();
    assert_eq!(refusal.code, Code::TooManyRequests);
    assert_eq!(cluster.asked.load(SeqCst), MOST as usize);
    let other = IpAddr::from([10, 0, 0, 2]);
    let answer = cluster.kubernetes.announced(announcement(), "good".into(), other).await;
    assert_eq!(answer, Ok(()), "others are heard");
}

#[test]
fn an_address_is_heard_again_after_a_while() {
    let desk = Desk::new();
    let now = Instant::now();
    for _ in 0..MOST {
        assert!(desk.admits(ADDRESS, now));
    }
    assert!(!desk.admits(ADDRESS, now + WHILE / 2));
    assert!(desk.admits(ADDRESS, now + WHILE));
}
