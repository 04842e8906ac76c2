//! A request and its reply as they pass, kept beside for whoever looks at them when both are over.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::{Bytes, BytesMut};
use hyper::{HeaderMap, http::response::Parts};
use longshore_daemon::gate::{Gate, Permit};

use crate::grpc;

/// The bytes of one body, in the order in which they pass. Clones write to the same tape.
#[derive(Clone, Debug)]
pub(crate) struct Tape(Arc<Mutex<Taped>>);

#[derive(Debug)]
struct Taped {
    parts: Vec<Bytes>,
    gate: Gate,
    /// For the bytes of all parts.
    permit: Permit,
    most: usize,
    is_too_long: bool,
}

/// A body, and the permit for its bytes.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) body: Bytes,
    _permit: Permit,
}

/// A reply as it passed, or as it came of a copy.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Of gRPC, from the head or the trailers.
    pub(crate) grpc: Option<i32>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// What there is when both are over; `None` where a body was longer than its bound, or than what was left.
#[derive(Debug)]
pub(crate) struct Recorded {
    pub(crate) request: Option<Kept>,
    pub(crate) reply: Option<Kept>,
    pub(crate) status: u16,
    pub(crate) grpc: Option<i32>,
    pub(crate) headers: HeaderMap,
}

/// A request and its reply while they pass. Nothing comes of one whose reply breaks off.
pub(crate) struct Recording {
    request: Tape,
    reply: Tape,
    status: u16,
    grpc: Option<i32>,
    headers: HeaderMap,
    then: Box<dyn FnOnce(Recorded) + Send>,
}

impl Tape {
    /// A tape for `most` bytes; `gate` has those of all tapes.
    pub(crate) fn new(gate: &Gate, most: usize) -> Self {
        Self(Arc::new(Mutex::new(Taped {
            parts: Vec::new(),
            gate: gate.clone(),
            permit: gate.none(),
            most,
            is_too_long: false,
        })))
    }

    /// Bytes have passed.
    pub(crate) fn put(&self, part: &Bytes) {
        let taped = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if part.is_empty() || taped.is_too_long {
            return;
        }
        let fits = taped.permit.count() + part.len() <= taped.most;
        if fits && taped.permit.grow(part.len()) {
            taped.parts.push(part.clone());
        } else {
            taped.is_too_long = true;
            taped.parts = Vec::new();
            taped.permit.shrink(0);
        }
    }

    /// All bytes; `None` when they were too many.
    pub(crate) fn take(&self) -> Option<Kept> {
        let taped = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if taped.is_too_long {
            return None;
        }
        let mut parts = std::mem::take(&mut taped.parts);
        let body = if parts.len() == 1 {
            parts.swap_remove(0)
        } else {
            let mut whole = BytesMut::with_capacity(taped.permit.count());
            for part in &parts {
                whole.extend_from_slice(part);
            }
            whole.freeze()
        };
        let permit = std::mem::replace(&mut taped.permit, taped.gate.none());
        Some(Kept { body, _permit: permit })
    }
}

impl Recording {
    /// One that hands both to `then`.
    pub(crate) fn new(
        request: Tape,
        reply: Tape,
        then: impl FnOnce(Recorded) + Send + 'static,
    ) -> Box<Self> {
        let (headers, then) = (HeaderMap::new(), Box::new(then));
        Box::new(Self { request, reply, status: 0, grpc: None, headers, then })
    }

    /// The head of the reply has come from a replica.
    pub(crate) fn head(&mut self, head: &Parts, is_grpc: bool) {
        self.status = head.status.as_u16();
        self.grpc = is_grpc.then(|| grpc::status(&head.headers).unwrap_or(0));
        self.headers.clone_from(&head.headers);
    }

    /// A part of the reply has passed.
    pub(crate) fn part(&self, part: &Bytes) {
        self.reply.put(part);
    }

    /// The reply ends with these trailers.
    pub(crate) fn trailers(&mut self, trailers: &HeaderMap) {
        if let (Some(grpc), Some(status)) = (&mut self.grpc, grpc::status(trailers)) {
            *grpc = status;
        }
    }

    /// The reply is over.
    pub(crate) fn ends(self) {
        let Self { request, reply, status, grpc, headers, then } = self;
        let (request, reply) = (request.take(), reply.take());
        then(Recorded { request, reply, status, grpc, headers });
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Recording").field("status", &self.status).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use longshore_daemon::gate::Gate;

    use super::Tape;

    #[test]
    fn a_tape_has_all_or_nothing() {
        let gate = Gate::new(10);
        let put = |tape: &Tape, text: &'static str| tape.put(&Bytes::from_static(text.as_bytes()));
        let tape = Tape::new(&gate, 8);
        assert_eq!(&*tape.take().unwrap().body, b"");
        put(&tape, "abc");
        put(&tape, "");
        put(&tape, "defgh");
        assert_eq!(gate.taken(), 8);
        let other = Tape::new(&gate, 8);
        put(&other, "abc");
        assert!(other.take().is_none(), "all tapes have ten bytes together");
        let kept = tape.take().unwrap();
        assert_eq!(&*kept.body, b"abcdefgh");
        drop(kept);
        assert_eq!(gate.taken(), 0);
        put(&tape, "123456789");
        assert!(tape.take().is_none(), "it has eight bytes");
    }
}
