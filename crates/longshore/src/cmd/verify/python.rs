//! JSON as Python's `json` writes it.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// Reads a document in which Python's bare `NaN`, `Infinity` and `-Infinity` may stand: NaN becomes
/// `nan`, the others become texts.
pub(super) fn read(path: &Path, bytes: &[u8], nan: &str) -> Result<Value> {
    let named = || format!("`{}` is not JSON", path.display());
    let text = std::str::from_utf8(bytes).with_context(named)?;
    serde_json::from_str(&quoted(text, nan)).with_context(named)
}

fn quoted(text: &str, nan: &str) -> String {
    let words = [("NaN", nan), ("-Infinity", "\"-Infinity\""), ("Infinity", "\"Infinity\"")];
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut inside) = (text, false);
    while let Some(first) = rest.chars().next() {
        let word = words.iter().find(|(word, _)| !inside && rest.starts_with(word));
        if let Some((word, instead)) = word {
            out.push_str(instead);
            rest = rest.get(word.len()..).unwrap_or_default();
            continue;
        }
        // what is escaped ends no text
        let taken = if inside && first == '\\' {
            1 + rest.chars().nth(1).map_or(0, char::len_utf8)
        } else {
            first.len_utf8()
        };
        inside ^= first == '"';
        let (done, left) = rest.split_at(taken);
        out.push_str(done);
        rest = left;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn only_bare_words_are_quoted() {
        let python = r#"{"a NaN \" NaN": [NaN, -Infinity, Infinity, "Infinity\\"], "é": NaN}"#;
        let json = r#"{"a NaN \" NaN": [null, "-Infinity", "Infinity", "Infinity\\"], "é": null}"#;
        assert_eq!(quoted(python, "null"), json);
    }
}
