//! Copies of requests: who gets one, what comes of it, and that no client notices.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use longshore_gateway::{Bounds, Config, Revision, Wake};
use longshore_platform::Outcomes;
use serde_json::json;

use crate::{
    replica::{Replica, Seen, reply},
    running::{REVISION, Running, config, facts, post, start, until},
};

const NEW: &str = "iris-predictor-00002-bbbbb";
const PREDICT: &str = "/v1/models/iris:predict";
const ONE: &str = r#"{"predictions": [1]}"#;

/// A service whose stable revision has all requests but `percent`; the new one gets copies of them.
fn shadowed(gateway: &Running, percent: u32, shadow: &str, stable: &Replica, new: &[&Replica]) {
    let traffic = json!([
        {"revision": NEW, "percent": percent, "copies": shadow},
        {"revision": REVISION, "percent": 100 - percent},
    ]);
    gateway.service(&json!({"predictor": {"traffic": traffic}}));
    for revision in [REVISION, NEW] {
        gateway.table.set_facts("ml", revision, facts());
    }
    gateway.replicas(REVISION, &[stable.address]);
    gateway.replicas(NEW, &new.iter().map(|it| it.address).collect::<Vec<_>>());
}

fn outcomes(gateway: &Running, revision: &str) -> Outcomes {
    let report = gateway.table.outcomes("ml", "iris").unwrap();
    report.revisions.get(revision).copied().unwrap_or_default()
}

fn copies(gateway: &Running, outcome: &str) -> f64 {
    let labels = [NEW, &format!("outcome=\"{outcome}\"")];
    gateway.metric("longshore_gateway_copies_total", &labels)
}

#[test]
fn a_copy_is_compared_and_the_client_gets_the_stable_reply() {
    let (stable, new) = (Replica::saying(ONE), Replica::saying(r#"{"predictions": [2]}"#));
    let gateway = start(config());
    shadowed(&gateway, 0, "100%", &stable, &[&new]);
    for _ in 0..5 {
        assert_eq!(gateway.post(PREDICT, r#"{"instances": [[1]]}"#).body, ONE);
    }
    until("five copies", || outcomes(&gateway, NEW).compared == 5);
    let counted = outcomes(&gateway, NEW);
    assert_eq!((counted.ended, counted.disagreed, counted.failed), (0, 5, 0));
    assert_eq!(counted.copy_latency.count(), 5);
    assert_eq!(outcomes(&gateway, REVISION).ended, 5);
    let seen = &new.seen()[0];
    assert_eq!(
        (seen.header("longshore-copy"), &*seen.body),
        (Some("true"), &b"{\"instances\": [[1]]}"[..])
    );
    // copies may overtake one another
    let is_known = |it: &Seen| it.header("x-request-id") == seen.header("x-request-id");
    assert_eq!(stable.seen().iter().filter(|it| is_known(it)).count(), 1);
    assert_eq!(stable.seen()[0].header("longshore-copy"), None);
    assert_eq!(copies(&gateway, "differed"), 5.0);
    assert_eq!(gateway.metric("longshore_gateway_requests_total", &[NEW]), 0.0);
    // it is load, by which the revision is scaled
    assert_eq!(gateway.table.load().revisions[&format!("ml/{NEW}")].requests, 5);
}

#[test]
fn only_predictions_of_the_stable_revision_are_copied() {
    let (stable, new) = (Replica::saying(ONE), Replica::saying(ONE));
    let gateway = start(config());
    shadowed(&gateway, 0, "100%", &stable, &[&new]);
    gateway.post("/v2/repository/models/iris/unload", "{}");
    gateway.send(&post(PREDICT, "").replace("POST", "GET"));
    for path in ["/v2/models/iris/infer", "/v2/models/iris/versions/1/infer", "/invocations"] {
        gateway.post(path, "{}");
    }
    until("three copies", || outcomes(&gateway, NEW).compared == 3);
    assert_eq!(copies(&gateway, "agreed"), 3.0);
    assert!(new.seen().iter().all(|it| it.first_line().starts_with("POST")));
    // all of them go to the new one: there is nothing to compare with
    shadowed(&gateway, 100, "100%", &stable, &[&new]);
    gateway.post(PREDICT, "{}");
    until("the request", || outcomes(&gateway, NEW).ended == 1);
    thread::sleep(Duration::from_millis(50));
    assert_eq!((new.seen().len(), outcomes(&gateway, NEW).compared), (4, 3));
}

#[test]
fn a_share_of_the_requests_is_copied() {
    let (stable, new) = (Replica::saying(ONE), Replica::saying(ONE));
    let gateway = start(config());
    shadowed(&gateway, 0, "20%", &stable, &[&new]);
    let mut client = gateway.connect();
    for _ in 0..500 {
        client.write(&post(PREDICT, "{}"));
        assert_eq!(client.reply().status, 200);
    }
    let count = || outcomes(&gateway, NEW).compared + outcomes(&gateway, NEW).dropped;
    until("the copies", || count() as usize >= new.seen().len() && count() > 50);
    // within 4.5 standard deviations of 100
    assert!((60..=140).contains(&count()), "{}", count());
}

#[test]
fn clients_wait_for_no_copy_and_copies_that_fail_are_counted() {
    let stable = Replica::saying(ONE);
    let slow = Replica::start(|_, stream| {
        thread::sleep(Duration::from_millis(400));
        reply(stream, "500 Internal Server Error", "{}")
    });
    let bounds = Bounds { copies: 3, ..Bounds::default() };
    let gateway = start(Config { bounds, ..config() });
    shadowed(&gateway, 0, "100%", &stable, &[&slow]);
    let begun = Instant::now();
    for _ in 0..10 {
        assert_eq!(gateway.post(PREDICT, "{}").body, ONE);
    }
    assert!(begun.elapsed() < Duration::from_millis(350), "{:?}", begun.elapsed());
    until("three that fail", || outcomes(&gateway, NEW).failed == 3);
    let counted = outcomes(&gateway, NEW);
    assert_eq!((counted.compared, counted.disagreed, counted.dropped), (3, 3, 7));
    assert_eq!((copies(&gateway, "failed"), copies(&gateway, "busy")), (3.0, 7.0));
    assert!(counted.copy_latency.at_least(Duration::from_millis(300)) == 3);
    assert_eq!(outcomes(&gateway, REVISION).errors, 0);
    // a connection that closes is a failure as well
    let rude = Replica::start(|_, _| false);
    gateway.replicas(NEW, &[rude.address]);
    gateway.post(PREDICT, "{}");
    until("a fourth", || outcomes(&gateway, NEW).failed == 4);
}

#[test]
fn long_bodies_are_copied_up_to_their_bound() {
    let (stable, new) = (Replica::saying(ONE), Replica::saying(ONE));
    let bounds = Bounds { copied_body: 200_000, ..Bounds::default() };
    let gateway = start(Config { bounds, ..config() });
    shadowed(&gateway, 0, "100%", &stable, &[&new]);
    let (long, too_long) = ("a".repeat(200_000), "a".repeat(200_001));
    assert_eq!(gateway.post(PREDICT, &long).body, ONE);
    until("a long one", || outcomes(&gateway, NEW).compared == 1);
    assert_eq!(new.seen()[0].body, long.as_bytes());
    assert_eq!(gateway.post(PREDICT, &too_long).body, ONE);
    until("one that is too long", || outcomes(&gateway, NEW).dropped == 1);
    assert_eq!(copies(&gateway, "large"), 1.0);
    // a reply that comes in chunks is recorded as it passes
    let chunked = Replica::start(|_, stream| {
        use std::io::Write;
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        thread::sleep(Duration::from_millis(20));
        stream.write_all(b"10\r\n{\"predictions\": \r\n4\r\n[1]}\r\n0\r\n\r\n").is_ok()
    });
    gateway.replicas(REVISION, &[chunked.address]);
    assert_eq!(gateway.post(PREDICT, "{}").body, ONE);
    until("a chunked one", || outcomes(&gateway, NEW).compared == 2);
    assert_eq!(copies(&gateway, "agreed"), 2.0);
}

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(&self, _revision: &Arc<Revision>) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn a_copy_wakes_its_revision_and_waits_for_it() {
    let (stable, new) = (Replica::saying(ONE), Replica::saying(ONE));
    let woken = Arc::new(Woken::default());
    let gateway = start(Config { wake: woken.clone(), ..config() });
    shadowed(&gateway, 0, "100%", &stable, &[]);
    assert_eq!(gateway.post(PREDICT, "{}").body, ONE);
    until("it is woken", || woken.0.load(SeqCst) > 0);
    assert_eq!(gateway.table.load().revisions[&format!("ml/{NEW}")].held, 1);
    gateway.replicas(NEW, &[new.address]);
    until("the copy", || copies(&gateway, "agreed") == 1.0);
    // without a replica in time it is left out
    let bounds = Bounds { hold: Duration::from_millis(100), ..Bounds::default() };
    let gateway = start(Config { bounds, ..config() });
    shadowed(&gateway, 0, "100%", &stable, &[]);
    assert_eq!(gateway.post(PREDICT, "{}").body, ONE);
    until("it is left out", || copies(&gateway, "absent") == 1.0);
    assert_eq!(outcomes(&gateway, NEW).compared, 0);
}
