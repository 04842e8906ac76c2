//! From a request to its reply.

use std::{sync::Arc, time::Instant};

use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    ext::ReasonPhrase,
    header::{ALLOW, AUTHORIZATION, HeaderValue, LOCATION, WWW_AUTHENTICATE},
    http::request::Parts,
};
use longshore_daemon::{
    Code, RequestIds, request_id,
    server::{
        Body,
        access_log::{self, Line, Onward, Outcome},
        auth::{ApiKeys, Denial},
    },
};
use longshore_mlflow::rest::{Call, DEFAULT_WORKSPACE, ErrorCode, GetServerInfo};

use crate::{
    Caller, Error, Guard, Means, Ui, Users,
    allow::denied,
    asked::Note,
    audit,
    metrics::Metrics,
    operation::Access,
    page, probes,
    query::decode,
    reply::{self, Reply},
    routes::{Asked, Found, Routes, below_api},
    state::State,
    users::{Known, Stranger},
    workspaces,
};

/// What answers every request.
pub(crate) struct Handler {
    pub(crate) state: Arc<State>,
    pub(crate) routes: Routes,
    pub(crate) guard: Guard,
    pub(crate) keys: Option<ApiKeys>,
    pub(crate) metrics_without_key: bool,
    pub(crate) metrics: Metrics,
    pub(crate) ids: RequestIds,
    /// What comes before every path; empty or with a slash at its begin.
    pub(crate) prefix: String,
    /// Whether only artifacts are served.
    pub(crate) artifacts_only: bool,
    /// MLflow's web page.
    pub(crate) ui: Option<Ui>,
}

/// The route of requests that have none, for the metrics.
const NO_ROUTE: &str = "none";

/// Answers one request.
pub(crate) async fn handle(handler: Arc<Handler>, request: Request<Body>) -> Response<Reply> {
    let begun = Instant::now();
    let (head, body) = request.into_parts();
    let id = handler.ids.of(&head.headers);
    let mut route = NO_ROUTE;
    let mut key = None;
    let mut challenge = None;
    let mut user = None;
    let mut means = Means::Nothing;
    let is_audited = handler.state.users.is_some() || handler.keys.is_some();
    let note = Note::new(is_audited);
    let answered = match handler.guard.check(&head, handler.within(&head)) {
        Some(response) => Ok(response),
        None => match handler.admit(&head).await {
            Ok(admitted) => {
                key = admitted.key;
                user.clone_from(&admitted.caller.user);
                means.clone_from(&admitted.caller.means);
                answer(&handler, &head, body, admitted.caller, &mut route, note.clone()).await
            }
            Err(refused) => {
                challenge = refused.challenge;
                Err(refused.error)
            }
        },
    };
    let line = Line {
        head: &head,
        id: &id,
        begun,
        api_key: key.as_deref(),
        rows: None,
        onward: Onward::default(),
    };
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
            let is_of_users = handler.state.users.is_some()
                && matches!(code, ErrorCode::PermissionDenied | ErrorCode::Unauthenticated);
            // MLflow's clients look for these words in a text
            if is_of_users { reply::text(code, message) } else { reply::refusal(code, &message) }
        }
    };
    let who = user.as_deref().or(key.as_deref());
    if is_audited {
        audit::write(&head, (who, &means), route, note.deed(), response.status(), &id);
    }
    response.headers_mut().insert(request_id::NAME.clone(), id);
    if let Some(challenge) = challenge {
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    shout(&mut response);
    handler.guard.mark(&head, response.headers_mut());
    handler.metrics.count(&head.method, route, response.status(), begun.elapsed());
    response
}

/// Writes the phrase of a refusal in capitals, as MLflow's server does: there are clients that look for it.
fn shout(response: &mut Response<Reply>) {
    let phrase = match response.status() {
        StatusCode::BAD_REQUEST => "BAD REQUEST",
        StatusCode::UNAUTHORIZED => "UNAUTHORIZED",
        StatusCode::FORBIDDEN => "FORBIDDEN",
        StatusCode::NOT_FOUND => "NOT FOUND",
        _ => return,
    };
    response.extensions_mut().insert(ReasonPhrase::from_static(phrase.as_bytes()));
}

/// A request that is let in.
struct Admitted {
    /// The name of its key.
    key: Option<Arc<str>>,
    caller: Caller,
}

/// A request that is not.
struct Refused {
    error: Error,
    challenge: Option<HeaderValue>,
}

impl From<Denial> for Refused {
    fn from(denial: Denial) -> Self {
        let error = Error::refused(ErrorCode::Unauthenticated, denial.message());
        Self { error, challenge: Some(denial.challenge()) }
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self { error, challenge: None }
    }
}

impl From<Stranger> for Refused {
    fn from(stranger: Stranger) -> Self {
        match stranger {
            Stranger::Failed(error) => Self { error, challenge: None },
            Stranger::Unknown => Self {
                error: Error::refused(ErrorCode::Unauthenticated, UNKNOWN),
                challenge: Some(HeaderValue::from_static("Basic realm=\"mlflow\"")),
            },
            Stranger::Token(fault) => Self {
                error: Error::refused(
                    ErrorCode::Unauthenticated,
                    format!("You are not authenticated. The token is not let in: {fault}"),
                ),
                challenge: Some(HeaderValue::from_static(
                    "Bearer realm=\"mlflow\", error=\"invalid_token\"",
                )),
            },
        }
    }
}

/// What a request is told that names no user, in MLflow's words.
const UNKNOWN: &str = "You are not authenticated. Please see https://www.mlflow.org/docs/latest/auth/index.html#authenticating-to-mlflow on how to authenticate.";

/// Whether a request has a key, or something that it takes for one.
fn has_key(headers: &HeaderMap) -> bool {
    let is_bearer = |value: &HeaderValue| {
        value.as_bytes().get(..7).is_some_and(|it| it.eq_ignore_ascii_case(b"bearer "))
    };
    headers.contains_key("x-api-key") || headers.get(AUTHORIZATION).is_some_and(is_bearer)
}

/// The kind of failure that a code of MLflow is, for the log.
fn kind(code: ErrorCode) -> Code {
    match code.status() {
        400 => Code::InvalidArgument,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::NotFound,
        409 => Code::AlreadyExists,
        429 => Code::TooManyRequests,
        501 => Code::Unimplemented,
        503 => Code::Unavailable,
        504 => Code::DeadlineExceeded,
        status if status < 500 => Code::InvalidArgument,
        _ => Code::Internal,
    }
}

impl Handler {
    /// The path below the prefix; `None` when it is not below it. Artifacts and probes are at both.
    fn within<'a>(&self, head: &'a Parts) -> Option<&'a str> {
        self.below(head.uri.path())
    }

    fn below<'a>(&self, path: &'a str) -> Option<&'a str> {
        let below =
            path.strip_prefix(&self.prefix).filter(|it| it.is_empty() || it.starts_with('/'));
        below.or_else(|| (is_artifact(path) || probes::is_one(path)).then_some(path))
    }

    /// Who asks, by a key or as a user.
    async fn admit(&self, head: &Parts) -> Result<Admitted, Refused> {
        // what the server can do is told whatever workspace a client believes in
        let enabled = self.state.settings.workspaces;
        let workspace = if self.is_open(head) {
            DEFAULT_WORKSPACE.to_owned()
        } else {
            workspaces::requested(&head.headers, enabled)?
        };
        let anyone = Admitted { key: None, caller: Caller::anyone(&workspace) };
        let users = self.state.users.as_ref();
        if (users.is_none() && self.keys.is_none()) || self.is_open(head) {
            return Ok(anyone);
        }
        let is_of_users = |users: &&Users| {
            self.keys.is_none() || !has_key(&head.headers) || users.takes(&head.headers)
        };
        if let Some(users) = users.filter(is_of_users) {
            let Known { person, rights, roles, workspaces, means } =
                users.identify(&head.headers, &workspace, enabled).await?;
            let (user, id) = (Some(person.name), Some(person.id));
            let caller = Caller { user, id, workspace, rights, means, roles, workspaces };
            return Ok(Admitted { key: None, caller });
        }
        let key = self.keys.as_ref().map(|keys| keys.identify(&head.headers)).transpose()?;
        Ok(Admitted { key, caller: Caller { means: Means::Key, ..anyone.caller } })
    }

    /// Whether everybody may ask.
    fn is_open(&self, head: &Parts) -> bool {
        match self.within(head) {
            Some("/metrics") => self.metrics_without_key,
            Some(path) => probes::is_one(path) || below_api(path) == Some(GetServerInfo::PATH),
            None => false,
        }
    }
}

/// Whether a path is of the artifact proxy.
fn is_artifact(path: &str) -> bool {
    below_api(path).is_some_and(|it| it.starts_with("2.0/mlflow-artifacts/"))
}

async fn answer(
    handler: &Handler,
    head: &Parts,
    body: Body,
    caller: Caller,
    named: &mut &'static str,
    note: Note,
) -> Result<Response<Reply>, Error> {
    let state = &handler.state;
    let Some(path) = handler.within(head) else { return Ok(nothing(handler, head)) };
    if let Some(response) = probes::answer(state, path, &head.headers).await? {
        *named = "probe";
        return Ok(response);
    }
    if let Some(response) = web_page(handler, head, path).await {
        *named = "page";
        return Ok(response);
    }
    if handler.artifacts_only && !is_artifact(path) {
        let words = "the server serves artifacts only, because of `--artifacts-only`";
        return Err(Error::refused(ErrorCode::TemporarilyUnavailable, words));
    }
    let mut head = head.clone();
    if head.method == Method::HEAD {
        // the connection leaves the body out
        head.method = Method::GET;
    }
    let (route, fields) = match handler.routes.find(path, head.method.as_str()) {
        Found::Route(route, fields) => (route, fields),
        Found::OtherMethod(methods) => return Ok(other_method(&head, &methods)),
        Found::Nothing => return Ok(nothing(handler, &head)),
    };
    *named = route.path;
    if caller.means.is_read_only() && route.access == Access::Write {
        return Err(denied());
    }
    if caller.knows_workspace() {
        workspaces::check(&state.store, &caller.workspace).await?;
    }
    let fields = fields.into_iter().map(|(name, text)| Ok((name, decode(&text)?)));
    let fields = fields.collect::<Result<_, Error>>()?;
    let asked = Asked { head, body, fields, caller, note };
    (route.answer)(state.clone(), asked).await
}

/// A file of MLflow's web page, or the page that says what runs here; `None` when the request is for neither.
async fn web_page(handler: &Handler, head: &Parts, path: &str) -> Option<Response<Reply>> {
    if !matches!(head.method, Method::GET | Method::HEAD) {
        return None;
    }
    match &handler.ui {
        Some(ui) if !handler.artifacts_only => {
            ui.answer(path, &handler.prefix, &head.headers).await
        }
        _ => matches!(path, "" | "/").then(page::answer),
    }
}

/// Leads from a path with several slashes in a row to the one with one, where that is something: clients
/// that put a slash behind the server's address are led so by MLflow's server too.
fn merged(handler: &Handler, head: &Parts) -> Option<Response<Reply>> {
    let mut path = String::new();
    for part in head.uri.path().split_inclusive('/') {
        if part != "/" || path.is_empty() {
            path.push_str(part);
        }
    }
    let is_there = path != head.uri.path()
        && matches!(
            handler.routes.find(handler.below(&path)?, head.method.as_str()),
            Found::Route(..)
        );
    let query = head.uri.query().map(|it| format!("?{it}")).unwrap_or_default();
    let location = is_there.then(|| HeaderValue::from_str(&(path + &query)).ok())??;
    let mut response = reply::whole(StatusCode::PERMANENT_REDIRECT, "text/plain", "");
    response.headers_mut().insert(LOCATION, location);
    Some(response)
}

fn nothing(handler: &Handler, head: &Parts) -> Response<Reply> {
    if let Some(response) = merged(handler, head) {
        return response;
    }
    let words = format!("there is no `{}` here", head.uri.path());
    let mut response = reply::refusal(ErrorCode::EndpointNotFound, &words);
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

/// What a path that exists says to another method; to `OPTIONS` only which methods it takes.
fn other_method(head: &Parts, methods: &[&str]) -> Response<Reply> {
    let mut response = if head.method == Method::OPTIONS {
        reply::whole(StatusCode::NO_CONTENT, "text/plain", "")
    } else {
        let words =
            format!("`{}` does not apply to this path; use {}", head.method, methods.join(", "));
        let mut response = reply::refusal(ErrorCode::EndpointNotFound, &words);
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        response
    };
    let head = methods.contains(&"GET").then_some("HEAD");
    let allow: Vec<_> = methods.iter().copied().chain(head).chain(["OPTIONS"]).collect();
    if let Ok(allow) = HeaderValue::from_str(&allow.join(", ")) {
        response.headers_mut().insert(ALLOW, allow);
    }
    response
}
