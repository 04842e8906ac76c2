//! Texts between double quotes.

use std::borrow::Cow;

use crate::Error;

/// Where a text stands: between its quotes, and behind the closing one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) start: usize,
    pub(crate) close: usize,
    pub(crate) end: usize,
    /// True when it has escapes, or bytes that are not UTF-8: decoding changes what is stored.
    pub(crate) escaped: bool,
}

/// Finds the end of the text whose opening quote is at `at`.
pub(crate) fn read(input: &[u8], at: usize) -> Result<Found, Error> {
    let start = at + 1;
    let mut place = start;
    let mut escaped = false;
    loop {
        match input.get(place) {
            Some(b'"') => break,
            Some(b'\\') => {
                escaped = true;
                place += 2;
            }
            Some(_) => place += 1,
            None => return Err(wrong(at, "a text is not closed")),
        }
    }
    let stored = input.get(start..place).unwrap_or_default();
    let escaped = escaped || str::from_utf8(stored).is_err();
    Ok(Found { start, close: place, end: place + 1, escaped })
}

/// The text after decoding. Lone surrogates and bytes that are not UTF-8 become U+FFFD.
pub(crate) fn decode<'a>(input: &'a [u8], found: &Found) -> Result<Cow<'a, str>, Error> {
    let stored = String::from_utf8_lossy(input.get(found.start..found.close).unwrap_or_default());
    if !found.escaped || !stored.contains('\\') {
        return Ok(stored);
    }
    let mut text = String::with_capacity(stored.len());
    let mut rest = &*stored;
    while let Some(at) = rest.find('\\') {
        let place = found.start + (stored.len() - rest.len()) + at;
        let fault = || wrong(place, "an escape sequence is malformed");
        text.push_str(&rest[..at]);
        let escape = rest.as_bytes().get(at + 1).copied().ok_or_else(fault)?;
        rest = rest.get(at + 2..).ok_or_else(fault)?;
        text.push(match escape {
            b'"' | b'\\' | b'/' => char::from(escape),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => unicode(&mut rest).ok_or_else(fault)?,
            _ => return Err(fault()),
        });
    }
    text.push_str(rest);
    Ok(Cow::Owned(text))
}

/// The character of `\uXXXX`, or of a pair of them.
fn unicode(rest: &mut &str) -> Option<char> {
    let high = hex(rest.get(..4)?)?;
    *rest = rest.get(4..)?;
    if (0xd800..0xdc00).contains(&high)
        && let Some(low) = rest.strip_prefix("\\u").and_then(|r| r.get(..4)).and_then(hex)
        && (0xdc00..0xe000).contains(&low)
    {
        *rest = rest.get(6..)?;
        let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
        return char::from_u32(code);
    }
    Some(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER))
}

fn hex(digits: &str) -> Option<u32> {
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
}

pub(super) fn wrong(at: usize, reason: impl Into<String>) -> Error {
    Error::Malformed { format: "JSON", place: format!("byte {at}"), reason: reason.into() }
}
