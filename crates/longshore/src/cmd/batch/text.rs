//! Blocks of rows of text: cut where rows end, read in one pass with bounded memory.

use std::{io::Read, ops::Range, sync::Arc};

use anyhow::{Context, Result, bail};

use super::input::{Packing, by_ending};

/// Most rows of a block: enough that the model computes on them and not on what surrounds them.
pub(super) const BLOCK_ROWS: usize = 8192;

/// Bytes of rows after which a block ends.
const BLOCK_BYTES: usize = 1 << 20;

/// Bytes that are read at a time.
const BUFFER: usize = 256 << 10;

/// UTF-8's mark, which Windows programs put before a text.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Comma-separated values; a row may have line ends inside of quotes.
    Csv,
    /// One JSON value a line.
    Lines,
}

/// Some rows of a file.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) form: Form,
    /// The header with its line end; empty for lines.
    pub(super) header: Arc<[u8]>,
    /// The rows, as they are in the file.
    pub(super) bytes: Vec<u8>,
    /// Where each row is, without its line end.
    pub(super) rows: Vec<Range<usize>>,
}

/// Where in a row the scanner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    RowStart,
    FieldStart,
    Field,
    Quoted,
    /// Behind a quote inside of quotes: it ends them, or stands for itself when one more follows.
    Quote,
}

/// Cuts a file into blocks.
pub(super) struct Blocks {
    /// The file, for messages.
    name: String,
    source: Box<dyn Read + Send>,
    form: Form,
    header: Arc<[u8]>,
    /// What was read and not yet given.
    buffer: Vec<u8>,
    ended: bool,
    /// The offset of the buffer's first byte in the file, once it is decompressed.
    offset: u64,
    /// The number of the next row.
    row: u64,
    longest: usize,
}

impl Blocks {
    /// The rows of a file from its first byte. A row has at most `longest` bytes.
    pub(super) fn begin(
        name: String,
        source: Box<dyn Read + Send>,
        form: Form,
        longest: usize,
    ) -> Result<Self> {
        let mut blocks = Self {
            name,
            source,
            form,
            header: Arc::from([]),
            buffer: Vec::new(),
            ended: false,
            offset: 0,
            row: 0,
            longest,
        };
        while blocks.buffer.len() < 4 && !blocks.ended {
            blocks.fill()?;
        }
        blocks.refuse_binary()?;
        if blocks.buffer.starts_with(MARK) {
            blocks.take(MARK.len());
        }
        if form == Form::Csv {
            let (header, end) = blocks.scan(1)?;
            let Some(header) = header.into_iter().next() else {
                bail!("`{}` is empty: give rows as CSV with a header", blocks.name);
            };
            let mut line = blocks.buffer.get(header).unwrap_or_default().to_vec();
            line.push(b'\n');
            blocks.header = line.into();
            blocks.take(end);
        } else {
            blocks.refuse_document()?;
        }
        Ok(blocks)
    }

    /// Goes on at a row that an earlier run has come to.
    pub(super) fn skip_to(&mut self, offset: u64, row: u64) -> Result<()> {
        while self.offset < offset {
            if self.buffer.is_empty() {
                self.fill()?;
                if self.ended && self.buffer.is_empty() {
                    bail!("`{}` is shorter than it was: `--restart` begins anew", self.name);
                }
            }
            let more = usize::try_from(offset - self.offset).unwrap_or(usize::MAX);
            self.take(more.min(self.buffer.len()));
        }
        self.row = row;
        Ok(())
    }

    /// The file, for messages.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The names in the header; empty for lines.
    pub(super) fn header(&self) -> &[u8] {
        &self.header
    }

    /// The offset behind the last block, and the number of the next row.
    pub(super) fn position(&self) -> (u64, u64) {
        (self.offset, self.row)
    }

    /// The next rows; `None` at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Text>> {
        let (rows, end) = self.scan(BLOCK_ROWS)?;
        if rows.is_empty() {
            return Ok(None);
        }
        let bytes = self.buffer.get(..end).unwrap_or_default().to_vec();
        self.take(end);
        self.row += rows.len() as u64;
        Ok(Some(Text { form: self.form, header: self.header.clone(), bytes, rows }))
    }

    /// Finds up to `most` rows at the beginning of the buffer, which is filled as needed, and the end of
    /// what they take with their line ends.
    fn scan(&mut self, most: usize) -> Result<(Vec<Range<usize>>, usize)> {
        let mut rows = Vec::new();
        let (mut at, mut begin, mut end) = (0, 0, 0);
        let mut state = State::RowStart;
        loop {
            loop {
                if state == State::RowStart
                    && let Some(plain) = self.plain(at)
                {
                    (at, state) = (at + plain, State::Field);
                }
                let Some(&byte) = self.buffer.get(at) else { break };
                at += 1;
                state = match (self.form, state, byte) {
                    (Form::Lines, _, b'\n')
                    | (
                        Form::Csv,
                        State::RowStart | State::FieldStart | State::Field | State::Quote,
                        b'\n' | b'\r',
                    ) => {
                        let row = begin..at - 1;
                        if !self.is_blank(&row) {
                            rows.push(row);
                        }
                        (begin, end) = (at, at);
                        if rows.len() == most || (at >= BLOCK_BYTES && !rows.is_empty()) {
                            return Ok((rows, end));
                        }
                        State::RowStart
                    }
                    (Form::Csv, State::RowStart | State::FieldStart | State::Quote, b'"') => {
                        State::Quoted
                    }
                    (Form::Csv, State::Quoted, b'"') => State::Quote,
                    (Form::Csv, State::Quoted, _) => State::Quoted,
                    (Form::Csv, _, b',') => State::FieldStart,
                    _ => State::Field,
                };
            }
            if at - begin > self.longest {
                bail!(
                    "row {} of `{}` exceeds the limit of {} bytes; `--max-row-bytes` raises it{}",
                    self.row + rows.len() as u64,
                    self.name,
                    self.longest,
                    if state == State::Quoted { ": a quote in it may lack its end" } else { "" }
                );
            }
            if self.ended {
                break;
            }
            self.fill()?;
        }
        if state == State::Quoted {
            bail!(
                "row {} of `{}` is not CSV: a quote has no end",
                self.row + rows.len() as u64,
                self.name
            );
        }
        if begin < at {
            end = at;
            let row = begin..at;
            if !self.is_blank(&row) {
                rows.push(row);
            }
        }
        Ok((rows, end))
    }

    /// Bytes from `at` to the end of the line, when it is in the buffer and no quote makes it more than it looks.
    fn plain(&self, at: usize) -> Option<usize> {
        let rest = self.buffer.get(at..)?;
        let length = match self.form {
            Form::Lines => memchr::memchr(b'\n', rest),
            Form::Csv => memchr::memchr2(b'\n', b'\r', rest).filter(|&end| {
                rest.get(..end).is_some_and(|line| memchr::memchr(b'"', line).is_none())
            }),
        };
        length.filter(|&length| length > 0)
    }

    /// True for a line that is no row.
    fn is_blank(&self, row: &Range<usize>) -> bool {
        let bytes = self.buffer.get(row.clone()).unwrap_or_default();
        bytes.is_empty() || self.form == Form::Lines && bytes.trim_ascii().is_empty()
    }

    fn take(&mut self, count: usize) {
        self.buffer.drain(..count);
        self.offset += count as u64;
    }

    fn fill(&mut self) -> Result<()> {
        let before = self.buffer.len();
        let more = (&mut self.source).take(BUFFER as u64).read_to_end(&mut self.buffer);
        more.with_context(|| {
            let packed = by_ending(&self.name).1 != Packing::Plain;
            let hint = if packed { " as its ending says it is compressed" } else { "" };
            format!("failed to read `{}`{hint}", self.name)
        })?;
        self.ended = self.buffer.len() == before;
        Ok(())
    }

    fn refuse_binary(&self) -> Result<()> {
        let known: [(&[u8], &str); 6] = [
            (b"PAR1", "a Parquet file: say so by its ending, or by `--input-format parquet`"),
            (b"\x1f\x8b", "compressed with gzip: say so by the ending `.gz`"),
            (b"\x28\xb5\x2f\xfd", "compressed with zstd: say so by the ending `.zst`"),
            (b"PK\x03\x04", "a zip archive or a workbook: save its table as CSV"),
            (b"\xff\xfe", "UTF-16: save it as UTF-8"),
            (b"\xfe\xff", "UTF-16: save it as UTF-8"),
        ];
        if let Some((_, what)) = known.iter().find(|(magic, _)| self.buffer.starts_with(magic)) {
            bail!("`{}` is {what}", self.name);
        }
        Ok(())
    }

    /// A document over several lines is no file of rows.
    fn refuse_document(&self) -> Result<()> {
        let first = self.buffer.split(|byte| *byte == b'\n').next().unwrap_or_default();
        if matches!(first.trim_ascii(), b"[" | b"{") {
            bail!(
                "`{}` is one JSON document, not a row in each line: write it with \
                 `to_json(…, orient=\"records\", lines=True)`, or ask by `longshore predict`",
                self.name
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn blocks(text: &str, form: Form) -> Result<Blocks> {
        let source = Box::new(Cursor::new(text.as_bytes().to_vec()));
        Blocks::begin("rows".into(), source, form, 1 << 20)
    }

    fn rows(text: &str, form: Form) -> Result<Vec<String>, String> {
        let mut blocks = blocks(text, form).map_err(|error| error.to_string())?;
        let mut found = Vec::new();
        while let Some(block) = blocks.next().map_err(|error| error.to_string())? {
            let text = |row: Range<usize>| String::from_utf8(block.bytes[row].to_vec()).unwrap();
            found.extend(block.rows.iter().cloned().map(text));
        }
        Ok(found)
    }

    #[test]
    fn rows_end_where_the_csv_reader_ends_them() {
        for text in [
            "a,b\n1,2\n3,4",
            "a,b\r\n1,2\r\n\r\n3,4\r\n",
            "a,b\n\"x\ny\",2\n\"say \"\"hi\"\"\n\",4\n",
            "\u{feff}a,b\n5\" tube,\"q\"z\n,\n\"\",\"\"\n",
            "a,b\n\n\n1,2\r3,4\n",
        ] {
            let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
            let expected: Vec<_> = reader.records().map(Result::unwrap).collect();
            let found = rows(text, Form::Csv).unwrap();
            assert_eq!(found.len(), expected.len(), "{text:?} {found:?}");
            for (found, expected) in found.iter().zip(&expected) {
                let mut one = csv::ReaderBuilder::new()
                    .has_headers(false)
                    .flexible(true)
                    .from_reader(found.as_bytes());
                let one = one.records().next().unwrap().unwrap();
                assert_eq!(&one, expected, "{text:?}");
            }
        }
    }

    #[test]
    fn lines_are_rows_and_blank_ones_are_not() {
        let found = rows("{\"a\": 1}\r\n\n  \n[\"x\\ny\"]", Form::Lines).unwrap();
        assert_eq!(found, ["{\"a\": 1}\r", "[\"x\\ny\"]"]);
        assert!(rows("[\n1\n]", Form::Lines).unwrap_err().contains("one JSON document"));
    }

    #[test]
    fn what_is_no_file_of_rows_is_told() {
        for (text, expected) in [
            ("", "is empty"),
            ("PAR1xxxx", "--input-format parquet"),
            ("a\n1\n\"2\n3\n", "row 1 of `rows` is not CSV: a quote has no end"),
        ] {
            let message = rows(text, Form::Csv).unwrap_err();
            assert!(message.contains(expected), "{text:?}: {message}");
        }
        let long = format!("a\n1\n\"{}", "x".repeat(2 << 20));
        let message = rows(&long, Form::Csv).unwrap_err();
        assert!(message.contains("row 1") && message.contains("--max-row-bytes"), "{message}");
        assert!(message.contains("may lack its end"), "{message}");
    }

    #[test]
    fn a_block_is_gone_on_with_where_it_ended() {
        use std::fmt::Write as _;
        let mut text = "n\n".to_owned();
        for at in 0..20_000 {
            writeln!(text, "{at}").unwrap();
        }
        let mut first = blocks(&text, Form::Csv).unwrap();
        let block = first.next().unwrap().unwrap();
        assert_eq!(block.rows.len(), BLOCK_ROWS);
        let (offset, row) = first.position();
        let mut second = blocks(&text, Form::Csv).unwrap();
        second.skip_to(offset, row).unwrap();
        let block = second.next().unwrap().unwrap();
        assert_eq!(&block.bytes[block.rows[0].clone()], b"8192");
        let mut cut = blocks("n\n1\n", Form::Csv).unwrap();
        assert!(cut.skip_to(offset, row).unwrap_err().to_string().contains("--restart"));
    }
}
