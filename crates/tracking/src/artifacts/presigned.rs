//! Addresses with which a client reads and writes files in the storage itself.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use hyper::Response;
use longshore_mlflow::rest::{
    Call, CreatePresignedDownloadUrl, CreatePresignedUploadUrl, ErrorCode,
    GetPresignedDownloadUrlReply, Method, PresignedDownloadUrlReply, PresignedUploadUrlReply,
};

use super::{
    ArtifactPath, Location, Repository,
    bucket::S3,
    mime,
    owned::locate,
    owner::{Owned, Owner},
    proxy, reach,
};
use crate::{
    Error,
    operate::message,
    operation::{Access, Level},
    reply::{self, Reply},
    routes::{Asked, Route},
    state::State,
};

/// Seconds that an address to upload to holds when the client does not say it, as in MLflow.
const UPLOAD_SECONDS: i64 = 900;

/// Most seconds that an address can hold: S3's limit.
const MOST_SECONDS: i64 = 604_800;

/// The routes.
pub(super) fn routes() -> Vec<Route> {
    let proxied = Route {
        methods: &[Method::Get],
        access: Access::Read,
        path: "2.0/mlflow-artifacts/presigned/{path*}",
        answer: |state, asked| Box::pin(proxied(state, asked)),
    };
    let download = Route {
        methods: CreatePresignedDownloadUrl::METHODS,
        access: Access::Read,
        path: CreatePresignedDownloadUrl::PATH,
        answer: |state, asked| Box::pin(download(state, asked)),
    };
    let upload = Route {
        methods: CreatePresignedUploadUrl::METHODS,
        access: Access::Write,
        path: CreatePresignedUploadUrl::PATH,
        answer: |state, asked| Box::pin(upload(state, asked)),
    };
    vec![proxied, download, upload]
}

async fn proxied(state: Arc<State>, asked: Asked) -> Result<Response<Reply>, Error> {
    let (repository, path) = proxy::at(&state, &asked, Level::Read)?;
    let s3 = s3(repository, "Multipart download")?;
    file(&path)?;
    let size = s3.find(&path).await?.size;
    let url = s3.readable(&path, state.settings.presigned).await?;
    let file_size = i64::try_from(size).ok();
    let headers = Some(BTreeMap::new());
    Ok(reply::message(&GetPresignedDownloadUrlReply { url, headers, file_size }))
}

async fn download(state: Arc<State>, asked: Asked) -> Result<Response<Reply>, Error> {
    let request: CreatePresignedDownloadUrl =
        message(&asked.head, asked.body, &[], state.body).await?;
    let path = ArtifactPath::parse(&request.path)?;
    let holds = holds(request.expiration)?.unwrap_or(state.settings.presigned);
    let Owned { location, chosen, .. } =
        locate(&state, asked.caller, Owner::Run(request.run_id), Level::Read).await?;
    direct(
        &location,
        "Presigned download is not supported for runs with proxied artifact storage (artifact URI scheme: mlflow-artifacts). This endpoint requires a run with a direct cloud storage artifact URI.",
    )?;
    let (repository, at) = reach::reach(&state, &location.join(&path), chosen.as_deref())?;
    let s3 = s3(repository, "Presigned download")?;
    file(&path)?;
    let file_size = i64::try_from(s3.find(&at).await?.size).ok();
    let presigned_url = s3.readable(&at, holds).await?;
    let headers = BTreeMap::new();
    Ok(reply::message(&PresignedDownloadUrlReply { presigned_url, headers, file_size }))
}

async fn upload(state: Arc<State>, asked: Asked) -> Result<Response<Reply>, Error> {
    let request: CreatePresignedUploadUrl =
        message(&asked.head, asked.body, &[], state.body).await?;
    let some = |id: Option<String>| id.filter(|id| !id.is_empty());
    let owner = match (some(request.run_id), some(request.model_id)) {
        (Some(run), None) => Owner::Run(run),
        (None, Some(model)) => Owner::LoggedModel(model),
        _ => return Err(Error::invalid("Exactly one of run_id and model_id must be provided.")),
    };
    let path = ArtifactPath::parse(&request.path)?;
    let holds = holds(Some(request.expiration.unwrap_or(UPLOAD_SECONDS)))?.unwrap_or_default();
    let Owned { location, chosen, .. } = locate(&state, asked.caller, owner, Level::Edit).await?;
    direct(
        &location,
        "Presigned upload is not supported for proxied artifact storage (artifact URI scheme: mlflow-artifacts). This endpoint requires a direct cloud storage artifact URI.",
    )?;
    let (repository, at) = reach::reach(&state, &location.join(&path), chosen.as_deref())?;
    let s3 = s3(repository, "Presigned upload")?;
    file(&path)?;
    let content_type = mime::of(at.name());
    let presigned_url = s3.writable(&at, content_type, holds).await?;
    let headers = [("Content-Type".to_owned(), content_type.to_owned())].into();
    Ok(reply::message(&PresignedUploadUrlReply { presigned_url, headers }))
}

/// The bucket of a repository. A client that is told that there is none sends or fetches the file by the
/// server.
fn s3(repository: Repository, what: &str) -> Result<S3, Error> {
    repository.into_s3().ok_or_else(|| {
        let words = format!("{what} is not supported for the current artifact repository");
        Error::refused(ErrorCode::NotImplemented, words)
    })
}

/// Refuses a location behind the proxy: a client that has access to the storage does not expect one.
fn direct(location: &Location, words: &str) -> Result<(), Error> {
    if matches!(location, Location::Proxied(_)) { Err(Error::invalid(words)) } else { Ok(()) }
}

/// How long an address is to hold.
fn holds(seconds: Option<i64>) -> Result<Option<Duration>, Error> {
    let Some(seconds) = seconds else { return Ok(None) };
    let valid = u64::try_from(seconds).ok().filter(|_| (1..=MOST_SECONDS).contains(&seconds));
    let wrong = || {
        Error::invalid(format!(
            "expiration must be between 1 and {MOST_SECONDS} seconds (got {seconds})."
        ))
    };
    valid.map(Duration::from_secs).map(Some).ok_or_else(wrong)
}

fn file(path: &ArtifactPath) -> Result<(), Error> {
    if path.is_root() { Err(Error::invalid("the path must name a file")) } else { Ok(()) }
}
