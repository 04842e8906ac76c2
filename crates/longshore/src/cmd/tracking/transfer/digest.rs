//! SHA-256, as text.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use ring::digest::{Context, SHA256};

/// A digest that grows.
#[derive(Clone)]
pub(super) struct Digest(Context);

impl Digest {
    pub(super) fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Its hexadecimal digits.
    pub(super) fn end(self) -> String {
        digits(self.0.finish().as_ref())
    }
}

/// Bytes as hexadecimal digits.
pub(super) fn digits(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

/// The digest of a file.
pub(super) fn of_file(path: &Path) -> io::Result<String> {
    let (mut file, mut digest) = (File::open(path)?, Digest::new());
    let mut buffer = vec![0; 1 << 18];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(digest.end());
        }
        digest.add(buffer.get(..read).unwrap_or_default());
    }
}
