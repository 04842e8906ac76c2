//! Our own server in a pod.

use longshore_kserve::{
    Batcher, Container, Logger, LoggerMode,
    annotations::{Annotations, SERVER_TYPE},
};
use longshore_mlflow::ModelUri;
use serde_json::{Value, json};

use super::{
    Service, container, context::Context, draft::Draft, restricted, services, storage::FOLDER,
};

/// The server type of runtimes that are our own.
const LONGSHORE: &str = "longshore";

/// The annotation of runtimes whose server takes a URI for a folder.
const FETCHES_MODELS: &str = "longshore.dev/fetches-models";

/// The flags for the folder of models.
const MODEL_DIR: [&str; 2] = ["--model_dir", "--model-dir"];

/// The port of servers that are told none, ours and others.
pub(super) const PORT: u16 = 8080;

/// Seconds after TERM in which a replica still takes requests, until the gateways know.
pub(super) const DRAIN_DELAY: u32 = 5;

/// Seconds that requests under way may take after that: Knative's revision timeout.
pub(super) const GRACE: u32 = 300;

/// Longest that a gateway waits for an answer, in seconds: Knative's longest revision timeout.
const LONGEST_REQUEST: u32 = 600;

/// The path at which the server says that its models are loaded.
pub(super) const READY: &str = "/v2/health/ready";

/// The volume for fetched models.
pub(super) const CACHE_VOLUME: &str = "longshore-cache";

/// Seconds after which a server looks anew what a name of MLflow's registry stands for.
const LOOK_AGAIN: &str = "10";

/// Most rows of a batch, unless the manifest says so.
const BATCH: i32 = 32;

/// True for the annotations of a runtime of ours.
pub(super) fn is(annotations: &Annotations) -> bool {
    annotations.get(SERVER_TYPE).is_some_and(|kind| kind == LONGSHORE)
}

/// True for the annotations of a runtime whose server fetches models itself.
pub(super) fn fetches(annotations: &Annotations) -> bool {
    annotations.get(FETCHES_MODELS).is_some_and(|value| value == "true")
}

/// Names a place as the server's folder of models. What a name of MLflow's registry stands for can change:
/// the server looks, and takes the new version without a pause. The registry shows the service as one place,
/// however many replicas it has.
pub(super) fn serve_from(context: &Context<'_>, container: &mut Container, uri: &str) {
    let model: Option<ModelUri> = uri.parse().ok();
    if model.as_ref().is_some_and(ModelUri::moves) {
        container::default_env(container, "LONGSHORE_POLL", LOOK_AGAIN);
    }
    if model.as_ref().is_some_and(ModelUri::is_registered) {
        let Service { name, namespace, .. } = *context.service;
        container::default_env(container, "LONGSHORE_SERVED_AS", &format!("{namespace}/{name}"));
        container::default_env(container, "LONGSHORE_SERVED_URL", &services::address(context));
    }
    if let Some(Value::Array(args)) = container.0.get_mut("args") {
        let mut is_next = false;
        for arg in args {
            let Some(text) = arg.as_str() else { continue };
            let is_folder = |value: &str| value.trim_end_matches('/') == FOLDER;
            let written = text.split_once('=').filter(|(name, _)| MODEL_DIR.contains(name));
            if is_next && is_folder(text) {
                *arg = uri.into();
                return;
            }
            if let Some((name, value)) = written
                && is_folder(value)
            {
                *arg = format!("{name}={uri}").into();
                return;
            }
            is_next = MODEL_DIR.contains(&text);
        }
    }
    container::push(container, "args", format!("--model_dir={uri}").into());
}

/// True when the server is to find a model in the folder, and nothing is mounted there.
pub(super) fn waits_for_model(container: &Container) -> bool {
    let folder = container::flag(container, &MODEL_DIR).map(|folder| folder.trim_end_matches('/'));
    folder == Some(FOLDER) && !container::is_mounted(container, FOLDER)
}

/// The port on which the server speaks every protocol.
pub(super) fn port(container: &Container) -> Option<u16> {
    container::flag(container, &["--http_port", "--http-port", "--port"])?.parse().ok()
}

/// Joins requests as the manifest says. Without a latency only what waits anyhow is joined: KServe
/// would hold each request for five seconds.
pub(super) fn join_requests(server: &mut Container, batcher: Batcher) {
    let size = batcher.max_batch_size.unwrap_or(BATCH);
    container::default_env(server, "LONGSHORE_MAX_BATCH_SIZE", &size.to_string());
    if let Some(latency) = batcher.max_latency {
        container::default_env(server, "LONGSHORE_MAX_BATCH_DELAY", &format!("{latency}ms"));
    }
}

/// Sends requests and answers where the manifest says, with the attributes that KServe gives them.
pub(super) fn record(server: &mut Container, logger: &Logger, service: &Service<'_>) {
    let Some(url) = logger.url.as_deref().filter(|_| logger.storage.is_none()) else { return };
    container::default_env(server, "LONGSHORE_RECORD_TO", url);
    let which = match logger.mode {
        Some(LoggerMode::Request) => "request",
        Some(LoggerMode::Response) => "response",
        Some(LoggerMode::All) | None => "all",
    };
    container::default_env(server, "LONGSHORE_RECORD", which);
    let attributes = format!(
        "inferenceservicename={},namespace={},component=predictor,endpoint=default",
        service.name, service.namespace
    );
    container::default_env(server, "LONGSHORE_RECORD_ATTRIBUTES", &attributes);
    if !logger.metadata_headers.is_empty() {
        let headers = logger.metadata_headers.join(",");
        container::default_env(server, "LONGSHORE_RECORD_HEADERS", &headers);
    }
    let named = |name: &String| Some((name.clone(), service.annotations.get(name)?.clone()));
    let annotations: Annotations = logger.metadata_annotations.iter().filter_map(named).collect();
    if !annotations.is_empty() {
        let text = json!(annotations).to_string();
        container::default_env(server, "LONGSHORE_RECORD_ANNOTATIONS", &text);
    }
    let source = json!({"fieldRef": {"fieldPath": "metadata.name"}});
    let source = json!({"name": "LONGSHORE_RECORD_SOURCE", "valueFrom": source});
    container::default_variable(server, source);
}

/// Sets what our server is to have in a pod, unless the manifest says otherwise.
pub(super) fn complete(draft: &mut Draft, port: u16) {
    let name = draft.server.clone();
    draft.add_folder(&name, "longshore-tmp", "/tmp");
    draft.add_folder(&name, CACHE_VOLUME, "/var/cache/longshore");
    let Ok(server) = draft.server() else { return };
    let seconds = [
        ("LONGSHORE_DRAIN_DELAY", DRAIN_DELAY),
        ("LONGSHORE_GRACE_SECONDS", GRACE),
        ("LONGSHORE_REQUEST_TIMEOUT", LONGEST_REQUEST),
    ];
    for (name, seconds) in seconds {
        container::default_env(server, name, &seconds.to_string());
    }
    // a revision keeps its model, unless the manifest names what moves
    container::default_env(server, "LONGSHORE_POLL", "0");
    restricted::container(server);
    probe_at(server, port);
    let probe = |path: &str, period: u32, failures: u32| {
        json!({
            "httpGet": {"path": path, "port": port},
            "periodSeconds": period,
            "timeoutSeconds": 2,
            "failureThreshold": failures,
        })
    };
    container::default_field(server, "readinessProbe", probe(READY, 1, 3));
    container::default_field(server, "livenessProbe", probe("/health/live", 10, 6));
}

/// Has the runtime's probes, which name the port of its own flags, ask at the port that the manifest's say.
fn probe_at(server: &mut Container, port: u16) {
    for name in ["startupProbe", "readinessProbe", "livenessProbe"] {
        let asked = server.0.get_mut(name).and_then(|probe| probe.pointer_mut("/httpGet/port"));
        if let Some(asked) = asked.filter(|asked| **asked == json!(PORT)) {
            *asked = port.into();
        }
    }
}
