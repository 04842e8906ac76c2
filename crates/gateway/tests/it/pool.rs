//! The warm pool: it answers for revisions that sleep.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use longshore_gateway::{
    Config, Revision, Wake,
    description::{Endpoint, Service},
};
use longshore_platform::{Pool, Pooled, Revision as Facts};

use crate::{
    replica::{Replica, reply},
    running::{HOST, REVISION, Running, config, facts, post, start, until},
};

const PREDICT: &str = "/v1/models/iris:predict";

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(&self, _revision: &Arc<Revision>) {
        self.0.fetch_add(1, SeqCst);
    }
}

fn pooled() -> Facts {
    let pool = Pool { uri: "s3://models/iris".into(), model: "iris".into() };
    Facts { pool: Some(pool), ..facts() }
}

fn endpoints(replica: &Replica) -> Vec<Endpoint> {
    vec![Endpoint { address: replica.address, grpc: None }]
}

/// A request that the pool does not get, and a replica of its own answers once there is one.
fn waits_for_its_own(gateway: &Running, pool: &Replica) {
    let mut client = gateway.connect();
    client.write(&post(PREDICT, "{}"));
    let revision = gateway.table.revision("ml", REVISION).unwrap();
    until("it waits", || revision.held() == 1);
    let own = Replica::saying("own");
    gateway.replicas(REVISION, &[own.address]);
    assert_eq!((client.reply().body.as_str(), pool.seen().len()), ("own", 0));
}

#[test]
fn a_sleeping_revision_is_answered_by_the_pool_and_by_its_own_replica_once_it_is_there() {
    let pool = Replica::saying("pool");
    let woken = Arc::new(Woken::default());
    let gateway = start(Config { wake: woken.clone(), ..config() });
    gateway.route(pooled(), &[]);
    gateway.table.set_pool("ml", endpoints(&pool));
    gateway.table.set_pool("other", Vec::new());
    let request = post(PREDICT, "{}").replace("\r\n\r\n", "\r\nlongshore-pool: forged\r\n\r\n");
    assert_eq!(gateway.send(&request).body, "pool");
    let seen = &pool.seen()[0];
    let told = Pooled::from_header(seen.header("longshore-pool").unwrap().as_bytes()).unwrap();
    let uri = "s3://models/iris".to_owned();
    assert_eq!(told, Pooled { revision: REVISION.into(), model: "iris".into(), uri });
    assert_eq!(seen.header("host"), Some(HOST));
    assert_eq!(woken.0.load(SeqCst), 0, "one request is worth no replica");
    assert_eq!(gateway.metric("longshore_gateway_pooled_total", &[REVISION]), 1.0);
    let own = Replica::saying("own");
    gateway.replicas(REVISION, &[own.address]);
    assert_eq!(gateway.send(&request).body, "own");
    assert_eq!(own.seen()[0].header("longshore-pool"), None);
    assert_eq!(gateway.table.load().revisions[&format!("ml/{REVISION}")].requests, 2);
}

#[test]
fn a_pool_that_is_full_hands_the_request_to_a_replica_of_its_own() {
    let pool = Replica::start(|_, stream| reply(stream, "507 Insufficient Storage", "full"));
    let woken = Arc::new(Woken::default());
    let gateway = start(Config { wake: woken.clone(), ..config() });
    gateway.route(pooled(), &[]);
    gateway.table.set_pool("ml", endpoints(&pool));
    let mut client = gateway.connect();
    client.write(&post(PREDICT, "{}"));
    until("a replica is asked for", || woken.0.load(SeqCst) > 0);
    let own = Replica::saying("own");
    gateway.replicas(REVISION, &[own.address]);
    assert_eq!(client.reply().body, "own");
    assert_eq!(pool.seen().len(), 1);
}

#[test]
fn who_waits_is_answered_by_a_pool_that_gets_ready() {
    let gateway = start(config());
    gateway.route(pooled(), &[]);
    let mut client = gateway.connect();
    client.write(&post(PREDICT, "{}"));
    let revision = gateway.table.revision("ml", REVISION).unwrap();
    until("it waits", || revision.held() == 1);
    let pool = Replica::saying("pool");
    gateway.table.set_pool("ml", endpoints(&pool));
    assert_eq!(client.reply().body, "pool");
}

#[test]
fn what_may_not_use_the_pool_waits() {
    let pool = Replica::saying("pool");
    let gateway = start(config());
    gateway.route(facts(), &[]);
    gateway.table.set_pool("ml", endpoints(&pool));
    waits_for_its_own(&gateway, &pool);
}

#[test]
fn who_wants_no_pool_waits_although_a_revision_may_use_it() {
    let pool = Replica::saying("pool");
    let gateway = start(config());
    gateway.route(pooled(), &[]);
    gateway.table.set_pool("ml", endpoints(&pool));
    let service = Service {
        namespace: "ml".into(),
        name: "iris".into(),
        at: vec![format!("http://{HOST}")],
        components: serde_json::from_str(&format!(
            r#"{{"predictor": {{"traffic": [{{"revision": "{REVISION}", "percent": 100}}]}}}}"#
        ))
        .unwrap(),
        no_pool: true,
        ..Service::default()
    };
    gateway.table.set_service(&service).unwrap();
    waits_for_its_own(&gateway, &pool);
}

#[test]
fn namespaces_share_no_pool() {
    let pool = Replica::saying("pool");
    let gateway = start(config());
    gateway.route(pooled(), &[]);
    gateway.table.set_pool("other", endpoints(&pool));
    waits_for_its_own(&gateway, &pool);
}
