//! From the buffers of a column to its values.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;

use super::{
    super::{
        moment,
        typed::{Typed, VALUE, Value},
    },
    batch::{Chunk, bit},
    dictionary::Dictionaries,
    field::{Column, Kind},
    malformed,
};
use crate::{budget::Budget, failure::Failure, float, names::quoted};

/// Bytes of a view: a length, and the bytes themselves or where they are.
const VIEW: usize = 16;

/// Bytes that a view holds itself at most.
const INLINE: usize = 12;

/// Appends the items of a column's chunk to its values.
pub(super) fn append(
    column: &Column,
    chunk: &Chunk,
    dictionaries: &Dictionaries,
    typed: &mut Typed,
    budget: &mut Budget<'_>,
) -> Result<(), Failure> {
    let (rows, before) = (chunk.rows, typed.len());
    budget.take(rows.saturating_mul(VALUE))?;
    let items = Items::of(chunk, column.kind);
    let coded =
        column.dictionary.map(|(id, index)| (dictionaries.get(id), Items::of(chunk, index)));
    for row in 0..rows {
        let fail = |reason: Wrong| reason.failure(&column.name, before + row);
        if !chunk.is_there(row) {
            typed.push(Value::Missing);
            continue;
        }
        let value = match &coded {
            None => items.get(row, column.binary),
            Some((dictionary, places)) => places.place(row).and_then(|place| {
                let found = dictionary.and_then(|dictionary| dictionary.find(place));
                let (chunk, at) = found.ok_or(PLACE)?;
                if !chunk.is_there(at) {
                    return Ok(Value::Missing);
                }
                Items::of(chunk, column.kind).get(at, column.binary)
            }),
        };
        let value = value.map_err(fail)?;
        budget.take(value.text_bytes())?;
        typed.push(value);
    }
    Ok(())
}

/// Why there is no value.
enum Wrong {
    Malformed(&'static str),
    Value(&'static str),
}

impl Wrong {
    fn failure(self, name: &str, row: usize) -> Failure {
        match self {
            Self::Malformed(what) => malformed(what),
            Self::Value(what) => {
                Failure::unfit(format!("column {}, row {row}: the value {what}", quoted(name)))
            }
        }
    }
}

/// The items of a chunk, of one kind.
#[derive(Clone, Copy)]
struct Items<'c> {
    kind: Kind,
    first: &'c [u8],
    second: &'c [u8],
    buffers: &'c [Bytes],
}

impl<'c> Items<'c> {
    fn of(chunk: &'c Chunk, kind: Kind) -> Self {
        let buffer = |at: usize| chunk.buffers.get(at).map(|buffer| &**buffer).unwrap_or_default();
        Self { kind, first: buffer(0), second: buffer(1), buffers: &chunk.buffers }
    }

    /// The bytes of the item at `at`, when each has `N`.
    fn fixed<const N: usize>(&self, at: usize) -> Result<[u8; N], Wrong> {
        let begin = at.checked_mul(N);
        let bytes = begin.and_then(|begin| self.first.get(begin..)?.first_chunk());
        bytes.copied().ok_or(SHORT)
    }

    fn get(&self, at: usize, binary: bool) -> Result<Value<'c>, Wrong> {
        Ok(match self.kind {
            Kind::Null | Kind::Other(_) => Value::Missing,
            Kind::Bool => {
                if at / 8 >= self.first.len() {
                    return Err(SHORT);
                }
                Value::Bool(bit(self.first, at))
            }
            Kind::Int { bytes, signed } => self.integer(at, bytes, signed)?,
            Kind::Half => Value::Float(float::half(u16::from_le_bytes(self.fixed(at)?))),
            Kind::Float => Value::Float(f32::from_le_bytes(self.fixed(at)?)),
            Kind::Double => Value::Double(f64::from_le_bytes(self.fixed(at)?)),
            Kind::Decimal { bytes, scale } => {
                let item = self.slice(at, bytes)?;
                let unscaled = moment::integer(item.iter().copied());
                let decimal = unscaled.and_then(|unscaled| moment::decimal(unscaled, scale));
                decimal.ok_or(Wrong::Value("has more than 38 digits"))?
            }
            Kind::Date => {
                let days = i32::from_le_bytes(self.fixed(at)?);
                text(moment::date(i64::from(days)).ok_or(YEAR)?)
            }
            Kind::Moment { unit, utc } => {
                let since = i64::from_le_bytes(self.fixed(at)?);
                text(moment::timestamp(since, unit, utc).ok_or(YEAR)?)
            }
            Kind::Text { wide } => characters(self.between(at, wide)?)?,
            Kind::TextView => characters(self.view(at)?)?,
            Kind::Bytes { wide } => raw(self.between(at, wide)?, binary)?,
            Kind::BytesView => raw(self.view(at)?, binary)?,
            Kind::FixedBytes(bytes) => raw(self.slice(at, bytes)?, binary)?,
        })
    }

    fn integer(&self, at: usize, bytes: usize, signed: bool) -> Result<Value<'c>, Wrong> {
        Ok(match (bytes, signed) {
            (1, true) => Value::Int(i8::from_le_bytes(self.fixed(at)?).into()),
            (2, true) => Value::Int(i16::from_le_bytes(self.fixed(at)?).into()),
            (4, true) => Value::Int(i32::from_le_bytes(self.fixed(at)?).into()),
            (_, true) => Value::Int(i64::from_le_bytes(self.fixed(at)?)),
            (1, false) => Value::Int(u8::from_le_bytes(self.fixed(at)?).into()),
            (2, false) => Value::Int(u16::from_le_bytes(self.fixed(at)?).into()),
            (4, false) => Value::Int(u32::from_le_bytes(self.fixed(at)?).into()),
            (_, false) => Value::unsigned(u64::from_le_bytes(self.fixed(at)?)),
        })
    }

    /// The item at `at` as a place in a dictionary.
    fn place(&self, at: usize) -> Result<usize, Wrong> {
        let Value::Int(place) = self.get(at, false)? else { return Err(PLACE) };
        usize::try_from(place).map_err(|_| PLACE)
    }

    fn slice(&self, at: usize, bytes: usize) -> Result<&'c [u8], Wrong> {
        let begin = at.checked_mul(bytes).ok_or(SHORT)?;
        self.first.get(begin..).and_then(|rest| rest.get(..bytes)).ok_or(SHORT)
    }

    /// The bytes between two offsets.
    fn between(&self, at: usize, wide: bool) -> Result<&'c [u8], Wrong> {
        let offset = |at: usize| {
            let offset = if wide {
                i64::from_le_bytes(self.fixed(at)?)
            } else {
                i32::from_le_bytes(self.fixed(at)?).into()
            };
            usize::try_from(offset).map_err(|_| SHORT)
        };
        self.second.get(offset(at)?..offset(at + 1)?).ok_or(SHORT)
    }

    /// The bytes of a view.
    fn view(&self, at: usize) -> Result<&'c [u8], Wrong> {
        let view = self.slice(at, VIEW)?;
        let word = |at: usize| {
            let word = view.get(at..).and_then(|rest| rest.first_chunk()).copied();
            word.and_then(|word| usize::try_from(i32::from_le_bytes(word)).ok()).ok_or(SHORT)
        };
        let length = word(0)?;
        if length <= INLINE {
            return view.get(4..4 + length).ok_or(SHORT);
        }
        let (buffer, begin) = (word(8)?, word(12)?);
        // the first buffer holds the views themselves
        let buffer = self.buffers.get(buffer.saturating_add(1)).ok_or(SHORT)?;
        buffer.get(begin..).and_then(|rest| rest.get(..length)).ok_or(SHORT)
    }
}

const SHORT: Wrong = Wrong::Malformed("a buffer is shorter than its column");
const PLACE: Wrong = Wrong::Malformed("a column names a place that its dictionary does not have");
const YEAR: Wrong = Wrong::Value("is not in the years 1 to 9999");

fn text(text: String) -> Value<'static> {
    Value::Text(Cow::Owned(text))
}

fn characters(bytes: &[u8]) -> Result<Value<'_>, Wrong> {
    let text = std::str::from_utf8(bytes).map_err(|_| Wrong::Value("is not UTF-8"))?;
    Ok(Value::Text(Cow::Borrowed(text)))
}

/// Bytes in base64, as in JSON, for a column of bytes; for any other column the text that they are.
fn raw(bytes: &[u8], binary: bool) -> Result<Value<'_>, Wrong> {
    if binary { Ok(text(STANDARD.encode(bytes))) } else { characters(bytes) }
}
