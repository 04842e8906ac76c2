//! Addresses with which clients reach single objects of the bucket themselves.

use std::time::Duration;

use hyper::{
    Method,
    header::{CONTENT_TYPE, HeaderValue},
};
use object_store::signer::{SignedUrlOptions, Signer};

use super::S3;
use crate::{
    Error,
    artifacts::{ArtifactPath, bucket::failed, mime},
};

impl S3 {
    /// An address from which anyone can read a file for so long. A browser keeps what it finds there
    /// instead of showing it.
    pub(crate) async fn readable(
        &self,
        path: &ArtifactPath,
        holds: Duration,
    ) -> Result<String, Error> {
        let kept = [("response-content-disposition", mime::attachment(path.name()))];
        let options = SignedUrlOptions::default().with_query(kept);
        let url =
            self.store.signed_url_opts(Method::GET, &self.bucket.key(path)?, holds, &options).await;
        url.map(Into::into).map_err(|error| failed(path, &error))
    }

    /// An address to which anyone can write a file for so long, if the request says this content type.
    pub(crate) async fn writable(
        &self,
        path: &ArtifactPath,
        content_type: &'static str,
        holds: Duration,
    ) -> Result<String, Error> {
        let options = SignedUrlOptions::default()
            .with_signed_header(CONTENT_TYPE, HeaderValue::from_static(content_type));
        let url =
            self.store.signed_url_opts(Method::PUT, &self.bucket.key(path)?, holds, &options).await;
        url.map(Into::into).map_err(|error| failed(path, &error))
    }
}
