//! Copies of requests: a revision that is to take requests over is asked what the stable one was asked,
//! and its reply is held against the stable one's.
//!
//! A copy is sent once the client has its reply, so no client waits for it, and none learns how it ended.
//! Copies are bounded by their number, by the bytes of each body and of all together; what is over the
//! bounds is counted and left out.

use std::{
    future::poll_fn,
    sync::Arc,
    time::{Duration, Instant},
};

use hyper::{
    Method, Response,
    body::Incoming,
    header::{HeaderName, HeaderValue, UPGRADE},
    http::request::Parts,
};
use longshore_daemon::{Code, gate::Permit, server::Connection};
use longshore_kserve::Component;
use tokio::time::timeout_at;

mod compare;

use self::compare::compare;
use crate::{
    Revision,
    exchange::Exchange,
    grpc,
    outgoing::Outgoing,
    owner,
    record::{Answer, Recorded, Recording, Tape},
    reply::Link,
    revision::{CopyEnd, Visit},
    service::Service,
    worker::Worker,
};

/// Says to a replica that a request is a copy, whose reply no client gets.
const COPY: HeaderName = HeaderName::from_static("longshore-copy");

/// The one call of gRPC that is copied.
const MODEL_INFER: &str = "/inference.GRPCInferenceService/ModelInfer";

/// Bytes of both replies that are compared at once; more would keep other requests waiting, so that is
/// done by another thread.
const SHORT: usize = 64 << 10;

/// What is copied of a request, beside its body.
struct Original {
    worker: Arc<Worker>,
    head: Parts,
    id: HeaderValue,
    host: String,
    service: Arc<Service>,
    prefix: usize,
    connection: Option<Connection>,
    /// Counts as one of the copies of this gateway.
    _place: Permit,
}

/// Who gets a copy.
struct Target {
    revision: Arc<Revision>,
    tolerance: f64,
}

/// Begins to record a request for `revision` and its reply when a copy of it is to be made.
pub(crate) fn record(
    exchange: &Exchange<'_>,
    component: Option<Component>,
    revision: &Arc<Revision>,
    payload: &mut Outgoing,
) -> Option<Box<Recording>> {
    let shares = exchange.service.shares(component?)?;
    let mut copied = shares.iter().filter(|share| share.copies.is_some()).peekable();
    copied.peek()?;
    let worker = exchange.worker;
    let targets = copied.filter_map(|share| {
        let shadow = share.copies?;
        // 53 bits are what a number between 0 and 1 has
        let drawn = (worker.draw() >> 11) as f64 / (1_u64 << 53) as f64;
        let revision = share.revision.clone();
        (drawn < shadow.share).then_some(Target { revision, tolerance: shadow.tolerance })
    });
    let targets: Vec<_> = targets.collect();
    // what one of them is asked itself says nothing of the stable one
    let is_stable = !shares
        .iter()
        .any(|share| share.copies.is_some() && Arc::ptr_eq(&share.revision, revision));
    if targets.is_empty() || !is_stable || !is_prediction(exchange.head) {
        return None;
    }
    let shared = &worker.shared;
    let Some(place) = shared.copies.enter(1) else {
        for Target { revision, .. } in targets {
            revision.copy_ended(CopyEnd::Busy, None);
        }
        return None;
    };
    let tape = || Tape::new(&shared.copied_bytes, shared.bounds.copied_body);
    let (request, reply) = (tape(), tape());
    payload.record(&request);
    let original = Original::of(exchange, place);
    Some(Recording::new(request, reply, move |recorded| original.copy(recorded, targets)))
}

/// True for what asks a model for a prediction: asking twice changes nothing.
fn is_prediction(head: &Parts) -> bool {
    let path = head.uri.path();
    let is_known = if grpc::is_call(head) {
        path == MODEL_INFER
    } else {
        [":predict", "/infer", "/invocations"].iter().any(|end| path.ends_with(end))
    };
    is_known && head.method == Method::POST
}

impl Original {
    fn of(exchange: &Exchange<'_>, place: Permit) -> Arc<Self> {
        let mut head = exchange.head.clone();
        head.extensions.clear();
        head.headers.remove(UPGRADE);
        head.headers.insert(COPY, HeaderValue::from_static("true"));
        Arc::new(Self {
            worker: exchange.worker.clone(),
            head,
            id: exchange.id.clone(),
            host: exchange.host.to_owned(),
            service: exchange.service.clone(),
            prefix: exchange.prefix,
            connection: exchange.connection,
            _place: place,
        })
    }

    /// Sends copies of what was recorded.
    fn copy(self: Arc<Self>, recorded: Recorded, targets: Vec<Target>) {
        let Recorded { request, reply, status, grpc, headers } = recorded;
        // there is nothing to compare with
        if status >= 500 || grpc.is_some_and(grpc::is_fault) {
            return;
        }
        let (Some(request), Some(reply)) = (request, reply) else {
            for Target { revision, .. } in targets {
                revision.copy_ended(CopyEnd::Large, None);
            }
            return;
        };
        let stable = Answer { status, grpc, headers, body: reply.body.clone() };
        let kept = Arc::new((request, reply, stable));
        for target in targets {
            let (original, kept) = (self.clone(), kept.clone());
            tokio::spawn(async move {
                let Target { revision, tolerance } = target;
                let (request, _, stable) = &*kept;
                let payload = Outgoing::Whole(request.body.clone());
                let (end, took) = match original.ask(&revision, payload).await {
                    Ok((answer, took)) => {
                        let end = if stable.body.len() + answer.body.len() <= SHORT {
                            compare(stable, &answer, tolerance)
                        } else {
                            let kept = kept.clone();
                            let compared = move || compare(&kept.2, &answer, tolerance);
                            let compared = tokio::task::spawn_blocking(compared).await;
                            compared.unwrap_or(CopyEnd::Unreadable)
                        };
                        (end, Some(took))
                    }
                    Err(end) => (end, None),
                };
                revision.copy_ended(end, took);
            });
        }
    }

    /// Asks a revision. Gives its reply, and how long the head of that took.
    async fn ask(
        &self,
        revision: &Arc<Revision>,
        payload: Outgoing,
    ) -> Result<(Answer, Duration), CopyEnd> {
        let begun = Instant::now();
        let (mut visit, mut slot) = Visit::copy(revision.clone(), begun);
        // a copy waits until a replica is awake, but takes no client's turn at one
        if slot.is_none() && !revision.is_cut_off() {
            if let Some(owner) = revision.owner() {
                slot = owner::ask(&self.worker.upstream, owner, &visit, false).await.ok();
            }
            if slot.is_none() {
                return Err(CopyEnd::Busy);
            }
        }
        let Self { worker, head, id, host, service, prefix, connection, .. } = self;
        let (prefix, connection) = (*prefix, *connection);
        let traceparent = None;
        let exchange =
            Exchange { worker, head, id, host, service, prefix, connection, traceparent };
        let attempted = exchange.attempt(&mut visit, slot, payload).await;
        let (response, slot, link, deadline) = attempted.map_err(|failure| match failure.code {
            Code::Unavailable => CopyEnd::Absent,
            _ => CopyEnd::Failed,
        })?;
        let took = begun.elapsed();
        let tape = Tape::new(&worker.shared.copied_bytes, worker.shared.bounds.copied_body);
        let reading = read(worker, response, link, &tape, grpc::is_call(head));
        let answer = timeout_at(deadline, reading).await.unwrap_or(Err(CopyEnd::Failed))?;
        drop(slot);
        Ok((answer, took))
    }
}

/// Reads a reply to its end.
async fn read(
    worker: &Worker,
    response: Response<Incoming>,
    mut link: Link,
    tape: &Tape,
    is_grpc: bool,
) -> Result<Answer, CopyEnd> {
    let (head, mut incoming) = response.into_parts();
    let mut grpc = is_grpc.then(|| grpc::status(&head.headers).unwrap_or(0));
    while let Some(frame) = poll_fn(|cx| link.poll_frame(&mut incoming, cx)).await {
        let frame = frame.map_err(|_| CopyEnd::Failed)?;
        if let Some(data) = frame.data_ref() {
            tape.put(data);
        } else if let Some(status) = frame.trailers_ref().and_then(grpc::status) {
            grpc = grpc.map(|_| status);
        }
    }
    poll_fn(|cx| {
        link.ends(worker, cx);
        std::task::Poll::Ready(())
    })
    .await;
    let body = tape.take().ok_or(CopyEnd::Large)?.body;
    Ok(Answer { status: head.status.as_u16(), grpc, headers: head.headers, body })
}
