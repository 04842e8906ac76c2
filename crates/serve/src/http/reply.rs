use bytes::Bytes;
use hyper::{
    Response, StatusCode,
    header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS},
};
use longshore_daemon::{Code, request_id};

use crate::{
    failure::{Failure, Rejection},
    json::write,
    outgoing::Outgoing,
};

/// The form in which failures are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// `{"error": …}`
    Kserve,
    /// `{"error_code": …, "message": …}`
    Mlflow,
}

/// A body with its content type.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) content_type: &'static str,
    pub(crate) body: Bytes,
}

pub(super) const JSON: &str = "application/json";

static REQUEST_ID: HeaderName = HeaderName::from_static(request_id::HEADER);

impl Reply {
    pub(super) fn json(body: impl Into<Bytes>) -> Self {
        Self { status: StatusCode::OK, content_type: JSON, body: body.into() }
    }

    /// A value that serializes without fail.
    pub(super) fn of(value: &impl serde::Serialize) -> Result<Self, Failure> {
        let body = serde_json::to_vec(value)
            .map_err(|error| Failure::internal("the reply cannot be written", error.to_string()))?;
        Ok(Self::json(body))
    }
}

/// The bytes of a failure.
fn failure_body(failure: &Failure, style: Style) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + failure.message.len());
    match style {
        Style::Kserve => out.extend_from_slice(b"{\"error\":"),
        Style::Mlflow => {
            out.extend_from_slice(b"{\"error_code\":");
            write::text(&mut out, failure.mlflow_code());
            out.extend_from_slice(b",\"message\":");
        }
    }
    write::text(&mut out, &failure.message);
    out.push(b'}');
    out
}

/// The response for a result.
pub(super) fn response(
    result: Result<Reply, Failure>,
    style: Style,
    request_id: HeaderValue,
) -> Response<Outgoing> {
    let (reply, failure) = match result {
        Ok(reply) => (reply, None),
        Err(failure) => {
            let status = StatusCode::from_u16(failure.code.http());
            let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let body = failure_body(&failure, style).into();
            (Reply { status, content_type: JSON, body }, Some(failure))
        }
    };
    let mut response = Response::new(Outgoing::Whole(reply.body));
    *response.status_mut() = reply.status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(reply.content_type));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REQUEST_ID.clone(), request_id);
    if let Some(failure) = failure {
        if let Some(allow) = failure.allow {
            headers.insert(ALLOW, HeaderValue::from_static(allow));
        }
        // a model that does not load is not mended by asking again
        if failure.code == Code::Unavailable && failure.rejected != Some(Rejection::Failed) {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
    }
    response
}
