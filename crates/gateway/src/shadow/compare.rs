//! Whether two replies say the same.

use std::io::Read;

use bytes::Bytes;
use flate2::read::{GzDecoder, ZlibDecoder};
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE};
use serde_json::Value;

mod message;
mod numbers;

use self::numbers::{agree, tensors_agree};
use crate::{grpc, record::Answer, revision::CopyEnd};

/// Says how long the JSON before binary tensors is (the binary tensor data extension of V2).
const JSON_LENGTH: &str = "inference-header-content-length";

/// What a compressed body may come to, in bytes.
const MOST: u64 = 16 << 20;

/// Members of a reply that are of the request or the version, not of the prediction.
const ASIDE: [&str; 4] = ["id", "model_name", "model_version", "parameters"];

/// What comes of a copy whose reply is `copy`, when the client got `stable`.
pub(super) fn compare(stable: &Answer, copy: &Answer, tolerance: f64) -> CopyEnd {
    if copy.status >= 500 || copy.grpc.is_some_and(grpc::is_fault) {
        return CopyEnd::Failed;
    }
    if (stable.status, stable.grpc) != (copy.status, copy.grpc) {
        return CopyEnd::Differed;
    }
    // both refuse the request; in which words does not matter
    if !(200..300).contains(&stable.status) || stable.grpc.is_some_and(|status| status != 0) {
        return CopyEnd::Agreed;
    }
    let says_same = if stable.grpc.is_some() {
        message::agree(&stable.body, &copy.body, tolerance)
    } else {
        bodies_agree(stable, copy, tolerance)
    };
    match says_same {
        Some(true) => CopyEnd::Agreed,
        Some(false) => CopyEnd::Differed,
        None => CopyEnd::Unreadable,
    }
}

/// `None` when they cannot be read.
fn bodies_agree(stable: &Answer, copy: &Answer, tolerance: f64) -> Option<bool> {
    let same = |name: &str| stable.headers.get(name) == copy.headers.get(name);
    if stable.body == copy.body && same(CONTENT_ENCODING.as_str()) && same(JSON_LENGTH) {
        return Some(true);
    }
    let (one, other) = (plain(stable)?, plain(copy)?);
    let (head, tail) = parts(stable, &one)?;
    let (other_head, other_tail) = parts(copy, &other)?;
    let is_json = stable.headers.get(CONTENT_TYPE).is_none_or(|kind| {
        kind.to_str().is_ok_and(|kind| kind.contains("json") || kind.contains("octet-stream"))
    });
    let json = |text: &[u8]| serde_json::from_slice::<Value>(text).ok();
    let both = is_json.then(|| json(head).zip(json(other_head))).flatten();
    let Some((mut head, mut other_head)) = both else { return Some(one == other) };
    for value in [&mut head, &mut other_head] {
        if let Some(object) = value.as_object_mut() {
            object.retain(|name, _| !ASIDE.contains(&name.as_str()));
        }
    }
    if !agree(&head, &other_head, tolerance) {
        return Some(false);
    }
    Some(tails_agree(&head, tail, other_tail, tolerance))
}

/// The JSON of a body, and the binary tensors behind it.
fn parts<'b>(answer: &Answer, body: &'b [u8]) -> Option<(&'b [u8], &'b [u8])> {
    match answer.headers.get(JSON_LENGTH) {
        Some(length) => body.split_at_checked(length.to_str().ok()?.parse().ok()?),
        None => Some((body, &[])),
    }
}

/// Whether the tensors behind the JSON `head`, which both replies have, agree.
fn tails_agree(head: &Value, mut one: &[u8], mut other: &[u8], tolerance: f64) -> bool {
    for output in head["outputs"].as_array().into_iter().flatten() {
        let Some(size) = output["parameters"]["binary_data_size"].as_u64() else { continue };
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let split = one.split_at_checked(size).zip(other.split_at_checked(size));
        let Some(((tensor, rest), (other_tensor, other_rest))) = split else { return false };
        let datatype = output["datatype"].as_str().unwrap_or_default();
        if !tensors_agree(datatype, tensor, other_tensor, tolerance) {
            return false;
        }
        (one, other) = (rest, other_rest);
    }
    one == other
}

/// The body without its compression; `None` when that is not known here or is broken.
fn plain(answer: &Answer) -> Option<Bytes> {
    let Some(encoding) = answer.headers.get(CONTENT_ENCODING) else {
        return Some(answer.body.clone());
    };
    let mut whole = Vec::new();
    let body = &*answer.body;
    match encoding.as_bytes().to_ascii_lowercase().as_slice() {
        b"identity" => return Some(answer.body.clone()),
        b"gzip" => GzDecoder::new(body).take(MOST + 1).read_to_end(&mut whole).ok()?,
        b"deflate" => ZlibDecoder::new(body).take(MOST + 1).read_to_end(&mut whole).ok()?,
        _ => return None,
    };
    (whole.len() as u64 <= MOST).then(|| whole.into())
}

#[cfg(test)]
mod tests;
