//! Comma-separated values, a block of rows at a time: each block has the header.

use std::io::{self, ErrorKind, Read};

use anyhow::{Result, anyhow};
use csv::{Reader, ReaderBuilder, StringRecord, WriterBuilder};

use super::{
    blocks::{BLOCK_BYTES, BLOCK_ROWS, Block},
    input::{Source, too_long},
};

/// Rows of comma-separated values.
pub(super) struct Csv {
    /// The file, for messages.
    name: String,
    reader: Reader<Metered>,
    record: StringRecord,
    rows: usize,
    begun: bool,
}

impl Csv {
    /// Rows of at most `longest` bytes.
    pub(super) fn new(name: String, source: Source, longest: usize) -> Self {
        let source = Metered { source, left: longest, longest };
        // a row of another length is refused by the server, in its words
        let reader = ReaderBuilder::new().flexible(true).from_reader(source);
        Self { name, reader, record: StringRecord::new(), rows: 0, begun: false }
    }

    /// The next rows with the header.
    pub(super) fn next(&mut self) -> Result<Option<Block>> {
        let header = self.reader.headers().map_err(|error| wrong(&self.name, None, error))?.clone();
        let mut writer = WriterBuilder::new().flexible(true).from_writer(Vec::new());
        writer.write_record(&header)?;
        let first = self.rows;
        let mut bytes = 0;
        while self.rows - first < BLOCK_ROWS && bytes < BLOCK_BYTES {
            self.reader.get_mut().refill();
            let read = self.reader.read_record(&mut self.record);
            if !read.map_err(|error| wrong(&self.name, Some((self.rows, &header)), error))? {
                break;
            }
            writer.write_record(&self.record)?;
            bytes += self.record.as_slice().len();
            self.rows += 1;
        }
        if self.rows == first && std::mem::replace(&mut self.begun, true) {
            return Ok(None);
        }
        self.begun = true;
        let body = writer.into_inner().map_err(|error| anyhow!("{error}"))?;
        Ok(Some(Block { body, content_type: "text/csv", first }))
    }
}

/// An error of the reader at a row, or in the header.
fn wrong(name: &str, row: Option<(usize, &StringRecord)>, error: csv::Error) -> anyhow::Error {
    let place = match row {
        Some((row, _)) => format!("row {row} of `{name}`"),
        None => format!("the header of `{name}`"),
    };
    let text = error.to_string();
    match error.into_kind() {
        csv::ErrorKind::Io(error) if error.kind() == ErrorKind::FileTooLarge => {
            anyhow!("{place} {error}")
        }
        csv::ErrorKind::Io(error) => anyhow!("failed to read `{name}`: {error}"),
        csv::ErrorKind::Utf8 { err, .. } => {
            let column = row.and_then(|(_, header)| header.get(err.field()));
            let column = column.map(|name| format!(", column `{name}`")).unwrap_or_default();
            anyhow!("{place}{column} is not UTF-8: save the file as UTF-8")
        }
        _ => anyhow!("{place} is not CSV: {text}"),
    }
}

/// A source that refuses to give more than a row may have, so that a quote without an end does not
/// take the memory of the machine.
struct Metered {
    source: Source,
    left: usize,
    longest: usize,
}

impl Metered {
    /// Lets a new row have the full length.
    fn refill(&mut self) {
        self.left = self.longest;
    }
}

impl Read for Metered {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let found = self.source.read(into)?;
        self.left = self
            .left
            .checked_sub(found)
            .ok_or_else(|| io::Error::new(ErrorKind::FileTooLarge, too_long(self.longest)))?;
        Ok(found)
    }
}
