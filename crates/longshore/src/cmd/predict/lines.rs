//! JSON with a row in each line: an object by column name, or a list.

use std::io::{BufRead, Read};

use anyhow::{Context, Result, anyhow, bail};
use serde::de::IgnoredAny;

use super::{
    blocks::{BLOCK_BYTES, BLOCK_ROWS, Block},
    input::{Source, too_long},
};

/// The words for numbers that Python writes and JSON does not have.
const WORDS: [&str; 2] = ["NaN", "Infinity"];

/// Rows of JSON.
pub(super) struct Lines {
    /// The file, for messages.
    name: String,
    source: Source,
    longest: usize,
    rows: usize,
    begun: bool,
}

impl Lines {
    /// Rows of at most `longest` bytes.
    pub(super) fn new(name: String, source: Source, longest: usize) -> Self {
        Self { name, source, longest, rows: 0, begun: false }
    }

    /// The next rows as one body.
    pub(super) fn next(&mut self) -> Result<Option<Block>> {
        let first = self.rows;
        let mut rows = Vec::new();
        let mut key = "instances";
        while self.rows - first < BLOCK_ROWS && rows.len() < BLOCK_BYTES {
            let Some(line) = line(&mut self.source, self.longest)
                .with_context(|| format!("row {} of `{}`", self.rows, self.name))?
            else {
                break;
            };
            let line = line.trim_ascii();
            if line.is_empty() {
                continue;
            }
            check(line).with_context(|| {
                format!("row {} of `{}` is not a line of JSON", self.rows, self.name)
            })?;
            if self.rows > first {
                rows.push(b',');
            } else if line.starts_with(b"{") {
                key = "dataframe_records";
            }
            rows.extend_from_slice(line);
            self.rows += 1;
        }
        if self.rows == first && std::mem::replace(&mut self.begun, true) {
            return Ok(None);
        }
        self.begun = true;
        let body = [b"{\"", key.as_bytes(), b"\":[", &rows, b"]}"].concat();
        Ok(Some(Block::json(body, first)))
    }
}

/// The next line with its end; `None` at the end of the source.
pub(super) fn line(source: &mut Source, longest: usize) -> Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    source.take(longest as u64 + 1).read_until(b'\n', &mut line).context("failed to read")?;
    if line.len() > longest {
        bail!("{}", too_long(longest));
    }
    Ok((!line.is_empty()).then_some(line))
}

/// Whether a line is one value of JSON, as Python writes it. A line that is not must never meet its
/// neighbours: together they could be a body that means something else.
pub(super) fn check(line: &[u8]) -> Result<()> {
    let text = std::str::from_utf8(line).map_err(|error| {
        anyhow!("byte {} is not UTF-8: save the file as UTF-8", error.valid_up_to())
    })?;
    let Err(error) = serde_json::from_str::<IgnoredAny>(text) else { return Ok(()) };
    let read = serde_json::from_str::<IgnoredAny>(&without_words(text));
    read.map(drop).map_err(|_| anyhow!("character {} is wrong", error.column()))
}

/// The same text with 0 for each of [`WORDS`] that stands outside of quotes.
fn without_words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut quoted, mut escaped) = (false, false);
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let word = WORDS.iter().find(|word| !quoted && rest.starts_with(**word));
        if let Some(word) = word {
            out.push('0');
            rest = &rest[word.len()..];
            continue;
        }
        if next == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = quoted && next == '\\' && !escaped;
        out.push(next);
        rest = &rest[next.len_utf8()..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{check, without_words};

    #[test]
    fn a_line_is_one_value() {
        for line in [r#"{"a": 1}"#, "[1, NaN, -Infinity]", r#"{"NaN": NaN, "b\"": "NaN"}"#, "1"] {
            assert!(check(line.as_bytes()).is_ok(), "{line}");
        }
        for line in [r#"{"a": 1"#, "1], \"x\": [2", "1, 2", "[1]]", "{} {}", "[NaNa]", "[\"NaN]"] {
            assert!(check(line.as_bytes()).is_err(), "{line}");
        }
        assert!(check(b"[\"\xff\"]").unwrap_err().to_string().contains("byte 2"));
    }

    #[test]
    fn only_words_outside_of_quotes_are_numbers() {
        assert_eq!(without_words(r#"["\"NaN", NaN]"#), r#"["\"NaN", 0]"#);
    }
}
