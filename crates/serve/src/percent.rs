//! Percent-encoding in paths and queries (RFC 3986 §2.1).

use std::borrow::Cow;

/// Undoes percent-encoding; `None` when it is broken or what comes of it is no text.
pub(crate) fn decode(text: &str) -> Option<Cow<'_, str>> {
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

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn only_whole_escapes_of_text_are_undone() {
        assert_eq!(decode("a%2Fb+c").as_deref(), Some("a/b+c"));
        assert_eq!(decode("%C3%A9").as_deref(), Some("é"));
        for broken in ["%", "%2", "%zz", "%ff"] {
            assert_eq!(decode(broken), None, "{broken}");
        }
    }
}
