//! The page of metrics: each role answers once, with all that it can count switched on.

use std::{
    collections::BTreeMap,
    fmt::Write,
    fs,
    io::{Read, Write as _},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};

use bytes::Bytes;
use hyper::{Request, Response};
use longshore_daemon::{
    metrics::{Format, render},
    server::{
        auth,
        tls::{ClientCertificate, Files, Tls},
    },
    trace,
};
use longshore_serve::{Batching, Config, Server};
use prometheus_client::registry::Registry;
use serde_json::json;

use super::code;
use crate::{examples, models::Local, storage::StorageMetrics};

/// A role, and what it answers to `GET /metrics`.
type Role = (&'static str, String);

pub(super) fn page() -> String {
    let mut page = String::from(
        "# Metrics\n\nMade from the program's own answers to `GET /metrics` by a test; do not edit. \
         Prometheus scrapes them as they are.\n",
    );
    let roles = [
        ("longshore serve", serve()),
        ("longshore gateway", gateway()),
        ("longshore operator", operator()),
        ("longshore tracking", tracking()),
    ];
    for role in &roles {
        section(&mut page, role);
    }
    page
}

fn section(page: &mut String, (role, text): &Role) {
    let _ =
        write!(page, "\n## {role}\n\n| metric | type | labels | what it is |\n|---|---|---|---|\n");
    let mut kinds = BTreeMap::new();
    let mut helps = BTreeMap::new();
    for line in text.lines() {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some("TYPE"), Some(name), Some(kind)) => kinds.insert(name, kind),
            (Some("#"), Some("HELP"), Some(name), Some(help)) => helps.insert(name, help),
            _ => None,
        };
    }
    for (name, kind) in kinds {
        let help = helps.get(name).unwrap_or(&"").trim_end_matches('.');
        let _ = writeln!(page, "| `{name}` | {kind} | {} | {help} |", labels(text, name));
    }
}

/// The label names of the first sample of a metric; `le` belongs to every histogram.
fn labels(text: &str, metric: &str) -> String {
    let mut samples = text.lines().filter(|line| line.starts_with(metric));
    let sample = samples.next();
    assert!(sample.is_some(), "`{metric}` has no sample, so that its labels are not known");
    let inside = sample.and_then(|line| line.split_once('{')?.1.split_once('}'));
    let names = inside.map(|(labels, _)| labels).unwrap_or_default().split(',');
    let names = names.filter_map(|label| label.split_once('=')).map(|(name, _)| code(name));
    names.filter(|name| name != "`le`").collect::<Vec<_>>().join(" ")
}

/// A server after one request.
fn serve() -> String {
    let example = examples::find("example://wine").expect("an example");
    let model = Local { name: example.name.into(), source: example.source() }.serve(None);
    let mut registry = longshore_daemon::metrics::registry();
    let usage = Arc::new(longshore_storage::Usage::for_reference());
    let storage = StorageMetrics::new(usage);
    storage.checked(example.name);
    registry.register_collector(Box::new(storage));
    locked(&mut registry);
    let batching = Some(Batching { rows: 1000, delay: Duration::ZERO });
    let models = vec![model];
    let config =
        Config { models, registry, batching, output_cache_bytes: 1 << 20, ..Config::default() };
    let server = Server::offline(config);
    let server = server.expect("a server");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let send =
        |request: Request<Bytes>| -> Response<Bytes> { runtime.block_on(server.handle(request)) };
    let ask = Request::post("/v1/models/wine:predict").header("content-type", "application/json");
    // a small body would be answered in place, without a batch
    let body = [example.request, &vec![b' '; 100_000]].concat();
    let reply = send(ask.body(body.into()).expect("a request"));
    assert!(reply.status().is_success(), "{reply:?}");
    let reply = send(Request::get("/metrics").body(Bytes::new()).expect("a request"));
    String::from_utf8_lossy(reply.body()).into_owned()
}

/// Adds what a server with TLS, keys and traces counts.
fn locked(registry: &mut Registry) {
    let folder = tempfile::tempdir().expect("a folder");
    let put = |name: &str, text: &str| {
        fs::write(folder.path().join(name), text).expect("a file");
        folder.path().join(name)
    };
    let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a pair");
    let files = Files {
        certificate: put("tls.crt", &pair.cert.pem()),
        key: put("tls.key", &pair.signing_key.serialize_pem()),
        client_ca: None,
        client: ClientCertificate::Required,
    };
    Tls::open(&files).expect("a certificate").register(registry);
    let (_, line) = auth::make("reference").expect("a key");
    auth::ApiKeys::open(put("keys", &line)).expect("keys").register(registry);
    let settings = trace::Settings::new(Some("http://collector:4318"), 0.0, |_| None);
    let settings = settings.expect("settings").expect("an endpoint");
    trace::Tracer::start(settings).expect("a tracer").register(registry);
}

/// A gateway after one request, which nothing answered, and of which there was no room for a copy.
fn gateway() -> String {
    use longshore_gateway::{
        Config, Gateway, Kubernetes, Table,
        description::Service,
        security::{Security, Settings},
    };
    use longshore_platform::Revision;

    const STABLE: &str = "iris-predictor-00001-aaaaa";
    const LATEST: &str = "iris-predictor-00002-bbbbb";
    let table = Table::new("cluster.local");
    let service = json!({
        "namespace": "ml",
        "name": "iris",
        "at": ["http://iris.ml.example.com"],
        "components": {"predictor": {"traffic": [
            {"revision": STABLE, "percent": 100},
            {"revision": LATEST, "percent": 0, "copies": "100%"},
        ]}},
    });
    let service: Service = serde_json::from_value(service).expect("a service");
    table.set_service(&service).expect("a route");
    for revision in [STABLE, LATEST] {
        let (service, component) = ("iris".into(), "predictor".into());
        table.set_facts("ml", revision, Revision { service, component, ..Revision::default() });
    }
    let mut config = Config::new(table.clone());
    (config.host, config.port, config.metrics_port) =
        (IpAddr::from(Ipv4Addr::LOCALHOST), 0, Some(0));
    (config.bounds.hold, config.bounds.copies) = (Duration::ZERO, 0);
    locked(&mut config.registry);
    config.security = Security::new(Settings { tokens: Some(tokens()), ..Settings::default() });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let kubernetes = runtime.block_on(async { Kubernetes::for_reference(table) });
    let kubernetes = kubernetes.expect("a client");
    kubernetes.register(&mut config.registry);
    let gateway = Gateway::bind(config).expect("a gateway");
    let (asked, metrics, drain) = (gateway.address(), gateway.metrics_address(), gateway.drain());
    let running = thread::spawn(move || gateway.run(std::future::pending()));
    let held = ask(asked, "POST", "iris.ml.example.com", "/v1/models/iris:predict");
    assert!(held.starts_with("HTTP/1.1 503"), "{held}");
    let text = ask(metrics.expect("an address"), "GET", "localhost", "/metrics");
    drain.begin();
    running.join().expect("no panic").expect("it ran");
    text
}

/// The tokens of an issuer.
fn tokens() -> longshore_gateway::security::Tokens {
    use longshore_gateway::security::{JwksSource, Tokens, Wanted};

    let file = keys();
    let source = JwksSource::File(file.path().into());
    Tokens::open(&source, Wanted::new("https://issuer", "longshore")).expect("keys")
}

/// The keys of an issuer: that of RFC 7517, appendix A.1.
fn keys() -> tempfile::NamedTempFile {
    let keys = json!({"keys": [{
        "kty": "EC",
        "crv": "P-256",
        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
        "use": "sig",
        "kid": "1",
    }]});
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(&file, keys.to_string()).expect("a file");
    file
}

/// What an operator counts that has looked at a service and scaled a revision.
fn operator() -> String {
    let mut registry = longshore_daemon::metrics::registry();
    longshore_operator::Metrics::for_reference().register(&mut registry);
    render(&registry, Format::Prometheus).expect("texts")
}

/// A tracking server after one request.
fn tracking() -> String {
    use longshore_tracking::{
        Config, Settings, Store, Tracking, Users,
        users::{self, JwtSettings},
    };

    let folder = tempfile::tempdir().expect("a folder");
    let uri = format!("sqlite:///{}", folder.path().join("mlflow.db").display());
    let settings = Settings { artifacts_destination: None, ..Settings::default() };
    let mut config = Config::new(Store::open(&uri).expect("a store"), settings);
    config.port = 0;
    config.registry = longshore_daemon::metrics::registry();
    config.metrics_without_key = true;
    let keys = keys();
    let tokens = JwtSettings {
        issuer: Some("https://issuer".to_owned()),
        audience: Some("longshore".to_owned()),
        jwks: Some(keys.path().display().to_string()),
        ..JwtSettings::default()
    };
    let password =
        |name: &str| (name == "MLFLOW_AUTH_ADMIN_PASSWORD").then(|| "a long password".to_owned());
    let users = users::Config::read(None, password);
    let users = users.expect("users").kept_in(uri.as_str().into()).with_tokens(tokens);
    config.users = Some(Users::open(&users).expect("users"));
    let server = Tracking::bind(config).expect("a server");
    let (address, drain) = (server.address(), server.drain());
    let running = thread::spawn(move || server.run(std::future::pending()));
    let reply = ask(address, "GET", "localhost", "/health");
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    let text = ask(address, "GET", "localhost", "/metrics");
    drain.begin();
    running.join().expect("no panic").expect("it ran");
    text
}

/// A whole reply.
fn ask(address: SocketAddr, method: &str, host: &str, path: &str) -> String {
    let mut socket = TcpStream::connect(address).expect("it listens");
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
    socket.write_all(request.as_bytes()).expect("it reads");
    let mut reply = String::new();
    socket.read_to_string(&mut reply).expect("it answers");
    reply
}
