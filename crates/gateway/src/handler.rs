//! From a request to its reply.

use std::{borrow::Cow, net::SocketAddr, sync::Arc, time::Instant};

use hyper::{
    Request, Response,
    body::Bytes,
    header::{CONTENT_TYPE, HOST, HeaderValue, ORIGIN},
    http::request::Parts,
};
use longshore_daemon::{
    Code, request_id,
    server::{
        Body, Question,
        access_log::{self, Line, Onward, Outcome},
    },
};
use longshore_kserve::Component;

use crate::{
    Revision,
    exchange::Exchange,
    failure::{Failure, Form},
    grpc,
    outgoing::Outgoing,
    reply::{self, Reply},
    revision::Visit,
    route,
    security::cors,
    service::{Service, Target},
    shadow, split,
    table::Found,
    trace::{Ended, HTTP_STATUS, Trace},
    worker::Worker,
};

/// Answers one request.
pub(crate) async fn handle(worker: Arc<Worker>, request: Request<Body>) -> Response<Reply> {
    let begun = Instant::now();
    let (mut head, body) = request.into_parts();
    let id = worker.ids.of(&head.headers);
    let is_secure = body.connection().is_some_and(|it| it.is_secure);
    let trace = Trace::begin(worker.shared.tracer.as_ref(), &head, &id, is_secure);
    let mut seen = Seen { trace, ..Seen::default() };
    let answered = Box::pin(answer(&worker, &mut head, body, &id, begun, &mut seen)).await;
    let onward = Onward {
        service: seen.service.as_ref().map(|it| it.name.as_str()),
        revision: seen.revision.as_deref().map(Revision::name),
        replica: seen.replica,
    };
    let line =
        Line { head: &head, id: &id, begun, api_key: seen.client.as_deref(), rows: None, onward };
    let mut response = match answered {
        Ok(response) => {
            access_log::write(line, Outcome::Answered(response.status().as_u16()));
            response
        }
        Err(failure) => {
            let outcome = Outcome::Failed {
                code: failure.code,
                message: &failure.message,
                detail: failure.detail.as_deref(),
                turned_away: failure.is_turned_away(),
            };
            access_log::write(line, outcome);
            // no revision was asked, or the span would end with that
            if let Some(mut trace) = seen.trace.take() {
                trace.refused(&failure);
                let code = failure.code.http();
                trace.end(Ended { key: HTTP_STATUS, code, is_error: code >= 500 }, None);
            }
            reply::refusal(&failure, form(&head))
        }
    };
    response.headers_mut().insert(request_id::NAME.clone(), id);
    if let Some(service) = &seen.service {
        let origin = head.headers.get(ORIGIN);
        cors::reply(service.policy.cors.as_ref(), origin, response.headers_mut());
    }
    response
}

/// What was found out about a request on the way to its reply.
#[derive(Default)]
struct Seen {
    /// The service whose web pages may read the reply.
    service: Option<Arc<Service>>,
    /// The name of the client, where it has to have one.
    client: Option<Arc<str>>,
    revision: Option<Arc<Revision>>,
    /// The replica that it was sent to last.
    replica: Option<SocketAddr>,
    /// Its span, until a revision is asked.
    trace: Option<Box<Trace>>,
}

async fn answer(
    worker: &Arc<Worker>,
    head: &mut Parts,
    body: Body,
    id: &HeaderValue,
    begun: Instant,
    seen: &mut Seen,
) -> Result<Response<Reply>, Failure> {
    let connection = body.connection();
    let host = host(head)?.into_owned();
    let Some(found) = route::find(&worker.shared, &host, head.uri.path()).await? else {
        return probe(worker, head, &host);
    };
    let Found { service, target, prefix } = found;
    let cors = service.policy.cors.as_ref();
    if let Some((status, headers)) = cors::preflight(cors, &head.method, &head.headers) {
        let mut response = Response::new(Reply::from(Bytes::new()));
        (*response.status_mut(), *response.headers_mut()) = (status, headers);
        return Ok(response);
    }
    seen.service = Some(service.clone());
    seen.client = worker.shared.admit(&service, head, connection)?;
    let head = &*head;
    let (revision, component) =
        revision(worker, head, &service, target, &head.uri.path()[prefix..])?;
    let mut payload = Outgoing::read(&head.headers, body, worker.shared.bounds.body).await?;
    seen.revision = Some(revision.clone());
    let mut trace = seen.trace.take();
    if let Some(trace) = &mut trace {
        trace.is_for(&head.method, &service.namespace, &service.name, revision.name());
    }
    let traceparent = trace.as_deref().and_then(Trace::traceparent);
    let service = &service;
    let exchange =
        Exchange { worker, head, id, host: &host, service, prefix, connection, traceparent };
    let recording = shadow::record(&exchange, component, &revision, &mut payload);
    let (mut visit, slot) = Visit::begin(revision, begun);
    visit.is_traced(trace);
    exchange.run(visit, slot, payload, recording, &mut seen.replica).await
}

/// The host that a request is for: of its target, else of its `host` header (RFC 9112 §3.2.2).
fn host(head: &Parts) -> Result<Cow<'_, str>, Failure> {
    let refuse = |message: &'static str| Failure::new(Code::InvalidArgument, message);
    if let Some(authority) = head.uri.authority() {
        return Ok(Cow::Borrowed(authority.as_str()));
    }
    let mut named = head.headers.get_all(HOST).iter();
    let host = named.next().ok_or_else(|| {
        refuse("the request names no host; send the host of the service's URL in `host`")
    })?;
    if named.next().is_some() {
        return Err(refuse("the request has more than one `host`; send one"));
    }
    let host = host.to_str().map_err(|_| refuse("the `host` of the request is no text"))?;
    Ok(Cow::Borrowed(host))
}

/// What is not for a service may ask how the gateway does.
fn probe(worker: &Worker, head: &Parts, host: &str) -> Result<Response<Reply>, Failure> {
    if let Some(question @ (Question::Live | Question::Ready)) = Question::at(head.uri.path())
        && let Ok(page) = worker.shared.probe.answer(question, &head.headers)
    {
        let mut response = Response::new(Reply::from(page.body));
        *response.status_mut() = page.status;
        let kind = HeaderValue::from_static(page.content_type);
        response.headers_mut().insert(CONTENT_TYPE, kind);
        return Ok(response);
    }
    Err(route::unknown(host))
}

/// The revision that a request goes to, and the component that it is chosen for, unless the request names
/// the revision.
fn revision(
    worker: &Worker,
    head: &Parts,
    service: &Service,
    target: Target,
    path: &str,
) -> Result<(Arc<Revision>, Option<Component>), Failure> {
    let component = match target {
        Target::Revision(revision) => return Ok((revision, None)),
        Target::Component(component) => component,
        Target::Service => component(service, path),
    };
    let key = split::key(service.sticky.as_ref(), &head.headers);
    let shares = service.shares(component).unwrap_or_default();
    let chosen = split::choose(shares, key, || worker.draw());
    chosen.map(|chosen| (chosen.clone(), Some(component))).ok_or_else(|| {
        let (name, part) = (&service.name, component.name());
        let message = format!("the {part} of `{name}` has no revision yet");
        Failure::new(Code::Unavailable, message).after(1)
    })
}

/// The component that the service is asked for: explanations come from the explainer, all else passes
/// the transformer, where there is one.
fn component(service: &Service, path: &str) -> Component {
    let has = |component| service.shares(component).is_some();
    if path.ends_with(":explain") && has(Component::Explainer) {
        Component::Explainer
    } else if has(Component::Transformer) {
        Component::Transformer
    } else {
        Component::Predictor
    }
}

fn form(head: &Parts) -> Form {
    if grpc::is_call(head) {
        Form::Grpc
    } else if head.uri.path().ends_with("/invocations") {
        Form::Mlflow
    } else {
        Form::Json
    }
}
