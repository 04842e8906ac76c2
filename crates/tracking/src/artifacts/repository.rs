use std::{path::PathBuf, time::SystemTime};

use longshore_daemon::server::Body;

use super::{
    ArtifactPath, Location,
    bucket::{Bucket, S3},
    disk::Disk,
    download::Download,
    upload,
};
use crate::{Error, uri::split_scheme};

/// What keeps artifacts.
#[derive(Clone, Debug)]
pub(crate) enum Repository {
    /// A folder of this machine.
    Disk(Disk),
    /// A bucket.
    Bucket(Bucket),
}

/// A file or a folder in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its name.
    pub(crate) name: String,
    /// Its bytes; `None` for a folder.
    pub(crate) size: Option<u64>,
}

/// A file that is there.
#[derive(Debug)]
pub(crate) struct Found<F> {
    /// What it is read from.
    pub(crate) file: F,
    /// Its bytes.
    pub(crate) size: u64,
    /// When it was last written.
    pub(crate) modified: Option<SystemTime>,
    /// The entity tag that its storage gives it.
    pub(crate) tag: Option<String>,
}

/// What is in a folder, however deep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extent {
    /// Files.
    pub(crate) files: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// When the last of them was written.
    pub(crate) newest: Option<SystemTime>,
}

impl Extent {
    /// Counts a file.
    pub(super) fn add(&mut self, bytes: u64, written: Option<SystemTime>) {
        self.files += 1;
        self.bytes += bytes;
        self.newest = self.newest.max(written);
    }
}

impl<F> Found<F> {
    /// The same, read from something else.
    pub(super) fn map<G>(self, to: impl FnOnce(F) -> G) -> Found<G> {
        let Self { file, size, modified, tag } = self;
        Found { file: to(file), size, modified, tag }
    }
}

impl Repository {
    /// What keeps the artifacts at a location of the server's settings: a path, a `file:` URI, or a URI of a
    /// bucket.
    ///
    /// # Errors
    /// A refusal of a location that this server cannot use.
    pub(crate) fn open(location: &str) -> Result<Self, Error> {
        let path = match split_scheme(location) {
            Some((scheme, path)) if scheme.eq_ignore_ascii_case("file") => {
                path.strip_prefix("//").unwrap_or(path)
            }
            Some(_) => {
                return match Location::parse(location)? {
                    Location::Bucket { place, key } => Bucket::open(place, key).map(Self::Bucket),
                    _ => Err(Error::invalid(format!(
                        "`{location}` cannot keep artifacts: its scheme is not supported; write a path, `s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX` or `wasbs://CONTAINER@ACCOUNT.blob.core.windows.net/PREFIX`"
                    ))),
                };
            }
            None => location,
        };
        Ok(Self::Disk(Disk::new(PathBuf::from(path))))
    }

    /// The bucket, when it is one whose objects clients can reach by addresses that are signed here.
    pub(crate) fn into_s3(self) -> Option<S3> {
        match self {
            Self::Bucket(bucket) => bucket.into_s3(),
            Self::Disk(_) => None,
        }
    }

    /// What is directly in a folder, by name; nothing when it is no folder.
    ///
    /// # Errors
    /// When it cannot be looked into.
    pub(crate) async fn list(&self, path: ArtifactPath) -> Result<Vec<Entry>, Error> {
        match self.clone() {
            Self::Disk(disk) => blocking(move || disk.list(&path)).await,
            Self::Bucket(bucket) => bucket.list(&path).await,
        }
    }

    /// Opens a file to be sent.
    ///
    /// # Errors
    /// When it is not there, or cannot be read.
    pub(crate) async fn open_file(&self, path: ArtifactPath) -> Result<Download, Error> {
        match self.clone() {
            Self::Disk(disk) => {
                blocking(move || Ok(Download::of_disk(disk.open(&path)?, &path))).await
            }
            Self::Bucket(bucket) => Ok(Download::of_bucket(bucket.find(&path).await?, &path)),
        }
    }

    /// Writes a file from the body of a request. Nothing is seen of it until it is whole.
    ///
    /// # Errors
    /// When the body breaks off, or the file cannot be written.
    pub(crate) async fn write(&self, path: ArtifactPath, body: Body) -> Result<(), Error> {
        match self {
            Self::Disk(disk) => upload::to_disk(disk, path, body).await,
            Self::Bucket(bucket) => bucket.write(&path, body).await,
        }
    }

    /// Deletes a file, or a folder with all that is in it. What is not there is no failure.
    ///
    /// # Errors
    /// When it cannot be deleted.
    pub(crate) async fn delete(&self, path: ArtifactPath) -> Result<(), Error> {
        match self.clone() {
            Self::Disk(disk) => blocking(move || disk.delete(&path)).await,
            Self::Bucket(bucket) => bucket.delete(&path).await,
        }
    }

    /// What is in a folder, however deep; nothing when it is not there.
    ///
    /// # Errors
    /// When it cannot be looked into.
    pub(crate) async fn measure(&self, path: ArtifactPath) -> Result<Extent, Error> {
        match self.clone() {
            Self::Disk(disk) => blocking(move || disk.measure(&path)).await,
            Self::Bucket(bucket) => bucket.measure(&path).await,
        }
    }

    /// Removes the folder above a path when nothing is left in it. A bucket has no folders.
    pub(crate) async fn prune(&self, path: &ArtifactPath) {
        if let Self::Disk(disk) = self.clone() {
            let path = path.clone();
            // what is not removed is empty, or in use
            drop(blocking(move || disk.prune(&path)).await);
        }
    }
}

/// Runs work that waits for a disk where nothing else waits for it.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::Unavailable)?
}
