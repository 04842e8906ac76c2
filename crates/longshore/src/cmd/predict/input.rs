//! What `--input` names, and how its rows are written.

use std::{
    ffi::OsStr,
    fs::File,
    io::{BufRead, BufReader, Cursor, Read, stdin},
    path::Path,
};

use anyhow::{Context, Result, bail};

use super::super::advice::Unreadable;
use super::{
    blocks::Blocks,
    csv::Csv,
    lines::{self, Lines},
};

/// Bytes that are read at a time.
const BUFFER: usize = 64 << 10;

/// UTF-8's mark, which Windows programs put before a text.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// The first bytes of files that are not text, what such a file is, and what to do with it.
const BINARY: [(&[u8], &str, &str); 6] = [
    (
        b"\x1f\x8b",
        "compressed with gzip",
        "`longshore batch` reads it, or decompress it, as in `gunzip -c FILE | longshore predict MODEL --input -`",
    ),
    (b"PK\x03\x04", "a zip archive or a workbook", "save its table as CSV"),
    (
        b"PAR1",
        "a Parquet file",
        "`longshore batch MODEL --input FILE --output ANSWERS` reads it, or save its table as CSV",
    ),
    (b"\x93NUMPY", "a numpy array", "save its rows as CSV"),
    (b"\xff\xfe", "UTF-16", "save it as UTF-8"),
    (b"\xfe\xff", "UTF-16", "save it as UTF-8"),
];

/// Bytes that come, in the order they were written.
pub(super) type Source = Box<dyn BufRead>;

/// An open input.
pub(super) struct Input {
    name: String,
    source: Source,
    /// Whether the name of the file says that each line holds a row.
    lines: bool,
}

impl Input {
    /// Opens a file, or standard input for `-`.
    pub(super) fn open(path: &Path) -> Result<Self> {
        if path == Path::new("-") {
            let source = Box::new(BufReader::with_capacity(BUFFER, stdin()));
            return Ok(Self { name: "standard input".into(), source, lines: false });
        }
        let name = path.display().to_string();
        let file =
            File::open(path).map_err(|source| Unreadable { path: path.to_owned(), source })?;
        if file.metadata().is_ok_and(|found| found.is_dir()) {
            bail!("`{name}` is a folder: give a file of rows, as CSV or JSON");
        }
        let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default();
        let lines = ["jsonl", "ndjson"].iter().any(|known| ending.eq_ignore_ascii_case(known));
        Ok(Self { name, source: Box::new(BufReader::with_capacity(BUFFER, file)), lines })
    }

    /// The file, for messages.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Chooses the kind of blocks by how the input begins. `longest` is the most bytes of a row, or
    /// of a document that is not cut into rows.
    pub(super) fn blocks(self, longest: usize) -> Result<Blocks> {
        let Self { name, mut source, lines } = self;
        let begin = begin(&mut source).with_context(|| format!("failed to read `{name}`"))?;
        if begin.is_empty() {
            bail!("`{name}` is empty: give rows as CSV with a header, or as JSON");
        }
        refuse_binary(&name, &begin)?;
        // JSON starts with a brace or a bracket, which no header of a CSV file does
        let is_json = begin.trim_ascii_start().first().is_some_and(|first| b"{[".contains(first));
        if lines {
            return Ok(Blocks::Lines(Lines::new(name, source, longest)));
        }
        if is_json {
            return json(name, source, longest);
        }
        Ok(Blocks::Csv(Csv::new(name, source, longest)))
    }
}

/// Says that one row is longer than the limit.
pub(super) fn too_long(longest: usize) -> String {
    format!("exceeds the limit of {longest} bytes; `--max-body-bytes` raises it")
}

/// Looks at what comes next without taking it. Takes only white space and a mark before it.
fn begin(source: &mut Source) -> std::io::Result<Vec<u8>> {
    if source.fill_buf()?.starts_with(MARK) {
        source.consume(MARK.len());
    }
    loop {
        let ahead = source.fill_buf()?;
        if ahead.is_empty() || !ahead.trim_ascii().is_empty() {
            return Ok(ahead.to_vec());
        }
        let blank = ahead.len();
        source.consume(blank);
    }
}

fn refuse_binary(name: &str, begin: &[u8]) -> Result<()> {
    if let Some((_, what, advice)) = BINARY.iter().find(|(magic, ..)| begin.starts_with(magic)) {
        bail!("`{name}` is {what}, neither CSV nor JSON: {advice}");
    }
    if let Some(at) = begin.iter().position(|&byte| byte == 0) {
        bail!(
            "`{name}` is no text (byte {at} is zero): give rows as CSV with a header, or as JSON"
        );
    }
    match std::str::from_utf8(begin) {
        // a character that the end of the buffer cuts is no error: it is whole in the input
        Err(error) if error.error_len().is_some() => {
            bail!("`{name}` is not UTF-8 at byte {}: save it as UTF-8", error.valid_up_to())
        }
        _ => Ok(()),
    }
}

/// Reads a row from each line when the first line is a JSON value by itself and another follows;
/// else reads one document.
fn json(name: String, mut source: Source, longest: usize) -> Result<Blocks> {
    let mut read = Vec::new();
    while read.trim_ascii().is_empty() {
        (&mut source).take(longest as u64 + 1).read_until(b'\n', &mut read)?;
    }
    if lines::check(read.trim_ascii()).is_ok() && more(&mut source)? {
        let source = Box::new(Cursor::new(read).chain(source));
        return Ok(Blocks::Lines(Lines::new(name, source, longest)));
    }
    let left = (longest as u64 + 1).saturating_sub(read.len() as u64);
    source.take(left).read_to_end(&mut read).with_context(|| format!("failed to read `{name}`"))?;
    if read.len() > longest {
        bail!(
            "`{name}` is one JSON document and {}; CSV, and JSON with one row a line, may have any length",
            too_long(longest)
        );
    }
    Ok(Blocks::Document(Some(read)))
}

/// Whether anything but white space follows.
fn more(source: &mut Source) -> std::io::Result<bool> {
    loop {
        let ahead = source.fill_buf()?;
        if ahead.is_empty() {
            return Ok(false);
        }
        let blank = ahead.len() - ahead.trim_ascii_start().len();
        if blank < ahead.len() {
            return Ok(true);
        }
        source.consume(blank);
    }
}
