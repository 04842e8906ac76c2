use std::{fs::File, io, ops::Range, time::SystemTime};

use hyper::{
    HeaderMap, Response, StatusCode,
    header::{
        ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
        HeaderName, HeaderValue, IF_NONE_MATCH, IF_RANGE, RANGE, X_CONTENT_TYPE_OPTIONS,
    },
};

use super::{
    ArtifactPath, body,
    bucket::Bucket,
    disk::failed,
    mime,
    range::{Wanted, wanted},
    repository::{Found, blocking},
};
use crate::{
    Error,
    reply::{self, Reply},
};

/// A file that is open to be sent.
#[derive(Debug)]
pub(crate) struct Download {
    found: Found<Source>,
    path: ArtifactPath,
}

/// What a file is read from.
#[derive(Debug)]
enum Source {
    Disk(File),
    Bucket(Bucket),
}

impl Download {
    /// A file of a disk.
    pub(super) fn of_disk(found: Found<File>, path: &ArtifactPath) -> Self {
        Self { found: found.map(Source::Disk), path: path.clone() }
    }

    /// An object of a bucket.
    pub(super) fn of_bucket(found: Found<Bucket>, path: &ArtifactPath) -> Self {
        Self { found: found.map(Source::Bucket), path: path.clone() }
    }

    /// The response: the file, or the part of it that the headers of the request ask for. It is always an
    /// attachment.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) async fn respond(self, asked: &HeaderMap) -> Result<Response<Reply>, Error> {
        let Self { found, path } = self;
        let Found { file, size, modified, tag } = found;
        let stored = tag.clone();
        let tag = tag.unwrap_or_else(|| tag_of(modified, size));
        let header = |name: HeaderName| asked.get(name).and_then(|value| value.to_str().ok());
        if header(IF_NONE_MATCH).is_some_and(|tags| tags.split(',').any(|it| it.trim() == tag)) {
            return Ok(headers(empty(StatusCode::NOT_MODIFIED), &path, &tag));
        }
        // a part of a file that has changed meanwhile would fit to nothing
        let is_same = header(IF_RANGE).is_none_or(|it| it == tag);
        let range = match wanted(header(RANGE).filter(|_| is_same), size) {
            Wanted::All => 0..size,
            Wanted::Some(range) => range,
            Wanted::Nothing => {
                let mut response = empty(StatusCode::RANGE_NOT_SATISFIABLE);
                put(response.headers_mut(), CONTENT_RANGE, &format!("bytes */{size}"));
                return Ok(response);
            }
        };
        let is_part = range != (0..size);
        let mut response = match file {
            Source::Disk(file) => read(file, range.clone(), &path).await?,
            Source::Bucket(bucket) => bucket.read(&path, range.clone(), stored).await?,
        };
        put(response.headers_mut(), CONTENT_LENGTH, &(range.end - range.start).to_string());
        if is_part {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            let value = format!("bytes {}-{}/{size}", range.start, range.end - 1);
            put(response.headers_mut(), CONTENT_RANGE, &value);
        }
        Ok(headers(response, &path, &tag))
    }
}

async fn read(
    file: File,
    range: Range<u64>,
    path: &ArtifactPath,
) -> Result<Response<Reply>, Error> {
    let path = path.clone();
    let open = move || body::of_file(file, &range).map_err(|error| unread(&path, &error));
    blocking(open).await
}

fn unread(path: &ArtifactPath, error: &io::Error) -> Error {
    failed(path, error)
}

/// A tag that changes when the file does.
fn tag_of(modified: Option<SystemTime>, size: u64) -> String {
    let since = modified.and_then(|it| it.duration_since(SystemTime::UNIX_EPOCH).ok());
    format!("\"{:x}-{size:x}\"", since.unwrap_or_default().as_nanos())
}

fn empty(status: StatusCode) -> Response<Reply> {
    reply::whole(status, "application/octet-stream", "")
}

fn headers(mut response: Response<Reply>, path: &ArtifactPath, tag: &str) -> Response<Reply> {
    let all = response.headers_mut();
    put(all, CONTENT_TYPE, mime::of(path.name()));
    put(all, CONTENT_DISPOSITION, &mime::attachment(path.name()));
    put(all, X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(all, ACCEPT_RANGES, "bytes");
    put(all, ETAG, tag);
    response
}

/// Sets a header. What cannot stand in one is left out.
fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
