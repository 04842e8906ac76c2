//! What the surroundings ask of every server: does it live, is it ready, what has it counted.

use std::{borrow::Cow, convert::Infallible, fmt, future, time::Instant};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    header::{ALLOW, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS},
    service::Service,
};
use prometheus_client::registry::Registry;

use super::{
    Body,
    access_log::{self, Line, Onward, Outcome},
};
use crate::{
    Code, Drain, RequestIds,
    metrics::{self, Format},
    request_id,
};

/// Answers probes, on a port of its own or for the service of a role.
pub struct Probe {
    registry: Registry,
    drain: Drain,
    readiness: Box<dyn Readiness>,
    ids: RequestIds,
}

/// What a role says of its readiness.
pub trait Readiness: Send + Sync + 'static {
    /// True when all is there that the role needs to answer.
    fn is_complete(&self) -> bool;

    /// What a probe reads, as JSON, when the server is ready to answer or is not.
    fn describe(&self, ready: bool) -> String {
        format!(r#"{{"live":true,"ready":{ready}}}"#)
    }
}

/// What a probe asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// `GET /`
    Alive,
    /// `GET /health/live`, and KServe's `/v2/health/live`.
    Live,
    /// `GET /health/ready`, and KServe's `/v2/health/ready`.
    Ready,
    /// `GET /ping`, `GET /health`: the same in the form of MLflow's scoring server.
    Ping,
    /// `GET /metrics`
    Metrics,
}

/// An answer of a probe.
#[derive(Debug)]
pub struct Page {
    /// The status.
    pub status: StatusCode,
    /// The type of its body.
    pub content_type: &'static str,
    /// The body.
    pub body: Bytes,
}

impl Page {
    fn json(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self { status, content_type: "application/json", body: body.into() }
    }
}

impl Question {
    /// The first of the paths at which it is asked.
    pub fn path(self) -> &'static str {
        match self {
            Self::Alive => "/",
            Self::Live => "/health/live",
            Self::Ready => "/health/ready",
            Self::Ping => "/ping",
            Self::Metrics => "/metrics",
        }
    }

    /// What is asked at `path`; a slash at its end changes nothing.
    pub fn at(path: &str) -> Option<Self> {
        let trimmed = path.strip_suffix('/').filter(|shorter| !shorter.is_empty());
        Some(match trimmed.unwrap_or(path) {
            "/" => Self::Alive,
            "/health/live" | "/v2/health/live" => Self::Live,
            "/health/ready" | "/v2/health/ready" => Self::Ready,
            "/ping" | "/health" => Self::Ping,
            "/metrics" => Self::Metrics,
            _ => return None,
        })
    }
}

impl Probe {
    /// Answers from `registry` and `readiness`; the server is ready when that is complete and
    /// `drain` has not begun.
    pub fn new(registry: Registry, drain: Drain, readiness: impl Readiness) -> Self {
        Self { registry, drain, readiness: Box::new(readiness), ids: RequestIds::new() }
    }

    /// The way down of the server.
    pub fn drain(&self) -> &Drain {
        &self.drain
    }

    /// True when all is there that the role needs, also once it goes down.
    pub fn is_complete(&self) -> bool {
        self.readiness.is_complete()
    }

    /// True when clients are to send requests.
    pub fn is_ready(&self) -> bool {
        !self.drain.has_begun() && self.is_complete()
    }

    /// The answer; the headers of the request say in which form the metrics are wanted.
    ///
    /// # Errors
    /// When a collector of the registry fails to write.
    pub fn answer(&self, question: Question, headers: &HeaderMap) -> Result<Page, fmt::Error> {
        let ready = self.is_ready();
        let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        Ok(match question {
            Question::Alive => Page::json(StatusCode::OK, r#"{"status":"alive"}"#),
            Question::Live => Page::json(StatusCode::OK, r#"{"live":true}"#),
            Question::Ready => Page::json(status, self.readiness.describe(ready)),
            Question::Ping => Page::json(status, "\n"),
            Question::Metrics => {
                let format = Format::wanted(headers);
                let body = metrics::render(&self.registry, format)?.into();
                Page { status: StatusCode::OK, content_type: format.content_type(), body }
            }
        })
    }

    /// The answer on a port of its own.
    fn respond(&self, request: &Request<Body>) -> Result<Page, (Code, Cow<'static, str>)> {
        let Some(question) = Question::at(request.uri().path()) else {
            return Err((Code::NotFound, "there is no such path".into()));
        };
        let method = request.method();
        if method != Method::GET && method != Method::HEAD {
            let message = format!("`{method}` does not apply to this path; use GET, HEAD");
            return Err((Code::MethodNotAllowed, message.into()));
        }
        let failed = |_| (Code::Internal, "the metrics cannot be written".into());
        self.answer(question, request.headers()).map_err(failed)
    }
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe").field("drain", &self.drain).finish_non_exhaustive()
    }
}

/// Answers probes, and nothing else.
impl Service<Request<Body>> for Probe {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = future::Ready<Result<Self::Response, Infallible>>;

    fn call(&self, request: Request<Body>) -> Self::Future {
        let begun = Instant::now();
        let answered = self.respond(&request);
        let (head, _) = request.into_parts();
        let id = self.ids.of(&head.headers);
        let outcome = match &answered {
            Ok(page) => Outcome::Answered(page.status.as_u16()),
            Err((code, message)) => {
                Outcome::Failed { code: *code, message, detail: None, turned_away: false }
            }
        };
        let line = Line {
            head: &head,
            id: &id,
            begun,
            api_key: None,
            rows: None,
            onward: Onward::default(),
        };
        access_log::write(line, outcome);
        let allow = matches!(answered, Err((Code::MethodNotAllowed, _)));
        let page = answered.unwrap_or_else(|(code, message)| Page {
            status: StatusCode::from_u16(code.http()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            content_type: "application/json",
            body: format!("{{\"error\":\"{message}\"}}").into(),
        });
        let mut response = Response::new(Full::new(page.body));
        *response.status_mut() = page.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(page.content_type));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(request_id::HEADER, id);
        if allow {
            headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        future::ready(Ok(response))
    }
}
