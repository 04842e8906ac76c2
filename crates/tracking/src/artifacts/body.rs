//! The bytes of a file, read while they are sent.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
};

use bytes::Bytes;
use futures_util::{Stream, stream};
use http_body_util::StreamBody;
use hyper::{Response, body::Frame};

use crate::reply::{self, Broken, Reply};

/// Most bytes that are read at a time.
const PIECE: u64 = 256 << 10;

/// A response with some bytes of a file. A small file is read at once.
pub(super) fn of_file(mut file: File, range: &Range<u64>) -> io::Result<Response<Reply>> {
    if range.start > 0 {
        file.seek(SeekFrom::Start(range.start))?;
    }
    let size = range.end - range.start;
    if size <= PIECE {
        let bytes = read(&mut file, size)?;
        return Ok(Response::new(http_body_util::Either::Left(bytes.into())));
    }
    Ok(streamed(pieces(file, size)))
}

/// A response with the bytes of a stream.
pub(super) fn streamed(
    bytes: impl Stream<Item = Result<Bytes, Broken>> + Send + 'static,
) -> Response<Reply> {
    use futures_util::StreamExt;
    reply::stream(StreamBody::new(bytes.map(|bytes| bytes.map(Frame::data))))
}

fn pieces(file: File, size: u64) -> impl Stream<Item = Result<Bytes, Broken>> + Send {
    stream::try_unfold((file, size), |(mut file, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let read = tokio::task::spawn_blocking(move || {
            let bytes = read(&mut file, left.min(PIECE))?;
            Ok::<_, io::Error>((bytes, file))
        });
        let (bytes, file) = read.await??;
        let left = left - bytes.len() as u64;
        Ok(Some((bytes, (file, left))))
    })
}

/// Exactly `size` bytes: a file that became shorter is an error, not a shorter body.
fn read(file: &mut File, size: u64) -> io::Result<Bytes> {
    let mut bytes = vec![0; usize::try_from(size).map_err(io::Error::other)?];
    file.read_exact(&mut bytes)?;
    Ok(bytes.into())
}
