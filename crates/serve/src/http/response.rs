//! From a reply to the response of HTTP.

use hyper::{
    Response,
    header::{
        ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
    },
};
use longshore_daemon::{Code, request_id};

use crate::{
    failure::{Failure, Rejection},
    outgoing::Outgoing,
    reply::Reply,
};

/// The response for a reply; `failure` is what it tells of.
pub(super) fn of(
    reply: Reply,
    failure: Option<&Failure>,
    request_id: HeaderValue,
) -> Response<Outgoing> {
    let mut response = Response::new(Outgoing::Whole(reply.body));
    *response.status_mut() = reply.status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(reply.content_type));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(request_id::NAME.clone(), request_id);
    headers.extend(reply.headers);
    if let Some(failure) = failure {
        if let Some(denial) = failure.denial {
            headers.insert(WWW_AUTHENTICATE, denial.challenge());
        }
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
