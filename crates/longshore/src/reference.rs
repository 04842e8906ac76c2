//! The generated pages of `docs/reference/`: the command line from the argument types, the metrics
//! from a server's own answer.
//!
//! `LONGSHORE_UPDATE_REFERENCE=1 cargo test -p longshore reference` writes them anew.

use std::{collections::BTreeMap, fmt::Write, fs, path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use clap::{Arg, Command, CommandFactory};
use hyper::{Request, Response};
use longshore_daemon::{
    server::{
        auth,
        tls::{ClientCertificate, Files, Tls},
    },
    trace,
};
use longshore_serve::{Batching, Config, Server};
use prometheus_client::registry::Registry;

use crate::{cli::Cli, examples, models::Local, storage::StorageMetrics};

#[test]
fn the_command_line_reference_is_true() {
    hold("cli.md", &command_line());
}

#[test]
fn the_metrics_reference_is_true() {
    hold("metrics.md", &metrics());
}

fn hold(page: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(page);
    if std::env::var_os("LONGSHORE_UPDATE_REFERENCE").is_some() {
        fs::write(&path, expected).expect("docs/reference is writable");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "{page} is stale: run with LONGSHORE_UPDATE_REFERENCE=1");
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

/// What `GET /metrics` says of itself after one request of each kind.
fn metrics() -> String {
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
    let text = String::from_utf8_lossy(reply.body()).into_owned();
    let mut page = String::from(
        "# Metrics\n\nMade from the program's own answer to `GET /metrics` by a test; do not edit. \
         Prometheus scrapes it as it is.\n\n| metric | type | labels | what it is |\n|---|---|---|---|\n",
    );
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
        let _ = writeln!(page, "| `{name}` | {kind} | {} | {help} |", labels(&text, name));
    }
    page
}

/// The label names of the first sample of a metric; `le` belongs to every histogram.
fn labels(text: &str, metric: &str) -> String {
    let sample = text.lines().find(|line| line.starts_with(metric));
    let inside = sample.and_then(|line| line.split_once('{')?.1.split_once('}'));
    let names = inside.map(|(labels, _)| labels).unwrap_or_default().split(',');
    let names = names.filter_map(|label| label.split_once('=')).map(|(name, _)| code(name));
    names.filter(|name| name != "`le`").collect::<Vec<_>>().join(" ")
}

fn command_line() -> String {
    let mut command = Cli::command();
    command.build();
    let mut page = String::from(
        "# Command line\n\nMade from the program's own argument types by a test; do not edit.\n\
         Every flag with an environment variable can be set by either; the flag wins.\n",
    );
    sections(&mut page, "longshore", &command);
    page
}

/// A section for each subcommand, and for each of their own.
fn sections(page: &mut String, path: &str, command: &Command) {
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let path = format!("{path} {}", sub.get_name());
        if sub.has_subcommands() {
            sections(page, &path, sub);
        } else {
            section(page, &path, sub);
        }
    }
}

fn section(page: &mut String, path: &str, command: &Command) {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    let _ = write!(page, "\n## {path}\n\n{about}.\n\n```\n{usage}\n```\n");
    page.push_str("\n| argument | default | environment | what it is |\n|---|---|---|---|\n");
    let shown =
        |arg: &&Arg| !arg.is_hide_set() && arg.get_id() != "help" && arg.get_id() != "version";
    for arg in command.get_arguments().filter(shown) {
        let default = arg.get_default_values().first().map(|v| code(&v.to_string_lossy()));
        let variable = arg.get_env().map(|name| code(&name.to_string_lossy()));
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} |",
            code(&name(arg)),
            default.unwrap_or_default(),
            variable.unwrap_or_default(),
            help.replace('|', "\\|"),
        );
    }
}

fn name(arg: &Arg) -> String {
    let value = arg.get_value_names().and_then(|names| names.first()).map(ToString::to_string);
    let takes_value = arg.get_action().takes_values();
    match (arg.get_long(), value) {
        (Some(long), Some(value)) if takes_value => format!("--{long} <{value}>"),
        (Some(long), _) => format!("--{long}"),
        (None, value) => value.unwrap_or_else(|| arg.get_id().to_string()),
    }
}

fn code(text: &str) -> String {
    format!("`{text}`")
}
