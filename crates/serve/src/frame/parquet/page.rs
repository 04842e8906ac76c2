//! The pages of a column in a group of rows.

use std::borrow::Cow;

use super::{
    super::unpack::{Packing, unpack},
    bits::Hybrid,
    footer::{Chunk, Field},
    malformed,
    thrift::{Kind, Thrift},
    values::{self, Dictionary},
};
use crate::{budget::Budget, failure::Failure, names::quoted};

/// Bytes that a value of a page takes beside its own while the page is read.
const WORKING: usize = 16;

/// Takes the values of a column, `None` for one that is missing.
pub(super) type Sink<'s> = dyn FnMut(Option<&[u8]>, &mut Budget<'_>) -> Result<(), Failure> + 's;

/// What stands before a page.
#[derive(Debug, Default)]
struct Head {
    kind: i64,
    /// Bytes of the page, and of what it decompresses to.
    packed: usize,
    plain: usize,
    /// The sort of page that the following fields describe.
    sort: Option<i64>,
    count: usize,
    encoding: i64,
    /// How the levels are encoded, before the second version.
    levels: i64,
    /// Their bytes, in the second version.
    levels_length: usize,
    repetition_length: usize,
    is_plain: bool,
}

const DATA: i64 = 0;
const DICTIONARY: i64 = 2;
const DATA_2: i64 = 3;

/// The encoding of runs.
const RLE: i64 = 3;

/// Reads the `rows` values of a column.
pub(super) fn read(
    file: &[u8],
    chunk: &Chunk,
    field: &Field,
    rows: usize,
    sink: &mut Sink<'_>,
    budget: &mut Budget<'_>,
) -> Result<(), Failure> {
    if chunk.elsewhere {
        let name = quoted(&field.name);
        let message = format!("column {name} is encrypted or in another file; send one plain file");
        return Err(Failure::invalid(message));
    }
    let pages = file.get(chunk.begin..).and_then(|pages| pages.get(..chunk.length));
    let mut pages = pages.ok_or_else(|| malformed("a column is not inside of the file"))?;
    let packing = chunk.packing()?;
    let mut dictionary: Option<Dictionary<'_>> = None;
    let mut left = rows;
    while left > 0 {
        let step = step(pages, packing, field, dictionary.as_ref(), left, sink, budget)?;
        pages = pages.get(step.bytes..).unwrap_or_default();
        left -= step.values;
        if step.dictionary.is_some() && dictionary.is_some() {
            return Err(malformed("a column has two dictionaries"));
        }
        dictionary = dictionary.or(step.dictionary);
    }
    Ok(())
}

/// What one page brought.
pub(super) struct Step<'p> {
    /// Bytes of the page with its head.
    pub(super) bytes: usize,
    /// Values that the sink was given.
    pub(super) values: usize,
    pub(super) dictionary: Option<Dictionary<'p>>,
}

/// Bytes of the next page with its head.
pub(super) fn length(pages: &[u8]) -> Result<usize, Failure> {
    let mut thrift = Thrift::new(pages);
    let head = head(&mut thrift)?;
    Ok((pages.len() - thrift.len()).saturating_add(head.packed))
}

/// Reads the next page of a column that has `left` more values.
pub(super) fn step<'p>(
    pages: &'p [u8],
    packing: Option<Packing>,
    field: &Field,
    dictionary: Option<&Dictionary<'_>>,
    left: usize,
    sink: &mut Sink<'_>,
    budget: &mut Budget<'_>,
) -> Result<Step<'p>, Failure> {
    let mut thrift = Thrift::new(pages);
    let head = head(&mut thrift)?;
    let begin = pages.len() - thrift.len();
    let page = pages.get(begin..).and_then(|pages| pages.get(..head.packed));
    let page = page.ok_or_else(|| malformed("a page is longer than its column"))?;
    let mut step = Step { bytes: begin + head.packed, values: 0, dictionary: None };
    match head.kind {
        DICTIONARY if head.sort == Some(DICTIONARY) => {
            let (plain, _) = plain(page, 0, &head, packing, budget)?;
            step.dictionary = Some(Dictionary::read(plain, head.count, field, budget)?);
        }
        DATA | DATA_2 if head.sort == Some(head.kind) => {
            if head.count > left {
                return Err(malformed("a column has more values than its group has rows"));
            }
            step.values = head.count;
            data(page, &head, packing, field, dictionary, sink, budget)?;
        }
        DATA | DATA_2 | DICTIONARY => {
            return Err(malformed("a page does not say what it holds"));
        }
        // an index, or a kind of page that is newer than this reader
        _ => {}
    }
    Ok(step)
}

fn head(thrift: &mut Thrift<'_>) -> Result<Head, Failure> {
    let mut head = Head::default();
    thrift.fields(|thrift, number, kind| {
        match (number, kind) {
            (1, Kind::Int) => head.kind = thrift.int()?,
            (2, Kind::Int) => head.plain = thrift.size()?,
            (3, Kind::Int) => head.packed = thrift.size()?,
            (5, Kind::Struct) => {
                head.sort = Some(DATA);
                thrift.fields(|thrift, number, kind| {
                    match (number, kind) {
                        (1, Kind::Int) => head.count = thrift.size()?,
                        (2, Kind::Int) => head.encoding = thrift.int()?,
                        (3, Kind::Int) => head.levels = thrift.int()?,
                        _ => return Ok(false),
                    }
                    Ok(true)
                })?;
            }
            (7, Kind::Struct) => {
                head.sort = Some(DICTIONARY);
                thrift.fields(|thrift, number, kind| {
                    let is_count = (number, kind) == (1, Kind::Int);
                    if is_count {
                        head.count = thrift.size()?;
                    }
                    Ok(is_count)
                })?;
            }
            (8, Kind::Struct) => {
                head.sort = Some(DATA_2);
                head.levels = RLE;
                thrift.fields(|thrift, number, kind| {
                    match (number, kind) {
                        (1, Kind::Int) => head.count = thrift.size()?,
                        (4, Kind::Int) => head.encoding = thrift.int()?,
                        (5, Kind::Int) => head.levels_length = thrift.size()?,
                        (6, Kind::Int) => head.repetition_length = thrift.size()?,
                        (7, Kind::False) => head.is_plain = true,
                        _ => return Ok(false),
                    }
                    Ok(true)
                })?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(head)
}

/// The page behind its first `before` bytes, decompressed, and how many bytes were taken for it.
fn plain<'p>(
    page: &'p [u8],
    before: usize,
    head: &Head,
    packing: Option<Packing>,
    budget: &mut Budget<'_>,
) -> Result<(Cow<'p, [u8]>, usize), Failure> {
    let wrong = || malformed("a page does not decompress to the size that it says");
    let packed = page.get(before..).ok_or_else(wrong)?;
    let Some(packing) = packing.filter(|_| !head.is_plain) else {
        return Ok((Cow::Borrowed(packed), 0));
    };
    let size = head.plain.checked_sub(before).ok_or_else(wrong)?;
    budget.take(size)?;
    // a page of nothing but missing values may have nothing to decompress
    let plain =
        if size == 0 { Vec::new() } else { unpack(packed, packing, size).ok_or_else(wrong)? };
    Ok((Cow::Owned(plain), size))
}

/// Reads the values of a page.
fn data(
    page: &[u8],
    head: &Head,
    packing: Option<Packing>,
    field: &Field,
    dictionary: Option<&Dictionary<'_>>,
    sink: &mut Sink<'_>,
    budget: &mut Budget<'_>,
) -> Result<(), Failure> {
    let working = head.count.saturating_mul(WORKING);
    budget.take(working)?;
    let is_second = head.kind == DATA_2;
    let before =
        if is_second { head.levels_length.saturating_add(head.repetition_length) } else { 0 };
    let (plain, taken) = plain(page, before, head, packing, budget)?;
    let mut values = &*plain;
    let levels = if field.is_required() {
        None
    } else if is_second {
        let levels = page.get(head.repetition_length..before);
        Some(levels.ok_or_else(|| malformed("the levels of a page are longer than it"))?)
    } else {
        Some(values::prefixed(&mut values)?)
    };
    let there = match levels {
        None => vec![true; head.count],
        Some(_) if head.levels != RLE => {
            return Err(malformed("the levels of a page are encoded in a way that is not read"));
        }
        Some(levels) => {
            let mut levels = Hybrid::new(levels, 1)?;
            (0..head.count)
                .map(|_| levels.next().map(|level| level == 1))
                .collect::<Result<_, _>>()?
        }
    };
    let count = there.iter().filter(|there| **there).count();
    let mut places = there.iter();
    values::each(head.encoding, values, count, field, dictionary, &mut |value| {
        while places.next() == Some(&false) {
            sink(None, budget)?;
        }
        sink(Some(value), budget)
    })?;
    for _ in places {
        sink(None, budget)?;
    }
    budget.give_back(working.saturating_add(taken));
    Ok(())
}
