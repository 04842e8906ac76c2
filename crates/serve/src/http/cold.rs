//! The routes that answer from what is known of the models.

use hyper::StatusCode;
use longshore_daemon::metrics;
use longshore_kserve::{v1, v2};

use super::{reply::Reply, route::Route};
use crate::{failure::Failure, server::Shared};

/// Answers every route but [`Route::Infer`]; `body` is the request's.
pub(super) fn answer(route: &Route<'_>, body: &[u8], shared: &Shared) -> Result<Reply, Failure> {
    let repository = &shared.repository;
    let ready = !shared.drain.has_begun();
    let state = |mut reply: Reply| {
        if !ready {
            reply.status = StatusCode::SERVICE_UNAVAILABLE;
        }
        reply
    };
    match route {
        Route::Infer { .. } => {
            Err(Failure::internal("the request was not answered", "not a cold route"))
        }
        Route::Alive => Reply::of(&v1::Alive { status: "alive".into() }),
        Route::Live => Reply::of(&v2::Live { live: true }),
        Route::Ready { mlflow: true } => Ok(state(Reply::json(b"\n".to_vec()))),
        Route::Ready { mlflow: false } => Reply::of(&v2::Ready { live: true, ready }).map(state),
        Route::Version => Ok(Reply {
            status: StatusCode::OK,
            content_type: "text/plain; charset=utf-8",
            body: longshore_mlflow::VERSION.into(),
        }),
        Route::Metrics => {
            let text = metrics::render(&shared.registry).map_err(|error| {
                Failure::internal("the metrics cannot be written", error.to_string())
            })?;
            let content_type = metrics::CONTENT_TYPE;
            Ok(Reply { status: StatusCode::OK, content_type, body: text.into_bytes() })
        }
        Route::Models => Reply::of(&v1::Models { models: repository.names() }),
        Route::V1Status { model, version } => {
            let served = repository.find(model, version.as_deref())?;
            Reply::of(&v1::Status { name: served.name.to_string(), ready }).map(state)
        }
        Route::Server => Reply::of(&v2::Server {
            name: "longshore".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            extensions: vec!["model_repository".into()],
        }),
        Route::Model { model, version } => {
            let served = repository.find(model, version.as_deref())?;
            Reply::of(&v2::Model {
                name: served.name.to_string(),
                versions: repository.versions(&served.name),
                platform: format!("{}_longshore", served.flavor()),
                inputs: served.inputs.clone(),
                outputs: served.outputs.clone(),
            })
        }
        Route::ModelReady { model, version } => {
            let served = repository.find(model, version.as_deref())?;
            Reply::of(&v2::ModelReady { name: served.name.to_string(), ready }).map(state)
        }
        Route::Index => index(body, shared),
    }
}

fn index(body: &[u8], shared: &Shared) -> Result<Reply, Failure> {
    let blank = body.iter().all(u8::is_ascii_whitespace);
    let _request: v2::IndexRequest = if blank {
        v2::IndexRequest::default()
    } else {
        serde_json::from_slice(body).map_err(|error| {
            Failure::invalid(format!("the body is not {{\"ready\": true or false}}: {error}"))
        })?
    };
    // every model that is listed answers: the server does not start without
    let entry = |served: &std::sync::Arc<crate::repository::Served>| v2::IndexEntry {
        name: served.name.to_string(),
        version: served.version.to_string(),
        state: "READY".into(),
        reason: String::new(),
    };
    let entries: Vec<_> = shared.repository.all().iter().map(entry).collect();
    Reply::of(&entries)
}
