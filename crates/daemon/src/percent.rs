//! Percent-encoding in paths and queries (RFC 3986 §2.1).

use std::{borrow::Cow, fmt::Write};

/// Undoes percent-encoding; `None` when it is broken or what comes of it is no text.
pub fn decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            (digit()? * 16 + digit()?) as u8
        } else {
            byte
        });
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

/// Encodes what is not visible ASCII, `"` and `%`, as `CloudEvents` attributes are written in headers.
pub fn encode(text: &str) -> String {
    encode_but(text, |byte| matches!(byte, b'!'..=b'~') && !matches!(byte, b'"' | b'%'))
}

/// Encodes a text as one segment of a path: all but letters, digits and `-._~` (RFC 3986 §3.3).
pub fn encode_segment(text: &str) -> String {
    let stays =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    encode_but(text, stays)
}

/// Encodes all bytes of a text but those of ASCII that `stays` names.
pub fn encode_but(text: &str, stays: impl Fn(u8) -> bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii() && stays(byte) {
            encoded.push(char::from(byte));
        } else {
            // writing to a text does not fail
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::{decode, encode, encode_segment};

    #[test]
    fn a_segment_leads_nowhere_else() {
        assert_eq!(encode_segment("iris-2.0_a~"), "iris-2.0_a~");
        assert_eq!(encode_segment("a/b é"), "a%2Fb%20%C3%A9");
        assert_eq!(decode(&encode_segment("a b/ü?")).as_deref(), Some("a b/ü?"));
    }

    #[test]
    fn what_is_encoded_is_decoded_again() {
        let text = "io.kserve.inference.grün \"1%\"";
        assert_eq!(encode(text), "io.kserve.inference.gr%C3%BCn%20%221%25%22");
        assert_eq!(decode(&encode(text)).as_deref(), Some(text));
    }

    #[test]
    fn only_whole_escapes_of_text_are_undone() {
        assert_eq!(decode("a%2Fb+c").as_deref(), Some("a/b+c"));
        assert_eq!(decode("%C3%A9").as_deref(), Some("é"));
        for broken in ["%", "%2", "%zz", "%ff"] {
            assert_eq!(decode(broken), None, "{broken}");
        }
    }
}
