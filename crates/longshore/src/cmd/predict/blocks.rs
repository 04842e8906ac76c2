use std::fmt::Write;

use anyhow::Result;

use super::{csv::Csv, lines::Lines};

/// Most rows of a block: enough that the model computes on them and not on what surrounds them.
pub(super) const BLOCK_ROWS: usize = 8192;

/// Bytes of rows after which a block ends.
pub(super) const BLOCK_BYTES: usize = 4 << 20;

/// Part of the input: a body of `/invocations`.
pub(super) struct Block {
    /// The body.
    pub(super) body: Vec<u8>,
    /// What it is.
    pub(super) content_type: &'static str,
    /// Rows of the input before it.
    pub(super) first: usize,
}

/// The input, cut into blocks of rows where it can be cut.
pub(super) enum Blocks {
    /// A JSON document; `None` once it was given as a block.
    Document(Option<Vec<u8>>),
    /// A row of JSON in each line.
    Lines(Lines),
    /// Comma-separated values.
    Csv(Csv),
}

impl Blocks {
    /// The next block; input without rows is one block, so that it is answered too.
    pub(super) fn next(&mut self) -> Result<Option<Block>> {
        match self {
            Self::Document(body) => Ok(body.take().map(|body| Block::json(body, 0))),
            Self::Lines(lines) => lines.next(),
            Self::Csv(csv) => csv.next(),
        }
    }
}

impl Block {
    /// A block of JSON.
    pub(super) fn json(body: Vec<u8>, first: usize) -> Self {
        Self { body, content_type: "application/json", first }
    }
}

/// A message of the server for who gave a file: the server speaks of the body of a request, and counts the
/// rows of each block from 0. What the message quotes is a name or a value, and stays as it is.
pub(in crate::cmd) fn retold(message: &str, first: usize) -> String {
    let mut out = String::with_capacity(message.len());
    let mut quote = None;
    let mut rest = message;
    while let Some(next) = rest.chars().next() {
        let begins = quote.is_none() && !out.ends_with(char::is_alphanumeric);
        let sent = ["the body", "the request"].iter().find_map(|sent| rest.strip_prefix(sent));
        if let Some(behind) = sent.filter(|_| begins) {
            out.push_str("the file");
            rest = behind;
            continue;
        }
        if let Some(behind) = rest.strip_prefix("row ").filter(|_| begins) {
            let digits = behind.bytes().take_while(u8::is_ascii_digit).count();
            let (digits, behind) = behind.split_at(digits);
            if let Ok(row) = digits.parse::<usize>() {
                let _ = write!(out, "row {}", row.saturating_add(first));
                rest = behind;
                continue;
            }
        }
        if quote == Some(next) {
            quote = None;
        } else if quote.is_none() && matches!(next, '`' | '"') {
            quote = Some(next);
        }
        out.push(next);
        rest = &rest[next.len_utf8()..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::retold;

    #[test]
    fn a_message_speaks_of_the_file_and_its_rows() {
        let counted = |message| retold(message, 8192);
        assert_eq!(
            counted("column `row 1`, row 0: \"row 2\""),
            "column `row 1`, row 8192: \"row 2\""
        );
        assert_eq!(
            counted("row 9 has 3 values while row 0 has 4"),
            "row 8201 has 3 values while row 8192 has 4"
        );
        assert_eq!(counted("the arrow 1, row x"), "the arrow 1, row x");
        assert_eq!(
            counted("the body is not JSON: `the body` ends; the request has `a`"),
            "the file is not JSON: `the body` ends; the file has `a`"
        );
    }
}
