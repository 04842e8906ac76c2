//! The page for people who open the server in a browser.

use hyper::{
    Response, StatusCode,
    header::{CONTENT_SECURITY_POLICY, HeaderValue},
};

use crate::reply::{self, Reply};

/// The page.
const TEXT: &str = include_str!("page.html");

/// The reply that is the page.
pub(crate) fn answer() -> Response<Reply> {
    let mut response = reply::whole(StatusCode::OK, "text/html; charset=utf-8", TEXT);
    let policy =
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; img-src data:");
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    response
}
