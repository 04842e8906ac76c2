//! Uploads whose parts clients send to the bucket themselves.

use std::{ops::RangeInclusive, time::Duration};

use hyper::Method;
use object_store::{
    multipart::{MultipartStore, PartId},
    signer::{SignedUrlOptions, Signer},
};

use super::S3;
use crate::{
    Error,
    artifacts::{ArtifactPath, bucket::unwritten},
};

/// How many parts an upload may have: S3's limit.
pub(crate) const PARTS: RangeInclusive<i64> = 1..=10_000;

/// How long the addresses of parts hold. All are given at once, and the last is used at the end of the
/// upload.
const HOLDS: Duration = Duration::from_hours(6);

impl S3 {
    /// Begins an upload: its id, and the address of each part.
    pub(crate) async fn begin(
        &self,
        path: &ArtifactPath,
        parts: i64,
    ) -> Result<(String, Vec<String>), Error> {
        let key = self.bucket.key(path)?;
        let begun = self.store.create_multipart(&key).await;
        let upload = begun.map_err(|error| unwritten(path, &error))?;
        let mut addresses = Vec::new();
        for part in 1..=parts {
            let query = [("partNumber", part.to_string()), ("uploadId", upload.clone())];
            let options = SignedUrlOptions::default().with_query(query);
            let url = self.store.signed_url_opts(Method::PUT, &key, HOLDS, &options).await;
            addresses.push(url.map_err(|error| unwritten(path, &error))?.into());
        }
        Ok((upload, addresses))
    }

    /// Joins the parts of an upload, each named by its entity tag, in the order of their numbers.
    pub(crate) async fn join(
        &self,
        path: &ArtifactPath,
        upload: &str,
        tags: Vec<String>,
    ) -> Result<(), Error> {
        let parts = tags.into_iter().map(|content_id| PartId { content_id }).collect();
        let key = self.bucket.key(path)?;
        let joined = self.store.complete_multipart(&key, &upload.to_owned(), parts).await;
        joined.map(drop).map_err(|error| unjoined(path, upload, &error))
    }

    /// Gives an upload up: its parts are deleted. One that is not there is no failure.
    pub(crate) async fn give_up(&self, path: &ArtifactPath, upload: &str) -> Result<(), Error> {
        let key = self.bucket.key(path)?;
        match self.store.abort_multipart(&key, &upload.to_owned()).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(unwritten(path, &error)),
        }
    }
}

/// What S3 calls parts that it does not join, and why it does not.
const UNFIT: [(&str, &str); 3] = [
    ("InvalidPartOrder", "the parts are not in the order of their numbers"),
    ("InvalidPart", "a part was not uploaded, or its `etag` is another"),
    ("EntityTooSmall", "a part that is not the last has less than 5 MiB"),
];

/// Why parts were not joined. What is not found then is the upload.
fn unjoined(path: &ArtifactPath, upload: &str, error: &object_store::Error) -> Error {
    let words = error.to_string();
    if matches!(error, object_store::Error::NotFound { .. }) || words.contains("NoSuchUpload") {
        return Error::missing(format!(
            "there is no upload `{upload}` of `{path}`: it was completed or given up; begin another one"
        ));
    }
    match UNFIT.iter().find(|(code, _)| words.contains(code)) {
        Some((_, why)) => Error::invalid(format!("the storage cannot join `{path}`: {why}")),
        None => unwritten(path, error),
    }
}
