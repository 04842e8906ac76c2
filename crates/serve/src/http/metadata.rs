//! The routes that answer from what is known of the models.

use hyper::{HeaderMap, StatusCode};
use longshore_daemon::server::{Page, Readiness};
use longshore_kserve::{v1, v2};

mod configuration;
mod statistics;

pub(crate) use configuration::configuration;
pub(crate) use statistics::statistics;

use super::route::Route;
use crate::{
    Models,
    failure::Failure,
    reply::Reply,
    repository::{Entry, Repository, State},
    shared::Shared,
    ui,
};

/// What an unload may say: no model here depends on another one, so it changes nothing.
pub(crate) const UNLOAD_PARAMETERS: &[&str] = &["unload_dependents"];

/// Answers every route but [`Route::Infer`]; `headers` and `body` are the request's.
pub(super) async fn answer(
    route: &Route<'_>,
    headers: &HeaderMap,
    body: &[u8],
    shared: &Shared,
) -> Result<Reply, Failure> {
    match route {
        Route::Ui(asked) => ui::answer(asked, shared).await,
        Route::Model { model, version } => {
            Reply::of(&self::model(&shared.models, model, version.as_deref()).await?)
        }
        Route::ModelConfig { model, version } => {
            Reply::of(&configuration(&shared.models, model, version.as_deref()).await?)
        }
        Route::Load { model } => {
            parameters(body, &[])?;
            shared.models.reload(model).await?;
            Reply::of(&v2::Loaded { name: model.to_string(), load: true })
        }
        Route::Unload { model } => {
            parameters(body, UNLOAD_PARAMETERS)?;
            shared.models.unload(model).await?;
            Reply::of(&v2::Unloaded { name: model.to_string(), unload: true })
        }
        _ => at_once(route, headers, body, shared),
    }
}

/// Answers the routes that need not wait for a model.
fn at_once(
    route: &Route<'_>,
    headers: &HeaderMap,
    body: &[u8],
    shared: &Shared,
) -> Result<Reply, Failure> {
    let models = shared.models.current();
    let up = !shared.drain.has_begun();
    match route {
        Route::Infer { .. }
        | Route::Ui(_)
        | Route::Verb { .. }
        | Route::Model { .. }
        | Route::ModelConfig { .. }
        | Route::Load { .. }
        | Route::Unload { .. } => {
            Err(Failure::internal("the request was not answered", "not a route of metadata"))
        }
        Route::Probe(question) => match shared.probe.answer(*question, headers) {
            Ok(Page { status, content_type, body }) => {
                Ok(Reply::new(content_type, body).with_status(status))
            }
            Err(error) => {
                Err(Failure::internal("the metrics cannot be written", error.to_string()))
            }
        },
        Route::Version => Ok(Reply::new("text/plain; charset=utf-8", longshore_mlflow::VERSION)),
        Route::Models => {
            let names = models.entries().iter().map(|entry| entry.name.to_string()).collect();
            Reply::of(&v1::Models { models: names })
        }
        Route::V1Status { model, version } => {
            let (name, ready, reason) = state(&models, model, version.as_deref(), up)?;
            Ok(only_when(ready, Reply::of(&v1::Status { name, ready, reason })?))
        }
        Route::Server => Reply::of(&server()),
        Route::ModelReady { model, version } => {
            let (name, ready, reason) = state(&models, model, version.as_deref(), up)?;
            Ok(only_when(ready, Reply::of(&v2::ModelReady { name, ready, reason })?))
        }
        Route::Statistics { model, version } => {
            Reply::of(&statistics(&models, model.as_deref(), version.as_deref())?)
        }
        Route::Index => Reply::of(&index(&models, index_request(body)?.ready)),
    }
}

impl Readiness for Models {
    fn is_complete(&self) -> bool {
        self.current().is_ready()
    }

    fn describe(&self, ready: bool) -> String {
        let unavailable = unavailable(&self.current());
        let body = serde_json::to_string(&v2::Ready { live: true, ready, unavailable });
        body.unwrap_or_default()
    }
}

/// The models that failed to load, and why.
fn unavailable(models: &Repository) -> Vec<v2::Unavailable> {
    if models.count(State::Failed) == 0 {
        return Vec::new();
    }
    let entries = models.entries().into_iter().filter(|entry| entry.state() == State::Failed);
    entries
        .map(|entry| v2::Unavailable { name: entry.name.to_string(), reason: reason(entry) })
        .collect()
}

fn reason(entry: &Entry) -> String {
    entry.reason().unwrap_or_default().to_owned()
}

/// The extensions that the server has, by Triton's names.
const EXTENSIONS: [&str; 5] = [
    "binary_tensor_data",
    "model_configuration",
    "model_repository",
    "model_repository(unload_dependents)",
    "statistics",
];

/// What the server says of itself.
pub(crate) fn server() -> v2::Server {
    v2::Server {
        name: "longshore".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        extensions: EXTENSIONS.map(str::to_owned).to_vec(),
    }
}

/// What a model takes and answers; a model on demand is loaded for it.
pub(crate) async fn model(
    models: &Models,
    name: &str,
    version: Option<&str>,
) -> Result<v2::Model, Failure> {
    let served = models.find(name, version).await?;
    let now = models.current();
    let versions = now.entry(&served.name).map(|entry| entry.versions()).unwrap_or_default();
    Ok(v2::Model {
        name: served.name.to_string(),
        versions: versions.iter().map(|served| served.version.to_string()).collect(),
        platform: configuration::platform(&served),
        inputs: served.inputs.clone(),
        outputs: served.outputs.clone(),
    })
}

/// A model's name, whether it answers, and why not.
pub(crate) fn state(
    models: &Repository,
    name: &str,
    version: Option<&str>,
    up: bool,
) -> Result<(String, bool, Option<String>), Failure> {
    match models.entry(name) {
        Some(entry) if entry.state() == State::Idle => Ok((name.to_owned(), up, None)),
        Some(entry) if entry.state() != State::Ready => {
            Ok((name.to_owned(), false, entry.reason().map(str::to_owned)))
        }
        _ => models.find(name, version).map(|served| (served.name.to_string(), up, None)),
    }
}

/// The reply with status 503 unless `ready`.
fn only_when(ready: bool, mut reply: Reply) -> Reply {
    if !ready {
        reply.status = StatusCode::SERVICE_UNAVAILABLE;
    }
    reply
}

fn index_request(body: &[u8]) -> Result<v2::IndexRequest, Failure> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(v2::IndexRequest::default());
    }
    serde_json::from_slice(body).map_err(|error| {
        Failure::invalid(format!("the body is not {{\"ready\": true or false}}: {error}"))
    })
}

/// The models there are.
pub(crate) fn index(models: &Repository, only_ready: bool) -> Vec<v2::IndexEntry> {
    let mut lines = Vec::new();
    for entry in models.entries() {
        let line = |version: &str| v2::IndexEntry {
            name: entry.name.to_string(),
            version: version.into(),
            state: entry.state().as_model_state(),
            reason: reason(entry),
        };
        if entry.state() == State::Ready {
            lines.extend(entry.versions().iter().map(|served| line(&served.version)));
        } else if !only_ready {
            lines.push(line(""));
        }
    }
    lines
}

/// Refuses parameters of loading and unloading that are not `known`: what they ask for would not be
/// done.
fn parameters(body: &[u8], known: &[&str]) -> Result<(), Failure> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(());
    }
    let request: v2::RepositoryRequest = serde_json::from_slice(body).map_err(|error| {
        Failure::invalid(format!("the body is not {{\"parameters\": {{…}}}}: {error}"))
    })?;
    request.parameters.keys().try_for_each(|name| taken(name, known))
}

/// Refuses a parameter that is not `known`.
pub(crate) fn taken(name: &str, known: &[&str]) -> Result<(), Failure> {
    if known.contains(&name) {
        return Ok(());
    }
    Err(Failure::invalid(format!(
        "the parameter `{name}` is not taken: a model is loaded from its own files, as they are"
    )))
}
