//! The route of a request. A gateway that has started anew, in a pod that Kubernetes still takes to be
//! ready, gets requests before it has read its routes: they wait until it has.

use std::time::Duration;

use longshore_daemon::{Code, server::Question};
use tokio::time::{Instant, sleep};

use crate::{failure::Failure, table::Found, worker::Shared};

/// How often a request that waits looks for its route.
const AGAIN: Duration = Duration::from_millis(20);

/// The route of a request for `host` and `path`; `None` when there is none, or a probe asks.
///
/// # Errors
/// When too many requests wait, or the routes do not come in the time of a hold.
pub(crate) async fn find(
    shared: &Shared,
    host: &str,
    path: &str,
) -> Result<Option<Found>, Failure> {
    let is_probe = || matches!(Question::at(path), Some(Question::Live | Question::Ready));
    let found = shared.table.find(host, path);
    if found.is_some() || shared.readiness.is_complete() || is_probe() {
        // what was the last to be read may have come in between
        return Ok(found.or_else(|| shared.table.find(host, path)));
    }
    let Some(_place) = shared.waiting.enter(1) else {
        let message =
            "too many requests wait at this gateway, which has just started; send it again later";
        return Err(Failure::new(Code::Unavailable, message).after(1));
    };
    let end = Instant::now() + shared.bounds.hold;
    loop {
        sleep(AGAIN).await;
        let is_complete = shared.readiness.is_complete();
        let found = shared.table.find(host, path);
        if found.is_some() || is_complete {
            return Ok(found);
        }
        if Instant::now() >= end {
            let message = "the gateway has started and cannot read its routes; its log says what the Kubernetes API answers";
            return Err(Failure::new(Code::Unavailable, message).after(5));
        }
    }
}

/// What is asked of a host and a path to which no service belongs.
pub(crate) fn unknown(host: &str) -> Failure {
    let host: String = host.chars().take(256).collect();
    let message = format!(
        "no InferenceService answers at `{host}` and this path; see its URL by `kubectl get inferenceservice`"
    );
    Failure::new(Code::NotFound, message)
}
