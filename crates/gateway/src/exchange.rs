//! One request and its reply: it waits for a replica, is sent, and sent again where nothing can have
//! come of it.

use std::{future::poll_fn, net::SocketAddr, sync::Arc, task::Poll, time::Duration};

use hyper::{
    Request, Response, StatusCode, Uri, Version,
    body::{Body as _, Incoming},
    header::{HOST, HeaderValue, UPGRADE},
    http::request::Parts,
};
use longshore_daemon::{Code, server::Connection};
use longshore_platform::{Pooled, Scheme, names};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::{
    failure::Failure,
    forward::{self, Said},
    grpc,
    hold::{self, Given},
    outgoing::{self, Outgoing},
    record::Recording,
    reply::{Arriving, Link, Reply},
    revision::{Fault, Slot, Visit},
    service::Service,
    tunnel,
    worker::Worker,
};

/// Most times that a request is sent.
const ATTEMPTS: usize = 5;

/// Most bytes of a reply that is read before it is handed on, when it is there at once.
const WHOLE: u64 = 64 << 10;

/// A request that has its route.
pub(crate) struct Exchange<'r> {
    pub(crate) worker: &'r Arc<Worker>,
    pub(crate) head: &'r Parts,
    pub(crate) id: &'r HeaderValue,
    pub(crate) host: &'r str,
    pub(crate) service: &'r Arc<Service>,
    /// Bytes of the path that are not handed on.
    pub(crate) prefix: usize,
    pub(crate) connection: Option<Connection>,
    /// The span of which the replica's is to be a part.
    pub(crate) traceparent: Option<HeaderValue>,
}

/// A request that got no reply from a replica.
enum Lost {
    /// Its body cannot be read.
    ByClient(Failure),
    ByReplica {
        why: String,
        /// The body, when none of it was sent, or when all of it can be sent again.
        payload: Option<Outgoing>,
        /// Whether the replica may have begun to work on it.
        is_sent: bool,
    },
    /// It cannot be written for a replica.
    Unsendable,
}

impl Exchange<'_> {
    pub(crate) async fn run(
        &self,
        mut visit: Visit,
        slot: Option<Slot>,
        payload: Outgoing,
        recording: Option<Box<Recording>>,
        replica: &mut Option<SocketAddr>,
    ) -> Result<Response<Reply>, Failure> {
        let replied = self.attempt(&mut visit, slot, payload).await;
        *replica = visit.replica();
        match replied {
            Ok((response, slot, link, deadline)) => {
                Ok(self.reply(response, visit, (slot, link, deadline), recording).await)
            }
            Err(failure) => {
                visit.refused(&failure, grpc::is_call(self.head));
                Err(failure)
            }
        }
    }

    /// Sends it until a replica has answered. Gives the reply, what it comes by, and when it has to be over.
    pub(crate) async fn attempt(
        &self,
        visit: &mut Visit,
        mut slot: Option<Slot>,
        mut payload: Outgoing,
    ) -> Result<(Response<Incoming>, Slot, Link, Instant), Failure> {
        let mut deadline = None;
        let mut attempts = 0;
        // the pool may not, or cannot, answer for it
        let mut own = self.service.no_pool;
        loop {
            let given = if let Some(slot) = slot.take() {
                Given::own(slot)
            } else {
                let route = (self.host, self.head.uri.path());
                hold::wait(self.worker, route, visit, payload.bytes(), own).await?
            };
            let Given { slot: given, pooled } = given;
            let again = pooled.as_ref().and_then(|_| payload.again());
            let facts = visit.revision().facts();
            let time = facts.as_ref().map(|facts| facts.timeout_seconds).filter(|time| *time > 0);
            let time = time.map_or(self.worker.shared.bounds.request, |seconds| {
                Duration::from_secs(seconds.into())
            });
            let end = *deadline.get_or_insert_with(|| Instant::now() + time);
            let speaks_h2 = grpc::is_call(self.head)
                || facts.as_ref().is_some_and(|facts| facts.scheme == Scheme::H2c);
            attempts += 1;
            visit.is_sent_to(given.replica().endpoint().address);
            let sending = self.send(&given, payload, pooled.as_ref(), speaks_h2);
            let Ok(sent) = timeout_at(end, sending).await else {
                visit.revision().has_failed(given.replica(), Fault::Failing);
                let message = format!(
                    "`{}` did not answer within {} s; raise `timeout` of its component, or send less",
                    visit.revision().name(),
                    time.as_secs()
                );
                return Err(Failure::new(Code::DeadlineExceeded, message));
            };
            let lost = match sent {
                Ok((response, link)) => {
                    if pooled.is_some() && is_too_much(&response) {
                        self.worker.shared.wake.wake(visit.revision());
                        if let Some(again) = again {
                            // its own replica has as much time as if it were asked first
                            (payload, own, deadline) = (again, true, None);
                            continue;
                        }
                    }
                    return Ok((response, given, link, end));
                }
                Err(lost) => lost,
            };
            let (why, again, is_sent) = match lost {
                Lost::ByClient(failure) => return Err(failure),
                Lost::Unsendable => {
                    let message = "the path of the request cannot be handed on";
                    return Err(Failure::new(Code::InvalidArgument, message));
                }
                Lost::ByReplica { why, payload, is_sent } => (why, payload, is_sent),
            };
            visit.has_lost(&given);
            // a request that was not sent waits for as long as a request may be held
            let may_repeat = !is_sent || (self.head.method.is_safe() && attempts < ATTEMPTS);
            let Some(again) = again.filter(|_| may_repeat) else {
                return Err(gone(visit, &given, &why));
            };
            let (revision, replica) = (visit.revision().name(), given.replica().endpoint().address);
            tracing::debug!(revision, %replica, error = why, "a request is sent again");
            visit.retried();
            payload = again;
            if !is_sent {
                deadline = None;
            }
            drop(given);
            slot = visit.slot();
        }
    }

    async fn send(
        &self,
        slot: &Slot,
        payload: Outgoing,
        pooled: Option<&Pooled>,
        speaks_h2: bool,
    ) -> Result<(Response<Incoming>, Link), Lost> {
        let endpoint = slot.replica().endpoint();
        if speaks_h2 {
            let address =
                endpoint.grpc.filter(|_| grpc::is_call(self.head)).unwrap_or(endpoint.address);
            return self.send_http2(address, payload, pooled).await;
        }
        self.send_http1(endpoint.address, payload, pooled).await
    }

    async fn send_http1(
        &self,
        address: SocketAddr,
        payload: Outgoing,
        pooled: Option<&Pooled>,
    ) -> Result<(Response<Incoming>, Link), Lost> {
        let again = payload.again();
        let mut request = self.request(payload, pooled, Version::HTTP_11)?;
        loop {
            let upstream = &self.worker.upstream;
            let kept = poll_fn(|cx| Poll::Ready(upstream.take(address, cx))).await;
            let is_new = kept.is_none();
            let mut link = match kept {
                Some(link) => link,
                None => match upstream.open(address).await {
                    Ok(link) => link,
                    Err(error) => return Err(unreachable(&error, request.into_body())),
                },
            };
            match link.send(request).await {
                Ok(response) => return Ok((response, Link::Http1 { address, link: Some(link) })),
                Err(mut error) => match error.take_message() {
                    // it was closed while it was kept
                    Some(unsent) if !is_new => request = unsent,
                    Some(unsent) => return Err(unreachable(error.error(), unsent.into_body())),
                    None => return Err(lost(&error.into_error(), again)),
                },
            }
        }
    }

    async fn send_http2(
        &self,
        address: SocketAddr,
        payload: Outgoing,
        pooled: Option<&Pooled>,
    ) -> Result<(Response<Incoming>, Link), Lost> {
        let again = payload.again();
        let request = self.request(payload, pooled, Version::HTTP_2)?;
        let (mut link, open) = match self.worker.upstream.http2(address).await {
            Ok(found) => found,
            Err(error) => return Err(unreachable(&error, request.into_body())),
        };
        match link.sender().try_send_request(request).await {
            Ok(response) => Ok((response, Link::Http2 { _open: open })),
            Err(mut error) => match error.take_message() {
                Some(unsent) => Err(unreachable(error.error(), unsent.into_body())),
                None => Err(lost(&error.into_error(), again)),
            },
        }
    }

    /// The request as a replica gets it.
    fn request(
        &self,
        payload: Outgoing,
        pooled: Option<&Pooled>,
        version: Version,
    ) -> Result<Request<Outgoing>, Lost> {
        let Self { worker, head, id, host, service, prefix, connection, traceparent } = self;
        let said = Said {
            id,
            service,
            connection: *connection,
            trust_forwarded: worker.shared.trust_forwarded,
            host,
            traceparent: traceparent.as_ref(),
        };
        let path = forward::target(&head.uri, *prefix).ok_or(Lost::Unsendable)?;
        let mut headers = forward::request_headers(head, &said);
        if let Some(protocol) = forward::upgrade(head) {
            forward::put_upgrade(&mut headers, protocol);
        }
        if let Some(pooled) = pooled {
            let value = HeaderValue::from_bytes(&pooled.to_header());
            headers.insert(names::POOL, value.map_err(|_| Lost::Unsendable)?);
        }
        let uri = if version == Version::HTTP_2 {
            headers.remove(HOST);
            forward::full_target(host, path).ok_or(Lost::Unsendable)?
        } else {
            Uri::from(path)
        };
        let mut request = Request::new(payload);
        *request.method_mut() = head.method.clone();
        *request.uri_mut() = uri;
        *request.version_mut() = version;
        *request.headers_mut() = headers;
        Ok(request)
    }

    /// The reply as the client gets it.
    async fn reply(
        &self,
        response: Response<Incoming>,
        mut visit: Visit,
        (slot, mut link, deadline): (Slot, Link, Instant),
        mut recording: Option<Box<Recording>>,
    ) -> Response<Reply> {
        let (mut head, mut incoming) = response.into_parts();
        let is_grpc = grpc::is_call(self.head);
        visit.replied(&head, is_grpc);
        if let Some(recording) = &mut recording {
            recording.head(&head, is_grpc);
        }
        // whether a call is well is said by its trailers, or by its head when it has none
        if !is_grpc || head.status != StatusCode::OK || grpc::status(&head.headers).is_some() {
            visit.judge(&slot);
        }
        head.version = Version::HTTP_11;
        head.extensions.clear();
        let protocol = head.headers.get(UPGRADE).cloned();
        forward::reply_headers(&mut head.headers);
        if let (StatusCode::SWITCHING_PROTOCOLS, Some(protocol)) = (head.status, protocol)
            && let Some(link) = link.take_http1()
        {
            forward::put_upgrade(&mut head.headers, protocol);
            head.extensions.insert(tunnel::between(link, slot, visit));
            return Response::from_parts(head, Reply::Whole(bytes::Bytes::new()));
        }
        let worker = self.worker;
        // a short body has most often come with its head: the connection is free at once
        let is_short = incoming.size_hint().exact().is_some_and(|length| length <= WHOLE);
        let mut first = None;
        poll_fn(|cx| {
            if is_short
                && !incoming.is_end_stream()
                && let Poll::Ready(frame) = link.poll_frame(&mut incoming, cx)
            {
                first = frame;
            }
            if incoming.is_end_stream() {
                link.ends(worker, cx);
            }
            Poll::Ready(())
        })
        .await;
        let first = match first {
            Some(Ok(frame)) => frame.into_data().ok(),
            Some(Err(_)) | None => None,
        };
        if incoming.is_end_stream() {
            drop(slot);
            let whole = first.unwrap_or_default();
            if let Some(recording) = recording {
                recording.part(&whole);
                recording.ends();
            }
            return Response::from_parts(head, Reply::Whole(whole));
        }
        let arriving = Arriving {
            first,
            incoming,
            link,
            deadline: Box::pin(sleep_until(deadline)),
            is_grpc,
            worker: worker.clone(),
            slot: Some(slot),
            visit,
            recording,
            is_over: false,
        };
        Response::from_parts(head, Reply::Stream(Box::new(arriving)))
    }
}

/// True when a warm pool does not answer for a model: it has no room for it, or too much to do.
fn is_too_much(response: &Response<Incoming>) -> bool {
    match grpc::status(response.headers()) {
        // RESOURCE_EXHAUSTED, UNAVAILABLE
        Some(status) => status == 8 || status == 14,
        None => matches!(response.status().as_u16(), 503 | 507),
    }
}

/// Nothing was sent.
fn unreachable(error: &dyn std::error::Error, payload: Outgoing) -> Lost {
    Lost::ByReplica { why: chain(error), payload: Some(payload), is_sent: false }
}

/// The connection ended after something was sent.
fn lost(error: &hyper::Error, again: Option<Outgoing>) -> Lost {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<longshore_daemon::Error>() {
            return Lost::ByClient(outgoing::failure(error));
        }
        if let Some(error) = error.downcast_ref::<h2::Error>()
            && (error.reason() == Some(h2::Reason::REFUSED_STREAM)
                || (error.is_go_away() && error.reason() == Some(h2::Reason::NO_ERROR)))
        {
            // the peer says that it has not begun (RFC 9113 §8.7)
            return Lost::ByReplica { why: error.to_string(), payload: again, is_sent: false };
        }
        cause = error.source();
    }
    Lost::ByReplica { why: chain(error), payload: again, is_sent: true }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

fn gone(visit: &Visit, slot: &Slot, why: &str) -> Failure {
    let message = format!(
        "a replica of `{}` closed the connection before it answered; it may have stopped, or the request may have stopped it",
        visit.revision().name()
    );
    let address = slot.replica().endpoint().address;
    Failure::new(Code::BadGateway, message).with_detail(format!("{address}: {why}"))
}
