//! From a request to its response.

use std::{convert::Infallible, mem, sync::Arc};

use hyper::{
    HeaderMap, Request, Response, Version, body::Body as _, header::HeaderValue,
    http::request::Parts,
};
use longshore_daemon::server::{Body, Question};

use super::{
    body, metadata, response,
    route::{self, Route},
};
use crate::{
    encoding::{self, Encoding},
    exchange::Exchange,
    failure::Failure,
    inference::{Answer as Computed, Asked, Capacity, Inference, Negotiated, Stream},
    names::quoted,
    outgoing::Outgoing,
    protocol::{Codec, Head, MediaType, Protocol, codec, lines},
    recorder::Recording,
    reply::Reply,
    repository::Served,
    shared::Worker,
    ui,
};

/// Answers one request.
///
/// hyper moves the future several times before it is polled: it holds the request once, and what most
/// requests do not need is boxed.
pub(crate) fn handle(
    worker: Arc<Worker>,
    request: Request<Body>,
) -> impl Future<Output = Result<Response<Outgoing>, Infallible>> + Send {
    let (mut head, mut body) = request.into_parts();
    async move {
        let mut exchange = Exchange::begin(&worker, &head);
        let path = head.uri.path();
        // failures are written as the protocol of the path has it
        let mut protocol = Protocol::V2;
        let mut stream = None;
        let find = || find_route(&worker, &head, path);
        let route = exchange.admit(|| is_open(&worker, path)).and_then(|()| find());
        exchange.asks_route(route.as_ref().ok().map(Route::template));
        let result = match route {
            Ok(Route::Infer { protocol: asked, model, version }) => {
                protocol = asked;
                let target =
                    Target { protocol, model: model.as_deref(), version: version.as_deref() };
                let answer = infer(&worker, target, &head, &mut body, &mut exchange).await;
                answer.map(|answer| match answer {
                    Answer::Whole(reply) => reply,
                    Answer::Stream(lines) => {
                        let reply =
                            encoding::named(Reply::new(lines::CONTENT_TYPE, ""), lines.encoding());
                        stream = Some(lines);
                        reply
                    }
                })
            }
            Ok(Route::Verb { model, verb, known }) => {
                Err(Box::pin(no_verb(&worker, &model, verb, known)).await)
            }
            Ok(route) => Box::pin(answer_other(&worker, &route, &head.headers, &mut body)).await,
            Err(failure) => {
                if route::is_mlflow(path) {
                    protocol = Protocol::Mlflow;
                }
                Err(failure)
            }
        };
        if result.is_err() && head.version != Version::HTTP_2 && !body.is_end_stream() {
            Box::pin(body::discard(&head.headers, &mut body)).await;
        }
        let (reply, failure) = match result {
            Ok(reply) => (reply, None),
            Err(failure) => (codec(protocol).refuse(&failure), Some(failure)),
        };
        let id = exchange.end(failure.as_ref().map_or(Ok(reply.status), Err));
        let used = mem::take(&mut head.headers);
        let mut response = response::of(reply, failure.as_ref(), id, used);
        if let Some(stream) = stream {
            *response.body_mut() = Outgoing::Stream(stream);
        }
        Ok(response)
    }
}

/// Refuses a request that is for no model.
pub(crate) fn refuse(
    worker: &Worker,
    request: Request<Body>,
    failure: &Failure,
) -> Response<Outgoing> {
    let (mut head, _) = request.into_parts();
    let id = Exchange::begin(worker, &head).end(Err(failure));
    let reply = codec(Protocol::V2).refuse(failure);
    response::of(reply, Some(failure), id, mem::take(&mut head.headers))
}

/// Finds the route of a path, those of the pages too where there are pages.
fn find_route<'r>(worker: &Worker, head: &Parts, path: &'r str) -> Result<Route<'r>, Failure> {
    let found = route::find(&head.method, path, worker.shared.metrics_elsewhere);
    if !worker.shared.ui {
        return found;
    }
    match found {
        Ok(Route::Probe(Question::Alive)) if ui::is_wanted(&head.headers) => {
            Ok(Route::Ui(ui::Asked::Page))
        }
        Err(failure) => ui::find(&head.method, path).unwrap_or(Err(failure)).map(Route::Ui),
        found => found,
    }
}

/// What a request to a model is answered with.
enum Answer {
    Whole(Reply),
    /// The body, made while it is sent.
    Stream(Box<Stream>),
}

/// Whether everybody may ask it, with or without a key: whoever asks whether a server lives has no
/// key.
fn is_open(worker: &Worker, path: &str) -> bool {
    match Question::at(path) {
        None => worker.shared.ui && ui::is_open(path),
        Some(Question::Metrics) => worker.shared.metrics_without_key,
        Some(_) => true,
    }
}

/// What the path of a request to a model says.
#[derive(Clone, Copy)]
struct Target<'r> {
    protocol: Protocol,
    model: Option<&'r str>,
    version: Option<&'r str>,
}

async fn infer(
    worker: &Worker,
    target: Target<'_>,
    head: &Parts,
    body: &mut Body,
    exchange: &mut Exchange<'_>,
) -> Result<Answer, Failure> {
    let asked = Head { headers: &head.headers, query: head.uri.query().unwrap_or_default() };
    let codec = codec(target.protocol);
    asked.check(codec.keys())?;
    let served = find(worker, target, &asked).await?;
    let capacity = &worker.shared.capacity;
    exchange.is_for(&served, target.protocol);
    let begun = exchange.begun();
    let inference = Inference::begin(capacity, worker.loop_id, served, target.protocol, begun);
    let negotiated = match negotiate(codec, &asked, inference.served()) {
        Ok(negotiated) => negotiated,
        Err(failure) => return inference.end(Err(failure)).map(Answer::Whole),
    };
    if negotiated.media_type == MediaType::Lines {
        let asked = Asked {
            sent: negotiated.sent,
            wanted: negotiated.wanted,
            method: negotiated.method,
            id: exchange.id.clone(),
            drain: worker.shared.drain.clone(),
            grace: worker.shared.stream_grace,
        };
        let stream = Stream::begin(capacity.clone(), inference.into_account(), asked, body)?;
        return Ok(Answer::Stream(Box::new(stream)));
    }
    let recorder = worker.shared.recorder.as_ref();
    let recording = recorder.map(|recorder| recorder.begin(&head.headers, &exchange.id));
    let recording = recording.as_ref();
    let result = ask(&inference, negotiated, &head.headers, body, &exchange.id, recording).await;
    exchange.is_computed(result.as_ref().ok());
    let ended = inference.end(result);
    if let (Some(recording), Ok(reply)) = (recording, &ended) {
        recording.answer(reply);
    }
    ended.map(Answer::Whole)
}

async fn ask(
    inference: &Inference<'_>,
    negotiated: Negotiated,
    headers: &HeaderMap,
    body: &mut Body,
    id: &HeaderValue,
    recording: Option<&Recording<'_>>,
) -> Result<Computed, Failure> {
    let Capacity { limits, buffered, .. } = inference.capacity();
    let received = body::receive(headers, body, limits, buffered).await?;
    if let Some(recording) = recording {
        recording.request(headers, &received.bytes);
    }
    inference.answer(received, negotiated, id).await
}

fn negotiate(codec: &dyn Codec, head: &Head<'_>, served: &Served) -> Result<Negotiated, Failure> {
    let method = head.value("method").map(|name| served.contract.method(&name)).transpose()?;
    Ok(Negotiated {
        media_type: codec.accepts(head)?,
        sent: Encoding::sent(head.headers)?,
        wanted: Encoding::wanted(head.headers),
        answers_arrow: codec.answers_arrow(head),
        method,
    })
}

/// Models do not do this; says what the model does.
async fn no_verb(worker: &Worker, model: &str, verb: &str, known: &str) -> Failure {
    let served = match worker.shared.models.find(model, None).await {
        Ok(served) => served,
        Err(failure) => return failure,
    };
    let (verb, model, methods) = (quoted(verb), quoted(model), served.contract.known());
    Failure::not_found(format!(
        "models do not {verb}; they have {known}, and {model} has the methods {methods}"
    ))
}

async fn answer_other(
    worker: &Worker,
    route: &Route<'_>,
    headers: &HeaderMap,
    body: &mut Body,
) -> Result<Reply, Failure> {
    let capacity = &worker.shared.capacity;
    let body = body::receive(headers, body, &capacity.limits, &capacity.buffered).await?;
    let reply = metadata::answer(route, headers, &body.bytes, &worker.shared).await?;
    let wanted = Encoding::wanted(headers);
    if !encoding::is_worth(wanted, reply.body.len()) {
        return Ok(reply);
    }
    // the metrics of many models are large
    capacity.pool.run(move || Ok(encoding::reply(reply, wanted))).await
}

/// The model that the path names, or else the query; the only model when neither does.
async fn find(
    worker: &Worker,
    target: Target<'_>,
    head: &Head<'_>,
) -> Result<Arc<Served>, Failure> {
    let models = &worker.shared.models;
    if let Some(name) = target.model {
        return models.find(name, target.version).await;
    }
    match head.value("model") {
        Some(name) => models.find(&name, head.value("version").as_deref()).await,
        None => models.only().await,
    }
}
