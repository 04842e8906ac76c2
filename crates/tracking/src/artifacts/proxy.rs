//! The artifact proxy: files below the server's destination, for clients that cannot reach it themselves.

use std::sync::Arc;

use hyper::{Response, StatusCode};
use longshore_mlflow::rest::{Done, FileInfo, ListProxiedArtifactsReply, Method};

use super::{ArtifactPath, Repository, reach, repository::Entry};
use crate::{
    Error,
    allow::allow_at,
    operation::{Access, Level, Need, Object},
    query::pairs,
    reply::{self, Reply},
    routes::{Asked, Route},
    state::State,
    workspaces,
};

/// Where files are.
const FILE: &str = "2.0/mlflow-artifacts/artifacts/{path*}";

/// Where folders are looked into.
const FOLDER: &str = "2.0/mlflow-artifacts/artifacts";

/// The routes of the proxy.
pub(super) fn routes() -> Vec<Route> {
    let get = Route {
        methods: &[Method::Get],
        access: Access::Read,
        path: FILE,
        answer: |state, asked| Box::pin(download(state, asked)),
    };
    let put = Route {
        methods: &[Method::Put],
        access: Access::Write,
        path: FILE,
        answer: |state, asked| Box::pin(upload(state, asked)),
    };
    let delete = Route {
        methods: &[Method::Delete],
        access: Access::Write,
        path: FILE,
        answer: |state, asked| Box::pin(delete(state, asked)),
    };
    let list = Route {
        methods: &[Method::Get],
        access: Access::Read,
        path: FOLDER,
        answer: |state, asked| Box::pin(list(state, asked)),
    };
    vec![get, put, delete, list]
}

async fn download(state: Arc<State>, asked: Asked) -> Result<Response<Reply>, Error> {
    let (repository, path) = at(&state, &asked, Level::Read)?;
    repository.open_file(path).await?.respond(&asked.head.headers).await
}

async fn upload(state: Arc<State>, asked: Asked) -> Result<Response<Reply>, Error> {
    let (repository, path) = at(&state, &asked, Level::Edit)?;
    let sent = asked.fields.first().map_or("", |(_, path)| path.as_str());
    if path.is_root() || sent.ends_with('/') {
        return Err(Error::invalid("Artifact path must include a filename (cannot end with '/')."));
    }
    repository.write(path, asked.body).await?;
    Ok(reply::whole(StatusCode::OK, "application/json", "{}"))
}

async fn delete(state: Arc<State>, asked: Asked) -> Result<Response<Reply>, Error> {
    let (repository, path) = at(&state, &asked, Level::Manage)?;
    if path.is_root() {
        return Err(Error::invalid("Artifact path must name a file or a folder to delete."));
    }
    repository.delete(path).await?;
    Ok(reply::message(&Done))
}

async fn list(state: Arc<State>, mut asked: Asked) -> Result<Response<Reply>, Error> {
    let sent = pairs(asked.head.uri.query().unwrap_or_default())?;
    let path = sent.into_iter().find(|(name, _)| name == "path").map(|(_, path)| path);
    asked.fields = vec![("path", path.unwrap_or_default())];
    let (repository, path) = at(&state, &asked, Level::Read)?;
    let files = repository.list(path).await?;
    let files = files.into_iter().map(|entry| file(entry, None)).collect();
    Ok(reply::message(&ListProxiedArtifactsReply { files }))
}

/// A file or folder of a listing, below the folder `below` when there is one.
pub(super) fn file(entry: Entry, below: Option<&ArtifactPath>) -> FileInfo {
    let path = match below {
        Some(folder) if !folder.is_root() => format!("{folder}/{}", entry.name),
        _ => entry.name,
    };
    let file_size = entry.size.map(|size| i64::try_from(size).unwrap_or(i64::MAX));
    FileInfo { path, is_dir: file_size.is_none(), file_size }
}

/// The repository and the path that a request means, once the caller may do that much there.
pub(super) fn at(
    state: &Arc<State>,
    asked: &Asked,
    level: Level,
) -> Result<(Repository, ArtifactPath), Error> {
    let repository = reach::served(state)?.clone();
    let path = ArtifactPath::parse(asked.fields.first().map_or("", |(_, path)| path.as_str()))?;
    let workspaces = state.settings.workspaces;
    let path = match workspaces::prefix(workspaces, &asked.caller.workspace, path.as_str())? {
        Some(folder) => ArtifactPath::parse(&folder)?.join(&path),
        None => path,
    };
    // the first folder is that of an experiment; elsewhere only administrators have files
    let own = ArtifactPath::parse(workspaces::inner(workspaces, path.as_str()))?;
    let object = own.experiment().map_or(Object::Server, Object::Experiment);
    allow_at(&asked.caller, &Need::of(level, object))?;
    Ok((repository, path))
}
