//! Answers as bytes of the output.

use super::{
    layout::{Item, OutColumn, Values},
    parquet::{Page, PageBuilder},
};
use crate::cli::RowFormat;

/// What a block becomes in the output.
#[derive(Debug)]
pub(super) enum Encoded {
    Text(Vec<u8>),
    /// A page for each column.
    Pages(Vec<Page>),
}

/// Writes rows.
pub(super) enum Encoder {
    Csv(Vec<u8>),
    Jsonl(Vec<u8>),
    Parquet(Vec<PageBuilder>),
}

impl Encoder {
    pub(super) fn new(format: RowFormat) -> Self {
        match format {
            RowFormat::Csv => Self::Csv(Vec::new()),
            RowFormat::Jsonl => Self::Jsonl(Vec::new()),
            RowFormat::Parquet => Self::Parquet(Vec::new()),
        }
    }

    /// Adds rows whose values are in `values`, one for each of `columns`. `Err` names the column of a
    /// value that is not of its column's kind.
    pub(super) fn add<'c>(
        &mut self,
        columns: &'c [OutColumn],
        values: &[Values<'_>],
        rows: usize,
    ) -> Result<(), &'c str> {
        match self {
            Self::Csv(out) => {
                for row in 0..rows {
                    for (at, values) in values.iter().enumerate() {
                        if at > 0 {
                            out.push(b',');
                        }
                        csv(out, values.item(row));
                    }
                    out.push(b'\n');
                }
            }
            Self::Jsonl(out) => {
                let keys: Vec<Vec<u8>> = columns
                    .iter()
                    .map(|column| {
                        let mut key = Vec::new();
                        json_text(&mut key, &column.name);
                        key.push(b':');
                        key
                    })
                    .collect();
                for row in 0..rows {
                    out.push(b'{');
                    for (at, (key, values)) in keys.iter().zip(values).enumerate() {
                        if at > 0 {
                            out.push(b',');
                        }
                        out.extend_from_slice(key);
                        json(out, values.item(row));
                    }
                    out.extend_from_slice(b"}\n");
                }
            }
            Self::Parquet(pages) => {
                if pages.is_empty() {
                    pages.extend(columns.iter().map(PageBuilder::new));
                }
                for ((page, values), column) in pages.iter_mut().zip(values).zip(columns) {
                    for row in 0..rows {
                        page.push(values.item(row)).ok_or(column.name.as_str())?;
                    }
                }
            }
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Encoded {
        match self {
            Self::Csv(out) | Self::Jsonl(out) => Encoded::Text(out),
            Self::Parquet(pages) => {
                Encoded::Pages(pages.into_iter().map(PageBuilder::finish).collect())
            }
        }
    }
}

/// The first line of a file of comma-separated values.
pub(super) fn csv_header(columns: &[OutColumn]) -> Vec<u8> {
    let mut out = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        csv(&mut out, Item::Text(&column.name));
    }
    out.push(b'\n');
    out
}

/// A cell, as pandas reads it back.
pub(super) fn csv(out: &mut Vec<u8>, item: Item<'_>) {
    match item {
        Item::Missing | Item::Json("null") => {}
        Item::Bool(value) => out.extend_from_slice(if value { b"True" } else { b"False" }),
        Item::I64(value) => integer(out, value),
        Item::F32(value) if value.is_finite() => float(out, value),
        Item::F64(value) if value.is_finite() => float(out, value),
        Item::F32(value) => not_finite(out, f64::from(value)),
        Item::F64(value) => not_finite(out, value),
        Item::Json(text) if text.starts_with('"') => match serde_json::from_str::<String>(text) {
            Ok(text) => quoted(out, &text),
            Err(_) => quoted(out, text),
        },
        Item::Text(text) | Item::Json(text) => quoted(out, text),
    }
}

fn quoted(out: &mut Vec<u8>, text: &str) {
    let needs = text.is_empty() || text.bytes().any(|byte| b",\"\r\n".contains(&byte));
    if !needs {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    for byte in text.bytes() {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

/// The words that pandas, numpy and Python read.
fn not_finite(out: &mut Vec<u8>, value: f64) {
    out.extend_from_slice(match value {
        value if value.is_nan() => b"nan",
        value if value > 0.0 => b"inf",
        _ => b"-inf",
    });
}

fn integer(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// The shortest decimal that reads back as the same number, as Python's `repr` gives it.
fn float(out: &mut Vec<u8>, value: impl zmij::Float) {
    out.extend_from_slice(zmij::Buffer::new().format_finite(value).as_bytes());
}

/// A value of JSON; what it cannot say is `null`.
pub(super) fn json(out: &mut Vec<u8>, item: Item<'_>) {
    match item {
        Item::Bool(value) => out.extend_from_slice(if value { b"true" } else { b"false" }),
        Item::I64(value) => integer(out, value),
        Item::F32(value) if value.is_finite() => float(out, value),
        Item::F64(value) if value.is_finite() => float(out, value),
        Item::Missing | Item::F32(_) | Item::F64(_) => out.extend_from_slice(b"null"),
        Item::Text(text) => json_text(out, text),
        Item::Json(text) => out.extend_from_slice(text.as_bytes()),
    }
}

pub(super) fn json_text(out: &mut Vec<u8>, text: &str) {
    // a text has no value that JSON cannot say
    let _ = serde_json::to_writer(out, text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_pandas_reads_them() {
        let written = |write: fn(&mut Vec<u8>, Item<'_>), item| {
            let mut out = Vec::new();
            write(&mut out, item);
            String::from_utf8(out).unwrap()
        };
        for (item, in_csv, in_json) in [
            (Item::Missing, "", "null"),
            (Item::Bool(true), "True", "true"),
            (Item::I64(-7), "-7", "-7"),
            (Item::F64(5.0), "5.0", "5.0"),
            (Item::F64(0.1), "0.1", "0.1"),
            (Item::F32(0.1), "0.1", "0.1"),
            (Item::F64(f64::NAN), "nan", "null"),
            (Item::F64(f64::NEG_INFINITY), "-inf", "null"),
            (Item::Text("a \"b\", c"), "\"a \"\"b\"\", c\"", "\"a \\\"b\\\", c\""),
            (Item::Text(""), "\"\"", "\"\""),
            (Item::Json("\"x\\ty\""), "x\ty", "\"x\\ty\""),
            (Item::Json("7"), "7", "7"),
            (Item::Json("null"), "", "null"),
        ] {
            assert_eq!(written(csv, item), in_csv, "{item:?}");
            assert_eq!(written(json, item), in_json, "{item:?}");
        }
    }
}
