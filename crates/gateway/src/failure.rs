//! What a client is told when its request is not answered by a replica.

use std::borrow::Cow;

use hyper::header::HeaderValue;
use longshore_daemon::Code;

/// Why a request has no answer of a replica.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) code: Code,
    pub(crate) message: Cow<'static, str>,
    /// What only the log gets.
    pub(crate) detail: Option<String>,
    /// Seconds after which the request may be sent again.
    pub(crate) retry_after: Option<u32>,
    /// How the client may say who it is.
    pub(crate) challenge: Option<HeaderValue>,
}

/// The form in which a client reads failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// KServe's: an object with `error`.
    Json,
    /// That of MLflow's scoring server.
    Mlflow,
    /// Headers of gRPC.
    Grpc,
}

impl Failure {
    pub(crate) fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), detail: None, retry_after: None, challenge: None }
    }

    pub(crate) fn with_detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    pub(crate) fn after(self, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    pub(crate) fn with_challenge(self, challenge: HeaderValue) -> Self {
        Self { challenge: Some(challenge), ..self }
    }

    /// True when nothing is wrong with the request or the replicas: there are too many requests.
    pub(crate) fn is_turned_away(&self) -> bool {
        self.retry_after.is_some() && self.detail.is_none()
    }
}
