//! What only S3 has: addresses with which clients reach the bucket themselves.

use std::sync::Arc;

use object_store::aws::AmazonS3;

use super::Bucket;
use crate::{
    Error,
    artifacts::{ArtifactPath, repository::Found},
};

mod multipart;
pub(super) mod settings;
mod signed;

pub(crate) use multipart::PARTS;

/// A bucket of S3.
#[derive(Clone, Debug)]
pub(crate) struct S3 {
    pub(super) store: Arc<AmazonS3>,
    pub(super) bucket: Bucket,
}

impl S3 {
    /// What is known of a file.
    pub(crate) async fn find(&self, path: &ArtifactPath) -> Result<Found<Bucket>, Error> {
        self.bucket.find(path).await
    }
}
