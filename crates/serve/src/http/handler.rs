//! From a request to its response.

use std::{
    fmt::Display,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{HeaderMap, Request, Response, body::Body as HttpBody, header::HeaderValue};
use longshore_daemon::{Code, RequestIds, request_id};

use super::{
    body::{self, Encoding, Form, Received},
    cold,
    reply::{self, Reply, Style},
    route::{self, Route},
    watch::{Clock, Phase, Watch},
};
use crate::{
    config::Limits,
    failure::{Failure, Rejection},
    gate::Gate,
    memory::{self, Share},
    protocol::{self, Body, Protocol, Query, Shape},
    repository::Served,
    server::Shared,
};

/// Bodies up to this size are decoded on the event loop.
const IN_PLACE_BYTES: usize = 64 << 10;

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

/// What became of a request to a model, for metrics and logs.
struct Flight<'w> {
    worker: &'w Worker,
    served: Arc<Served>,
    protocol: Protocol,
    begun: Instant,
    landed: bool,
}

impl<'w> Flight<'w> {
    fn begin(worker: &'w Worker, served: Arc<Served>, protocol: Protocol, begun: Instant) -> Self {
        served.metrics.begin(worker.loop_id);
        Self { worker, served, protocol, begun, landed: false }
    }

    /// Counts what became of it.
    fn land(mut self, result: Result<Answer, Failure>) -> Result<Reply, Failure> {
        self.landed = true;
        let took = self.begun.elapsed();
        let (code, rows) = match &result {
            Ok(answer) => (Ok(()), answer.rows),
            Err(failure) => (Err(failure.code), 0),
        };
        self.served.metrics.end(self.worker.loop_id, self.protocol, Some(code), rows, took);
        result.map(Answer::reply)
    }

    async fn answer<B>(
        &self,
        watch: &Watch,
        headers: &HeaderMap,
        body: B,
        id: &HeaderValue,
    ) -> Result<Answer, Failure>
    where
        B: HttpBody<Data = Bytes> + Unpin,
        B::Error: Display,
    {
        let shared = &self.worker.shared;
        let form = body::form(headers, self.protocol)?;
        watch.enter(Phase::Body, &self.worker.clock);
        let Received { bytes, share } =
            body::receive(headers, body, &shared.limits, &shared.buffered, watch).await?;
        watch.enter(Phase::Answer, &self.worker.clock);
        let permit = shared.computing.enter(1).ok_or_else(|| {
            Failure::rejected(
                Rejection::Overload,
                "as many requests as the server takes are being answered; try again",
            )
        })?;
        let task = Task { served: self.served.clone(), protocol: self.protocol, id: id.clone() };
        let limits = shared.limits;
        let taken = |share: Option<Share>| share.unwrap_or_else(|| Share::none(&shared.buffered));
        if bytes.len() > IN_PLACE_BYTES || form.encoding != Encoding::Plain {
            let mut share = taken(share);
            return self
                .in_pool(move || {
                    let _permit = permit;
                    let query = task.decode_any(bytes, form, &limits, &mut share)?;
                    task.answer_large(&query, share)
                })
                .await;
        }
        let query = task.decode(&bytes, form.csv, &limits)?;
        let work = query.table.rows.saturating_mul(query.methods.len().max(1));
        if self.served.cost.is_cheap(work) && task.answer_bytes(&query) <= IN_PLACE_BYTES {
            return task.answer(&query);
        }
        let share = taken(share);
        self.in_pool(move || {
            let _permit = permit;
            task.answer_large(&query, share)
        })
        .await
    }

    /// Does `work` on the pool, for as long as a request may wait.
    async fn in_pool(
        &self,
        work: impl FnOnce() -> Result<Answer, Failure> + Send + 'static,
    ) -> Result<Answer, Failure> {
        let shared = &self.worker.shared;
        let run = shared.pool.run(work);
        match tokio::time::timeout(shared.limits.request_timeout, run).await {
            Ok(result) => result,
            Err(_) => Err(Failure::new(Code::DeadlineExceeded, "the model did not answer in time")),
        }
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        if !self.landed {
            self.served.metrics.end(self.worker.loop_id, self.protocol, None, 0, Duration::ZERO);
        }
    }
}

/// The model's answer, as the protocol writes it.
struct Answer {
    body: Vec<u8>,
    rows: usize,
    /// The memory it was granted when it is not small.
    share: Option<Share>,
}

impl Answer {
    fn reply(self) -> Reply {
        match self.share {
            None => Reply::json(self.body),
            Some(share) => Reply::json(share.reply(self.body)),
        }
    }
}

/// What has to be done for one request, on whichever thread.
struct Task {
    served: Arc<Served>,
    protocol: Protocol,
    id: HeaderValue,
}

impl Task {
    fn decode(&self, bytes: &[u8], csv: bool, limits: &Limits) -> Result<Query, Failure> {
        let shape = Shape { rows: limits.rows, depth: limits.depth };
        protocol::decode(self.protocol, &self.served, Body { bytes, csv }, shape)
    }

    /// The same for a body that may be large or compressed.
    fn decode_any(
        &self,
        bytes: Bytes,
        form: Form,
        limits: &Limits,
        share: &mut Share,
    ) -> Result<Query, Failure> {
        let bytes = if form.encoding == Encoding::Plain {
            bytes
        } else {
            let plain = body::decompress(&bytes, form.encoding, limits)?;
            share.grow(plain.len(), "the body")?;
            plain.into()
        };
        share.grow(bytes.len().saturating_mul(memory::DECODED - 1), "the body")?;
        self.decode(&bytes, form.csv, limits)
    }

    /// The memory that the answer takes, about.
    fn answer_bytes(&self, query: &Query) -> usize {
        let values = query.table.rows.saturating_mul(self.served.width(&query.methods));
        values.saturating_mul(memory::ANSWER)
    }

    /// Answers from a share of the memory, which goes with the reply.
    fn answer_large(&self, query: &Query, mut share: Share) -> Result<Answer, Failure> {
        share.grow(self.answer_bytes(query), "the answer")?;
        let answer = self.answer(query)?;
        Ok(Answer { share: Some(share), ..answer })
    }

    fn answer(&self, query: &Query) -> Result<Answer, Failure> {
        let begun = Instant::now();
        let body = protocol::answer(self.protocol, &self.served, query, self.id.as_bytes())?;
        let rows = query.table.rows;
        let work = rows.saturating_mul(query.methods.len().max(1));
        self.served.cost.learn(work, begun.elapsed());
        Ok(Answer { body, rows, share: None })
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
