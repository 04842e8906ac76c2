use std::borrow::Cow;

/// Why a text cannot be read, with the offset of the first wrong byte.
pub(super) type Wrong = (usize, &'static str);

/// Reads the text whose opening quote is at `at`; gives it with the offset behind its closing one.
pub(super) fn read(source: &str, at: usize) -> Result<(Cow<'_, str>, usize), Wrong> {
    let bytes = source.as_bytes();
    let start = at + 1;
    let end = plain(bytes, start);
    let head = source.get(start..end).unwrap_or_default();
    match bytes.get(end) {
        Some(b'"') => Ok((Cow::Borrowed(head), end + 1)),
        Some(b'\\') => escaped(source, head, end),
        Some(_) => Err((end, "a text holds a control character; write it as `\\u00XX`")),
        None => Err((end, "the body ends inside a text")),
    }
}

/// The offset of the first byte from `at` that does not stand for itself.
fn plain(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    let special = |byte: &u8| matches!(byte, b'"' | b'\\') || *byte < 0x20;
    rest.iter().position(special).map_or(bytes.len(), |length| at + length)
}

fn escaped<'a>(source: &'a str, head: &str, mut at: usize) -> Result<(Cow<'a, str>, usize), Wrong> {
    let bytes = source.as_bytes();
    let mut text = String::from(head);
    loop {
        match bytes.get(at) {
            Some(b'"') => return Ok((Cow::Owned(text), at + 1)),
            Some(b'\\') => {
                let (character, next) = escape(bytes, at)?;
                text.push(character);
                at = next;
            }
            Some(..0x20) => {
                return Err((at, "a text holds a control character; write it as `\\u00XX`"));
            }
            Some(_) => {
                let end = plain(bytes, at);
                text.push_str(source.get(at..end).unwrap_or_default());
                at = end;
            }
            None => return Err((at, "the body ends inside a text")),
        }
    }
}

/// The character that the backslash at `at` begins, and the offset behind it.
fn escape(bytes: &[u8], at: usize) -> Result<(char, usize), Wrong> {
    let character = match bytes.get(at + 1) {
        Some(b'"') => '"',
        Some(b'\\') => '\\',
        Some(b'/') => '/',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unicode(bytes, at),
        Some(_) => return Err((at, "there is no such escape")),
        None => return Err((at, "the body ends inside a text")),
    };
    Ok((character, at + 2))
}

fn unicode(bytes: &[u8], at: usize) -> Result<(char, usize), Wrong> {
    let lone = (at, "half of a surrogate pair is no character");
    let high = unit(bytes, at)?;
    if !(0xd800..0xe000).contains(&high) {
        return char::from_u32(high).map(|c| (c, at + 6)).ok_or(lone);
    }
    if high >= 0xdc00 || bytes.get(at + 6..at + 8) != Some(b"\\u") {
        return Err(lone);
    }
    let low = unit(bytes, at + 6)?;
    if !(0xdc00..0xe000).contains(&low) {
        return Err(lone);
    }
    let point = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    char::from_u32(point).map(|c| (c, at + 12)).ok_or(lone)
}

/// The four hexadecimal digits of the `\u` at `at`.
fn unit(bytes: &[u8], at: usize) -> Result<u32, Wrong> {
    let wrong = (at, "`\\u` needs four hexadecimal digits");
    let digits = bytes.get(at + 2..at + 6).ok_or(wrong)?;
    digits.iter().try_fold(0, |value, byte| {
        char::from(*byte).to_digit(16).map(|digit| value * 16 + digit).ok_or(wrong)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_mean_what_the_standard_says() {
        let source = r#""a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é" "#;
        let (text, end) = read(source, 0).unwrap();
        assert_eq!(text, "a\"\\/\u{8}\u{c}\n\r\té😀é");
        assert_eq!(end, source.len() - 1);
        assert!(matches!(read("\"plain\"", 0), Ok((Cow::Borrowed("plain"), 7))));
    }

    #[test]
    fn broken_texts_say_where() {
        let cases = [
            ("\"abc", 4),
            ("\"a\nb\"", 2),
            ("\"\\x\"", 1),
            ("\"\\u12g4\"", 1),
            ("\"\\ud800\"", 1),
            ("\"\\ude00\"", 1),
            ("\"\\ud800\\u0041\"", 1),
            ("\"\\", 1),
            ("\"\\u00", 1),
        ];
        for (source, at) in cases {
            assert_eq!(read(source, 0).unwrap_err().0, at, "{source}");
        }
    }
}
