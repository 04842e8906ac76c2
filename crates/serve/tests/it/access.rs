//! API keys and traces, without a socket on the server's side.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use hyper::{Request, Response, body::Bytes};
use longshore_daemon::{
    server::auth::{self, ApiKeys},
    trace::{Settings, Tracer},
};
use longshore_serve::{Config, Server};

use crate::model::plain;

/// A server with one key, and the key.
fn locked(metrics_without_key: bool) -> (Server, String) {
    let file = tempfile::NamedTempFile::new().unwrap();
    let (key, line) = auth::make("alice").unwrap();
    std::fs::write(file.path(), line).unwrap();
    let keys = Some(ApiKeys::open(file.path().into()).unwrap());
    let models = vec![plain("sum")];
    let server = Server::offline(Config { models, keys, metrics_without_key, ..Config::default() });
    (server.unwrap(), key)
}

fn ask(server: &Server, request: Request<Bytes>) -> Response<Bytes> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(server.handle(request))
}

fn post(path: &str) -> hyper::http::request::Builder {
    Request::post(path).header("content-type", "application/json")
}

const ROWS: &str = r#"{"instances":[[1,2,3]]}"#;

#[test]
fn only_who_has_a_key_is_answered() {
    let (server, key) = locked(false);
    let asked = |request: hyper::http::request::Builder| {
        ask(&server, request.body(Bytes::from_static(ROWS.as_bytes())).unwrap())
    };
    let path = "/v1/models/sum:predict";
    assert_eq!(asked(post(path).header("x-api-key", &key)).status(), 200);
    assert_eq!(asked(post(path).header("authorization", format!("Bearer {key}"))).status(), 200);

    let refused = asked(post(path));
    assert_eq!(refused.status(), 401);
    assert_eq!(refused.headers()["www-authenticate"], "Bearer realm=\"longshore\"");
    assert!(refused.body().starts_with(br#"{"error":"an API key is needed;"#), "{refused:?}");
    let wrong = asked(post(path).header("x-api-key", "ls_0"));
    assert_eq!(wrong.status(), 401);
    let challenge = wrong.headers()["www-authenticate"].to_str().unwrap();
    assert!(challenge.ends_with("error=\"invalid_token\""), "{challenge}");

    // as MLflow writes failures, and nothing is told of what there is
    let refused = asked(post("/invocations"));
    assert!(refused.body().starts_with(br#"{"error_code":"UNAUTHENTICATED","#), "{refused:?}");
    for path in ["/v2/models/sum", "/v2/models/none", "/v1/models", "/version", "/no/such/path"] {
        assert_eq!(asked(Request::get(path)).status(), 401, "{path}");
        let with = asked(Request::get(path).header("x-api-key", &key)).status();
        assert_ne!(with, 401, "{path}");
    }
}

#[test]
fn probes_need_no_key_and_metrics_only_when_told() {
    for open in [false, true] {
        let (server, _) = locked(open);
        let status = |path: &str| {
            ask(&server, Request::get(path).body(Bytes::new()).unwrap()).status().as_u16()
        };
        for path in ["/", "/health/live", "/health/ready", "/v2/health/ready", "/ping", "/health"] {
            assert_eq!(status(path), 200, "{path}");
        }
        assert_eq!(status("/metrics"), if open { 200 } else { 401 });
        assert_eq!(status("/v2/models/sum/ready"), 401);
    }
}

#[test]
fn a_call_of_grpc_needs_a_key_too() {
    let (server, key) = locked(false);
    // an empty message behind its prefix
    let call = |path: &str, key: Option<&str>| {
        let mut request = Request::post(path)
            .version(hyper::Version::HTTP_2)
            .header("content-type", "application/grpc")
            .body(Bytes::from_static(&[0; 5]))
            .unwrap();
        if let Some(key) = key {
            request.headers_mut().insert("authorization", format!("Bearer {key}").parse().unwrap());
        }
        let reply = ask(&server, request);
        reply.headers().get("grpc-status").map(|status| status.to_str().unwrap().to_owned())
    };
    let unauthenticated = Some("16".to_owned());
    let infer = "/inference.GRPCInferenceService/ModelInfer";
    let index = "/inference.GRPCInferenceService/RepositoryIndex";
    for path in [infer, index, "/inference.GRPCInferenceService/None", "/a/b"] {
        assert_eq!(call(path, None), unauthenticated, "{path}");
        assert_eq!(call(path, Some("ls_0")), unauthenticated, "{path}");
        assert_ne!(call(path, Some(&key)), unauthenticated, "{path}");
    }
    for path in ["/inference.GRPCInferenceService/ServerReady", "/grpc.health.v1.Health/Check"] {
        assert_ne!(call(path, None), unauthenticated, "{path}");
    }
}

/// A collector that gives the bodies it gets.
fn collector() -> (String, Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (send, got) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap() > 0 {}
            let lower = head.to_ascii_lowercase();
            let length = lower.lines().find_map(|line| line.strip_prefix("content-length:"));
            let mut body = vec![0; length.unwrap().trim().parse().unwrap()];
            reader.read_exact(&mut body).unwrap();
            let reply = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
            reader.get_mut().write_all(reply.as_bytes()).unwrap();
            send.send(body).unwrap();
        }
    });
    (url, got)
}

#[test]
fn a_traced_request_tells_what_was_asked() {
    let (url, got) = collector();
    let settings = Settings::new(Some(&url), 0.0, |_| None).unwrap().unwrap();
    let tracer = Tracer::start(settings).unwrap();
    let models = vec![plain("sum")];
    let config = Config { models, tracer: Some(tracer.clone()), ..Config::default() };
    let server = Server::offline(config).unwrap();
    let asked = |path: &str, sampled: &str| {
        let parent = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-{sampled}");
        let request = post(path).header("traceparent", parent);
        ask(&server, request.body(Bytes::from_static(ROWS.as_bytes())).unwrap())
    };
    asked("/v1/models/sum:predict", "00");
    asked("/v1/models/sum:predict", "01");
    asked("/nowhere", "01");
    tracer.flush(Duration::from_secs(10));
    let body = got.recv_timeout(Duration::from_secs(10)).unwrap();
    let count = |text: &str| body.windows(text.len()).filter(|w| *w == text.as_bytes()).count();
    assert_eq!(count("http.request.method"), 2, "one is not sampled");
    assert_eq!(count("POST /v1/models/{model}:predict"), 1);
    assert_eq!(count("/v1/models/sum:predict"), 1);
    assert_eq!((count("longshore.model.name"), count("longshore.request_id")), (1, 2));
    for part in ["rows", "decode.seconds", "run.seconds", "encode.seconds"] {
        assert_eq!(count(&format!("longshore.{part}")), 1, "{part}");
    }
    assert_eq!((count("error.type"), count("NotFound")), (1, 1));
}
