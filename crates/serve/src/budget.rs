//! What may come of a body whose values are packed: dictionaries, runs and compression let a few
//! bytes stand for millions of values, so that their room is taken before they are made.

use longshore_daemon::Code;

use crate::{
    config::Limits,
    encoding::{FREE, RATIO},
    failure::Failure,
    memory::{DECODED, Share},
};

/// Bytes that are taken of the share at a time.
const STEP: usize = 64 << 10;

/// The memory that is left to one body, while it is read.
#[derive(Debug)]
pub(crate) struct Budget<'s> {
    share: &'s mut Share,
    used: usize,
    /// Taken of the share; never less than `used`.
    taken: usize,
    /// Most bytes that any body may come to.
    absolute: usize,
    /// Most bytes that this one may come to, by what was sent.
    fair: usize,
}

impl<'s> Budget<'s> {
    /// The budget of a body that arrived as `sent` bytes. Like JSON, it may come to the size that
    /// `sent` compressed bytes may have once they are decompressed, times `DECODED`.
    pub(crate) fn new(share: &'s mut Share, sent: usize, limits: &Limits) -> Self {
        let fair = sent.saturating_mul(RATIO).saturating_add(FREE).saturating_mul(DECODED);
        // a column of texts holds no more than offsets of four bytes can tell
        let absolute = limits.body_bytes.saturating_mul(DECODED).min(u32::MAX as usize);
        Self { share, used: 0, taken: 0, absolute, fair }
    }

    /// Takes room for `bytes` more bytes.
    pub(crate) fn take(&mut self, bytes: usize) -> Result<(), Failure> {
        self.used = self.used.saturating_add(bytes);
        if self.used <= self.taken {
            return Ok(());
        }
        if self.used > self.absolute {
            let what = "what the body decodes to";
            return Err(Failure::too_large(what, self.absolute, "bytes", "--max-body-bytes"));
        }
        if self.used > self.fair {
            let message = format!(
                "the body decodes to more than {} times its size; send fewer rows at a time",
                RATIO * DECODED
            );
            return Err(Failure::new(Code::TooLarge, message));
        }
        let more = (self.used - self.taken).max(STEP);
        self.share.grow(more, "the body")?;
        self.taken += more;
        Ok(())
    }

    /// Gives room back that was taken.
    pub(crate) fn give_back(&mut self, bytes: usize) {
        self.used = self.used.saturating_sub(bytes);
    }
}

#[cfg(test)]
mod tests {
    use longshore_daemon::gate::Gate;

    use super::*;

    fn taken(gate: &Gate, sent: usize, limits: &Limits, bytes: usize) -> Result<(), Failure> {
        let mut share = Share::none(gate);
        let mut budget = Budget::new(&mut share, sent, limits);
        budget.take(bytes / 2)?;
        budget.give_back(bytes / 2);
        budget.take(bytes / 2)?;
        budget.take(bytes - bytes / 2)
    }

    #[test]
    fn a_body_comes_to_a_fair_multiple_of_what_was_sent() {
        let gate = Gate::new(1 << 30);
        let limits = Limits { body_bytes: 10 << 20, ..Limits::default() };
        let fair = (100 * RATIO + FREE) * DECODED;
        assert_eq!(taken(&gate, 100, &limits, fair), Ok(()));
        let failure = taken(&gate, 100, &limits, fair + 1).unwrap_err();
        assert_eq!(failure.code, Code::TooLarge);
        assert!(failure.message.contains("800 times its size"), "{}", failure.message);
        assert_eq!(taken(&gate, 1 << 20, &limits, 40 << 20), Ok(()));
        let failure = taken(&gate, 1 << 20, &limits, (40 << 20) + 1).unwrap_err();
        assert!(failure.message.contains("--max-body-bytes"), "{}", failure.message);
        assert_eq!(gate.taken(), 0);
    }

    #[test]
    fn it_is_taken_of_the_memory_for_large_requests() {
        let gate = Gate::new(1 << 20);
        let limits = Limits::default();
        assert_eq!(taken(&gate, 1 << 20, &limits, 1 << 19), Ok(()));
        let failure = taken(&gate, 1 << 20, &limits, 2 << 20).unwrap_err();
        assert!(failure.message.contains("--max-buffered-bytes"), "{}", failure.message);
        let mut share = Share::none(&gate);
        share.grow(1 << 19, "another body").unwrap();
        let failure = taken(&gate, 1 << 20, &limits, 1 << 20).unwrap_err();
        assert_eq!(failure.code, Code::Unavailable);
    }
}
