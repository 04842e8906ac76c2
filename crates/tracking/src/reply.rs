//! Replies.

use std::error::Error as StdError;

use bytes::Bytes;
use http_body_util::{BodyExt, Either, Full, combinators::UnsyncBoxBody};
use hyper::{
    Response, StatusCode,
    header::{CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS},
};
use longshore_mlflow::rest::{ErrorCode, Message, Refusal, print};

/// Why a reply's body ends early.
pub(crate) type Broken = Box<dyn StdError + Send + Sync>;

/// The body of a reply: bytes that are there, or a stream.
pub(crate) type Reply = Either<Full<Bytes>, UnsyncBoxBody<Bytes, Broken>>;

/// A reply with a whole body.
pub(crate) fn whole(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Response<Reply> {
    let mut response = Response::new(Either::Left(Full::new(body.into())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// A reply whose body is made while it is sent.
pub(crate) fn stream<B>(body: B) -> Response<Reply>
where
    B: hyper::body::Body<Data = Bytes, Error: Into<Broken>> + Send + 'static,
{
    Response::new(Either::Right(body.map_err(Into::into).boxed_unsync()))
}

/// A message.
pub(crate) fn message(message: &impl Message) -> Response<Reply> {
    json(print(message))
}

/// A message that is printed.
pub(crate) fn json(text: String) -> Response<Reply> {
    whole(StatusCode::OK, "application/json", text)
}

/// An error in words alone.
pub(crate) fn text(code: ErrorCode, message: String) -> Response<Reply> {
    let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    whole(status, "text/plain; charset=utf-8", message)
}

/// A message with a status; with 204, no body.
pub(crate) fn answer(status: u16, answer: &impl Message) -> Response<Reply> {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    if status == StatusCode::NO_CONTENT {
        let mut response = Response::new(Either::Left(Full::default()));
        *response.status_mut() = status;
        return response;
    }
    whole(status, "application/json", print(answer))
}

/// An error.
pub(crate) fn refusal(code: ErrorCode, message: &str) -> Response<Reply> {
    let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    whole(status, "application/json", print(&Refusal::new(code, message)))
}
