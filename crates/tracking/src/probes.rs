//! What the surroundings ask: health, the version, metrics.

use std::time::Duration;

use hyper::{HeaderMap, Response, StatusCode};
use longshore_daemon::server::Question;
use tokio::time::timeout;

use crate::{
    Error,
    reply::{self, Reply},
    state::State,
};

/// The version of MLflow whose API this is. Clients look for features by it.
pub(crate) const VERSION: &str = "3.17.2";

/// How long the store may take to show that it is there.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whether a path is one of them.
pub(crate) fn is_one(path: &str) -> bool {
    matches!(path, "/health" | "/version" | "/health/live" | "/health/ready" | "/metrics")
}

/// The answer to a probe; `None` when the request is none.
pub(crate) async fn answer(
    state: &State,
    path: &str,
    headers: &HeaderMap,
) -> Result<Option<Response<Reply>>, Error> {
    let question = match path {
        "/health" => return Ok(Some(reply::whole(StatusCode::OK, "text/plain", "OK"))),
        "/version" => return Ok(Some(reply::whole(StatusCode::OK, "text/plain", VERSION))),
        "/health/live" => Question::Live,
        "/health/ready" => Question::Ready,
        "/metrics" => Question::Metrics,
        _ => return Ok(None),
    };
    if question == Question::Ready && !is_there(state).await {
        let words = r#"{"live":true,"ready":false,"store":"it does not answer"}"#;
        let status = StatusCode::SERVICE_UNAVAILABLE;
        return Ok(Some(reply::whole(status, "application/json", words)));
    }
    let page = state.probe.answer(question, headers);
    let page = page.map_err(|_| Error::Schema("the metrics cannot be written".to_owned()))?;
    Ok(Some(reply::whole(page.status, page.content_type, page.body)))
}

/// Whether the store answers.
async fn is_there(state: &State) -> bool {
    let asked = state.store.read(|on| on.first("SELECT 1", &[]).map(drop));
    matches!(timeout(PATIENCE, asked).await, Ok(Ok(())))
}
