use std::io::{self, Read, Write};

use ring::digest::{Context, SHA256};

/// What passes something on and counts and digests it.
pub(super) struct Digest<T> {
    inner: T,
    context: Context,
    bytes: u64,
}

impl<T> Digest<T> {
    pub(super) fn new(inner: T) -> Self {
        Self { inner, context: Context::new(&SHA256), bytes: 0 }
    }

    /// What it was passed on to, how many bytes there were, and their SHA-256 in hexadecimal digits.
    pub(super) fn end(self) -> (T, u64, String) {
        let digest = self.context.finish();
        let digits = digest.as_ref().iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let text = digits.filter_map(|it| char::from_digit(it.into(), 16)).collect();
        (self.inner, self.bytes, text)
    }

    fn add(&mut self, bytes: &[u8]) {
        self.context.update(bytes);
        self.bytes += bytes.len() as u64;
    }
}

impl<T: Write> Write for Digest<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.add(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<T: Read> Read for Digest<T> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(bytes)?;
        self.add(bytes.get(..read).unwrap_or_default());
        Ok(read)
    }
}
