//! gRPC: calls over HTTP/2, on the port of everything else (grpc.io, "gRPC over HTTP2").
//!
//! A call is a request with one message or several behind their prefixes, and a reply of the same
//! form whose status comes after it. `protocol/grpc` reads and writes the messages of inference;
//! the others are few and small, and are read and written where they are answered.

use bytes::Bytes;
use hyper::{
    HeaderMap, Request, Response, StatusCode, Version,
    header::{CONTENT_TYPE, HeaderValue},
};
use longshore_daemon::{request_id, server::Body};

mod compression;
mod conversation;
mod deadline;
mod descriptors;
mod health;
mod metadata;
mod method;
mod reflection;
mod triton;

use crate::{
    encoding::{self, Encoding},
    exchange::Exchange,
    failure::Failure,
    http::body,
    inference::{Inference, Negotiated},
    memory::{Received, Share},
    outgoing::{Frames, Outgoing},
    protocol::{
        MediaType, Protocol, codec,
        grpc::{
            self, Target,
            message::{self, Message},
            status,
        },
    },
    shared::Worker,
};
use conversation::Conversation;
use deadline::Deadline;
use health::Watch;
use method::Method;

/// True for a request that is a call.
pub(crate) fn is_call<B>(request: &Request<B>) -> bool {
    if request.version() != Version::HTTP_2 {
        return false;
    }
    let kind = request.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let behind = kind.and_then(|kind| kind.strip_prefix(b"application/grpc"));
    behind.is_some_and(|behind| matches!(behind.first(), None | Some(b'+' | b';')))
}

/// Answers a call.
pub(crate) async fn respond(worker: &Worker, request: Request<Body>) -> Response<Outgoing> {
    let (head, body) = request.into_parts();
    let mut exchange = Exchange::begin(worker, &head);
    // no other reply has it: to remember it for the headers of later ones would be in vain
    exchange.id.set_sensitive(true);
    let method = Method::at(head.uri.path());
    exchange.calls_method(method.is_ok());
    let admitted = exchange.admit(|| method.as_ref().is_ok_and(|method| method.is_open()));
    let result = match admitted.and(method) {
        Ok(method) => {
            let call = Call { worker, headers: &head.headers, exchange: &mut exchange };
            call.answer(method, body).await
        }
        Err(failure) => Err(failure),
    };
    let id = exchange.end(result.as_ref().map(|_| StatusCode::OK));
    let response = match result {
        Ok(Reply { body, encoding }) => {
            let mut response = Response::new(body);
            if let Some(name) = encoding.name() {
                response.headers_mut().insert("grpc-encoding", HeaderValue::from_static(name));
            }
            response
        }
        Err(failure) => refused(&failure),
    };
    sealed(response, id)
}

/// Refuses a call.
pub(crate) fn refuse(
    worker: &Worker,
    request: Request<Body>,
    failure: &Failure,
) -> Response<Outgoing> {
    let (head, _) = request.into_parts();
    let exchange = Exchange::begin(worker, &head);
    let id = exchange.end(Err(failure));
    sealed(refused(failure), id)
}

fn refused(failure: &Failure) -> Response<Outgoing> {
    let refusal = codec(Protocol::Grpc).refuse(failure);
    let mut response = Response::new(Outgoing::Whole(refusal.body));
    response.headers_mut().extend(refusal.headers);
    response.headers_mut().insert("grpc-accept-encoding", compression::KNOWN);
    response
}

/// The response with what each one has.
fn sealed(mut response: Response<Outgoing>, id: HeaderValue) -> Response<Outgoing> {
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(grpc::CONTENT_TYPE));
    headers.insert(request_id::NAME.clone(), id);
    response
}

/// What a call is answered with.
struct Reply {
    body: Outgoing,
    /// How its messages are compressed.
    encoding: Encoding,
}

impl Reply {
    /// One message behind its prefix.
    fn one(message: Bytes, encoding: Encoding) -> Self {
        Self { body: Outgoing::Trailed(message, Box::new(status::ok())), encoding }
    }

    fn stream(frames: impl Frames + 'static) -> Self {
        Self { body: Outgoing::Stream(Box::new(frames)), encoding: Encoding::Plain }
    }
}

/// A call on its way.
struct Call<'c, 'x> {
    worker: &'c Worker,
    headers: &'c HeaderMap,
    exchange: &'c mut Exchange<'x>,
}

impl Call<'_, '_> {
    async fn answer(self, method: Method, body: Body) -> Result<Reply, Failure> {
        if method == Method::Reflection {
            return Ok(Reply::stream(Conversation::new(body, reflection::answer)));
        }
        let deadline = Deadline::of(self.headers)?;
        let encoding = compression::sent(self.headers)?;
        let received = deadline.hold(self.receive(body, encoding)).await?;
        let shared = &self.worker.shared;
        match method {
            Method::Infer => self.infer(received, encoding, deadline).await,
            Method::HealthWatch => Ok(Reply::stream(Watch::new(&received.bytes, shared)?)),
            _ => {
                let reply = metadata::answer(method, &received.bytes, shared, message::begin(0));
                let reply = deadline.hold(reply).await?;
                let reply = message::seal(reply, false)?;
                Ok(Reply::one(reply.into(), Encoding::Plain))
            }
        }
    }

    /// The one message of a call, plain.
    async fn receive(&self, mut body: Body, encoding: Encoding) -> Result<Received, Failure> {
        let capacity = &self.worker.shared.capacity;
        let limits = capacity.limits;
        let received = body::receive(self.headers, &mut body, &limits, &capacity.buffered).await;
        let Received { bytes, share } = received?;
        let Message { bytes, compressed } = message::only(bytes, &limits)?;
        if !compressed {
            return Ok(Received { bytes, share });
        }
        if encoding == Encoding::Plain {
            let message = "the message is compressed, but no `grpc-encoding` says how";
            return Err(Failure::invalid(message));
        }
        let mut share = share.unwrap_or_else(|| Share::none(&capacity.buffered));
        let decompress = move || {
            let plain = encoding::decompress(&bytes, encoding, &limits)?;
            share.grow(plain.len(), "the body")?;
            Ok(Received { bytes: plain.into(), share: Some(share) })
        };
        capacity.pool.run(decompress).await
    }

    async fn infer(
        self,
        received: Received,
        encoding: Encoding,
        deadline: Deadline,
    ) -> Result<Reply, Failure> {
        let Target { model, version } = Target::read(&received.bytes)?;
        let version = Some(version).filter(|version| !version.is_empty());
        let served = deadline.hold(self.worker.shared.models.find(model, version)).await?;
        let (capacity, loop_id) = (&self.worker.shared.capacity, self.worker.loop_id);
        self.exchange.is_for(&served, Protocol::Grpc);
        let begun = self.exchange.begun();
        let inference = Inference::begin(capacity, loop_id, served, Protocol::Grpc, begun);
        let negotiated = Negotiated {
            media_type: MediaType::Protobuf,
            // each message is compressed for itself, which is done here
            sent: Encoding::Plain,
            wanted: Encoding::Plain,
            answers_arrow: false,
            method: None,
        };
        let answer = deadline.hold(inference.answer(received, negotiated, &self.exchange.id)).await;
        self.exchange.is_computed(answer.as_ref().ok());
        let reply = inference.end(answer)?.body;
        if reply.len() <= compression::SMALL || !compression::is_taken(self.headers, encoding) {
            return Ok(Reply::one(reply, Encoding::Plain));
        }
        let compress = move || {
            let compressed = compression::compress(&reply, encoding)?;
            message::seal(compressed, true)
        };
        let compressed = capacity.pool.run(compress).await?;
        Ok(Reply::one(compressed.into(), encoding))
    }
}
