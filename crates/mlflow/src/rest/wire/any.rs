//! Values of any shape.

use std::fmt::Write as _;

use serde::de::IgnoredAny;
use serde_json::Value;

use super::{Wire, place::Place};
use crate::{Error, text};

/// A value of any shape, which is Protocol Buffers' `Value`: all its numbers are doubles.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AnyValue(pub Value);

impl AnyValue {
    /// Reads JSON as Python writes it, where `NaN` and its like are bare; they become texts.
    ///
    /// # Errors
    /// [`Error::Json`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        super::super::body::json(text.as_bytes()).map(Self)
    }
}

impl Wire for AnyValue {
    fn read(value: Value, _: &Place<'_>) -> Result<Self, Error> {
        Ok(Self(value))
    }

    fn write(&self, out: &mut String) {
        write(&self.0, out);
    }
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => flag.write(out),
        Value::Number(number) => text::double(number.as_f64().unwrap_or_default(), out),
        Value::String(text) => text::quote(text, out),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            out.push('{');
            for (index, (name, value)) in fields.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                text::quote(name, out);
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
    }
}

/// JSON in the form that Python's `json.dumps` gives it, in which MLflow keeps values and compares them: a
/// blank after each comma and colon, and nothing beyond ASCII. `None` for what is not JSON.
pub fn dumps(json: &str) -> Option<String> {
    serde_json::from_str::<IgnoredAny>(json).ok()?;
    let mut out = String::new();
    let mut rest = json.trim_ascii_start();
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '"' => 1 + closing(rest.get(1..)?)?,
            '-' | '0'..='9' => rest
                .find(|it: char| !it.is_ascii_digit() && !"+-.eE".contains(it))
                .unwrap_or(rest.len()),
            _ => 1,
        };
        let (piece, behind) = rest.split_at_checked(end)?;
        match first {
            '"' => out.push_str(&text::quote_ascii(&serde_json::from_str::<String>(piece).ok()?)),
            ',' | ':' => {
                // writing to a text does not fail
                let _ = write!(out, "{first} ");
            }
            '-' | '0'..='9' if piece.contains(['.', 'e', 'E']) => {
                text::double(piece.parse().ok()?, &mut out);
            }
            _ => out.push_str(piece),
        }
        rest = behind.trim_ascii_start();
    }
    Some(out)
}

/// Where the text behind its first quote ends, its last quote included.
fn closing(text: &str) -> Option<usize> {
    let mut bytes = text.bytes().enumerate();
    while let Some((index, byte)) = bytes.next() {
        match byte {
            b'"' => return Some(index + 1),
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{AnyValue, dumps};
    use crate::rest::print;

    #[test]
    fn numbers_are_doubles() {
        let value = AnyValue(json!({"a": [1, 2.5, null, true, "é\""]}));
        assert_eq!(print(&value), r#"{"a":[1.0,2.5,null,true,"é\""]}"#);
    }

    #[test]
    fn json_is_kept_as_python_writes_it() {
        // json.dumps(json.loads(…)) of Python 3.12
        let cases = [
            (
                r#"{"b":[1,2.50,1E5],"a":{"é\n":null} }"#,
                r#"{"b": [1, 2.5, 100000.0], "a": {"\u00e9\n": null}}"#,
            ),
            (" \"a, b: \\\"c\\\" 😀\" ", "\"a, b: \\\"c\\\" \\ud83d\\ude00\""),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("[ ]", "[]"),
            ("[-1e-7, true]", "[-1e-07, true]"),
        ];
        for (json, kept) in cases {
            assert_eq!(dumps(json).as_deref(), Some(kept));
        }
        for wrong in ["", "{", "a", "[1,]", "\"", "1 2"] {
            assert_eq!(dumps(wrong), None);
        }
    }

    #[test]
    fn what_is_no_number_is_a_text() {
        assert_eq!(AnyValue::parse("[NaN]").unwrap(), AnyValue(json!(["NaN"])));
    }
}
