//! What the surroundings ask: health, the version, metrics.

use hyper::{Response, StatusCode, http::request::Parts};
use longshore_daemon::server::Question;

use crate::{
    Error,
    reply::{self, Reply},
    state::State,
};

/// The version of MLflow whose API this is. Clients look for features by it.
pub(crate) const VERSION: &str = "3.17.2";

/// The answer to a probe; `None` when the request is none.
pub(crate) fn answer(state: &State, head: &Parts) -> Result<Option<Response<Reply>>, Error> {
    let question = match head.uri.path() {
        "/health" => return Ok(Some(reply::whole(StatusCode::OK, "text/plain", "OK"))),
        "/version" => return Ok(Some(reply::whole(StatusCode::OK, "text/plain", VERSION))),
        path @ ("/health/live" | "/health/ready" | "/metrics") => Question::at(path),
        _ => None,
    };
    let Some(question) = question else { return Ok(None) };
    let page = state.probe.answer(question, &head.headers);
    let page = page.map_err(|_| Error::Schema("the metrics cannot be written".to_owned()))?;
    Ok(Some(reply::whole(page.status, page.content_type, page.body)))
}
