//! The audit log: a line for each change and each refusal, whatever the log leaves out otherwise.

use hyper::{StatusCode, header::HeaderValue, http::request::Parts};
use longshore_mlflow::rest::Method;

use crate::{Means, asked::Deed};

/// Writes the line of a request, when it is one that changes anything or that was refused.
pub(crate) fn write(
    head: &Parts,
    (who, means): (Option<&str>, &Means),
    route: &str,
    deed: Option<&Deed>,
    status: StatusCode,
    id: &HeaderValue,
) {
    let is_refused = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
    // files are changed by requests that are no messages
    let changes = deed.map_or(head.method != Method::Get.name(), |it| it.changes);
    if !is_refused && !changes {
        return;
    }
    tracing::info!(
        target: "audit",
        who = who.unwrap_or("nobody"),
        by = %means,
        method = %head.method,
        route,
        object = deed.map_or_else(|| head.uri.path(), |it| it.object.as_str()),
        status = status.as_u16(),
        outcome = outcome(status),
        request_id = id.to_str().unwrap_or_default(),
        "audit"
    );
}

fn outcome(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "refused",
        status if status.is_success() => "done",
        _ => "failed",
    }
}
