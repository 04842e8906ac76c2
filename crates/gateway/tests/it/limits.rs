//! Limits on the requests of a replica, which hold for all gateways together.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use longshore_gateway::{Config, Peers, Table};
use longshore_platform::Revision as Facts;

use crate::{
    replica::{Replica, reply},
    running::{Connection, REVISION, Running, config, facts, post, start, until},
};

const PREDICT: &str = "/v1/models/iris:predict";

/// The key of the revision in a report.
const KEY: &str = "ml/iris-predictor-00001-aaaaa";

/// A gateway with its port for peers.
struct Member {
    running: Running,
    peers: Option<Peers>,
    at: SocketAddr,
}

impl Drop for Member {
    fn drop(&mut self) {
        self.running.stop();
        if let Some(peers) = self.peers.take() {
            peers.stop().unwrap();
        }
    }
}

impl Member {
    fn start(config: Config) -> Self {
        let (table, waiting) = (config.table.clone(), config.bounds.waiting_per_revision);
        let peers = Peers::start(([127, 0, 0, 1], 0).into(), table, waiting).unwrap();
        let at = peers.address();
        Self { running: start(config), peers: Some(peers), at }
    }

    /// Its port for peers answers no more.
    fn falls_silent(&mut self) {
        self.peers.take().unwrap().stop().unwrap();
    }

    fn know(&self, ready: &[SocketAddr]) {
        self.running.table.set_gateways(self.at, ready.to_vec(), Vec::new());
    }
}

/// Gateways that know of one another and have a revision with a limit.
fn release(count: usize, limit: u32, replicas: &[SocketAddr]) -> Vec<Member> {
    let members: Vec<_> =
        (0..count).map(|_| Member::start(Config { threads: 2, ..config() })).collect();
    know(&members);
    for member in &members {
        member.running.route(Facts { container_concurrency: limit, ..facts() }, replicas);
    }
    members
}

fn know(members: &[Member]) {
    let all: Vec<_> = members.iter().map(|member| member.at).collect();
    for member in members {
        member.know(&all);
    }
}

/// Which of two gateways has the queue: the other one's requests wait there.
fn owner_first(mut members: Vec<Member>) -> Vec<Member> {
    let key = |table: &Table| table.revision("ml", REVISION).unwrap();
    let owner = members.iter().position(|it| key(&it.running.table).has_queue()).unwrap();
    let count = members.iter().filter(|it| key(&it.running.table).has_queue()).count();
    assert_eq!(count, 1, "one has the queue");
    members.swap(0, owner);
    members
}

/// A replica that works for a while on each request, and the most that it had at a time.
fn counting(time: Duration) -> (Replica, Arc<AtomicUsize>) {
    let (now, most) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
    let seen = most.clone();
    let replica = Replica::start(move |_, stream| {
        seen.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
        thread::sleep(time);
        now.fetch_sub(1, SeqCst);
        reply(stream, "200 OK", "done")
    });
    (replica, most)
}

/// Sends `count` requests to each gateway at once.
fn send_all(members: &[Member], count: usize) -> Vec<Connection> {
    let at = |_| members.iter().map(|member| member.running.connect());
    let mut connections: Vec<_> = (0..count).flat_map(at).collect();
    for connection in &mut connections {
        connection.write(&post(PREDICT, "{}"));
    }
    connections
}

#[test]
fn a_replica_never_has_more_requests_of_all_gateways_than_it_may() {
    for (gateways, limit, replicas) in [(2, 1, 1), (3, 1, 2), (2, 3, 2), (3, 2, 1)] {
        let replicas: Vec<_> = (0..replicas).map(|_| counting(Duration::from_millis(5))).collect();
        let addresses: Vec<_> = replicas.iter().map(|(replica, _)| replica.address).collect();
        let members = release(gateways, limit, &addresses);
        for mut connection in send_all(&members, 40) {
            assert_eq!(connection.reply().status, 200);
        }
        for (replica, most) in &replicas {
            assert_eq!(most.load(SeqCst), limit as usize, "{gateways} gateways");
            assert!(replica.seen().len() >= 10);
        }
        // each request is load of the gateway that it has come to, and of no other
        for member in &members {
            let load = member.running.table.load().revisions[KEY];
            assert_eq!((load.requests, load.in_flight, load.held), (40, 0, 0));
            let ended = member.running.metric("longshore_gateway_requests_total", &["\"200\""]);
            assert_eq!(ended, 40.0);
        }
    }
}

#[test]
fn a_client_that_leaves_gives_up_its_place_or_its_slot_at_the_other_gateway() {
    let (replica, most) = counting(Duration::from_millis(300));
    let members = owner_first(release(2, 1, &[replica.address]));
    let other = &members[1].running;
    let held = |member: &Member| member.running.table.revision("ml", REVISION).unwrap().held();
    let mut at_work = other.connect();
    at_work.write(&post(PREDICT, "{}"));
    until("it is at work", || replica.seen().len() == 1);
    let mut leaver = other.connect();
    leaver.write(&format!("GET / HTTP/1.1\r\nhost: {}\r\n\r\n", crate::running::HOST));
    until("it waits", || held(&members[1]) == 1);
    let mut next = members[0].running.connect();
    next.write(&post(PREDICT, "{}"));
    until("one more waits", || held(&members[0]) == 1);
    drop((leaver, at_work));
    until("it has left", || held(&members[1]) == 0);
    assert_eq!(next.reply().status, 200);
    assert_eq!((replica.seen().len(), most.load(SeqCst)), (2, 2), "the one that left went on");
}

#[test]
fn the_bound_of_the_queue_is_one_of_all_gateways() {
    let (replica, _) = counting(Duration::from_millis(500));
    let mut bounded = config();
    bounded.bounds.waiting_per_revision = 3;
    let members = vec![Member::start(bounded), {
        let mut bounded = config();
        bounded.bounds.waiting_per_revision = 3;
        Member::start(bounded)
    }];
    know(&members);
    for member in &members {
        let facts = Facts { container_concurrency: 1, ..facts() };
        member.running.route(facts, &[replica.address]);
    }
    let mut answers: Vec<_> = send_all(&members, 4)
        .into_iter()
        .map(|mut connection| thread::spawn(move || connection.reply()))
        .collect();
    let answers: Vec<_> = answers.drain(..).map(|it| it.join().unwrap()).collect();
    let full: Vec<_> = answers.iter().filter(|reply| reply.status == 503).collect();
    assert_eq!((answers.len(), full.len()), (8, 4), "one is at work and three wait");
    for reply in full {
        assert_eq!(reply.header("retry-after"), Some("1"));
        assert!(reply.error().contains("3 requests wait"), "{}", reply.body);
    }
}

#[test]
fn one_that_goes_down_gives_up_its_queues_and_loses_no_request() {
    let (replica, most) = counting(Duration::from_millis(5));
    let mut members = owner_first(release(2, 1, &[replica.address]));
    let connections = send_all(&members, 40);
    until("some are answered", || replica.seen().len() > 10);
    // the other one learns of it a moment later
    members[0].running.drain.begin();
    thread::sleep(Duration::from_millis(50));
    let (first, second) = (members[0].at, members[1].at);
    members[1].running.table.set_gateways(second, vec![second], vec![first]);
    for mut connection in connections {
        assert_eq!(connection.reply().status, 200);
    }
    assert_eq!((replica.seen().len(), most.load(SeqCst)), (80, 1));
    members.remove(0);
    assert_eq!(members[0].running.post(PREDICT, "{}").status, 200);
}

#[test]
fn requests_that_began_before_the_queue_moved_count() {
    let (replica, most) = counting(Duration::from_millis(400));
    let members = owner_first(release(2, 2, &[replica.address]));
    let (first, second) = (&members[0], &members[1]);
    for member in &members {
        member.running.table.set_gateways(member.at, vec![second.at], vec![first.at]);
    }
    // the one that is to have the queue is not there yet: a request of each at the other one
    let mut connections = send_all(&members, 1);
    until("both are at work", || replica.seen().len() == 2);
    // what a gateway learns first or last makes no difference
    first.know(&[first.at, second.at]);
    connections.append(&mut send_all(&members, 3));
    thread::sleep(Duration::from_millis(100));
    second.know(&[first.at, second.at]);
    for mut connection in connections {
        assert_eq!(connection.reply().status, 200);
    }
    assert_eq!((replica.seen().len(), most.load(SeqCst)), (8, 2));
}

#[test]
fn a_gateway_that_knows_of_others_waits_for_them_no_longer_than_a_second() {
    let (replica, _) = counting(Duration::from_millis(1));
    let members = owner_first(release(2, 1, &[replica.address]));
    let (first, second) = (&members[0], &members[1]);
    first.know(&[second.at]);
    // the second one never learns of a third
    let third = ([127, 0, 0, 1], 1).into();
    first.running.table.set_gateways(first.at, vec![first.at, second.at], vec![third]);
    second.know(&[second.at, third]);
    let begun = Instant::now();
    assert_eq!(first.running.post(PREDICT, "{}").status, 200);
    let waited = begun.elapsed();
    assert!((0.9..3.0).contains(&waited.as_secs_f64()), "{waited:?}");
}

#[test]
fn a_gateway_that_cannot_reach_the_one_with_the_queue_counts_for_itself_after_a_while() {
    let (replica, most) = counting(Duration::from_millis(5));
    let mut members = owner_first(release(2, 1, &[replica.address]));
    members[0].falls_silent();
    for mut connection in send_all(&members[1..], 10) {
        assert_eq!(connection.reply().status, 200);
    }
    assert_eq!(most.load(SeqCst), 1);
    let held = members[1].running.table.load().revisions[KEY].held;
    assert_eq!(held, 0);
}

#[test]
fn a_replica_that_cannot_be_reached_is_left_out_by_the_gateway_with_the_queue() {
    let (replica, most) = counting(Duration::from_millis(1));
    let gone = Replica::saying("never");
    let members = owner_first(release(2, 1, &[gone.address, replica.address]));
    gone.stop();
    for _ in 0..20 {
        assert_eq!(members[1].running.post(PREDICT, "{}").body, "done");
    }
    let ejected = |member: &Member| {
        member.running.metric("longshore_gateway_ejections_total", &["unreachable"])
    };
    assert!(ejected(&members[0]) >= 1.0 && ejected(&members[1]) >= 1.0);
    assert_eq!((most.load(SeqCst), gone.seen().len()), (1, 0));
}
