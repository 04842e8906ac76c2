//! Requests that wait: for a replica to wake, for one to be free, for one to come back.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use longshore_daemon::server::Readiness;
use longshore_gateway::{Bounds, Config, Revision, Wake};
use longshore_platform::Revision as Facts;

use crate::{
    replica::{Replica, reply},
    running::{Connection, HOST, REVISION, config, facts, post, start, until},
};

const PREDICT: &str = "/v1/models/iris:predict";

/// Notes who asks to be woken, and says what is in the way.
#[derive(Default)]
struct Notes {
    woken: AtomicUsize,
    trouble: Mutex<Option<String>>,
}

impl Wake for Notes {
    fn wake(&self, revision: &Arc<Revision>) {
        self.woken.fetch_add(1, SeqCst);
        revision.set_trouble(self.trouble.lock().unwrap().clone());
    }
}

fn bounded(bounds: Bounds) -> Config {
    Config { bounds, ..config() }
}

#[test]
fn a_request_is_held_until_a_replica_comes_and_loses_nothing() {
    let notes = Arc::new(Notes::default());
    let gateway = start(Config { wake: notes.clone(), ..config() });
    gateway.route(facts(), &[]);
    let mut waiting: Vec<Connection> = (0..20).map(|_| gateway.connect()).collect();
    for (at, connection) in waiting.iter_mut().enumerate() {
        connection.write(&post(PREDICT, &format!("body {at}")));
    }
    let revision = gateway.table.revision("ml", REVISION).unwrap();
    until("all wait", || revision.held() == 20);
    assert!(notes.woken.load(SeqCst) >= 20);
    assert_eq!(gateway.metric("longshore_gateway_requests_waiting", &[REVISION]), 20.0);
    let load = gateway.table.load().revisions[&format!("ml/{REVISION}")];
    assert_eq!((load.in_flight, load.held), (20, 20));
    let replica = Replica::start(|seen, stream| {
        reply(stream, "200 OK", &String::from_utf8_lossy(&seen.body))
    });
    let begun = Instant::now();
    gateway.replicas(REVISION, &[replica.address]);
    for (at, mut connection) in waiting.into_iter().enumerate() {
        let reply = connection.reply();
        assert_eq!((reply.status, reply.body), (200, format!("body {at}")));
    }
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[test]
fn a_request_is_held_no_longer_than_its_service_is_there() {
    let gateway = start(config());
    gateway.route(facts(), &[]);
    let mut waiting = gateway.connect();
    waiting.write(&post(PREDICT, "{}"));
    let revision = gateway.table.revision("ml", REVISION).unwrap();
    until("it waits", || revision.held() == 1);
    let begun = Instant::now();
    gateway.table.remove_service("ml", "iris");
    let reply = waiting.reply();
    assert_eq!(reply.status, 404, "{}", reply.body);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

/// Complete once it is told so.
#[derive(Default)]
struct Told(AtomicBool);

impl Readiness for Told {
    fn is_complete(&self) -> bool {
        self.0.load(SeqCst)
    }
}

#[test]
fn a_gateway_that_has_just_started_answers_once_it_has_read_its_routes() {
    let told = Arc::new(Told::default());
    let bounds = Bounds { hold: Duration::from_secs(30), ..Bounds::default() };
    let gateway = start(Config { readiness: told.clone(), ..bounded(bounds) });
    let (mut known, mut unknown) = (gateway.connect(), gateway.connect());
    known.write(&post(PREDICT, "{}"));
    unknown.write(&post(PREDICT, "{}").replace(HOST, "other.example.com"));
    let replica = Replica::start(|_, stream| reply(stream, "200 OK", "done"));
    thread::sleep(Duration::from_millis(100));
    gateway.route(facts(), &[replica.address]);
    assert_eq!(known.reply().status, 200, "its route is known");
    told.0.store(true, SeqCst);
    assert_eq!(unknown.reply().status, 404, "it has none");
    let late = Arc::new(Told::default());
    let bounds = Bounds { hold: Duration::from_millis(200), ..Bounds::default() };
    let gateway = start(Config { readiness: late, ..bounded(bounds) });
    let reply = gateway.post(PREDICT, "{}");
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("5")));
    assert!(reply.error().contains("routes"), "{}", reply.body);
}

#[test]
fn a_hold_ends_with_what_was_in_the_way() {
    let notes = Arc::new(Notes::default());
    *notes.trouble.lock().unwrap() = Some("the quota `pods` is used up".to_owned());
    let bounds = Bounds { hold: Duration::from_millis(300), ..Bounds::default() };
    let gateway = start(Config { wake: notes, ..bounded(bounds) });
    gateway.route(facts(), &[]);
    let begun = Instant::now();
    let reply = gateway.post(PREDICT, "{}");
    assert!(begun.elapsed() >= Duration::from_millis(300));
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("5")));
    assert!(reply.error().contains(REVISION) && reply.error().contains("quota"), "{}", reply.body);
    assert_eq!(gateway.metric("longshore_gateway_requests_total", &["code=\"503\""]), 1.0);
}

#[test]
fn only_so_many_wait() {
    let bounds = Bounds { waiting_per_revision: 2, ..Bounds::default() };
    let gateway = start(bounded(bounds));
    gateway.route(facts(), &[]);
    let waiting: Vec<Connection> = (0..2)
        .map(|_| {
            let mut connection = gateway.connect();
            connection.write(&post(PREDICT, "{}"));
            connection
        })
        .collect();
    let revision = gateway.table.revision("ml", REVISION).unwrap();
    until("both wait", || revision.held() == 2);
    let reply = gateway.post(PREDICT, "{}");
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("1")));
    assert!(reply.error().starts_with("2 requests wait"), "{}", reply.body);
    // who leaves makes room
    drop(waiting);
    until("both have left", || revision.held() == 0);
    let load = gateway.table.load().revisions[&format!("ml/{REVISION}")];
    assert_eq!((load.requests, load.in_flight), (3, 0));
}

#[test]
fn a_replica_never_works_on_more_than_it_may_and_the_first_in_line_is_next() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let replicas: Vec<Replica> = (0..2)
        .map(|_| {
            let (now, most) = (now.clone(), most.clone());
            let working = AtomicUsize::new(0);
            Replica::start(move |_, stream| {
                now.fetch_add(1, SeqCst);
                most.fetch_max(working.fetch_add(1, SeqCst) + 1, SeqCst);
                thread::sleep(Duration::from_millis(10));
                working.fetch_sub(1, SeqCst);
                reply(stream, "200 OK", "done")
            })
        })
        .collect();
    let gateway = start(Config { threads: 2, ..config() });
    let facts = Facts { container_concurrency: 3, ..facts() };
    let addresses: Vec<_> = replicas.iter().map(|replica| replica.address).collect();
    gateway.route(facts, &addresses);
    let mut connections: Vec<Connection> = (0..60).map(|_| gateway.connect()).collect();
    for connection in &mut connections {
        connection.write(&post(PREDICT, "{}"));
    }
    for connection in &mut connections {
        assert_eq!(connection.reply().status, 200);
    }
    assert_eq!((now.load(SeqCst), most.load(SeqCst)), (60, 3));
    let shares = replicas.iter().map(|replica| replica.seen().len());
    assert!(shares.clone().all(|count| count >= 20), "{:?}", shares.collect::<Vec<_>>());
}

#[test]
fn the_queue_before_busy_replicas_has_an_end() {
    let replica = Replica::start(|_, stream| {
        thread::sleep(Duration::from_secs(2));
        reply(stream, "200 OK", "late")
    });
    let bounds = Bounds { queue: Duration::from_millis(200), ..Bounds::default() };
    let gateway = start(bounded(bounds));
    gateway.route(Facts { container_concurrency: 1, ..facts() }, &[replica.address]);
    let mut first = gateway.connect();
    first.write(&post(PREDICT, "{}"));
    until("the first is there", || replica.seen().len() == 1);
    let reply = gateway.post(PREDICT, "{}");
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("1")));
    assert!(reply.error().contains("containerConcurrency"), "{}", reply.body);
    assert_eq!(first.reply().body, "late");
}

#[test]
fn when_the_last_replica_has_gone_requests_wait_for_the_next() {
    let notes = Arc::new(Notes::default());
    let gateway = start(Config { wake: notes.clone(), ..config() });
    let gone = Replica::saying("never");
    gateway.route(facts(), &[gone.address]);
    gone.stop();
    thread::sleep(Duration::from_millis(50));
    let mut waiting = gateway.connect();
    waiting.write(&post(PREDICT, "{}"));
    until("it asks to be woken", || notes.woken.load(SeqCst) > 0);
    let next = Replica::saying("next");
    gateway.replicas(REVISION, &[next.address]);
    assert_eq!(waiting.reply().body, "next");
    assert_eq!(gone.seen().len(), 0);
    let ejected = gateway.metric("longshore_gateway_ejections_total", &["unreachable"]);
    assert!(ejected >= 1.0);
}

#[test]
fn a_replica_that_comes_back_at_its_address_is_found() {
    let gateway = start(config());
    let replica = Replica::saying("before");
    let address = replica.address;
    gateway.route(facts(), &[address]);
    assert_eq!(gateway.post(PREDICT, "{}").body, "before");
    drop(replica);
    thread::sleep(Duration::from_millis(50));
    let mut waiting = gateway.connect();
    waiting.write(&post(PREDICT, "{}"));
    thread::sleep(Duration::from_millis(300));
    let _again = Replica::start_at(address, |_, stream| reply(stream, "200 OK", "after"));
    assert_eq!(waiting.reply().body, "after");
}

#[test]
fn others_get_the_requests_of_a_replica_that_fails() {
    let is_ill = Arc::new(AtomicBool::new(true));
    let ill = is_ill.clone();
    let failing = Replica::start(move |_, stream| {
        let status = if ill.load(SeqCst) { "500 Internal Server Error" } else { "200 OK" };
        reply(stream, status, "one")
    });
    let well = Replica::saying("two");
    let gateway = start(config());
    gateway.route(facts(), &[failing.address, well.address]);
    let failures = (0..100).filter(|_| gateway.post(PREDICT, "{}").status == 500).count();
    assert_eq!(failures, 5, "five failures in a row put it out for a second");
    // a revision whose only replica fails is still asked: the failure may be the request's
    gateway.replicas(REVISION, &[failing.address]);
    assert_eq!(gateway.post(PREDICT, "{}").status, 500);
    is_ill.store(false, SeqCst);
    assert_eq!(gateway.post(PREDICT, "{}").status, 200);
}

#[test]
fn a_held_request_of_a_client_that_left_never_reaches_a_replica() {
    let gateway = start(config());
    gateway.route(facts(), &[]);
    let mut leaver = gateway.connect();
    leaver.write(&format!("GET / HTTP/1.1\r\nhost: {HOST}\r\n\r\n"));
    let revision = gateway.table.revision("ml", REVISION).unwrap();
    until("it waits", || revision.held() == 1);
    drop(leaver);
    until("it has left", || revision.held() == 0);
    let replica = Replica::saying("ok");
    gateway.replicas(REVISION, &[replica.address]);
    assert_eq!(gateway.post(PREDICT, "{}").status, 200);
    assert_eq!(replica.seen().len(), 1);
    assert_eq!(gateway.metric("longshore_gateway_requests_total", &["code=\"499\""]), 1.0);
}
