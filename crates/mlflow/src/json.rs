//! JSON as Python's `json.dumps` writes it: MLflow hashes such texts, so one space more is another hash.

use std::fmt::Write;

use serde_json::Value;

use crate::text;

/// Prints a value in ASCII, with a space behind each comma and colon. The keys of objects are sorted by their
/// code points, as `sort_keys=True` does.
pub fn python(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) if number.is_f64() => {
            text::double(number.as_f64().unwrap_or_default(), out);
        }
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) => quote(text, true, out),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            out.push('{');
            for (index, (key, value)) in entries.into_iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                quote(key, true, out);
                out.push_str(": ");
                write(value, out);
            }
            out.push('}');
        }
    }
}

/// Appends a JSON string, in ASCII or with the letters as they are (`ensure_ascii` of `json.dumps`).
pub fn quote(text: &str, is_ascii: bool, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(letter),
            other if other > '~' && !is_ascii => out.push(other),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    // writing to a `String` cannot fail
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::python;

    #[test]
    fn json_is_printed_as_python_does() {
        // json.dumps(json.loads(TEXT), sort_keys=True) of Python 3.12
        let cases = [
            (
                r#"{"b":[1,2.5,-0.0,true,null],"a":{"ä":"é\u0007\u007f\b\f/😀","Z":{}}}"#,
                r#"{"a": {"Z": {}, "\u00e4": "\u00e9\u0007\u007f\b\f/\ud83d\ude00"}, "b": [1, 2.5, -0.0, true, null]}"#,
            ),
            (r"[1e16, 1E-5, 100.0, 1.0e3]", "[1e+16, 1e-05, 100.0, 1000.0]"),
            ("[]", "[]"),
        ];
        for (text, printed) in cases {
            let value: Value = serde_json::from_str(text).unwrap();
            assert_eq!(python(&value), printed, "{text}");
        }
    }
}
