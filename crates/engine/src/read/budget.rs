use crate::{Error, Limits};

/// What a heap allocation costs beyond its bytes.
pub(crate) const ALLOCATION: usize = 16;

/// Memory that reading may still take. In all, that is the number of bytes read, plus
/// [`Limits::HEADROOM_BYTES`].
///
/// A model's values are about as large as the file that stores them. A file whose values are far
/// larger was made to exhaust memory.
#[derive(Debug)]
pub(crate) struct Budget {
    format: &'static str,
    total: u64,
    left: u64,
}

impl Budget {
    pub(crate) fn new(format: &'static str, input: usize) -> Self {
        let total = (input as u64).saturating_add(Limits::HEADROOM_BYTES);
        Self { format, total, left: total }
    }

    /// Counts `bytes` that were inflated as bytes read.
    pub(crate) fn grow(&mut self, bytes: u64) {
        self.total = self.total.saturating_add(bytes);
        self.left = self.left.saturating_add(bytes);
    }

    /// Takes `bytes` for what stands at byte `place`.
    pub(crate) fn charge(&mut self, bytes: usize, place: usize) -> Result<(), Error> {
        match self.left.checked_sub(bytes as u64) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(self.exhausted(place)),
        }
    }

    /// Gives back what was dropped.
    pub(crate) fn release(&mut self, bytes: usize) {
        self.left = self.left.saturating_add(bytes as u64).min(self.total);
    }

    /// Appends to a vector whose memory this budget pays for.
    pub(crate) fn push<T>(&mut self, to: &mut Vec<T>, item: T, place: usize) -> Result<(), Error> {
        if to.len() == to.capacity() {
            self.reserve(to, 1, place)?;
        }
        to.push(item);
        Ok(())
    }

    /// Makes room for `more` items; growth is geometric, so that appending stays linear.
    pub(crate) fn reserve<T>(
        &mut self,
        to: &mut Vec<T>,
        more: usize,
        place: usize,
    ) -> Result<(), Error> {
        let needed = to.len().checked_add(more).ok_or_else(|| self.exhausted(place))?;
        let old = to.capacity();
        if needed <= old {
            return Ok(());
        }
        let grown = if old < 1 << 16 { old.saturating_mul(2) } else { old.saturating_add(old / 4) };
        let bytes = |items: usize| items.saturating_mul(size_of::<T>());
        let mut new = needed.max(grown);
        // while growing, the old and the new block both exist
        if bytes(new) as u64 > self.left {
            new = needed.max(old.saturating_add(old / 8));
        }
        if bytes(new) as u64 > self.left {
            return Err(self.exhausted(place));
        }
        self.charge(bytes(new).saturating_sub(bytes(old)), place)?;
        if old == 0 {
            self.charge(ALLOCATION, place)?;
        }
        to.reserve_exact(new - to.len());
        Ok(())
    }

    fn exhausted(&self, place: usize) -> Error {
        Error::Malformed {
            format: self.format,
            place: format!("byte {place}"),
            reason: format!(
                "its values would need more than {} bytes of memory, which no model of this size does",
                self.total
            ),
        }
    }
}
