//! From a reply to the response of HTTP.

use hyper::{
    HeaderMap, Response,
    header::{
        ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
    },
};
use longshore_daemon::{Code, request_id};

use crate::{
    failure::{Failure, Rejection},
    outgoing::Outgoing,
    reply::{self, Reply},
};

const JSON: HeaderValue = HeaderValue::from_static(reply::JSON);
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// The header's value. To make one looks at each of its characters, so most replies share one.
fn content_type(name: &'static str) -> HeaderValue {
    if name == reply::JSON { JSON } else { HeaderValue::from_static(name) }
}

/// Most headers whose map is used again: hyper keeps it for the connection's next request.
const KEPT_HEADERS: usize = 64;

/// The response for a reply; `failure` is what the reply tells of, if it does. `used` are the
/// request's headers, whose memory the response's headers take over.
pub(super) fn of(
    reply: Reply,
    failure: Option<&Failure>,
    request_id: HeaderValue,
    mut used: HeaderMap,
) -> Response<Outgoing> {
    let mut response = Response::new(Outgoing::Whole(reply.body));
    *response.status_mut() = reply.status;
    let headers = response.headers_mut();
    if used.capacity() <= KEPT_HEADERS {
        used.clear();
        *headers = used;
    }
    headers.insert(CONTENT_TYPE, content_type(reply.content_type));
    headers.insert(X_CONTENT_TYPE_OPTIONS, NOSNIFF);
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
