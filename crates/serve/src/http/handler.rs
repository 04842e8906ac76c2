//! From a request to its response.

use std::{sync::Arc, time::Instant};

use hyper::{HeaderMap, Request, Response, StatusCode, header::HeaderValue, http::request::Parts};
use longshore_daemon::{
    RequestIds,
    server::{
        Body, Question,
        access_log::{self, Outcome},
    },
};

use super::{
    body,
    flight::Flight,
    metadata,
    reply::{self, Reply, Style},
    route::{self, Route},
};
use crate::{
    failure::Failure, outgoing::Outgoing, protocol::Protocol, repository::Served, server::Shared,
};

/// What the requests of one event loop share.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) shared: Arc<Shared>,
    pub(crate) loop_id: usize,
    ids: RequestIds,
}

impl Worker {
    pub(crate) fn new(shared: Arc<Shared>, loop_id: usize) -> Self {
        Self { shared, loop_id, ids: RequestIds::new() }
    }

    /// The id of a request.
    pub(crate) fn request_id(&self, headers: &HeaderMap) -> HeaderValue {
        self.ids.of(headers)
    }
}

/// Answers one request.
pub(crate) async fn handle(worker: &Worker, request: Request<Body>) -> Response<Outgoing> {
    let begun = Instant::now();
    let (head, body) = request.into_parts();
    let id = worker.request_id(&head.headers);
    let path = head.uri.path();
    let mut style = Style::Kserve;
    let result = match find_route(worker, &head.method, path) {
        Ok(Route::Infer { protocol, model, version }) => {
            if protocol == Protocol::Mlflow {
                style = Style::Mlflow;
            }
            let query = head.uri.query().unwrap_or_default();
            match find(worker, model.as_deref(), version.as_deref(), query).await {
                Ok(served) => {
                    let flight = Flight::begin(worker, served, protocol, begun);
                    let result = flight.answer(&head.headers, body, &id).await;
                    flight.land(result)
                }
                Err(failure) => Err(failure),
            }
        }
        Ok(route) => answer_other(worker, &route, &head.headers, body).await,
        Err(failure) => {
            if path == "/invocations" {
                style = Style::Mlflow;
            }
            Err(failure)
        }
    };
    note(worker, &head, &id, begun, result.as_ref().map(|reply| reply.status));
    reply::response(result, style, id)
}

/// Logs a request, and counts it when it was turned away.
pub(crate) fn note(
    worker: &Worker,
    head: &Parts,
    id: &HeaderValue,
    begun: Instant,
    result: Result<StatusCode, &Failure>,
) {
    let outcome = match result {
        Ok(status) => Outcome::Answered(status.as_u16()),
        Err(failure) => Outcome::Failed {
            code: failure.code,
            message: &failure.message,
            detail: failure.detail.as_deref(),
            turned_away: failure.rejected.is_some(),
        },
    };
    access_log::write(head, id, begun, outcome);
    if let Err(Failure { rejected: Some(reason), .. }) = result {
        worker.shared.rejections.count(*reason);
    }
}

/// The route of a path; metrics that have a port of their own are not on this one.
fn find_route<'r>(
    worker: &Worker,
    method: &hyper::Method,
    path: &'r str,
) -> Result<Route<'r>, Failure> {
    let route = route::find(method, path)?;
    if worker.shared.metrics_elsewhere && route == Route::Probe(Question::Metrics) {
        return Err(route::unknown());
    }
    Ok(route)
}

async fn answer_other(
    worker: &Worker,
    route: &Route<'_>,
    headers: &HeaderMap,
    body: Body,
) -> Result<Reply, Failure> {
    let shared = &worker.shared;
    let body = body::receive(headers, body, &shared.limits, &shared.buffered).await?;
    metadata::answer(route, &body.bytes, shared).await
}

/// The model that a path names, or else a query, or that needs no name.
async fn find(
    worker: &Worker,
    name: Option<&str>,
    version: Option<&str>,
    query: &str,
) -> Result<Arc<Served>, Failure> {
    let models = &worker.shared.models;
    if let Some(name) = name {
        return models.find(name, version).await;
    }
    match route::query_value(query, "model") {
        Some(name) => models.find(&name, route::query_value(query, "version").as_deref()).await,
        None => models.only().await,
    }
}
