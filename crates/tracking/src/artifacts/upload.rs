//! From the body of a request to a file.

use bytes::Bytes;
use http_body_util::BodyExt;
use longshore_daemon::server::Body;
use longshore_mlflow::rest::ErrorCode;

use super::{
    ArtifactPath,
    disk::{Disk, Staged, failed},
    repository::blocking,
};
use crate::Error;

/// Bytes that are gathered before they are written.
const PIECE: usize = 1 << 20;

/// Writes a body to a file of a disk. A thread is used only while there is something to write, so that
/// slow clients hold none.
pub(super) async fn to_disk(disk: &Disk, path: ArtifactPath, mut body: Body) -> Result<(), Error> {
    let mut staged: Option<Staged> = None;
    loop {
        let (parts, is_last) = piece(&mut body, PIECE).await?;
        let (disk, path) = (disk.clone(), path.clone());
        let so_far = staged.take();
        let write = move || {
            let mut staged = so_far.map_or_else(|| disk.stage(&path), Ok)?;
            let written = staged.write(&parts);
            written.map_err(|error| failed(&path, &error))?;
            if !is_last {
                return Ok(Some(staged));
            }
            staged.keep().map_err(|error| failed(&path, &error))?;
            Ok(None)
        };
        staged = blocking(write).await?;
        if staged.is_none() {
            return Ok(());
        }
    }
}

/// The next bytes of a body, at least `wanted`, and whether they are its last.
pub(super) async fn piece(body: &mut Body, wanted: usize) -> Result<(Vec<Bytes>, bool), Error> {
    let (mut parts, mut size) = (Vec::new(), 0);
    while size < wanted {
        let Some(frame) = body.frame().await else { return Ok((parts, true)) };
        let frame = frame.map_err(|error| {
            Error::refused(ErrorCode::BadRequest, format!("the body cannot be read: {error}"))
        })?;
        if let Ok(bytes) = frame.into_data() {
            size += bytes.len();
            parts.push(bytes);
        }
    }
    // a file may take as long as it needs, as long as it comes
    body.rest();
    Ok((parts, false))
}
