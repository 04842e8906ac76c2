//! Calls of gRPC, and HTTP/2.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr, TcpStream},
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::{
    HeaderMap, Request, Response, Version,
    body::Frame,
    client::conn::http2::{self, SendRequest},
    header::HeaderValue,
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use longshore_daemon::{
    Drain,
    server::{self, Body, Limits, Plain, Probe, Readiness},
};
use longshore_gateway::description::Endpoint;
use longshore_platform::Revision as Facts;
use prometheus_client::registry::Registry;
use tokio::runtime::{Builder, Runtime};

use crate::{
    replica::Replica,
    running::{HOST, REVISION, Running, config, facts, start},
};

const INFER: &str = "/inference.GRPCInferenceService/ModelInfer";

/// A server that answers each call with what it was sent, and the version and the host in trailers.
struct Echo {
    address: SocketAddr,
    drain: Drain,
    thread: Option<JoinHandle<()>>,
}

struct Ready;

impl Readiness for Ready {
    fn is_complete(&self) -> bool {
        true
    }
}

impl Echo {
    fn start() -> Self {
        Self::ending("0")
    }

    /// One whose calls end with this status.
    fn ending(status: &'static str) -> Self {
        let server = server::Server::bind(server::Config {
            address: SocketAddr::new(IpAddr::from([127, 0, 0, 1]), 0),
            second: None,
            probes: None,
            loops: 1,
            limits: Limits::default(),
            drain_delay: Duration::ZERO,
            grace: Duration::from_secs(2),
        })
        .unwrap();
        let (address, drain) = (server.address(), Drain::new());
        let probe = Arc::new(Probe::new(Registry::default(), drain.clone(), Ready));
        let thread = thread::spawn(move || {
            let service = move |_| service_fn(move |request| echo(request, status));
            server.run(&Plain, service, probe, std::future::pending()).unwrap();
        });
        Self { address, drain, thread: Some(thread) }
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.drain.begin();
        self.thread.take().unwrap().join().unwrap();
    }
}

type Parts =
    StreamBody<futures_util::stream::Iter<std::vec::IntoIter<Result<Frame<Bytes>, Infallible>>>>;

async fn echo(request: Request<Body>, status: &'static str) -> Result<Response<Parts>, Infallible> {
    let (head, body) = request.into_parts();
    let text = |name: &str| head.headers.get(name).cloned();
    if head.uri.path().ends_with("Slow") {
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static(status));
    let authority = head.uri.authority().map(|it| HeaderValue::from_str(it.as_str()).unwrap());
    for (name, value) in [("x-authority", authority), ("x-te", text("te"))] {
        if let Some(value) = value {
            trailers.insert(name, value);
        }
    }
    let frames = vec![Ok(Frame::data(body)), Ok(Frame::trailers(trailers))];
    let mut response = Response::new(StreamBody::new(futures_util::stream::iter(frames)));
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc"));
    Ok(response)
}

/// A client of HTTP/2.
struct Client {
    runtime: Runtime,
    sender: SendRequest<Full<Bytes>>,
}

/// What a call has ended with.
struct Ended {
    http: u16,
    head: HeaderMap,
    body: Bytes,
    trailers: HeaderMap,
}

impl Ended {
    /// The status of gRPC, wherever it stands.
    fn status(&self) -> &str {
        self.text("grpc-status")
    }

    fn text(&self, name: &str) -> &str {
        let value = self.trailers.get(name).or_else(|| self.head.get(name));
        value.map_or("", |value| value.to_str().unwrap())
    }
}

impl Client {
    fn connect(gateway: &Running) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let socket = TcpStream::connect(gateway.address).unwrap();
        socket.set_nonblocking(true).unwrap();
        let sender = runtime.block_on(async {
            let io = TokioIo::new(tokio::net::TcpStream::from_std(socket).unwrap());
            let (sender, driver) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
            tokio::spawn(driver);
            sender
        });
        Self { runtime, sender }
    }

    fn request(authority: &str, path: &str, kind: &str, body: &Bytes) -> Request<Full<Bytes>> {
        Request::post(format!("http://{authority}{path}"))
            .version(Version::HTTP_2)
            .header("content-type", kind)
            .header("te", "trailers")
            .body(Full::new(body.clone()))
            .unwrap()
    }

    async fn end(response: Response<hyper::body::Incoming>) -> Ended {
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap();
        let trailers = body.trailers().cloned().unwrap_or_default();
        Ended { http: head.status.as_u16(), head: head.headers, body: body.to_bytes(), trailers }
    }

    fn call(&mut self, authority: &str, path: &str, body: &Bytes) -> Ended {
        let request = Self::request(authority, path, "application/grpc", body);
        let Self { runtime, sender } = self;
        runtime.block_on(async {
            let response = sender.send_request(request).await.unwrap();
            Self::end(response).await
        })
    }
}

#[test]
fn a_call_is_routed_by_its_authority_and_its_trailers_come_back() {
    let (replica, gateway) = (Echo::start(), start(config()));
    gateway.route(facts(), &[replica.address]);
    let mut client = Client::connect(&gateway);
    for length in [0, 10, 100_000, 2_000_000] {
        let body = Bytes::from(vec![7; length]);
        let ended = client.call(HOST, INFER, &body);
        assert_eq!((ended.http, ended.status()), (200, "0"));
        assert_eq!(ended.body.len(), length);
        assert_eq!((ended.text("x-authority"), ended.text("x-te")), (HOST, "trailers"));
    }
    let labels = ["protocol=\"grpc\"", "code=\"0\""];
    assert_eq!(gateway.metric("longshore_gateway_requests_total", &labels), 4.0);
}

#[test]
fn many_calls_share_connections() {
    let (replica, gateway) = (Echo::start(), start(config()));
    gateway.route(facts(), &[replica.address]);
    let mut clients: Vec<Client> = (0..3).map(|_| Client::connect(&gateway)).collect();
    for client in &mut clients {
        let Client { runtime, sender } = client;
        runtime.block_on(async {
            let calls = (0..100).map(|at| {
                let body = Bytes::from(vec![at as u8; 1000 + at]);
                let mut sender = sender.clone();
                async move {
                    let request = Client::request(HOST, INFER, "application/grpc", &body);
                    let response = sender.send_request(request).await.unwrap();
                    let ended = Client::end(response).await;
                    assert_eq!((ended.status(), &ended.body), ("0", &body));
                }
            });
            futures_util::future::join_all(calls).await;
        });
    }
}

#[test]
fn a_port_for_calls_gets_them() {
    let (replica, http, gateway) = (Echo::start(), Replica::saying("http"), start(config()));
    gateway.route(facts(), &[]);
    let endpoint = Endpoint { address: http.address, grpc: Some(replica.address) };
    gateway.table.set_replicas("ml", REVISION, vec![endpoint]);
    assert_eq!(Client::connect(&gateway).call(HOST, INFER, &Bytes::new()).status(), "0");
    assert_eq!(gateway.post("/", "{}").body, "http");
}

#[test]
fn failures_are_told_as_grpc_tells_them() {
    let (replica, gateway) = (Echo::start(), start(config()));
    gateway.route(Facts { timeout_seconds: 1, ..facts() }, &[replica.address]);
    let mut client = Client::connect(&gateway);
    let ended = client.call("other.example.com", INFER, &Bytes::new());
    assert_eq!((ended.http, ended.status()), (200, "5"));
    assert!(ended.text("grpc-message").contains("`other.example.com`"));
    let ended = client.call(HOST, "/inference.GRPCInferenceService/Slow", &Bytes::new());
    assert_eq!((ended.http, ended.status()), (200, "4"));
    // a replica that speaks no HTTP/2
    let other = Replica::saying("ok");
    gateway.replicas(REVISION, &[other.address]);
    let ended = client.call(HOST, INFER, &Bytes::from_static(b"x"));
    assert!(["14", "4"].contains(&ended.status()), "{}", ended.status());
}

#[test]
fn http2_without_grpc_reaches_a_replica_of_http1() {
    let (replica, gateway) = (Replica::saying("ok"), start(config()));
    gateway.route(facts(), &[replica.address]);
    let mut client = Client::connect(&gateway);
    let body = Bytes::from_static(b"{}");
    let request = Client::request(HOST, "/v1/models/iris:predict", "application/json", &body);
    let Client { runtime, sender } = &mut client;
    let ended =
        runtime.block_on(async { Client::end(sender.send_request(request).await.unwrap()).await });
    assert_eq!((ended.http, ended.body.as_ref()), (200, b"ok".as_slice()));
    let seen = &replica.seen()[0];
    assert_eq!((seen.header("host"), seen.body.as_slice()), (Some(HOST), b"{}".as_slice()));
    assert_eq!(seen.first_line(), "POST /v1/models/iris:predict HTTP/1.1");
}

/// Calls a server that ends each call with `status`, time after time, beside one that does not; says how
/// many of the calls went to it.
fn calls_to_failing(status: &'static str) -> u64 {
    let (failing, well) = (Echo::ending(status), Echo::start());
    let gateway = start(config());
    gateway.route(facts(), &[failing.address, well.address]);
    let mut client = Client::connect(&gateway);
    let mut failed = 0;
    for _ in 0..60 {
        failed += u64::from(client.call(HOST, INFER, &Bytes::from_static(b"x")).status() == status);
    }
    failed
}

#[test]
fn calls_that_fail_time_after_time_go_to_other_replicas() {
    // UNKNOWN, INTERNAL, UNAVAILABLE: in trailers of a reply with status 200
    for status in ["2", "13", "14"] {
        let failed = calls_to_failing(status);
        // it is tried again after a second
        assert!((5..=15).contains(&failed), "{status}: {failed}");
    }
    // INVALID_ARGUMENT, RESOURCE_EXHAUSTED: the replica does well
    for status in ["3", "8"] {
        let failed = calls_to_failing(status);
        assert!((25..=35).contains(&failed), "{status}: {failed}");
    }
}
