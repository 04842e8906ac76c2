//! The routes that answer from what is known of the models.

use hyper::StatusCode;
use longshore_daemon::server::{Page, Readiness};
use longshore_kserve::{v1, v2};

use super::{reply::Reply, route::Route};
use crate::{
    Models,
    failure::Failure,
    repository::{Entry, Repository, State},
    server::Shared,
};

/// Answers every route but [`Route::Infer`]; `body` is the request's.
pub(super) fn answer(route: &Route<'_>, body: &[u8], shared: &Shared) -> Result<Reply, Failure> {
    let models = shared.models.current();
    let up = !shared.drain.has_begun();
    match route {
        Route::Infer { .. } => {
            Err(Failure::internal("the request was not answered", "not a cold route"))
        }
        Route::Probe(question) => match shared.probe.answer(*question) {
            Ok(Page { status, content_type, body }) => Ok(Reply { status, content_type, body }),
            Err(error) => {
                Err(Failure::internal("the metrics cannot be written", error.to_string()))
            }
        },
        Route::Version => Ok(Reply {
            status: StatusCode::OK,
            content_type: "text/plain; charset=utf-8",
            body: longshore_mlflow::VERSION.into(),
        }),
        Route::Models => {
            let names = models.entries().iter().map(|entry| entry.name.to_string()).collect();
            Reply::of(&v1::Models { models: names })
        }
        Route::V1Status { model, version } => {
            let (name, ready, reason) = state(&models, model, version.as_deref(), up)?;
            Ok(only_when(ready, Reply::of(&v1::Status { name, ready, reason })?))
        }
        Route::Server => Reply::of(&server()),
        Route::Model { model, version } => {
            Reply::of(&self::model(&models, model, version.as_deref())?)
        }
        Route::ModelReady { model, version } => {
            let (name, ready, reason) = state(&models, model, version.as_deref(), up)?;
            Ok(only_when(ready, Reply::of(&v2::ModelReady { name, ready, reason })?))
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
    if models.tally().failed == 0 {
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

/// What the server says of itself.
pub(crate) fn server() -> v2::Server {
    v2::Server {
        name: "longshore".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        extensions: vec!["model_repository".into()],
    }
}

/// What a model takes and answers.
pub(crate) fn model(
    models: &Repository,
    name: &str,
    version: Option<&str>,
) -> Result<v2::Model, Failure> {
    let served = models.find(name, version)?;
    let entry = models.entry(&served.name);
    let versions = entry.map(|entry| entry.versions()).unwrap_or_default().iter();
    Ok(v2::Model {
        name: served.name.to_string(),
        versions: versions.map(|served| served.version.to_string()).collect(),
        platform: format!("{}_longshore", served.flavor()),
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
            state: entry.state().name().into(),
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
