//! Memory that requests may take together: large bodies from their first byte, what is made of them,
//! and large replies until they are sent.

use bytes::Bytes;
use longshore_daemon::gate::{Gate, Permit};

use crate::{
    config::Limits,
    failure::{Failure, Rejection},
};

/// Bytes that a body takes once it is decoded, for each of its own: a number and its comma are two
/// bytes of JSON and eight as a double.
pub(crate) const DECODED: usize = 4;

/// Bytes of a value of an answer, as a double and as text.
pub(crate) const ANSWER: usize = 28;

/// The share of one request; given back when dropped.
#[derive(Debug)]
pub(crate) struct Share(Permit);

impl Share {
    /// Nothing yet.
    pub(crate) fn none(gate: &Gate) -> Self {
        Self(gate.none())
    }

    /// Takes `bytes` more for `what`.
    pub(crate) fn grow(&mut self, bytes: usize, what: &str) -> Result<(), Failure> {
        let limit = self.0.limit();
        if self.0.count().saturating_add(bytes) > limit {
            // it would not fit even if it were the only request
            let flag = "--max-buffered-bytes";
            return Err(Failure::too_large(what, limit, "bytes of memory", flag));
        }
        if self.0.grow(bytes) {
            return Ok(());
        }
        let message = "too many large requests are being answered at once; try again";
        Err(Failure::rejected(Rejection::Memory, message))
    }

    /// Makes the share `bytes` large: takes what is missing, for `what`, or gives back what is too
    /// much.
    pub(crate) fn fit(&mut self, bytes: usize, what: &str) -> Result<(), Failure> {
        if let Some(more) = bytes.checked_sub(self.0.count()) {
            return self.grow(more, what);
        }
        self.0.shrink(bytes);
        Ok(())
    }

    /// A reply that keeps its part of the share until it is sent.
    pub(crate) fn reply(mut self, body: Bytes) -> Bytes {
        self.0.shrink(body.len());
        Bytes::from_owner(Held { body, _share: self })
    }
}

/// A body, and the memory it was granted when it is not small.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) bytes: Bytes,
    pub(crate) share: Option<Share>,
}

struct Held {
    body: Bytes,
    _share: Share,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

/// Bodies up to this size take no share: as many requests may send one as are computed at once.
pub(crate) fn small(limits: &Limits) -> usize {
    (limits.buffered_bytes / 4096).clamp(4 << 10, 64 << 10)
}

/// Most bytes that a connection reads at a time, and keeps for as long as it is open.
pub(crate) fn read_buffer(limits: &Limits) -> usize {
    if small(limits) < 64 << 10 { 32 << 10 } else { 64 << 10 }
}

/// The limits, with the size of a body lowered to what can be answered at all.
pub(crate) fn fit(limits: Limits) -> Limits {
    let most = largest_body(&limits);
    Limits { body_bytes: limits.body_bytes.min(most), ..limits }
}

fn largest_body(limits: &Limits) -> usize {
    (limits.buffered_bytes / DECODED).max(small(limits))
}

/// The body exceeds its limit.
pub(crate) fn too_large(limits: &Limits) -> Failure {
    exceeds("the body", limits)
}

/// A line of a body exceeds the limit of a body.
pub(crate) fn line_too_large(limits: &Limits) -> Failure {
    exceeds("the line", limits)
}

fn exceeds(what: &str, limits: &Limits) -> Failure {
    let whole = limits.body_bytes < largest_body(limits);
    let flag = if whole { "--max-body-bytes" } else { "--max-buffered-bytes" };
    Failure::too_large(what, limits.body_bytes, "bytes", flag)
}

#[cfg(test)]
mod tests {
    use longshore_daemon::Code;

    use super::*;

    #[test]
    fn a_reply_gives_its_share_back_once_it_is_sent() {
        let gate = Gate::new(100);
        let mut share = Share::none(&gate);
        share.grow(90, "it").unwrap();
        assert_eq!(Share::none(&gate).grow(20, "it").unwrap_err().code, Code::Unavailable);
        assert_eq!(Share::none(&gate).grow(101, "it").unwrap_err().code, Code::TooLarge);
        let mut other = Share::none(&gate);
        other.grow(10, "it").unwrap();
        assert_eq!(other.grow(91, "it").unwrap_err().code, Code::TooLarge);
        assert_eq!(other.grow(usize::MAX, "it").unwrap_err().code, Code::TooLarge);
        assert_eq!(gate.taken(), 100);
        other.fit(4, "it").unwrap();
        assert_eq!(gate.taken(), 94);
        other.fit(10, "it").unwrap();
        assert_eq!(other.fit(11, "it").unwrap_err().code, Code::Unavailable);
        drop(other);
        let reply = share.reply(vec![0; 30].into());
        let part = reply.slice(10..);
        drop(reply);
        assert_eq!(gate.taken(), 30);
        drop(part);
        assert_eq!(gate.taken(), 0);
    }

    #[test]
    fn what_could_never_be_answered_is_no_body() {
        let limits = Limits { body_bytes: 64 << 20, buffered_bytes: 32 << 20, ..Limits::default() };
        let limits = fit(limits);
        assert_eq!(limits.body_bytes, 8 << 20);
        assert!(too_large(&limits).message.contains("--max-buffered-bytes"));
        let limits = fit(Limits { body_bytes: 1 << 20, buffered_bytes: 512 << 20, ..limits });
        assert_eq!(limits.body_bytes, 1 << 20);
        assert!(too_large(&limits).message.contains("--max-body-bytes"));
    }
}
