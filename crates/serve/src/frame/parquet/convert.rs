//! From stored values to what they stand for.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    super::{
        moment::{self, Unit},
        typed::{NESTED, Typed, VALUE, Value, unreadable},
    },
    footer::{Field, Logical},
    malformed,
};
use crate::{budget::Budget, failure::Failure, float, names::quoted};

/// The Julian day of 1970-01-01.
const JULIAN: i64 = 2_440_588;

/// Nanoseconds of a day.
const DAY: i64 = 86_400_000_000_000;

/// How the stored values of a column are read.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Null,
    Bool,
    Int32,
    Int64,
    UInt32,
    UInt64,
    Half,
    Float,
    Double,
    /// An integer of four or eight bytes, the lowest first.
    Decimal(i32),
    /// An integer of any length, the highest byte first.
    LongDecimal(i32),
    Date,
    Moment {
        unit: Unit,
        utc: bool,
    },
    /// Nanoseconds of a Julian day.
    OldMoment,
    Text,
    /// Bytes, as JSON has them.
    Binary,
}

/// What the values of a column are once they are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// Booleans.
    Bool,
    /// Integers of 64 bits.
    Integer,
    /// Floats of 32 bits.
    Float,
    /// Doubles.
    Double,
    /// Texts.
    Text,
}

/// Makes values of what is stored.
#[derive(Debug)]
pub(super) struct Converter<'f> {
    name: &'f str,
    kind: Kind,
}

impl<'f> Converter<'f> {
    /// The converter of a column. `binary` says that it takes bytes as they are.
    pub(super) fn of(field: &'f Field, binary: bool) -> Result<Self, Failure> {
        let name = &*field.name;
        let Some(physical) = field.physical else { return Err(unreadable(name, "group", NESTED)) };
        if !matches!(field.repetition, 0 | 1) {
            return Err(unreadable(name, "list", NESTED));
        }
        let bytes = if binary { Kind::Binary } else { Kind::Text };
        let kind = match (physical, field.logical) {
            (_, Logical::Null) => Kind::Null,
            (_, Logical::Other(kind)) => {
                return Err(unreadable(name, kind, "send it as numbers, texts or timestamps"));
            }
            (0, _) => Kind::Bool,
            (1, Logical::Date) => Kind::Date,
            (1, Logical::Unsigned) => Kind::UInt32,
            (1 | 2, Logical::Decimal { scale }) => Kind::Decimal(scale),
            (1, _) => Kind::Int32,
            (2, Logical::Unsigned) => Kind::UInt64,
            (2, Logical::Moment { unit, utc }) => Kind::Moment { unit, utc },
            (2, _) => Kind::Int64,
            (3, _) => Kind::OldMoment,
            (4, _) => Kind::Float,
            (5, _) => Kind::Double,
            (7, Logical::Half) => Kind::Half,
            (6 | 7, Logical::Decimal { scale }) => Kind::LongDecimal(scale),
            (6, Logical::Text) => Kind::Text,
            (6 | 7, _) => bytes,
            _ => return Err(malformed("a column is of no type that there is")),
        };
        Ok(Self { name, kind })
    }

    /// True for what a 32-bit float holds.
    pub(super) fn is_float(&self) -> bool {
        matches!(self.kind, Kind::Half | Kind::Float)
    }

    /// What its values become.
    pub(super) fn becomes(&self) -> ColumnKind {
        match self.kind {
            Kind::Bool => ColumnKind::Bool,
            Kind::Int32 | Kind::Int64 | Kind::UInt32 | Kind::UInt64 => ColumnKind::Integer,
            Kind::Half | Kind::Float => ColumnKind::Float,
            Kind::Null | Kind::Double | Kind::Decimal(_) | Kind::LongDecimal(_) => {
                ColumnKind::Double
            }
            Kind::Date | Kind::Moment { .. } | Kind::OldMoment | Kind::Text | Kind::Binary => {
                ColumnKind::Text
            }
        }
    }

    /// Appends a stored value to a column.
    pub(super) fn append(
        &self,
        stored: Option<&[u8]>,
        typed: &mut Typed,
        budget: &mut Budget<'_>,
    ) -> Result<(), Failure> {
        let row = typed.len();
        match self.append_or_skip(stored, typed, budget)? {
            None => Ok(()),
            Some(what) => Err(self.wrong(row, what)),
        }
    }

    /// Appends a stored value, or a missing one in the place of what cannot be read; tells why it cannot.
    pub(super) fn append_or_skip(
        &self,
        stored: Option<&[u8]>,
        typed: &mut Typed,
        budget: &mut Budget<'_>,
    ) -> Result<Option<&'static str>, Failure> {
        let (value, wrong) = match stored.map(|bytes| self.value(bytes)) {
            None => (Value::Missing, None),
            Some(Ok(value)) => (value, None),
            Some(Err(what)) => (Value::Missing, Some(what)),
        };
        budget.take(VALUE + value.text_bytes())?;
        typed.push(value);
        Ok(wrong)
    }

    /// Why the value of a row is not read.
    fn wrong(&self, row: usize, what: &str) -> Failure {
        Failure::unfit(format!("column {}, row {row}: the value {what}", quoted(self.name)))
    }

    fn value<'b>(&self, bytes: &'b [u8]) -> Result<Value<'b>, &'static str> {
        Ok(match self.kind {
            Kind::Null => Value::Missing,
            Kind::Bool => Value::Bool(fixed::<1>(bytes)? != [0]),
            Kind::Int32 => Value::Int(i32::from_le_bytes(fixed(bytes)?).into()),
            Kind::Int64 => Value::Int(i64::from_le_bytes(fixed(bytes)?)),
            Kind::UInt32 => Value::Int(u32::from_le_bytes(fixed(bytes)?).into()),
            Kind::UInt64 => Value::unsigned(u64::from_le_bytes(fixed(bytes)?)),
            Kind::Half => Value::Float(float::half(u16::from_le_bytes(fixed(bytes)?))),
            Kind::Float => Value::Float(f32::from_le_bytes(fixed(bytes)?)),
            Kind::Double => Value::Double(f64::from_le_bytes(fixed(bytes)?)),
            Kind::Decimal(scale) => decimal(bytes.iter().copied(), scale)?,
            Kind::LongDecimal(scale) => decimal(bytes.iter().rev().copied(), scale)?,
            Kind::Date => {
                let days = i32::from_le_bytes(fixed(bytes)?);
                text(moment::date(days.into()).ok_or(YEAR)?)
            }
            Kind::Moment { unit, utc } => {
                let since = i64::from_le_bytes(fixed(bytes)?);
                text(moment::timestamp(since, unit, utc).ok_or(YEAR)?)
            }
            Kind::OldMoment => {
                let nanos = i64::from_le_bytes(fixed(bytes)?);
                let day = u32::from_le_bytes(fixed(bytes.get(8..).unwrap_or_default())?);
                let days = (i64::from(day) - JULIAN).checked_mul(DAY);
                let since = days.and_then(|days| days.checked_add(nanos)).ok_or(YEAR)?;
                text(moment::timestamp(since, Unit::Nano, false).ok_or(YEAR)?)
            }
            Kind::Text => {
                let text = std::str::from_utf8(bytes).map_err(|_| "is not UTF-8")?;
                Value::Text(Cow::Borrowed(text))
            }
            Kind::Binary => text(STANDARD.encode(bytes)),
        })
    }
}

const YEAR: &str = "is not in the years 1 to 9999";

fn text(text: String) -> Value<'static> {
    Value::Text(Cow::Owned(text))
}

fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], &'static str> {
    bytes.first_chunk().copied().ok_or("has less bytes than its type")
}

fn decimal(
    low_to_high: impl ExactSizeIterator<Item = u8>,
    scale: i32,
) -> Result<Value<'static>, &'static str> {
    let unscaled = moment::integer(low_to_high);
    unscaled.and_then(|unscaled| moment::decimal(unscaled, scale)).ok_or("has more than 38 digits")
}
