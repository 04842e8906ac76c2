//! A file put into a bucket: in parts when it is large, and there for nobody before it is whole.

use std::{
    fmt::Write as _,
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
};

use http::Method;

use super::{Ask, Refusal, S3};
use crate::{
    Error,
    http::query,
    retry::{Attempt, repeat},
    xml,
};

/// Bytes of a part, of which one at a time is in memory.
const PART: u64 = 16 << 20;

/// Most parts that S3 takes.
const MOST: u64 = 10_000;

/// Most bytes of an answer that is read.
const ANSWER: u64 = 1 << 20;

/// Puts the file at `path` under a key.
pub(crate) fn put(s3: &S3, bucket: &str, key: &str, path: &Path) -> Result<(), Error> {
    let mut file = File::open(path).map_err(Error::io("failed to read", path))?;
    let size = file.metadata().map_err(Error::io("failed to read", path))?.len();
    let upload = Upload { s3, bucket, key };
    if size <= PART {
        let bytes = part(&mut file, path, 0, size)?;
        return upload.send(&Method::PUT, "", &bytes).map(drop);
    }
    let id = upload.begin()?;
    let sent = upload.parts(&id, &mut file, path, size);
    if sent.is_err() {
        // what is there of the parts costs money; the error of the upload is the one to tell
        let _ = upload.send(&Method::DELETE, &query(&[("uploadId", id.as_str())]), b"");
    }
    sent
}

struct Upload<'a> {
    s3: &'a S3,
    bucket: &'a str,
    key: &'a str,
}

/// What an answer says.
struct Answer {
    tag: String,
    text: String,
}

impl Upload<'_> {
    /// Asks until there is an answer or a refusal.
    fn send(&self, method: &Method, query: &str, body: &[u8]) -> Result<Answer, Error> {
        let ask = Ask { method, bucket: self.bucket, key: self.key, query, headers: &[] };
        repeat(self.s3.retry, || {
            let reply = self.s3.answer_to(&ask, body)?;
            let reply = reply.map_err(|Refusal { error, .. }| Attempt::from(error))?;
            let tag = reply.header("etag").unwrap_or_default().to_owned();
            let url = self.s3.endpoint.url(self.bucket, &self.s3.region(self.bucket));
            Ok(Answer { tag, text: reply.text(&url, ANSWER)? })
        })
    }

    fn refused(&self, reason: String) -> Error {
        Error::Refused { what: format!("s3://{}/{}", self.bucket, self.key), reason }
    }

    fn begin(&self) -> Result<String, Error> {
        let answer = self.send(&Method::POST, "uploads=", b"")?;
        let id = xml::first(&answer.text, "UploadId").filter(|id| !id.is_empty());
        id.ok_or_else(|| self.refused("the storage began an upload without naming it".into()))
    }

    fn parts(&self, id: &str, file: &mut File, path: &Path, size: u64) -> Result<(), Error> {
        let length = PART.max(size.div_ceil(MOST));
        let mut list = "<CompleteMultipartUpload>".to_owned();
        let (mut at, mut number) = (0, 1);
        while at < size {
            let bytes = part(file, path, at, length.min(size - at))?;
            let shown = number.to_string();
            let query = query(&[("partNumber", shown.as_str()), ("uploadId", id)]);
            let tag = self.send(&Method::PUT, &query, &bytes)?.tag;
            let _ = write!(
                list,
                "<Part><PartNumber>{number}</PartNumber><ETag>{}</ETag></Part>",
                tag.replace('"', "&quot;")
            );
            (at, number) = (at + length, number + 1);
        }
        list.push_str("</CompleteMultipartUpload>");
        let answer = self.send(&Method::POST, &query(&[("uploadId", id)]), list.as_bytes())?;
        // it may fail after it has said that it goes well
        match xml::first(&answer.text, "Code") {
            None => Ok(()),
            Some(code) => {
                let message = xml::first(&answer.text, "Message").unwrap_or_default();
                Err(self.refused(format!("the parts were not joined: {code} {message}")))
            }
        }
    }
}

/// Some bytes of the file.
fn part(file: &mut File, path: &Path, at: u64, count: u64) -> Result<Vec<u8>, Error> {
    let failed = || Error::io("failed to read", path);
    file.seek(SeekFrom::Start(at)).map_err(failed())?;
    let mut bytes = Vec::with_capacity(usize::try_from(count).unwrap_or_default());
    file.take(count).read_to_end(&mut bytes).map_err(failed())?;
    if bytes.len() as u64 != count {
        let reason = std::io::Error::other("it became shorter while it was read");
        return Err(failed()(reason));
    }
    Ok(bytes)
}
