//! From a request to its response.

use std::{
    fmt::Display,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{HeaderMap, Request, Response, body::Body as HttpBody, header::HeaderValue};
use longshore_daemon::{RequestIds, request_id};

use super::{
    body, cold,
    flight::Flight,
    reply::{self, Reply, Style},
    route::{self, Route},
    watch::{Clock, Phase, Watch},
};
use crate::{failure::Failure, gate::Gate, protocol::Protocol, repository::Served, server::Shared};

/// What the requests of one event loop share.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) shared: Arc<Shared>,
    pub(crate) loop_id: usize,
    pub(crate) clock: Clock,
    pub(crate) connections: Gate,
    offer: Offer,
    ids: Mutex<RequestIds>,
}

/// Which routes an event loop answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    All,
    /// All but the metrics, which have a port of their own.
    Models,
    /// The metrics and the health of the process.
    Metrics,
}

impl Offer {
    fn has(self, route: &Route<'_>) -> bool {
        match self {
            Self::All => true,
            Self::Models => *route != Route::Metrics,
            Self::Metrics => {
                matches!(route, Route::Metrics | Route::Live | Route::Ready { .. } | Route::Alive)
            }
        }
    }
}

impl Worker {
    pub(crate) fn new(
        shared: Arc<Shared>,
        loop_id: usize,
        offer: Offer,
        connections: Gate,
    ) -> Self {
        let clock = Clock::new(&shared.limits);
        Self { shared, loop_id, clock, connections, offer, ids: Mutex::new(RequestIds::new()) }
    }

    fn request_id(&self, headers: &HeaderMap) -> HeaderValue {
        if let Some(sent) = headers.get(request_id::HEADER)
            && request_id::acceptable(sent.as_bytes())
        {
            return sent.clone();
        }
        let id = self.ids.lock().unwrap_or_else(PoisonError::into_inner).make();
        HeaderValue::from_bytes(&id).unwrap_or(HeaderValue::from_static("-"))
    }
}

/// Answers one request.
pub(crate) async fn handle<B>(
    worker: &Worker,
    watch: &Watch,
    request: Request<B>,
) -> Response<Full<Bytes>>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Display,
{
    let begun = Instant::now();
    let (head, body) = request.into_parts();
    let id = worker.request_id(&head.headers);
    let path = head.uri.path();
    let mut style = Style::Kserve;
    let found = route::find(&head.method, path)
        .and_then(|route| if worker.offer.has(&route) { Ok(route) } else { Err(route::unknown()) });
    let result = match found {
        Ok(Route::Infer { protocol, model, version }) => {
            if protocol == Protocol::Mlflow {
                style = Style::Mlflow;
            }
            let query = head.uri.query().unwrap_or_default();
            match find(worker, model.as_deref(), version.as_deref(), query) {
                Ok(served) => {
                    let flight = Flight::begin(worker, served, protocol, begun);
                    let result = flight.answer(watch, &head.headers, body, &id).await;
                    flight.land(result)
                }
                Err(failure) => Err(failure),
            }
        }
        Ok(route) => {
            let limits = &worker.shared.limits;
            watch.enter(Phase::Body, &worker.clock);
            match body::receive(&head.headers, body, limits, &worker.shared.buffered, watch).await {
                Ok(body) => cold::answer(&route, &body.bytes, &worker.shared),
                Err(failure) => Err(failure),
            }
        }
        Err(failure) => {
            if path == "/invocations" {
                style = Style::Mlflow;
            }
            Err(failure)
        }
    };
    watch.enter(Phase::Idle, &worker.clock);
    log(&result, &head, &id, begun);
    if let Err(Failure { rejected: Some(reason), .. }) = result {
        worker.shared.rejections.count(reason);
    }
    let close = worker.shared.drain.has_begun();
    reply::response(result, style, id, close)
}

/// The model that a path names, or else a query, or that needs no name.
fn find(
    worker: &Worker,
    name: Option<&str>,
    version: Option<&str>,
    query: &str,
) -> Result<Arc<Served>, Failure> {
    let models = worker.shared.models.current();
    let found = match name {
        Some(name) => models.find(name, version),
        None => match route::query_value(query, "model") {
            Some(name) => models.find(&name, route::query_value(query, "version").as_deref()),
            None => models.only(),
        },
    };
    found.cloned()
}

/// One line a request: failures of the server as errors, of the caller as information, the rest
/// for debugging only; also those turned away, which are counted, and many when it matters.
fn log(
    result: &Result<Reply, Failure>,
    head: &hyper::http::request::Parts,
    id: &HeaderValue,
    begun: Instant,
) {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let trace = || head.headers.get("traceparent").map(text);
    match result {
        Err(failure) if failure.rejected.is_some() => tracing::debug!(
            method = %head.method,
            path = head.uri.path(),
            status = failure.code.http(),
            request_id = text(id),
            error = &*failure.message,
            "request turned away"
        ),
        Err(failure) if failure.code.is_server_fault() => tracing::error!(
            method = %head.method,
            path = head.uri.path(),
            status = failure.code.http(),
            request_id = text(id),
            traceparent = trace(),
            error = &*failure.message,
            detail = failure.detail,
            micros = begun.elapsed().as_micros() as u64,
            "request failed"
        ),
        Err(failure) => tracing::info!(
            method = %head.method,
            path = head.uri.path(),
            status = failure.code.http(),
            request_id = text(id),
            traceparent = trace(),
            error = &*failure.message,
            detail = failure.detail,
            "request refused"
        ),
        Ok(reply) => tracing::debug!(
            method = %head.method,
            path = head.uri.path(),
            status = reply.status.as_u16(),
            request_id = text(id),
            traceparent = trace(),
            micros = begun.elapsed().as_micros() as u64,
            "request"
        ),
    }
}
