//! Models that requests name with the place they come from.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use longshore_serve::{Config, Locations, ModelSource};

use crate::{
    client::{Reply, Running, start},
    model::plain,
};

const ROW: &str = r#"{"instances":[[1,2,3]]}"#;

/// What a guest without files counts for.
const GUEST: u64 = 16 << 10;

/// Brings a model from everywhere but `mem://none`.
#[derive(Debug, Default)]
struct Anywhere(AtomicUsize);

impl Locations for Anywhere {
    fn bring(&self, model: &str, uri: &str) -> Result<ModelSource, String> {
        self.0.fetch_add(1, Relaxed);
        match uri {
            "mem://none" => Err("there is nothing at `mem://none`".to_owned()),
            _ => Ok(plain(model)),
        }
    }
}

fn pool(config: Config) -> (Running, Arc<Anywhere>) {
    let anywhere: Arc<Anywhere> = Arc::default();
    (start(Config { warm_pool: Some(anywhere.clone()), ..config }), anywhere)
}

fn ask(server: &Running, method: &str, path: &str, header: &str, body: &str) -> Reply {
    let length = body.len();
    server.send(format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nlongshore-pool: {header}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    ))
}

fn header(revision: &str, uri: &str) -> String {
    format!(r#"{{"revision":"{revision}","model":"iris","uri":"{uri}"}}"#)
}

fn predict(server: &Running, revision: &str, uri: &str) -> Reply {
    ask(server, "POST", "/v1/models/iris:predict", &header(revision, uri), ROW)
}

fn metric(server: &Running, name: &str) -> u64 {
    let text = server.get("/metrics").body;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
}

#[test]
fn a_request_brings_its_model_once() {
    let (server, anywhere) = pool(Config::default());
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let reply = predict(&server, "iris-1", "mem://a");
                assert_eq!((reply.status, &*reply.body), (200, r#"{"predictions":[1]}"#));
            });
        }
    });
    assert_eq!(anywhere.0.load(Relaxed), 1);
    // every path of the model is there, as on a server of its own
    for path in ["/v2/models/iris", "/v2/models/iris/ready", "/v1/models/iris", "/v2/health/ready"]
    {
        assert_eq!(
            ask(&server, "GET", path, &header("iris-1", "mem://a"), "").status,
            200,
            "{path}"
        );
    }
    let index = ask(&server, "GET", "/v2/models", &header("iris-1", "mem://a"), "");
    assert_eq!(index.body, r#"{"models":["iris"]}"#);
    assert_eq!(anywhere.0.load(Relaxed), 1);
}

#[test]
fn a_revision_has_a_model_of_its_own() {
    let (server, anywhere) = pool(Config::default());
    for (revision, uri) in [("iris-1", "mem://a"), ("iris-2", "mem://b"), ("iris-1", "mem://a")] {
        assert_eq!(predict(&server, revision, uri).status, 200);
    }
    assert_eq!(anywhere.0.load(Relaxed), 2);
    // a model that comes from elsewhere now is another one
    assert_eq!(predict(&server, "iris-1", "mem://c").status, 200);
    assert_eq!((anywhere.0.load(Relaxed), metric(&server, "longshore_serve_pool_models")), (3, 2));
}

#[test]
fn readiness_loads_the_model_and_tells_why_it_does_not() {
    let (server, anywhere) = pool(Config::default());
    let ready = |uri| ask(&server, "GET", "/v2/models/iris/ready", &header("iris-1", uri), "");
    assert_eq!(ready("mem://a").status, 200);
    let failed = ready("mem://none");
    assert_eq!(failed.status, 503);
    assert!(failed.body.contains("there is nothing at `mem://none`"), "{}", failed.body);
    let reply = predict(&server, "iris-1", "mem://none");
    assert_eq!(reply.status, 503);
    assert!(reply.body.contains("there is nothing at `mem://none`"), "{}", reply.body);
    // what has just failed is not tried again at once
    assert_eq!(anywhere.0.load(Relaxed), 2);
}

#[test]
fn those_not_asked_for_longest_make_room() {
    let (server, anywhere) = pool(Config { loaded_bytes: 2 * GUEST, ..Config::default() });
    for revision in ["a", "b", "a", "c"] {
        assert_eq!(predict(&server, revision, "mem://a").status, 200);
    }
    assert_eq!(metric(&server, "longshore_serve_pool_evictions_total"), 1);
    assert_eq!(metric(&server, "longshore_serve_pool_bytes"), 2 * GUEST);
    assert_eq!(predict(&server, "a", "mem://a").status, 200);
    assert_eq!(anywhere.0.load(Relaxed), 3);
    assert_eq!(predict(&server, "b", "mem://a").status, 200);
    assert_eq!(anywhere.0.load(Relaxed), 4);
}

#[test]
fn what_names_no_model_is_refused() {
    let (server, _) = pool(Config { grace: Duration::from_secs(1), ..Config::default() });
    let reply = ask(&server, "POST", "/v1/models/iris:predict", "iris", ROW);
    assert_eq!(reply.status, 400);
    assert!(
        reply.body.contains("the header `longshore-pool` does not name a model"),
        "{}",
        reply.body
    );
    let other = ask(&server, "POST", "/v1/models/wine:predict", &header("iris-1", "mem://a"), ROW);
    assert_eq!(other.status, 404);
    let name = r#"{"revision":"a","model":"a/b","uri":"mem://a"}"#;
    assert_eq!(ask(&server, "GET", "/v2", name, "").status, 400);
    // without the header there is the server itself, which has no models
    assert_eq!(server.get("/v2/health/ready").status, 200);
    assert_eq!(server.post("/v1/models/iris:predict", ROW).status, 404);
}
