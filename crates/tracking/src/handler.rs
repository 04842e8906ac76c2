//! From a request to its reply.

use std::{sync::Arc, time::Instant};

use http_body_util::{BodyExt, Limited};
use hyper::{
    Request, Response, StatusCode,
    header::{ALLOW, CONTENT_TYPE, HeaderValue},
    http::request::Parts,
};
use longshore_daemon::{
    Code, percent, request_id,
    server::{
        Body,
        access_log::{self, Line, Onward, Outcome},
    },
};
use longshore_mlflow::rest::{ErrorCode, Method, parse_query, parse_request};

use crate::{
    Caller, Error,
    operation::{Access, Context, Operation},
    probes,
    reply::{self, Reply},
    routes::{Asked, Found},
    state::{State, now},
};

/// Answers one request.
pub(crate) async fn handle(state: Arc<State>, request: Request<Body>) -> Response<Reply> {
    let begun = Instant::now();
    let (head, body) = request.into_parts();
    let id = state.ids.of(&head.headers);
    let answered = answer(&state, &head, body).await;
    let line = Line { head: &head, id: &id, begun, api_key: None, onward: Onward::default() };
    let mut response = match answered {
        Ok(response) => {
            access_log::write(line, Outcome::Answered(response.status().as_u16()));
            response
        }
        Err(error) => {
            let (code, message) = error.told();
            let detail = error.to_string();
            let detail = (detail != message).then_some(detail);
            let outcome = Outcome::Failed {
                code: kind(code),
                message: &message,
                detail: detail.as_deref(),
                turned_away: false,
            };
            access_log::write(line, outcome);
            reply::refusal(code, &message)
        }
    };
    response.headers_mut().insert(request_id::NAME.clone(), id);
    response
}

/// The kind of failure that a code of MLflow is, for the log.
fn kind(code: ErrorCode) -> Code {
    match code.status() {
        400 => Code::InvalidArgument,
        404 => Code::NotFound,
        503 => Code::Unavailable,
        status if status < 500 => Code::InvalidArgument,
        _ => Code::Internal,
    }
}

async fn answer(state: &Arc<State>, head: &Parts, body: Body) -> Result<Response<Reply>, Error> {
    if let Some(response) = probes::answer(state, head)? {
        return Ok(response);
    }
    let (route, fields) = match state.routes.find(head.uri.path(), head.method.as_str()) {
        Found::Route(route, fields) => (route, fields),
        Found::OtherMethod(methods) => return Ok(other_method(head, &methods)),
        Found::Nothing => return Ok(nothing(head)),
    };
    let fields = fields.into_iter().map(|(name, text)| Ok((name, decode(&text)?)));
    let fields = fields.collect::<Result<_, Error>>()?;
    let caller = Caller { user: None, workspace: "default".to_owned() };
    let asked = Asked { head: head.clone(), body, fields, caller };
    (route.answer)(state.clone(), asked).await
}

/// Answers an operation in one transaction, in which its permission is checked too.
pub(crate) async fn operate<O: Operation>(
    state: Arc<State>,
    asked: Asked,
) -> Result<Response<Reply>, Error> {
    let Asked { head, body, fields, caller } = asked;
    let path: Vec<_> = fields.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let operation: O = if head.method == Method::Get.name() {
        let pairs = pairs(head.uri.query().unwrap_or_default())?;
        let pairs = pairs.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        parse_query(pairs, &path)?
    } else {
        is_json(&head)?;
        let body =
            Limited::new(body, state.body).collect().await.map_err(|error| unread(&error))?;
        parse_request(&body.to_bytes(), &path)?
    };
    let shared = state.clone();
    let work = move |on: &mut dyn crate::store::Connection| {
        let context = Context { caller: &caller, settings: &shared.settings, now: now() };
        operation.answer(on, &context).map(|answer| reply::message(&answer))
    };
    match O::ACCESS {
        Access::Read => state.store.read(work).await,
        Access::Write => state.store.write(work).await,
    }
}

/// A body must say that it is JSON: a web page of another origin cannot say so unasked. Neither can it
/// delete anything unasked, and MLflow's clients delete without a body.
fn is_json(head: &Parts) -> Result<(), Error> {
    if head.method == Method::Delete.name() && !head.headers.contains_key(CONTENT_TYPE) {
        return Ok(());
    }
    let named = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = named.and_then(|it| it.split(';').next()).map(str::trim).unwrap_or_default();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Error::refused(
        ErrorCode::InvalidParameterValue,
        "Bad Request. Content-Type should be 'application/json'.",
    ))
}

/// Why a body was not read to its end.
fn unread(error: &reply::Broken) -> Error {
    Error::refused(ErrorCode::BadRequest, format!("the body cannot be read: {error}"))
}

/// The pairs of a query, decoded; `+` is a space there.
pub(crate) fn pairs(query: &str) -> Result<Vec<(String, String)>, Error> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, text) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(&name.replace('+', " "))?, decode(&text.replace('+', " "))?))
        })
        .collect()
}

fn decode(text: &str) -> Result<String, Error> {
    let decoded = percent::decode(text).map(Into::into);
    decoded.ok_or_else(|| Error::invalid(format!("`{text}` is not valid percent-encoded text")))
}

fn nothing(head: &Parts) -> Response<Reply> {
    let words = format!("there is no `{}` here", head.uri.path());
    let mut response = reply::refusal(ErrorCode::EndpointNotFound, &words);
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

fn other_method(head: &Parts, methods: &[&str]) -> Response<Reply> {
    let words =
        format!("`{}` does not apply to this path; use {}", head.method, methods.join(", "));
    let mut response = reply::refusal(ErrorCode::EndpointNotFound, &words);
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    if let Ok(allow) = HeaderValue::from_str(&methods.join(", ")) {
        response.headers_mut().insert(ALLOW, allow);
    }
    response
}
