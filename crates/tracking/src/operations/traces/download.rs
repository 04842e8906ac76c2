//! The spans of a trace as a file: `get-trace-artifact`, which MLflow's web page asks. The spans are in the database, in the archive, or
//! a file in the artifacts of the trace, as its attachments are.

use std::{collections::HashMap, sync::Arc};

use hyper::{
    Response, StatusCode,
    header::{CONTENT_DISPOSITION, HeaderValue},
};
use longshore_mlflow::rest::{ErrorCode, Method};

use super::{archive, experiment_of, get, load, missing};
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
    let name = get("path").filter(|it| !it.is_empty());
    if name.is_none()
        && let Some(spans) = stored(&state, asked.caller.clone(), id.clone()).await?
    {
        let body = format!("{{\"spans\":[{}]}}", spans.join(","));
        let mut response = reply::whole(StatusCode::OK, "application/octet-stream", body);
        let named = HeaderValue::from_static("attachment; filename=traces.json");
        response.headers_mut().insert(CONTENT_DISPOSITION, named);
        return Ok(response);
    }
    let path = match name.map(|it| attachment(&it)) {
        None => ArtifactPath::parse(SPANS)?,
        Some(Ok(path)) => path,
        Some(Err(wrong)) => {
            // a stranger is told first that the trace is not theirs
            stored(&state, asked.caller, id).await?;
            return Err(wrong);
        }
    };
    artifacts::send_of_trace(&state, asked.caller, &id, &path, &asked.head.headers).await
}

/// The contents of the spans of a trace, when they are in the database or in the archive.
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
        let is_here = get::is_in_database(&info);
        let mut contents = if is_here { get::contents(on, &ids)? } else { HashMap::new() };
        Ok((info, is_here.then(|| contents.remove(&id).unwrap_or_default())))
    };
    match state.store.read(look).await? {
        (info, None) if archive::has(&info) => archive::contents(state, &info).await.map(Some),
        (_, found) => Ok(found),
    }
}

/// The path of an attachment, whose name is a UUID in small letters.
fn attachment(name: &str) -> Result<ArtifactPath, Error> {
    let is_right = name.len() == 36
        && name.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        });
    if !is_right {
        return Err(Error::invalid(format!(
            "Invalid attachment path: '{name}'. Attachment path must be a valid UUID."
        )));
    }
    ArtifactPath::parse(&format!("attachments/{name}"))
}
