//! The file of keys.

use std::{collections::HashSet, fmt::Write as _, sync::Arc};

use crate::{Error, reload::Content};

/// A key that lets requests in.
pub(super) struct Key {
    pub(super) name: Arc<str>,
    /// SHA-256 of the key.
    pub(super) digest: [u8; 32],
}

/// Longest name of a key, in bytes.
const LONGEST_NAME: usize = 64;

/// True for what may name a key in a file and in a log.
pub(super) fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@".contains(&byte);
    (1..=LONGEST_NAME).contains(&text.len()) && text.bytes().all(allowed)
}

/// Bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Reads the lines. A fault names the line and not its content, which may be a key.
pub(super) fn read(content: &[Content]) -> Result<Vec<Key>, Error> {
    let (mut keys, mut digests) = (Vec::new(), HashSet::new());
    for file in content {
        let text = std::str::from_utf8(&file.bytes)
            .map_err(|_| Error::file(&file.path, "is no text; see `longshore api-key`"))?;
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let fault = |what: &str| Error::file(&file.path, format!("line {}: {what}", at + 1));
            let key =
                line.rsplit_once(':').and_then(|(name, digest)| key(name.trim(), digest.trim()));
            let key = key.ok_or_else(|| {
                fault("is not `NAME:SHA256`; `longshore api-key NAME` makes a key and prints its line")
            })?;
            if !digests.insert(key.digest) {
                return Err(fault("has a key that an earlier line has too"));
            }
            keys.push(key);
        }
    }
    Ok(keys)
}

fn key(name: &str, text: &str) -> Option<Key> {
    let mut digest = [0; 32];
    if !is_name(name) || text.len() != 2 * digest.len() {
        return None;
    }
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).map(|digit| digit as u8)).collect();
    for (byte, pair) in digest.iter_mut().zip(digits?.chunks(2)) {
        *byte = pair.iter().fold(0, |byte, digit| byte << 4 | digit);
    }
    Some(Key { name: name.into(), digest })
}
