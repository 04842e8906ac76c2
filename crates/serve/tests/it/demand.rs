//! Models that are loaded by the first request, evicted, and loaded and unloaded by clients.

use std::{
    collections::BTreeMap,
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use longshore_serve::{Catalog, Config, ModelSource};
use serde_json::{Value, json};

use crate::{
    client::{Running, request, start},
    model::plain,
};

const ROW: &str = r#"{"instances":[[1,2,3]]}"#;
const ANSWER: &str = r#"{"predictions":[1]}"#;

/// What a model on demand of these tests counts for: it has no file, so only the fixed part.
const BYTES: u64 = 8 << 10;

/// Models that take a while to come, or do not come for a reason.
#[derive(Debug, Default)]
struct Shelf {
    models: Mutex<BTreeMap<String, Result<(), String>>>,
    pause: Duration,
    found: AtomicUsize,
}

impl Shelf {
    fn put(&self, name: &str, outcome: Result<(), String>) {
        self.models.lock().unwrap().insert(name.to_owned(), outcome);
    }
}

impl Catalog for Shelf {
    fn find(&self, name: &str) -> Result<Option<ModelSource>, String> {
        self.found.fetch_add(1, Relaxed);
        thread::sleep(self.pause);
        let outcome = self.models.lock().unwrap().get(name).cloned();
        outcome.map(|outcome| outcome.map(|()| plain(name))).transpose()
    }
}

fn shelf(names: &[&str], pause: Duration) -> Arc<Shelf> {
    let shelf = Shelf { pause, ..Shelf::default() };
    for name in names {
        shelf.put(name, Ok(()));
    }
    Arc::new(shelf)
}

fn on_demand(shelf: &Arc<Shelf>, names: &[&str], config: Config) -> Running {
    let on_demand = names.iter().map(|name| (*name).to_owned()).collect();
    start(Config { on_demand, catalog: Some(shelf.clone()), model_control: true, ..config })
}

fn metric(server: &Running, name: &str) -> u64 {
    let text = server.get("/metrics").body;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
}

fn predict(server: &Running, name: &str) -> u16 {
    server.post(&format!("/v1/models/{name}:predict"), ROW).status
}

fn control(server: &Running, name: &str, verb: &str) -> (u16, Value) {
    let reply = server.post(&format!("/v2/repository/models/{name}/{verb}"), "{}");
    (reply.status, reply.json())
}

fn index(server: &Running, name: &str) -> Value {
    let lines = server.post("/v2/repository/index", "").json();
    lines.as_array().unwrap().iter().find(|line| line["name"] == name).unwrap().clone()
}

#[test]
fn the_first_request_loads_a_model_once_for_all_who_ask() {
    let shelf = shelf(&["a", "b"], Duration::from_millis(200));
    let server = on_demand(&shelf, &["a", "b"], Config::default());
    assert_eq!(server.get("/v2/health/ready").status, 200);
    assert_eq!(server.get("/v2/models/a/ready").status, 200);
    assert_eq!(
        index(&server, "a"),
        json!({"name": "a", "version": "", "state": "UNAVAILABLE", "reason": "it is not loaded; the first request loads it"})
    );
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                let reply = server.post("/v1/models/a:predict", ROW);
                assert_eq!((reply.status, &*reply.body), (200, ANSWER), "{reply:?}");
            });
        }
    });
    assert_eq!(shelf.found.load(Relaxed), 1);
    assert_eq!(index(&server, "a")["state"], "READY");
    // so does asking what it takes
    assert_eq!(server.get("/v2/models/b").json()["versions"], json!(["1"]));
    assert_eq!(metric(&server, "longshore_serve_models_idle"), 0);
    assert_eq!(server.get("/v1/models/never").status, 404);
    assert_eq!(shelf.found.load(Relaxed), 2);
}

#[test]
fn one_model_on_demand_needs_no_name() {
    let shelf = shelf(&["a"], Duration::ZERO);
    let server = on_demand(&shelf, &["a"], Config::default());
    assert_eq!(server.post("/invocations", r#"{"inputs":[[1,2,3]]}"#).status, 200);
}

#[test]
fn those_not_used_for_longest_make_room_and_come_back() {
    let names = ["a", "b", "c", "d"];
    let shelf = shelf(&names, Duration::ZERO);
    let config = Config { loaded_bytes: 3 * BYTES, ..Config::default() };
    let server = on_demand(&shelf, &names, config);
    let resident = || -> String {
        let ready = |name: &&&str| index(&server, name)["state"] == "READY";
        names.iter().filter(ready).copied().collect()
    };
    for name in ["a", "b", "c", "a"] {
        assert_eq!(predict(&server, name), 200);
    }
    assert_eq!(resident(), "abc");
    assert_eq!(predict(&server, "d"), 200);
    assert_eq!(resident(), "acd");
    assert_eq!(metric(&server, "longshore_serve_models_loaded_bytes"), 3 * BYTES);
    assert_eq!(metric(&server, "longshore_serve_model_evictions_total"), 1);
    assert_eq!(predict(&server, "b"), 200);
    assert_eq!(resident(), "abd");
    // its counters went on
    let rows = r#"longshore_serve_rows_total{model="b",version="1"}"#;
    assert_eq!(metric(&server, rows), 2);
}

#[test]
fn a_model_that_does_not_come_says_why_and_is_not_tried_at_every_request() {
    let shelf = shelf(&["good"], Duration::ZERO);
    shelf.put("bad", Err("its bucket is gone".into()));
    let server = on_demand(&shelf, &["bad", "good", "gone"], Config::default());
    for _ in 0..3 {
        let reply = server.post("/v1/models/bad:predict", ROW);
        assert_eq!((reply.status, reply.header("retry-after")), (503, None));
        assert!(reply.error().ends_with("its bucket is gone"), "{reply:?}");
    }
    assert_eq!(shelf.found.load(Relaxed), 1);
    assert_eq!(server.get("/v2/models/bad/ready").json()["reason"], "its bucket is gone");
    assert_eq!(predict(&server, "good"), 200);
    // its folder is there no longer
    let reply = server.post("/v1/models/gone:predict", ROW);
    assert_eq!(reply.error(), "the model `gone` cannot be loaded: its files are gone");
    shelf.put("bad", Ok(()));
    assert_eq!(predict(&server, "bad"), 503);
    server.models.know("bad");
    assert_eq!(predict(&server, "bad"), 200);
}

#[test]
fn clients_load_and_unload() {
    let shelf = shelf(&["a", "new"], Duration::ZERO);
    let config = Config { models: vec![plain("pinned")], ..Config::default() };
    let server = on_demand(&shelf, &["a"], config);
    assert_eq!(control(&server, "a", "load"), (200, json!({"name": "a", "load": true})));
    assert_eq!(index(&server, "a")["state"], "READY");
    assert_eq!(control(&server, "a", "unload"), (200, json!({"name": "a", "unload": true})));
    let line = index(&server, "a");
    assert_eq!((&line["state"], &line["reason"]), (&json!("UNAVAILABLE"), &json!("unloaded")));
    assert_eq!(server.get("/v2/models/a/ready").status, 503);
    // it stays away until somebody loads it
    let reply = server.post("/v1/models/a:predict", ROW);
    assert_eq!((reply.status, reply.header("retry-after")), (503, None));
    assert!(reply.error().contains("`POST /v2/repository/models/a/load` loads it"), "{reply:?}");
    assert_eq!(control(&server, "a", "load").0, 200);
    assert_eq!(predict(&server, "a"), 200);
    // a model that has come since
    assert_eq!(predict(&server, "new"), 404);
    assert_eq!(control(&server, "new", "load").0, 200);
    assert_eq!(predict(&server, "new"), 200);
    for verb in ["load", "unload"] {
        assert_eq!(control(&server, "never", verb).0, 404);
    }
    // what is served stays when a load fails
    shelf.put("a", Err("its disk is gone".into()));
    let (status, reply) = control(&server, "a", "load");
    assert_eq!(status, 503);
    assert_eq!(reply["error"], "the model `a` cannot be loaded: its disk is gone");
    assert_eq!(predict(&server, "a"), 200);
    assert_eq!(control(&server, "pinned", "unload").0, 200);
    assert_eq!(predict(&server, "pinned"), 503);
}

#[test]
fn what_a_load_would_not_do_is_refused() {
    let shelf = shelf(&["a"], Duration::ZERO);
    let server = on_demand(&shelf, &["a"], Config::default());
    let load = "/v2/repository/models/a/load";
    for (name, value) in [("config", json!("{}")), ("file:1/model.pkl", json!("AAAA"))] {
        let body = json!({"parameters": {name: value}}).to_string();
        let reply = server.post(load, body);
        assert_eq!(reply.status, 400);
        assert!(reply.error().contains(&format!("`{name}`")), "{reply:?}");
    }
    assert_eq!(server.post(load, "[").status, 400);
    assert_eq!(server.get(load).status, 405);
    assert_eq!(shelf.found.load(Relaxed), 0);
    let unload = r#"{"parameters": {"unload_dependents": false}}"#;
    assert_eq!(server.post("/v2/repository/models/a/unload", unload).status, 200);
}

#[test]
fn nobody_loads_or_unloads_unless_it_is_allowed() {
    let shelf = shelf(&["a"], Duration::ZERO);
    let on_demand = vec!["a".to_owned()];
    let server = start(Config { on_demand, catalog: Some(shelf), ..Config::default() });
    for verb in ["load", "unload"] {
        let (status, reply) = control(&server, "a", verb);
        assert_eq!(status, 403);
        assert!(reply["error"].as_str().unwrap().contains("`--model-control`"), "{reply}");
    }
    assert_eq!(predict(&server, "a"), 200);
}

#[test]
fn requests_wait_for_a_model_no_longer_than_they_may() {
    let shelf = shelf(&["slow"], Duration::from_secs(2));
    let limits = longshore_serve::Limits {
        request_timeout: Duration::from_secs(1),
        concurrency: 1,
        ..Default::default()
    };
    let server = on_demand(&shelf, &["slow"], Config { limits, ..Config::default() });
    let mut waiting = server.connect();
    waiting.write(request("/v1/models/slow:predict", "", ROW));
    while shelf.found.load(Relaxed) == 0 {
        thread::yield_now();
    }
    let reply = server.post("/v1/models/slow:predict", ROW);
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("1")));
    assert_eq!(waiting.reply().status, 504);
    // the load goes on, and is there in the end
    let mut tries = 0;
    while predict(&server, "slow") != 200 {
        tries += 1;
        assert!(tries < 50, "never loaded");
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(shelf.found.load(Relaxed), 1);
}

fn resident_kilobytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Ends the clients, also when the test fails.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// Loads, unloads and reloads models `cycles` times while 64 connections ask: models that are
/// reloaded or evicted always answer, one that is unloaded answers or says that it is. Gives how
/// much memory grew after the first fifth, in kilobytes.
fn cycles(cycles: usize) -> u64 {
    let names = ["a", "b", "c", "d", "e", "f", "off"];
    let shelf = shelf(&names, Duration::ZERO);
    let config = Config { loaded_bytes: 4 * BYTES, ..Config::default() };
    let server = on_demand(&shelf, &names, config);
    let done = AtomicBool::new(false);
    let asked = AtomicUsize::new(0);
    let ask = |client: usize| {
        let mut connection = server.connect();
        let mut turn = client;
        while !done.load(Relaxed) {
            turn += 1;
            let name = names[turn % names.len()];
            connection.write(request(&format!("/v1/models/{name}:predict"), "", ROW));
            let reply = connection.reply();
            let unloaded =
                name == "off" && reply.status == 503 && reply.body.contains("is unloaded");
            assert!(unloaded || (reply.status == 200 && reply.body == ANSWER), "{name}: {reply:?}");
            asked.fetch_add(1, Relaxed);
        }
    };
    let mut before = 0;
    thread::scope(|scope| {
        let (ask, end) = (&ask, Done(&done));
        let clients: Vec<_> = (0..64).map(|client| scope.spawn(move || ask(client))).collect();
        let mut connection = server.connect();
        let mut post = |name: &str, verb: &str| {
            connection.write(request(&format!("/v2/repository/models/{name}/{verb}"), "", "{}"));
            let reply = connection.reply();
            assert_eq!(reply.status, 200, "{reply:?}");
        };
        for cycle in 0..cycles {
            if cycle == cycles / 5 {
                before = resident_kilobytes();
            }
            post("off", "load");
            post("off", "unload");
            post(names[cycle % 6], "load");
        }
        drop(end);
        for client in clients {
            client.join().unwrap();
        }
    });
    let grown = resident_kilobytes().saturating_sub(before);
    let evicted = metric(&server, "longshore_serve_model_evictions_total");
    assert!(asked.load(Relaxed) > cycles && evicted > 0, "{asked:?} requests, {evicted} evictions");
    grown
}

#[test]
fn no_request_fails_while_models_come_and_go() {
    cycles(50);
}

#[test]
#[ignore = "takes half a minute: cargo test -p longshore-serve --release -- --ignored a_thousand"]
fn a_thousand_cycles_fail_no_request_and_leave_memory_flat() {
    let grown = cycles(1000);
    assert!(grown < 16 << 10, "{grown} kB more");
}
