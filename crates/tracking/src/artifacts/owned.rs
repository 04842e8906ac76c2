//! The requests for the files of a run, of a logged model, or of a model version.

use std::sync::Arc;

use http_body_util::{BodyExt, Limited};
use hyper::{Response, StatusCode, http::request::Parts};
use longshore_mlflow::rest::{
    Call, ErrorCode, ListArtifacts, ListArtifactsReply, ListLoggedModelArtifacts, Method,
};

use super::{
    ArtifactPath,
    owner::{Owned, Owner},
    proxy, reach,
};
use crate::{
    Caller, Error,
    allow::allow,
    clock::now,
    operate::of_query,
    operation::{Access, Context, Level, Need},
    query,
    reply::{self, Reply},
    routes::{Asked, Route},
    state::State,
};

/// Most bytes that MLflow's web page may upload at a time.
const UPLOAD: usize = 10 << 20;

/// The routes. Those that begin with `/` are of MLflow's web page, and are below no prefix.
pub(super) fn routes() -> Vec<Route> {
    let list = Route {
        methods: ListArtifacts::METHODS,
        access: Access::Read,
        path: ListArtifacts::PATH,
        answer: |state, asked| Box::pin(list_run(state, asked)),
    };
    let list_model = Route {
        methods: ListLoggedModelArtifacts::METHODS,
        access: Access::Read,
        path: ListLoggedModelArtifacts::PATH,
        answer: |state, asked| Box::pin(list_logged_model(state, asked)),
    };
    let of_run = Route {
        methods: &[Method::Get],
        access: Access::Read,
        path: "/get-artifact",
        answer: |state, asked| Box::pin(of_run(state, asked)),
    };
    let of_version = Route {
        methods: &[Method::Get],
        access: Access::Read,
        path: "/model-versions/get-artifact",
        answer: |state, asked| Box::pin(of_version(state, asked)),
    };
    let of_model = Route {
        methods: &[Method::Get],
        access: Access::Read,
        path: "2.0/mlflow/logged-models/{model_id}/artifacts/files",
        answer: |state, asked| Box::pin(of_logged_model(state, asked)),
    };
    let upload = Route {
        methods: &[Method::Post],
        access: Access::Write,
        path: "2.0/mlflow/upload-artifact",
        answer: |state, asked| Box::pin(upload(state, asked)),
    };
    vec![list, list_model, of_run, of_version, of_model, upload]
}

async fn list_run(state: Arc<State>, asked: Asked) -> Result<Response<Reply>, Error> {
    let request = of_query(&asked.head, &asked.fields)?;
    Ok(reply::message(&files_of_run(&state, asked.caller, request).await?))
}

/// The files of a run, in one folder.
///
/// # Errors
/// Refusals of a run that is not there, or that the caller may not read.
pub(crate) async fn files_of_run(
    state: &Arc<State>,
    caller: Caller,
    request: ListArtifacts,
) -> Result<ListArtifactsReply, Error> {
    list(state, caller, Owner::Run(request.run_id.clone()), request.path).await
}

async fn list_logged_model(state: Arc<State>, asked: Asked) -> Result<Response<Reply>, Error> {
    let request: ListLoggedModelArtifacts = of_query(&asked.head, &asked.fields)?;
    let path = request.artifact_directory_path;
    let owner = Owner::LoggedModel(request.model_id.clone());
    Ok(reply::message(&list(&state, asked.caller, owner, path).await?))
}

async fn list(
    state: &Arc<State>,
    caller: Caller,
    owner: Owner,
    path: Option<String>,
) -> Result<ListArtifactsReply, Error> {
    let path = ArtifactPath::parse(&path.unwrap_or_default())?;
    let Owned { uri, location, chosen } = locate(state, caller, owner, Level::Read).await?;
    let (repository, at) = reach::reach(state, &location.join(&path), chosen.as_deref())?;
    let entries = repository.list(at).await?;
    let files = entries.into_iter().map(|entry| proxy::file(entry, Some(&path))).collect();
    Ok(ListArtifactsReply { root_uri: Some(uri), files, next_page_token: None })
}

async fn of_run(state: Arc<State>, asked: Asked) -> Result<Response<Reply>, Error> {
    let query = Query::of(&asked.head)?;
    let id = query.get("run_id").or_else(|| query.get("run_uuid"));
    let id = id.ok_or_else(|| missing("run_id"))?;
    let owner = Owner::Run(id.to_owned());
    send(&state, &asked, owner, query.require("path")?).await
}

async fn of_version(state: Arc<State>, asked: Asked) -> Result<Response<Reply>, Error> {
    let query = Query::of(&asked.head)?;
    let (name, version) = (query.require("name")?, query.require("version")?);
    let owner = Owner::Version { name: name.to_owned(), version: version.to_owned() };
    send(&state, &asked, owner, query.require("path")?).await
}

async fn of_logged_model(state: Arc<State>, asked: Asked) -> Result<Response<Reply>, Error> {
    let query = Query::of(&asked.head)?;
    let path = query.get("artifact_file_path").ok_or_else(|| {
        let words = "Request must include the \"artifact_file_path\" query parameter.";
        Error::refused(ErrorCode::BadRequest, words)
    })?;
    let id = asked.fields.first().map_or("", |(_, id)| id.as_str());
    send(&state, &asked, Owner::LoggedModel(id.to_owned()), path).await
}

async fn send(
    state: &Arc<State>,
    asked: &Asked,
    owner: Owner,
    path: &str,
) -> Result<Response<Reply>, Error> {
    let path = ArtifactPath::parse(path)?;
    let found = locate(state, asked.caller.clone(), owner, Level::Read).await?;
    let (repository, at) =
        reach::reach(state, &found.location.join(&path), found.chosen.as_deref())?;
    repository.open_file(at).await?.respond(&asked.head.headers).await
}

async fn upload(state: Arc<State>, asked: Asked) -> Result<Response<Reply>, Error> {
    let query = Query::of(&asked.head)?;
    let given = |name| {
        let words = || Error::invalid(format!("Request must specify {name}."));
        query.get(name).filter(|text| !text.is_empty()).ok_or_else(words)
    };
    let (id, sent) = (given("run_uuid")?, given("path")?);
    let path = ArtifactPath::parse(sent)?;
    if path.is_root() || sent.ends_with('/') {
        return Err(Error::invalid("`path` must name a file"));
    }
    let found = locate(&state, asked.caller, Owner::Run(id.to_owned()), Level::Edit).await?;
    let (repository, at) =
        reach::reach(&state, &found.location.join(&path), found.chosen.as_deref())?;
    let body = Limited::new(asked.body, UPLOAD).collect().await;
    let body = body
        .map_err(|error| {
            if error.is::<http_body_util::LengthLimitError>() {
                return Error::invalid("Artifact size is too large. Max size is 10MB.");
            }
            Error::refused(ErrorCode::BadRequest, format!("the body cannot be read: {error}"))
        })?
        .to_bytes();
    if body.is_empty() {
        return Err(Error::invalid("Request must specify data."));
    }
    repository.write(at, body.into()).await?;
    Ok(reply::whole(StatusCode::OK, "application/json", ""))
}

/// Where the files of an owner are, by a look into the store, for a caller who may do so much with them.
pub(super) async fn locate(
    state: &Arc<State>,
    caller: Caller,
    owner: Owner,
    level: Level,
) -> Result<Owned, Error> {
    let shared = state.clone();
    let look = move |on: &mut dyn crate::store::Connection| {
        let context =
            Context { caller: &caller, settings: &shared.settings, now: now(), namesake: None };
        allow(on, &caller, &[Need::of(level, owner.object())])?;
        owner.files(on, &context)
    };
    state.store.read(look).await
}

/// The query of a request that is no message.
struct Query(Vec<(String, String)>);

impl Query {
    fn of(head: &Parts) -> Result<Self, Error> {
        query::pairs(head.uri.query().unwrap_or_default()).map(Self)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, text)| text.as_str())
    }

    fn require(&self, name: &str) -> Result<&str, Error> {
        self.get(name).ok_or_else(|| missing(name))
    }
}

fn missing(name: &str) -> Error {
    Error::invalid(format!("Missing value for required parameter '{name}'."))
}
