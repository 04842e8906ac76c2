//! Texts and numbers as MLflow prints them, which is as Python's `json` module does.

use std::fmt::Write;

/// Appends a JSON string.
pub(crate) fn quote(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    // all that is replaced is one byte long
    while let Some(at) = rest.bytes().position(|byte| byte < b' ' || matches!(byte, b'"' | b'\\')) {
        let (plain, behind) = rest.split_at(at);
        out.push_str(plain);
        let mut letters = behind.chars();
        match letters.next().unwrap_or_default() {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            letter => {
                // writing to a `String` cannot fail
                let _ = write!(out, "\\u{:04x}", u32::from(letter));
            }
        }
        rest = letters.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

/// A JSON string in ASCII, as Python prints a value inside a message.
pub(crate) fn quote_ascii(text: &str) -> String {
    let mut quoted = String::new();
    quote(text, &mut quoted);
    let mut ascii = String::new();
    for letter in quoted.chars() {
        if letter.is_ascii() {
            ascii.push(letter);
        } else {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                // writing to a `String` cannot fail
                let _ = write!(ascii, "\\u{unit:04x}");
            }
        }
    }
    ascii
}

/// A text as Python's `repr` shows it.
pub(crate) fn repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut shown = String::from(quote);
    for letter in text.chars() {
        match letter {
            '\\' => shown.push_str("\\\\"),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            letter if letter == quote => shown.extend(['\\', letter]),
            letter => shown.push(letter),
        }
    }
    shown.push(quote);
    shown
}

/// Appends a double: the shortest digits that read back to it, with an exponent below 1e-4 and from
/// 1e16 on. Non-finite values have the names that Protocol Buffers give them.
pub(crate) fn double(value: f64, out: &mut String) {
    if value.is_nan() {
        return out.push_str("\"NaN\"");
    }
    if value.is_infinite() {
        return out.push_str(if value > 0.0 { "\"Infinity\"" } else { "\"-Infinity\"" });
    }
    let magnitude = value.abs();
    let written = if magnitude == 0.0 || (1e-4..1e16).contains(&magnitude) {
        write!(out, "{value:?}")
    } else {
        let text = format!("{value:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, exponent) = match exponent.strip_prefix('-') {
            Some(exponent) => ('-', exponent),
            None => ('+', exponent),
        };
        write!(out, "{digits}e{sign}{exponent:0>2}")
    };
    // writing to a `String` cannot fail
    let _ = written;
}

/// Whether a text is a decimal number, and not a name such as `inf`, which Rust and Python read as one.
pub(crate) fn is_decimal(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::{double, quote};

    #[test]
    fn doubles_are_printed_as_python_does() {
        // repr() of Python 3.12
        let cases = [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (3.0, "3.0"),
            (0.1, "0.1"),
            (1e-4, "0.0001"),
            (0.000_123_45, "0.00012345"),
            (9.999_999_999_999_999e-5, "9.999999999999999e-05"),
            (1e-5, "1e-05"),
            (1.25e-7, "1.25e-07"),
            (-2.5e-300, "-2.5e-300"),
            (5e-324, "5e-324"),
            (123_456_789.125, "123456789.125"),
            (9_999_999_999_999_998.0, "9999999999999998.0"),
            (1e16, "1e+16"),
            (1.234_567_890_123_456_8e17, "1.2345678901234568e+17"),
            (1e22, "1e+22"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::NAN, "\"NaN\""),
            (f64::INFINITY, "\"Infinity\""),
            (f64::NEG_INFINITY, "\"-Infinity\""),
        ];
        for (value, expected) in cases {
            let mut text = String::new();
            double(value, &mut text);
            assert_eq!(text, expected);
        }
    }

    #[test]
    fn texts_read_back() {
        let text = "a\"b\\c\n\r\t\u{0}\u{1f}\u{7f}é\u{2028}葡";
        let mut quoted = String::new();
        quote(text, &mut quoted);
        assert_eq!(serde_json::from_str::<String>(&quoted).unwrap(), text);
    }
}
