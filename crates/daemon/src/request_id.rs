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

#[derive(Debug)]
struct Maker {
    text: [u8; 32],
    next: u64,
}

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
        hex(draw(), &mut text[..16]);
        Self(Mutex::new(Maker { text, next: draw() >> 16 }))
    }

    /// The next id, as text of hexadecimal digits.
    pub fn make(&self) -> [u8; 32] {
        let mut maker = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        maker.next = maker.next.wrapping_add(1);
        let next = maker.next;
        hex(next, &mut maker.text[16..]);
        maker.text
    }

    /// The id that a request brings when it is [`acceptable`], else the next one.
    pub fn of(&self, headers: &HeaderMap) -> HeaderValue {
        match headers.get(&NAME) {
            Some(sent) if acceptable(sent.as_bytes()) => sent.clone(),
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

#[cfg(test)]
mod tests {
    use super::*;

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
