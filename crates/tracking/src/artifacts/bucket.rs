//! A bucket of S3 or of what speaks its protocol, of Google Cloud Storage, or a container of Azure Blob
//! Storage, that keeps artifacts.

use std::{ops::Range, sync::Arc, time::SystemTime};

use futures_util::{StreamExt, TryStreamExt};
use hyper::body::Body as _;
use longshore_daemon::server::Body;
use object_store::{
    GetOptions, GetRange, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt, PutPayload,
    aws::AmazonS3, path::Path,
};

use super::{
    ArtifactPath, body,
    repository::{Entry, Extent, Found},
    upload,
};
use crate::{Error, reply::Reply};

mod http;
mod open;
mod place;
mod s3;

pub(crate) use place::Place;
pub(crate) use s3::{PARTS, S3};

/// Fewest bytes of a part, which are held until it is sent.
const PART: u64 = 8 << 20;

/// Most bytes of a part.
const LARGEST_PART: u64 = 64 << 20;

/// The objects of a bucket below a prefix.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    store: Arc<dyn ObjectStore>,
    /// The same store, where clients can be given addresses of it.
    s3: Option<Arc<AmazonS3>>,
    place: Place,
    prefix: ArtifactPath,
}

impl Bucket {
    /// The objects of a bucket below a key. Credentials, region and endpoint are those of the environment,
    /// by the names that each provider's own clients have.
    ///
    /// # Errors
    /// A refusal of an environment that cannot be used.
    pub(crate) fn open(place: Place, prefix: ArtifactPath) -> Result<Self, Error> {
        let (store, s3): (Arc<dyn ObjectStore>, _) = match &place {
            Place::S3(bucket) => {
                let store = open::s3(&place, bucket)?;
                (store.clone(), Some(store))
            }
            Place::Gs(bucket) => (open::gs(&place, bucket)?, None),
            Place::Azure { account, container } => (open::azure(&place, account, container)?, None),
        };
        Ok(Self { store, s3, place, prefix })
    }

    /// The bucket as one whose objects clients can reach themselves, by addresses that are signed here.
    pub(crate) fn into_s3(self) -> Option<S3> {
        let store = self.s3.clone()?;
        Some(S3 { store, bucket: self })
    }

    /// The path of a key of a bucket below this place, when it is there.
    pub(crate) fn below(&self, place: &Place, key: &ArtifactPath) -> Option<ArtifactPath> {
        if *place == self.place { key.below(&self.prefix) } else { None }
    }

    /// What is directly in a folder, by name; nothing when it is no folder.
    pub(crate) async fn list(&self, path: &ArtifactPath) -> Result<Vec<Entry>, Error> {
        let folder = self.key(path)?;
        let found = self.store.list_with_delimiter(Some(&folder)).await;
        let found = found.map_err(|error| failed(path, &error))?;
        let name = |path: &Path| path.filename().map(ToOwned::to_owned);
        let folders = found.common_prefixes.iter().filter_map(name);
        let folders = folders.map(|name| Entry { name, size: None });
        let files = found.objects.iter().filter_map(|object| {
            Some(Entry { name: name(&object.location)?, size: Some(object.size) })
        });
        let mut entries: Vec<_> = folders.chain(files).collect();
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// What is known of a file.
    pub(crate) async fn find(&self, path: &ArtifactPath) -> Result<Found<Self>, Error> {
        let about = self.store.head(&self.key(path)?).await;
        let ObjectMeta { size, e_tag, last_modified, .. } =
            about.map_err(|error| failed(path, &error))?;
        let modified = Some(SystemTime::from(last_modified));
        Ok(Found { file: self.clone(), size, modified, tag: e_tag })
    }

    /// A response with some bytes of a file, which must still be the one of `tag`.
    pub(crate) async fn read(
        &self,
        path: &ArtifactPath,
        range: Range<u64>,
        tag: Option<String>,
    ) -> Result<hyper::Response<Reply>, Error> {
        let range = (!range.is_empty()).then_some(GetRange::Bounded(range));
        let options = GetOptions { range, if_match: tag, ..GetOptions::default() };
        let found = self.store.get_opts(&self.key(path)?, options).await;
        let found = found.map_err(|error| failed(path, &error))?;
        Ok(body::streamed(found.into_stream().map_err(Into::into)))
    }

    /// Writes a file from the body of a request. Nothing is seen of it until it is whole.
    pub(crate) async fn write(&self, path: &ArtifactPath, mut body: Body) -> Result<(), Error> {
        let key = self.key(path)?;
        let part = part(body.size_hint().exact());
        let (parts, is_last) = upload::piece(&mut body, part).await?;
        let payload = PutPayload::from_iter(parts);
        if is_last {
            let put = self.store.put(&key, payload).await;
            return put.map(drop).map_err(|error| unwritten(path, &error));
        }
        let begun = self.store.put_multipart(&key).await;
        let mut upload = begun.map_err(|error| unwritten(path, &error))?;
        let written = in_parts(upload.as_mut(), payload, &mut body, part, path).await;
        if written.is_err() {
            // parts that nobody joins cost money
            if let Err(error) = upload.abort().await {
                tracing::warn!(%path, "an unfinished upload stays in the bucket: {error}");
            }
        }
        written
    }

    /// Deletes a file, or all that is in a folder. What is not there is no failure.
    pub(crate) async fn delete(&self, path: &ArtifactPath) -> Result<(), Error> {
        let key = self.key(path)?;
        let inside = self.store.list(Some(&key)).map_ok(|object| object.location);
        let keys = futures_util::stream::once(async move { Ok(key) }).chain(inside).boxed();
        let mut deleted = self.store.delete_stream(keys);
        while let Some(one) = deleted.next().await {
            match one {
                Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(failed(path, &error)),
            }
        }
        Ok(())
    }

    /// What is in a folder, however deep.
    pub(crate) async fn measure(&self, path: &ArtifactPath) -> Result<Extent, Error> {
        let key = self.key(path)?;
        let mut all = self.store.list(Some(&key));
        let mut found = Extent::default();
        while let Some(object) = all.next().await {
            let object = object.map_err(|error| failed(path, &error))?;
            found.add(object.size, Some(SystemTime::from(object.last_modified)));
        }
        Ok(found)
    }

    /// The key of a path. The names stay as they are: a key is not encoded.
    fn key(&self, path: &ArtifactPath) -> Result<Path, Error> {
        let key = self.prefix.join(path);
        Path::parse(key.as_str()).map_err(|_| Error::invalid("Invalid path"))
    }
}

/// Bytes of each part of a file of so many bytes, such that S3's ten thousand parts are enough. A client that does not say
/// how long its file is can send 160 GB.
fn part(size: Option<u64>) -> usize {
    let part = size.map_or(2 * PART, |size| size.div_ceil(*PARTS.end() as u64));
    part.clamp(PART, LARGEST_PART) as usize
}

/// Sends the first part and all others, and joins them.
async fn in_parts(
    upload: &mut dyn MultipartUpload,
    first: PutPayload,
    body: &mut Body,
    part: usize,
    path: &ArtifactPath,
) -> Result<(), Error> {
    let mut payload = first;
    loop {
        upload.put_part(payload).await.map_err(|error| unwritten(path, &error))?;
        let (parts, is_last) = upload::piece(body, part).await?;
        payload = PutPayload::from_iter(parts);
        if is_last {
            if payload.content_length() > 0 {
                upload.put_part(payload).await.map_err(|error| unwritten(path, &error))?;
            }
            return upload.complete().await.map(drop).map_err(|error| unwritten(path, &error));
        }
    }
}

/// Why a path cannot be read. The words of the storage are for the log.
fn failed(path: &ArtifactPath, error: &object_store::Error) -> Error {
    match error {
        object_store::Error::NotFound { .. } => {
            Error::missing(format!("No such artifact: '{path}'"))
        }
        error => unwritten(path, error),
    }
}

/// Why a path cannot be written: what is not found then is the bucket.
fn unwritten(path: &ArtifactPath, error: &object_store::Error) -> Error {
    Error::Artifact { path: path.to_string(), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::part;

    #[test]
    fn parts_are_small_until_there_would_be_too_many() {
        const MIB: usize = 1 << 20;
        for (size, wanted) in [
            (Some(0), 8 * MIB),
            (Some(2 << 30), 8 * MIB),
            (Some(10_000 * (9 << 20)), 9 * MIB),
            (Some(10_000 * (9 << 20) + 1), 9 * MIB + 1),
            (Some(u64::MAX), 64 * MIB),
            (None, 16 * MIB),
        ] {
            assert_eq!(part(size), wanted, "{size:?}");
        }
    }
}
