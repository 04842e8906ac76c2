//! The spans of a trace as a file: `get-trace-artifact`, which MLflow's web page asks. The spans are in the database, or
//! a file in the artifacts of the trace, as its attachments are.

use std::sync::Arc;

use hyper::{
    Response, StatusCode,
    header::{CONTENT_DISPOSITION, HeaderValue},
};
use longshore_mlflow::rest::{ErrorCode, Method};

use super::{experiment_of, get, load, missing};
use crate::{
    Caller, Error,
    allow::allow,
    artifacts::{self, ArtifactPath},
    clock::now,
    operation::{Access, Context, Level, Need, Object},
    query,
    reply::{self, Reply},
    routes::{Answer, Asked, Route},
    state::State,
    store::Connection,
};

/// The file of spans in the artifacts of a trace.
const SPANS: &str = "traces.json";

/// The routes, in both versions of the API.
pub(super) fn routes() -> Vec<Route> {
    const ANSWER: Answer = |state, asked| Box::pin(download(state, asked));
    let paths = ["2.0/mlflow/get-trace-artifact", "3.0/mlflow/get-trace-artifact"];
    paths
        .map(|path| Route { methods: &[Method::Get], access: Access::Read, path, answer: ANSWER })
        .to_vec()
}

async fn download(state: Arc<State>, asked: Asked) -> Result<Response<Reply>, Error> {
    let query = query::pairs(asked.head.uri.query().unwrap_or_default())?;
    let get = |name: &str| query.iter().find(|(it, _)| it == name).map(|(_, text)| text.clone());
    let id = get("request_id").filter(|it| !it.is_empty()).ok_or_else(|| {
        let words = "Request must include the \"request_id\" query parameter.";
        Error::refused(ErrorCode::BadRequest, words)
    })?;
    let attachment =
        get("path").filter(|it| !it.is_empty()).map(|it| attachment(&it)).transpose()?;
    if attachment.is_none()
        && let Some(spans) = stored(&state, asked.caller.clone(), id.clone()).await?
    {
        let body = format!("{{\"spans\":[{}]}}", spans.join(","));
        let mut response = reply::whole(StatusCode::OK, "application/octet-stream", body);
        let named = HeaderValue::from_static("attachment; filename=traces.json");
        response.headers_mut().insert(CONTENT_DISPOSITION, named);
        return Ok(response);
    }
    let path = attachment.map_or_else(|| ArtifactPath::parse(SPANS), Ok)?;
    artifacts::send_of_trace(&state, asked.caller, &id, &path, &asked.head.headers).await
}

/// The contents of the spans of a trace, when they are in the database.
async fn stored(
    state: &Arc<State>,
    caller: Caller,
    id: String,
) -> Result<Option<Vec<String>>, Error> {
    let shared = state.clone();
    let look = move |on: &mut dyn Connection| {
        let context =
            Context { caller: &caller, settings: &shared.settings, now: now(), namesake: None };
        allow(on, &caller, &[Need::of(Level::Read, Object::Trace(&id))])?;
        experiment_of(on, &context, &id)?;
        let ids = [id.clone()];
        let info = load(on, &ids)?.into_iter().next().ok_or_else(|| missing(&id))?;
        if !get::is_in_database(&info) {
            return Ok(None);
        }
        Ok(Some(get::contents(on, &ids)?.remove(&id).unwrap_or_default()))
    };
    state.store.read(look).await
}

/// The path of an attachment, which is a bare name.
fn attachment(name: &str) -> Result<ArtifactPath, Error> {
    if name.contains(['/', '\\']) {
        return Err(Error::invalid(format!(
            "Invalid attachment path: `{name}`; write the name of a file"
        )));
    }
    let parsed = ArtifactPath::parse(name)?;
    if parsed.is_root() {
        return Err(Error::invalid("`path` must name a file"));
    }
    ArtifactPath::parse(&format!("attachments/{name}"))
}
