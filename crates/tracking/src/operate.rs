//! An operation from its request to its reply.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::{Response, body::Body as _, header::CONTENT_TYPE, http::request::Parts};
use longshore_daemon::server::Body;
use longshore_mlflow::rest::{Call, ErrorCode, Message, Method, parse_query, parse_request};

use crate::{
    Caller, Error,
    allow::{allow, denied},
    asked::Asked,
    clock::now,
    operation::{Access, Context, Operation},
    query::pairs,
    reply::{self, Reply},
    state::State,
};

/// Answers an operation in one transaction.
pub(crate) async fn operate<O: Operation>(
    state: Arc<State>,
    asked: Asked,
) -> Result<Response<Reply>, Error> {
    if O::ADMINISTRATORS && !asked.caller.rights.is_all() {
        return Err(denied());
    }
    let note = asked.note.clone();
    let (operation, caller) = read::<O>(&state, asked).await?;
    note.write(O::ACCESS, || format!("{:?}", operation.needs().objects));
    operation.prepare(&state.settings).await?;
    let namesake = match (operation.claims(), &state.users) {
        (Some(name), Some(users)) => users.namesake(name).await?,
        _ => None,
    };
    let (user, workspace) = (caller.id, caller.workspace.clone());
    let (shared, touched) = (state.clone(), operation.touches());
    let work = move |on: &mut dyn crate::store::Connection| {
        let namesake = namesake.as_deref();
        let context = Context { caller: &caller, settings: &shared.settings, now: now(), namesake };
        allow(on, &caller, &[&[operation.needs()], &operation.also_needs()[..]].concat())?;
        if let Some(body) = operation.body(on, &context)? {
            return Ok((reply::json(body), None, Vec::new(), Vec::new()));
        }
        let answer = operation.answer(on, &context)?;
        let deliveries = operation.tells(&answer, on, &context)?;
        let changes = operation.changes(&answer);
        Ok((reply::answer(O::STATUS, &answer), O::WAITS.then_some(answer), deliveries, changes))
    };
    let (response, answer, deliveries, changes) = match O::ACCESS {
        Access::Read => state.store.read(work).await?,
        Access::Write => state.store.write_what(touched, work).await?,
    };
    if let Some(users) = &state.users {
        users.follow(user, workspace, changes).await?;
    }
    if let (Some(answer), Some(delivery)) = (answer, deliveries.first()) {
        let outcome = state.webhooks.try_once(delivery.clone()).await;
        return Ok(reply::message(&O::told(answer, outcome)));
    }
    state.webhooks.send(deliveries);
    Ok(response)
}

/// The message of a request, and who asks.
pub(crate) async fn read<C: Call>(state: &State, asked: Asked) -> Result<(C, Caller), Error> {
    let Asked { head, body, fields, caller, .. } = asked;
    let has_query = head.uri.query().is_some_and(|it| !it.is_empty());
    let is_in_query = if head.method == Method::Get.name() {
        has_query || body.is_end_stream()
    } else {
        let is_delete = head.method == Method::Delete.name();
        is_delete && has_query && !head.headers.contains_key(CONTENT_TYPE)
    };
    if is_in_query {
        return Ok((of_query(&head, &fields)?, caller));
    }
    let path: Vec<_> = named(&fields).collect();
    Ok((message(&head, body, &path, state.body).await?, caller))
}

/// The message in the query of a request. `fields` are those that its address names.
///
/// # Errors
/// When the query is not that message.
pub(crate) fn of_query<M: Message>(
    head: &Parts,
    fields: &[(&'static str, String)],
) -> Result<M, Error> {
    let path: Vec<_> = named(fields).collect();
    let pairs = pairs(head.uri.query().unwrap_or_default())?;
    let pairs = pairs.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    Ok(parse_query(pairs, &path)?)
}

fn named<'a>(fields: &'a [(&'static str, String)]) -> impl Iterator<Item = (&'a str, &'a str)> {
    fields.iter().map(|(name, text)| (*name, text.as_str()))
}

/// The message in the body of a request, which has at most `limit` bytes. `path` holds the fields that the
/// address names.
///
/// # Errors
/// When the body says that it is no JSON, is none, or is not that message.
pub(crate) async fn message<M: Message>(
    head: &Parts,
    body: Body,
    path: &[(&str, &str)],
    limit: usize,
) -> Result<M, Error> {
    Ok(parse_request(&whole(head, body, limit).await?, path)?)
}

/// The body of a request, which has at most `limit` bytes and says that it is JSON.
///
/// # Errors
/// When it does not say so, or is larger.
pub(crate) async fn whole(head: &Parts, body: Body, limit: usize) -> Result<Bytes, Error> {
    is_json(head)?;
    let body = Limited::new(body, limit).collect().await.map_err(|error| unread(&error))?;
    Ok(body.to_bytes())
}

/// A body that is posted or put must say that it is JSON: a web page of another origin cannot say so
/// unasked. The other methods are not its to use unasked, or change nothing.
fn is_json(head: &Parts) -> Result<(), Error> {
    if ![Method::Post.name(), Method::Put.name()].contains(&head.method.as_str()) {
        return Ok(());
    }
    let words = "Bad Request. Content-Type header is missing.";
    let missing = || Error::refused(ErrorCode::InvalidParameterValue, words);
    let named = head.headers.get(CONTENT_TYPE).ok_or_else(missing)?.to_str().ok();
    let essence = named.and_then(|it| it.split(';').next()).map(str::trim).unwrap_or_default();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Error::refused(
        ErrorCode::InvalidParameterValue,
        "Bad Request. Content-Type must be one of ['application/json'].",
    ))
}

/// Why a body was not read to its end.
fn unread(error: &reply::Broken) -> Error {
    Error::refused(ErrorCode::BadRequest, format!("the body cannot be read: {error}"))
}
