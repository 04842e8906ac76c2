//! A Parquet file, written group by group (parquet.apache.org/docs/file-format): plain values,
//! compressed with snappy.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::layout::{Item, Kind, OutColumn};

/// What a file begins and ends with.
pub(super) const MAGIC: &[u8] = b"PAR1";

/// Rows after which a group ends.
pub(super) const GROUP_ROWS: u64 = 128 << 10;

/// Values of a column, compressed, with their head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Page {
    bytes: Vec<u8>,
    /// Bytes before they were compressed, the head included.
    plain: u64,
    values: u64,
}

/// Collects the values of a page.
#[derive(Debug)]
pub(super) struct PageBuilder {
    kind: Kind,
    optional: bool,
    values: Vec<u8>,
    /// Whether each value is there; empty where none is missing by its kind.
    there: Vec<bool>,
    bits: Vec<bool>,
    count: u64,
}

impl PageBuilder {
    pub(super) fn new(column: &OutColumn) -> Self {
        let (kind, optional) = (column.kind, column.optional);
        Self { kind, optional, values: Vec::new(), there: Vec::new(), bits: Vec::new(), count: 0 }
    }

    /// Adds a value; `None` when it is not of the column's kind.
    pub(super) fn push(&mut self, item: Item<'_>) -> Option<()> {
        self.count += 1;
        if self.optional {
            let there = !matches!(item, Item::Missing | Item::Json("null"));
            self.there.push(there);
            if !there {
                return Some(());
            }
        }
        match (self.kind, item) {
            (Kind::Bool, Item::Bool(value)) => self.bits.push(value),
            (Kind::I32, Item::I64(value)) => {
                self.values.extend_from_slice(&i32::try_from(value).ok()?.to_le_bytes());
            }
            (Kind::I64, Item::I64(value)) => self.values.extend_from_slice(&value.to_le_bytes()),
            (Kind::F32, Item::F32(value)) => self.values.extend_from_slice(&value.to_le_bytes()),
            (Kind::F64, Item::F64(value)) => self.values.extend_from_slice(&value.to_le_bytes()),
            (Kind::F64, Item::F32(value)) => {
                self.values.extend_from_slice(&f64::from(value).to_le_bytes());
            }
            (Kind::F64, Item::I64(value)) if value.unsigned_abs() <= 1 << 53 => {
                self.values.extend_from_slice(&(value as f64).to_le_bytes());
            }
            (Kind::Text, Item::Text(text)) => self.text(text)?,
            (Kind::Text, Item::Json(text)) => match serde_json::from_str::<String>(text) {
                Ok(text) => self.text(&text)?,
                Err(_) => self.text(text)?,
            },
            _ => return None,
        }
        Some(())
    }

    fn text(&mut self, text: &str) -> Option<()> {
        self.values.extend_from_slice(&u32::try_from(text.len()).ok()?.to_le_bytes());
        self.values.extend_from_slice(text.as_bytes());
        Some(())
    }

    /// The page.
    pub(super) fn finish(self) -> Page {
        let mut plain = Vec::with_capacity(self.values.len() + self.there.len() / 8 + 16);
        if self.optional {
            let levels = packed(&self.there);
            // one run of groups of eight bits
            let mut runs = Vec::with_capacity(levels.len() + 5);
            varint(&mut runs, (levels.len() as u64) << 1 | 1);
            runs.extend_from_slice(&levels);
            plain.extend_from_slice(&(runs.len() as u32).to_le_bytes());
            plain.extend_from_slice(&runs);
        }
        plain.extend_from_slice(&self.values);
        plain.extend_from_slice(&packed(&self.bits));
        let compressed = snap::raw::Encoder::new().compress_vec(&plain);
        // only input beyond 4 GiB is refused, which no block comes to
        let compressed = compressed.unwrap_or_default();
        let mut head = Thrift::default();
        head.int(1, 0);
        head.int(2, plain.len() as i64);
        head.int(3, compressed.len() as i64);
        head.begin(5);
        head.int(1, self.count as i64);
        head.int(2, 0);
        head.int(3, 3);
        head.int(4, 3);
        head.end();
        let mut bytes = head.finish();
        let plain = (bytes.len() + plain.len()) as u64;
        bytes.extend_from_slice(&compressed);
        Page { bytes, plain, values: self.count }
    }
}

/// A group of rows that is written: enough to name it in the footer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Group {
    rows: u64,
    /// For each column: where it begins, its bytes, and its bytes before they were compressed.
    chunks: Vec<(u64, u64, u64)>,
}

/// Writes the pages of a group, whose columns stand one behind the other from `offset` on.
pub(super) fn write_group(
    out: &mut impl Write,
    offset: u64,
    blocks: &[Vec<Page>],
) -> io::Result<Group> {
    let columns = blocks.iter().map(Vec::len).max().unwrap_or_default();
    let mut group = Group { rows: 0, chunks: Vec::with_capacity(columns) };
    let mut at = offset;
    for column in 0..columns {
        let (begin, mut plain, mut rows) = (at, 0, 0);
        for page in blocks.iter().filter_map(|pages| pages.get(column)) {
            out.write_all(&page.bytes)?;
            at += page.bytes.len() as u64;
            plain += page.plain;
            rows += page.values;
        }
        group.chunks.push((begin, at - begin, plain));
        group.rows = rows;
    }
    Ok(group)
}

impl Group {
    /// The offset behind it.
    pub(super) fn end(&self) -> Option<u64> {
        self.chunks.last().map(|(begin, bytes, _)| begin + bytes)
    }
}

/// The number of a kind's type in the format.
fn physical(kind: Kind) -> i64 {
    match kind {
        Kind::Bool => 0,
        Kind::I32 => 1,
        Kind::I64 => 2,
        Kind::F32 => 4,
        Kind::F64 => 5,
        Kind::Text => 6,
    }
}

/// What stands at the end of the file.
pub(super) fn footer(columns: &[OutColumn], groups: &[Group]) -> Vec<u8> {
    let mut meta = Thrift::default();
    meta.int(1, 1);
    meta.list(2, columns.len() + 1);
    meta.open();
    meta.binary(4, b"schema");
    meta.int(5, columns.len() as i64);
    meta.end();
    for column in columns {
        meta.open();
        meta.int(1, physical(column.kind));
        meta.int(3, i64::from(column.optional));
        meta.binary(4, column.name.as_bytes());
        if column.kind == Kind::Text {
            meta.int(6, 0);
            meta.begin(10);
            meta.begin(1);
            meta.end();
            meta.end();
        }
        meta.end();
    }
    meta.long(3, groups.iter().map(|group| group.rows).sum::<u64>() as i64);
    meta.list(4, groups.len());
    for group in groups {
        meta.open();
        meta.list(1, group.chunks.len());
        for (column, &(begin, bytes, plain)) in columns.iter().zip(&group.chunks) {
            meta.open();
            meta.long(2, begin as i64);
            meta.begin(3);
            meta.int(1, physical(column.kind));
            meta.ints(2, &[0, 3]);
            meta.texts(3, &[column.name.as_bytes()]);
            meta.int(4, 1);
            meta.long(5, group.rows as i64);
            meta.long(6, plain as i64);
            meta.long(7, bytes as i64);
            meta.long(9, begin as i64);
            meta.end();
            meta.end();
        }
        meta.long(2, group.chunks.iter().map(|(_, _, plain)| plain).sum::<u64>() as i64);
        meta.long(3, group.rows as i64);
        meta.end();
    }
    meta.binary(6, concat!("longshore ", env!("CARGO_PKG_VERSION")).as_bytes());
    let mut out = meta.finish();
    out.extend_from_slice(&(out.len() as u32).to_le_bytes());
    out.extend_from_slice(MAGIC);
    out
}

/// Bits from the lowest of each byte on.
fn packed(bits: &[bool]) -> Vec<u8> {
    let byte = |bits: &[bool]| {
        bits.iter().enumerate().fold(0, |byte, (at, &bit)| byte | u8::from(bit) << at)
    };
    bits.chunks(8).map(byte).collect()
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Writes Thrift's compact protocol (github.com/apache/thrift, "Thrift Compact protocol encoding").
#[derive(Default)]
struct Thrift {
    out: Vec<u8>,
    /// The last number in the struct that is open, and in those around it.
    last: u8,
    around: Vec<u8>,
}

const I32: u8 = 5;
const I64: u8 = 6;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const STRUCT: u8 = 12;

impl Thrift {
    fn field(&mut self, number: u8, kind: u8) {
        // numbers rise by less than 16 in every struct here
        self.out.push((number - self.last) << 4 | kind);
        self.last = number;
    }

    fn zigzag(&mut self, value: i64) {
        varint(&mut self.out, ((value << 1) ^ (value >> 63)) as u64);
    }

    fn int(&mut self, number: u8, value: i64) {
        self.field(number, I32);
        self.zigzag(value);
    }

    fn long(&mut self, number: u8, value: i64) {
        self.field(number, I64);
        self.zigzag(value);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        varint(&mut self.out, bytes.len() as u64);
        self.out.extend_from_slice(bytes);
    }

    fn binary(&mut self, number: u8, bytes: &[u8]) {
        self.field(number, BINARY);
        self.bytes(bytes);
    }

    fn size(&mut self, number: u8, count: usize, kind: u8) {
        self.field(number, LIST);
        if count < 15 {
            self.out.push((count as u8) << 4 | kind);
        } else {
            self.out.push(0xf0 | kind);
            varint(&mut self.out, count as u64);
        }
    }

    /// A list of structs, which follow with [`Self::open`].
    fn list(&mut self, number: u8, count: usize) {
        self.size(number, count, STRUCT);
    }

    fn ints(&mut self, number: u8, values: &[i64]) {
        self.size(number, values.len(), I32);
        for &value in values {
            self.zigzag(value);
        }
    }

    fn texts(&mut self, number: u8, texts: &[&[u8]]) {
        self.size(number, texts.len(), BINARY);
        for text in texts {
            self.bytes(text);
        }
    }

    fn begin(&mut self, number: u8) {
        self.field(number, STRUCT);
        self.open();
    }

    fn open(&mut self) {
        self.around.push(std::mem::take(&mut self.last));
    }

    fn end(&mut self) {
        self.out.push(0);
        self.last = self.around.pop().unwrap_or_default();
    }

    fn finish(mut self) -> Vec<u8> {
        self.out.push(0);
        self.out
    }
}
