use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use longshore_platform::Revision as Facts;

use super::{Change, Known};
use crate::{
    description::{Endpoint, Revision, Service},
    kubernetes::objects::{Gateways, Key, Slice},
};

fn key(name: &str) -> Key {
    Key::new("ml", name)
}

fn ip(last: u8) -> IpAddr {
    IpAddr::from([10, 0, 0, last])
}

fn facts(grpc_port: Option<u16>) -> Facts {
    Facts { service: "iris".into(), port: 8080, grpc_port, ..Facts::default() }
}

/// The Service of the revision says this of it.
fn said(known: &mut Known, facts: Option<Facts>) -> Option<Change> {
    let facts = facts.map(|facts| ("iris-1".to_owned(), facts));
    let mut changed = known.facts(&key("iris-1-service"), facts);
    assert!(changed.len() < 2, "{changed:?}");
    changed.pop()
}

fn slice(ready: &[u8]) -> (String, Slice) {
    let ready = ready.iter().map(|last| ip(*last)).collect();
    ("iris-1".into(), Slice { ready, leaving: Vec::new() })
}

fn revision(replicas: &[u8]) -> Change {
    let endpoint = |last: &u8| Endpoint { address: (ip(*last), 8080).into(), grpc: None };
    Change::Revision(Revision {
        namespace: "ml".into(),
        name: "iris-1".into(),
        facts: facts(None),
        replicas: replicas.iter().map(endpoint).collect(),
    })
}

#[test]
fn a_revision_is_told_once_its_facts_are_known_and_when_something_changes() {
    let mut known = Known::default();
    assert_eq!(known.slice(&key("s-a"), Some(slice(&[2, 1]))), []);
    assert_eq!(said(&mut known, Some(facts(None))), Some(revision(&[1, 2])));
    assert_eq!(said(&mut known, Some(facts(None))), None, "nothing is new");
    assert_eq!(known.slice(&key("s-a"), Some(slice(&[1, 2]))), [], "another order is nothing new");
    assert_eq!(known.slice(&key("s-b"), Some(slice(&[2, 3]))), [revision(&[1, 2, 3])]);
    assert_eq!(known.slice(&key("s-a"), None), [revision(&[2, 3])]);
    let Some(Change::Revision(told)) = said(&mut known, Some(facts(Some(8081)))) else {
        panic!("facts have changed")
    };
    assert_eq!(told.replicas[0].grpc, Some((ip(2), 8081).into()));
}

#[test]
fn a_revision_is_forgotten_with_its_service_and_slices() {
    let mut known = Known::default();
    said(&mut known, Some(facts(None)));
    known.slice(&key("s-a"), Some(slice(&[1])));
    assert_eq!(said(&mut known, None), Some(Change::NoRevision(key("iris-1"))));
    assert_eq!(said(&mut known, None), None);
    assert_eq!(known.slice(&key("s-a"), None), []);
    assert!(known.revisions.is_empty() && known.services_of.is_empty() && known.slices.is_empty());
    // the other order
    said(&mut known, Some(facts(None)));
    known.slice(&key("s-a"), Some(slice(&[1])));
    known.slice(&key("s-a"), None);
    said(&mut known, None);
    assert!(known.revisions.is_empty() && known.services_of.is_empty() && known.slices.is_empty());
}

#[test]
fn a_slice_may_change_its_revision() {
    let mut known = Known::default();
    said(&mut known, Some(facts(None)));
    known.slice(&key("s-a"), Some(slice(&[1])));
    let other = Some(("iris-2".into(), Slice::default()));
    assert_eq!(known.slice(&key("s-a"), other), [revision(&[])]);
}

#[test]
fn an_announced_replica_stays_until_it_is_listed_or_its_time_is_over() {
    let mut known = Known::default();
    let now = Instant::now();
    let until = now + Duration::from_secs(5);
    assert_eq!(known.announce(&key("iris-1"), ip(1), until), None, "the revision is not known");
    said(&mut known, Some(facts(None)));
    assert_eq!(known.announce(&key("iris-1"), ip(1), until), Some(revision(&[1])));
    // listed, but not ready yet
    assert_eq!(known.slice(&key("s-a"), Some(slice(&[]))), []);
    assert_eq!(known.slice(&key("s-a"), Some(slice(&[1]))), [], "it is known already");
    assert_eq!(known.expire(until), []);
    assert_eq!(known.slice(&key("s-a"), Some(slice(&[]))), [revision(&[])], "what was listed goes");
    assert_eq!(known.announce(&key("iris-1"), ip(2), until), Some(revision(&[2])));
    assert_eq!(known.expire(now), []);
    assert_eq!(known.expire(until), [revision(&[])]);
    assert_eq!(known.announce(&key("iris-1"), ip(3), until), Some(revision(&[3])));
    let leaving = Slice { ready: Vec::new(), leaving: vec![ip(3)] };
    assert_eq!(known.slice(&key("s-a"), Some(("iris-1".into(), leaving))), [revision(&[])]);
}

#[test]
fn a_service_is_told_when_it_changes() {
    let mut known = Known::default();
    let service = Service { namespace: "ml".into(), name: "iris".into(), ..Service::default() };
    let told = known.service(key("iris"), Some(service.clone()));
    assert_eq!(told, Some(Change::Service(service.clone())));
    assert_eq!(known.service(key("iris"), Some(service.clone())), None);
    assert_eq!(known.service(key("iris"), None), Some(Change::NoService(key("iris"))));
    assert_eq!(known.service(key("iris"), None), None);
    assert_eq!(known.service(key("iris"), Some(service.clone())), Some(Change::Service(service)));
}

#[test]
fn a_pool_has_the_replicas_of_all_its_slices() {
    let mut known = Known::default();
    let endpoint = |last| Endpoint { address: (ip(last), 8080).into(), grpc: None };
    let pool =
        |all: &[u8]| Some(Change::Pool("ml".into(), all.iter().map(|it| endpoint(*it)).collect()));
    assert_eq!(known.pool(&key("p-a"), Some(vec![endpoint(1)])), pool(&[1]));
    assert_eq!(known.pool(&key("p-a"), Some(vec![endpoint(1)])), None, "nothing is new");
    assert_eq!(known.pool(&key("p-b"), Some(vec![endpoint(2)])), pool(&[1, 2]));
    assert_eq!(known.pool(&key("p-a"), None), pool(&[2]));
    assert_eq!(known.pool(&key("p-b"), None), pool(&[]));
    assert_eq!(known.pool(&key("p-b"), None), None);
}

#[test]
fn gateways_are_those_of_all_slices() {
    let mut known = Known::default();
    let list = |last: &[u8]| last.iter().map(|last| (ip(*last), 9091).into()).collect();
    let gateways =
        |ready: &[u8], others: &[u8]| Gateways { ready: list(ready), others: list(others) };
    let told = |ready: &[u8], others: &[u8]| {
        Some(Change::Gateways { ready: list(ready), others: list(others) })
    };
    let mut has = |slice: &str, found| known.gateways(&key(slice), found);
    assert_eq!(has("g-a", Some(gateways(&[1], &[2]))), told(&[1], &[2]));
    assert_eq!(has("g-a", Some(gateways(&[1], &[2]))), None, "nothing is new");
    assert_eq!(has("g-b", Some(gateways(&[3], &[]))), told(&[1, 3], &[2]));
    assert_eq!(has("g-a", None), told(&[3], &[]));
}
