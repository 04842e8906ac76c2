//! The id that joins a reply with its log line.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    sync::{Mutex, PoisonError},
};

use hyper::{
    HeaderMap,
    header::{HeaderName, HeaderValue},
};

/// The header that carries the id, both ways.
pub const HEADER: &str = "x-request-id";

/// The same, ready to be looked for.
pub static NAME: HeaderName = HeaderName::from_static(HEADER);

/// The longest id taken over from a caller, in bytes.
pub const MAX_BYTES: usize = 128;

/// Makes ids: 16 hexadecimal digits drawn once, 16 that count. One maker an event loop, so that
/// nobody waits for it.
#[derive(Debug)]
pub struct RequestIds(Mutex<Maker>);

/// The last id.
#[derive(Debug)]
struct Maker([u8; 32]);

impl Default for RequestIds {
    fn default() -> Self {
        Self::new()
    }
}

impl RequestIds {
    /// A maker whose ids differ from those of every other maker.
    pub fn new() -> Self {
        let draw = || RandomState::new().build_hasher().finish();
        let mut text = [b'0'; 32];
        let (drawn, counting) = text.split_at_mut(16);
        hex(draw(), drawn);
        hex(draw() >> 16, counting);
        Self(Mutex::new(Maker(text)))
    }

    /// The next id, as text of hexadecimal digits.
    pub fn make(&self) -> [u8; 32] {
        let mut maker = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Maker(text) = &mut *maker;
        count(&mut text[16..]);
        *text
    }

    /// The id that a request brings when it is [`acceptable`], else the next one.
    pub fn of(&self, headers: &HeaderMap) -> HeaderValue {
        // a request has few headers, and to look one up by a name that is not standard hashes it
        // byte by byte
        match headers.iter().find(|(name, _)| **name == NAME) {
            Some((_, sent)) if acceptable(sent.as_bytes()) => sent.clone(),
            _ => HeaderValue::from_bytes(&self.make()).unwrap_or(HeaderValue::from_static("-")),
        }
    }
}

/// True for an id that may be taken over: visible ASCII of at most [`MAX_BYTES`] bytes.
pub fn acceptable(id: &[u8]) -> bool {
    !id.is_empty() && id.len() <= MAX_BYTES && id.iter().all(u8::is_ascii_graphic)
}

fn hex(mut value: u64, out: &mut [u8]) {
    for digit in out.iter_mut().rev() {
        let nibble = (value & 15) as u8;
        *digit = if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
        value >>= 4;
    }
}

/// Counts on in hexadecimal digits, which is cheaper than to write all of a number.
fn count(digits: &mut [u8]) {
    for digit in digits.iter_mut().rev() {
        *digit = match *digit {
            b'9' => b'a',
            b'f' => b'0',
            other => other + 1,
        };
        if *digit != b'0' {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_count_on() {
        for from in [0, 9, 15, 0x9f, 0xfff, 0x1234_5678_9abc_def0, u64::MAX] {
            let (mut digits, mut expected) = ([0; 16], [0; 16]);
            hex(from, &mut digits);
            count(&mut digits);
            hex(from.wrapping_add(1), &mut expected);
            assert_eq!(digits, expected, "{from:x}");
        }
    }

    #[test]
    fn ids_differ_and_are_acceptable() {
        let (one, other) = (RequestIds::new(), RequestIds::new());
        let ids = [one.make(), one.make(), other.make()];
        assert!(ids[0] != ids[1] && ids[1] != ids[2]);
        assert!(ids.iter().all(|id| acceptable(id)));
    }

    #[test]
    fn an_id_with_spaces_or_of_any_length_is_not_taken_over() {
        assert!(!acceptable(b""));
        assert!(!acceptable(b"a b"));
        assert!(!acceptable("é".as_bytes()));
        assert!(!acceptable(&[b'a'; MAX_BYTES + 1]));
        assert!(acceptable(b"4bf92f35-77b3"));
    }
}
