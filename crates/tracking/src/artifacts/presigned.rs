//! Addresses with which a client reads a file from the storage itself.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use hyper::Response;
use longshore_mlflow::rest::{ErrorCode, GetPresignedDownloadUrlReply, Method};

use super::{ArtifactPath, Repository, proxy};
use crate::{
    Error,
    operation::Level,
    reply::{self, Reply},
    routes::{Asked, Route},
    state::State,
};

/// How long an address holds, as in MLflow.
const HOLDS: Duration = Duration::from_mins(5);

/// The routes.
pub(super) fn routes() -> Vec<Route> {
    let download = Route {
        methods: &[Method::Get],
        path: "2.0/mlflow-artifacts/presigned/{path*}",
        answer: |state, asked| Box::pin(download(state, asked)),
    };
    // a client that is set to upload in parts looks for these words and sends the file whole
    let upload = Route {
        methods: &[Method::Post],
        path: "2.0/mlflow-artifacts/mpu/{step}/{path*}",
        answer: |_, _| {
            let words = "Multipart upload is not supported for the current artifact repository";
            Box::pin(async move { Err(Error::refused(ErrorCode::NotImplemented, words)) })
        },
    };
    vec![download, upload]
}

async fn download(state: Arc<State>, asked: Asked) -> Result<Response<Reply>, Error> {
    let (repository, path) = proxy::at(&state, &asked, Level::Read)?;
    let Repository::S3(s3) = repository else {
        let words = "Multipart download is not supported for the current artifact repository";
        return Err(Error::refused(ErrorCode::NotImplemented, words));
    };
    file(&path)?;
    let size = s3.find(&path).await?.size;
    let url = s3.presigned(&path, HOLDS).await?;
    let file_size = i64::try_from(size).ok();
    let headers = Some(BTreeMap::new());
    Ok(reply::message(&GetPresignedDownloadUrlReply { url, headers, file_size }))
}

fn file(path: &ArtifactPath) -> Result<(), Error> {
    if path.is_root() { Err(Error::invalid("the path must name a file")) } else { Ok(()) }
}
