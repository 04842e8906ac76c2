//! What goes to a client, before it is an HTTP response.

use bytes::Bytes;
use hyper::{
    StatusCode,
    header::{HeaderName, HeaderValue},
};

use crate::failure::Failure;

/// The type of JSON.
pub(crate) const JSON: &str = "application/json";

/// A body with its status, its type and what else its head says.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Bytes,
}

impl Reply {
    /// A body of another type than JSON.
    pub(crate) fn new(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { status: StatusCode::OK, content_type, headers: Vec::new(), body: body.into() }
    }

    /// A body that is JSON already.
    pub(crate) fn json(body: impl Into<Bytes>) -> Self {
        Self::new(JSON, body)
    }

    /// A value that serializes without fail.
    pub(crate) fn of(value: &impl serde::Serialize) -> Result<Self, Failure> {
        let body = serde_json::to_vec(value)
            .map_err(|error| Failure::internal("the reply cannot be written", error.to_string()))?;
        Ok(Self::json(body))
    }

    /// The same with another status.
    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }
}
