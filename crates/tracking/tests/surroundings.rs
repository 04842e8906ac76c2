//! What is around the API, asked on a raw socket: probes, prefix, hosts, origins, metrics.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

#[path = "shared/database.rs"]
mod database;

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    thread,
};

use longshore_daemon::server::auth;
use longshore_tracking::{Config, Settings, Store, Tracking};

/// What `ask` is given the address of a server that is set up by `change`.
fn with(change: impl FnOnce(&mut Config), ask: impl FnOnce(SocketAddr)) {
    let folder = tempfile::tempdir().expect("a folder");
    let uri = database::new(folder.path());
    let kept = folder.path().join("artifacts").to_string_lossy().into_owned();
    let settings = Settings { artifacts_destination: Some(kept), ..Settings::default() };
    let mut config = Config::new(Store::open(&uri).expect("a store"), settings);
    config.port = 0;
    change(&mut config);
    let server = Tracking::bind(config).expect("a server");
    let (address, drain) = (server.address(), server.drain());
    let running = thread::spawn(move || server.run(std::future::pending()));
    ask(address);
    drain.begin();
    running.join().expect("no panic").expect("it ran");
}

/// A reply to `METHOD PATH` with these lines in its head.
fn ask(address: SocketAddr, request: &str, lines: &[&str]) -> String {
    send(address, request, lines, "")
}

/// The same with a body.
fn send(address: SocketAddr, request: &str, lines: &[&str], body: &str) -> String {
    let mut socket = TcpStream::connect(address).expect("it listens");
    let length = format!("content-length: {}", body.len());
    let head = [lines, &["connection: close", &length]].concat().join("\r\n");
    let request = format!("{request} HTTP/1.1\r\n{head}\r\n\r\n{body}");
    socket.write_all(request.as_bytes()).expect("sent");
    let mut reply = String::new();
    socket.read_to_string(&mut reply).expect("a reply");
    reply
}

fn status(address: SocketAddr, request: &str, lines: &[&str]) -> String {
    ask(address, request, lines).split(' ').nth(1).unwrap_or_default().to_owned()
}

#[test]
fn hosts_and_origins_are_checked_on_every_path() {
    with(
        |_| {},
        |at| {
            let paths = [
                "/",
                "/metrics",
                "/nothing",
                "/api/2.0/mlflow/experiments/search",
                "/ajax-api/2.0/mlflow/experiments/search",
                "/api/2.0/mlflow-artifacts/artifacts",
                "/api/2.0/mlflow-artifacts/artifacts/1/x",
                "/api/3.0/mlflow/server-info",
                "//api/2.0/mlflow/experiments/search",
            ];
            for path in paths {
                for method in ["GET", "POST", "PUT", "DELETE", "OPTIONS"] {
                    let request = format!("{method} {path}");
                    assert_eq!(status(at, &request, &["host: evil.com"]), "403", "{request}");
                    assert_eq!(status(at, &request, &["host: 10.evil.com"]), "403", "{request}");
                }
                for method in ["POST", "PUT", "PATCH", "DELETE"] {
                    let request = format!("{method} {path}");
                    let lines = ["host: localhost", "origin: http://evil.com"];
                    assert_eq!(status(at, &request, &lines), "403", "{request}");
                }
            }
            // the name in the request line is the one that counts
            let request = "GET http://evil.com/metrics";
            assert_eq!(status(at, request, &["host: localhost"]), "403");
            assert_eq!(status(at, "GET /health", &["host: evil.com"]), "200");
        },
    );
}

#[test]
fn every_reply_tells_browsers_not_to_guess_and_not_to_frame() {
    with(
        |_| {},
        |at| {
            for path in ["/", "/health", "/nothing", "/api/2.0/mlflow/experiments/get"] {
                let reply = ask(at, &format!("GET {path}"), &["host: localhost"]);
                assert!(reply.contains("x-content-type-options: nosniff"), "{reply}");
                assert!(reply.contains("x-frame-options: SAMEORIGIN"), "{reply}");
            }
        },
    );
}

#[test]
fn a_prefix_is_before_every_path_and_leaves_probes_and_artifacts_where_they_were() {
    let prefixed = |config: &mut Config| config.prefix = "/mlflow".to_owned();
    with(prefixed, |at| {
        let get = |path: &str| status(at, &format!("GET {path}"), &["host: localhost"]);
        let experiment = "/api/2.0/mlflow/experiments/get?experiment_id=0";
        assert_eq!(get(&format!("/mlflow{experiment}")), "200");
        assert_eq!(get(experiment), "404");
        assert_eq!(get(&format!("/mlflowx{experiment}")), "404");
        for path in ["/health", "/health/ready", "/version", "/metrics"] {
            assert_eq!(get(path), "200", "{path}");
            assert_eq!(get(&format!("/mlflow{path}")), "200", "{path}");
        }
        assert_eq!(get("/mlflow/"), "200");
        assert_eq!(get("/mlflow/api/2.0/mlflow-artifacts/artifacts"), "200");
        assert_eq!(get("/api/2.0/mlflow-artifacts/artifacts"), "200");
    });
}

#[test]
fn head_is_get_without_a_body_and_options_says_what_there_is() {
    with(
        |_| {},
        |at| {
            let path = "/api/2.0/mlflow/experiments/get";
            let reply = ask(at, &format!("HEAD {path}?experiment_id=0"), &["host: localhost"]);
            assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
            assert!(reply.ends_with("\r\n\r\n"), "{reply}");
            let missing = format!("HEAD {path}?experiment_id=9");
            assert_eq!(status(at, &missing, &["host: localhost"]), "404");
            let reply = ask(at, &format!("OPTIONS {path}"), &["host: localhost"]);
            assert!(reply.starts_with("HTTP/1.1 204"), "{reply}");
            assert!(reply.contains("allow: GET, HEAD, OPTIONS\r\n"), "{reply}");
            let reply = ask(at, "OPTIONS /api/3.0/mlflow/traces/get", &["host: localhost"]);
            assert!(reply.contains("allow: GET, HEAD, OPTIONS\r\n"), "{reply}");
            let posted = "HEAD /api/2.0/mlflow/experiments/create";
            assert_eq!(status(at, posted, &["host: localhost"]), "405");
        },
    );
}

#[test]
fn slashes_in_a_row_lead_to_the_path_with_one() {
    let prefixed = |config: &mut Config| config.prefix = "/mlflow".to_owned();
    with(prefixed, |at| {
        for (asked, wanted) in [
            (
                "//mlflow/api/2.0/mlflow/runs/get?run_id=a//b",
                "/mlflow/api/2.0/mlflow/runs/get?run_id=a//b",
            ),
            ("/mlflow///get-artifact", "/mlflow/get-artifact"),
            (
                "/mlflow/api//2.0/mlflow/logged-models//m-1",
                "/mlflow/api/2.0/mlflow/logged-models/m-1",
            ),
        ] {
            let reply = ask(at, &format!("GET {asked}"), &["host: localhost"]);
            assert!(reply.starts_with("HTTP/1.1 308"), "{asked}: {reply}");
            assert!(reply.contains(&format!("location: {wanted}\r\n")), "{asked}: {reply}");
        }
        for path in ["//evil.com", "//mlflow//nothing", "/mlflow/api/2.0/mlflow//"] {
            assert_eq!(status(at, &format!("GET {path}"), &["host: localhost"]), "404", "{path}");
        }
    });
}

/// What MLflow 3.17.2 was seen to answer: a request, its type, its body, the status and a piece of the
/// answer. `RUN` is the id of a run.
const UNUSUAL: &str = r#"
POST 2.0/mlflow/experiments/create | application/json | {"name":"a","artifact_location":""} | 200 | "experiment_id":"1"
GET 2.0/mlflow/experiments/get?experiment_id=1 | | | 200 | mlflow-artifacts:/1
GET 2.0/mlflow/experiments/get | application/json | {"experiment_id":"1"} | 200 | "name":"a"
GET 2.0/mlflow/experiments/get | | {"experiment_id":"1"} | 200 | "name":"a"
GET 2.0/mlflow/experiments/get?experiment_id=0 | application/json | {"experiment_id":"1"} | 200 | "name":"Default"
POST 2.0/mlflow/experiments/create | | {"name":"b"} | 400 | Content-Type header is missing
POST 2.0/mlflow/experiments/create | text/plain | {"name":"b"} | 400 | Content-Type must be one of ['application/json'].
POST 2.0/mlflow/experiments/create | application/json; charset=utf-8 | {"name":"b"} | 200 | {
POST 2.0/mlflow/runs/create | application/json | {"experiment_id":"0","run_name":""} | 200 | "key":"mlflow.runName","value":"
POST 2.0/mlflow/runs/log-metric | application/json | {"run_id":"RUN","key":"k","value":1,"timestamp":1,"model_id":"","dataset_name":"","dataset_digest":""} | 200 | {}
POST 2.0/mlflow/runs/log-metric | application/json | {"run_id":"RUN","key":"k","value":1,"timestamp":1,"dataset_name":"d"} | 400 | Both dataset_name and dataset_digest must be provided if one is provided
POST 2.0/mlflow/runs/log-batch | application/json | {"run_id":"RUN","metrics":[{"key":"k","value":1,"timestamp":1,"dataset_digest":"d"}]} | 400 | Both dataset_name and dataset_digest
GET 2.0/mlflow/metrics/get-history?run_id=RUN&metric_key=k&page_token= | | | 200 | "value":1.0
POST 2.0/mlflow/logged-models | application/json | {"experiment_id":"0","name":""} | 200 | "name":"
POST 2.0/mlflow/logged-models/search | application/json | {"experiment_ids":["0"],"max_results":100000} | 200 | models
POST 2.0/mlflow/registered-models/create | application/json | {"name":"m"} | 200 | {
PATCH 2.0/mlflow/registered-models/update | | {"name":"m","description":"d"} | 200 | "description":"d"
GET 2.0/mlflow/model-versions/search?max_results=0 | | | 400 | Invalid value for max_results. It must be a positive integer, but got 0
POST 3.0/mlflow/datasets/create | application/json | {"name":"d","tags":""} | 200 | "tags":"{}"
"#;

#[test]
fn unusual_requests_are_answered_as_by_mlflow() {
    let answer = |at: SocketAddr, request: &str, kind: &str, body: &str| {
        let kind = format!("content-type: {kind}");
        let lines: &[&str] = if kind.ends_with(": ") { &[] } else { &[&kind] };
        let lines = [&["host: localhost"], lines].concat();
        send(at, &request.replacen(' ', " /api/", 1), &lines, body)
    };
    with(
        |_| {},
        |at| {
            let body = r#"{"experiment_id":"0"}"#;
            let made = answer(at, "POST 2.0/mlflow/runs/create", "application/json", body);
            let (_, run) = made.split_once(r#""run_id":""#).unwrap();
            let cases = UNUSUAL.trim().replace("RUN", run.get(..32).unwrap());
            for case in cases.lines() {
                let parts: Vec<_> = case.split('|').map(str::trim).collect();
                let [request, kind, body, status, piece] = parts[..] else { panic!("{case}") };
                let reply = answer(at, request, kind, body);
                assert_eq!(reply.split(' ').nth(1), Some(status), "{case}: {reply}");
                assert!(reply.contains(piece), "{case}: {reply}");
                assert!(!reply.contains(r#"name":"""#), "{case}: {reply}");
            }
        },
    );
}

#[test]
fn artifacts_alone_leave_everything_else_out() {
    with(
        |config| config.artifacts_only = true,
        |at| {
            let get = |path: &str| status(at, &format!("GET {path}"), &["host: localhost"]);
            assert_eq!(get("/api/2.0/mlflow/experiments/get?experiment_id=0"), "503");
            assert_eq!(get("/api/2.0/mlflow-artifacts/artifacts"), "200");
            assert_eq!(get("/health"), "200");
        },
    );
}

#[test]
fn without_a_key_there_are_only_probes() {
    let folder = tempfile::tempdir().expect("a folder");
    let (key, line) = auth::make("ci").expect("a key");
    let path = folder.path().join("keys");
    std::fs::write(&path, line).expect("a file");
    let keys = auth::ApiKeys::open(path).expect("keys");
    with(
        |config| config.keys = Some(keys),
        |at| {
            let bearer = format!("authorization: Bearer {key}");
            let paths = [
                "/",
                "/metrics",
                "/nothing",
                "/api/2.0/mlflow/experiments/get?experiment_id=0",
                "/ajax-api/2.0/mlflow/experiments/get?experiment_id=0",
                "/api/2.0/mlflow-artifacts/artifacts",
                "/health/../metrics",
                "/health/",
                "//health",
            ];
            for path in paths {
                let request = format!("GET {path}");
                let reply = ask(at, &request, &["host: localhost"]);
                assert!(reply.starts_with("HTTP/1.1 401"), "{request}: {reply}");
                assert!(reply.contains("www-authenticate: Bearer"), "{reply}");
                assert!(reply.contains("UNAUTHENTICATED"), "{reply}");
                let wrong = ["host: localhost", "authorization: Bearer x"];
                assert_eq!(status(at, &request, &wrong), "401", "{request}");
                assert_ne!(status(at, &request, &["host: localhost", &bearer]), "401", "{request}");
            }
            let public = [
                "/health",
                "/health/live",
                "/health/ready",
                "/version",
                "/api/3.0/mlflow/server-info",
            ];
            for path in public {
                assert_eq!(status(at, &format!("GET {path}"), &["host: localhost"]), "200");
            }
        },
    );
}

#[test]
fn requests_are_counted_by_their_route_and_not_by_their_path() {
    with(
        |_| {},
        |at| {
            for path in ["/nothing", "/other", "/api/2.0/mlflow/experiments/get?experiment_id=0"] {
                ask(at, &format!("GET {path}"), &["host: localhost"]);
            }
            let text = ask(at, "GET /metrics", &["host: localhost"]);
            let counted = |labels: &str, count: u32| {
                let line = format!("longshore_tracking_requests_total{{{labels}}} {count}\n");
                assert!(text.contains(&line), "{line} is not in {text}");
            };
            counted(r#"method="GET",route="none",status="404""#, 2);
            counted(r#"method="GET",route="2.0/mlflow/experiments/get",status="200""#, 1);
        },
    );
}
