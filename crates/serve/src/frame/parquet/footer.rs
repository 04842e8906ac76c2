//! What stands at the end of a file: the schema, and where the columns of each group of rows are.

use super::{
    super::{moment::Unit, unpack::Packing},
    malformed,
    thrift::{Kind, Thrift},
};
use crate::{budget::Budget, failure::Failure};

/// What a file begins and ends with.
pub(super) const MAGIC: &[u8] = b"PAR1";

/// Bytes that a column of a group takes while the file is read.
const CHUNK: usize = 64;

/// Bytes that a field of the schema takes.
const FIELD: usize = 256;

/// The footer of a file.
#[derive(Debug)]
pub(super) struct Footer {
    /// The columns; fields inside of others are not among them.
    pub(super) fields: Vec<Field>,
    pub(super) groups: Vec<Group>,
    pub(super) rows: usize,
    /// What pandas says of its frame.
    pub(super) pandas: Option<String>,
}

/// A column of the schema.
#[derive(Clone, Debug, Default)]
pub(super) struct Field {
    pub(super) name: String,
    /// The place of its chunk in each group.
    pub(super) leaf: usize,
    /// The type of what is stored: BOOLEAN, INT32, INT64, INT96, FLOAT, DOUBLE, `BYTE_ARRAY`,
    /// `FIXED_LEN_BYTE_ARRAY` from 0; `None` for a field with others inside.
    pub(super) physical: Option<i64>,
    /// Bytes of a value of `FIXED_LEN_BYTE_ARRAY`.
    pub(super) length: usize,
    /// REQUIRED, OPTIONAL, REPEATED from 0.
    pub(super) repetition: i64,
    pub(super) logical: Logical,
    scale: i32,
    children: usize,
}

/// What stored values stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Logical {
    /// The stored values themselves.
    #[default]
    None,
    Text,
    Unsigned,
    Decimal {
        scale: i32,
    },
    Date,
    /// Since 1970.
    Moment {
        unit: Unit,
        utc: bool,
    },
    Half,
    /// Nothing but missing values.
    Null,
    /// Nothing that a model takes.
    Other(&'static str),
}

/// Some rows, column by column.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    pub(super) rows: usize,
    pub(super) chunks: Vec<Chunk>,
}

/// The pages of a column in a group.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Chunk {
    /// How they are compressed.
    pub(super) codec: i64,
    /// Where they begin, and how many bytes they take.
    pub(super) begin: usize,
    pub(super) length: usize,
    /// They are in another file, or encrypted.
    pub(super) elsewhere: bool,
}

impl Chunk {
    /// How its pages are compressed, if they are.
    pub(super) fn packing(&self) -> Result<Option<Packing>, Failure> {
        Ok(Some(match self.codec {
            0 => return Ok(None),
            1 => Packing::Snappy,
            2 => Packing::Gzip,
            6 => Packing::Zstd,
            7 => Packing::Lz4Block,
            _ => {
                return Err(Failure::invalid(
                    "the pages of the Parquet file are compressed in a way that is not read; \
                     write them as `snappy`, `gzip`, `zstd`, `lz4` or plain",
                ));
            }
        }))
    }
}

impl Footer {
    /// Reads the footer of a file.
    pub(super) fn read(file: &[u8], budget: &mut Budget<'_>) -> Result<Self, Failure> {
        if file.starts_with(b"ARROW1") {
            return Err(Failure::invalid(
                "the body is Arrow IPC; send it as `application/vnd.apache.arrow.file`",
            ));
        }
        if file.ends_with(b"PARE") {
            return Err(Failure::invalid("the Parquet file is encrypted; send it plain"));
        }
        let none = || malformed("it does not begin and end with `PAR1`");
        let rest = file.strip_suffix(MAGIC).filter(|_| file.starts_with(MAGIC)).ok_or_else(none)?;
        let (rest, length) = rest.split_last_chunk().ok_or_else(none)?;
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let begin = rest.len().checked_sub(length);
        let footer = begin.and_then(|begin| rest.get(begin..));
        let footer = footer.ok_or_else(|| malformed("its footer is longer than the file"))?;
        Self::parse(footer, budget)
    }

    /// Reads what stands between the columns and the length of the footer.
    pub(super) fn parse(footer: &[u8], budget: &mut Budget<'_>) -> Result<Self, Failure> {
        let mut elements: Vec<Field> = Vec::new();
        let (mut groups, mut rows, mut pandas) = (Vec::new(), None, None);
        Thrift::new(footer).fields(|thrift, number, kind| {
            match (number, kind) {
                (2, Kind::List) => thrift.list(|thrift| {
                    budget.take(FIELD)?;
                    elements.push(element(thrift)?);
                    Ok(())
                })?,
                (3, Kind::Int) => rows = Some(thrift.size()?),
                (4, Kind::List) => thrift.list(|thrift| {
                    groups.push(group(thrift, budget)?);
                    Ok(())
                })?,
                (5, Kind::List) => thrift.list(|thrift| {
                    let (key, value) = pair(thrift)?;
                    if key == "pandas" {
                        pandas = Some(value);
                    }
                    Ok(())
                })?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        let rows = rows.ok_or_else(|| malformed("its footer does not say how many rows it has"))?;
        let total =
            groups.iter().try_fold(0_usize, |sum, group: &Group| sum.checked_add(group.rows));
        if total != Some(rows) {
            return Err(malformed("its groups have another number of rows than the file"));
        }
        Ok(Self { fields: columns(elements)?, groups, rows, pandas })
    }
}

/// The columns of a schema: the children of its root, with the places of their chunks.
fn columns(elements: Vec<Field>) -> Result<Vec<Field>, Failure> {
    let mut elements = elements.into_iter();
    let root = elements.next().ok_or_else(|| malformed("its schema is empty"))?;
    let mut fields = Vec::new();
    let mut leaf = 0;
    for _ in 0..root.children {
        let lacks = || malformed("its schema has less fields than it says");
        let field = elements.next().ok_or_else(lacks)?;
        let first = leaf;
        let mut open = field.children;
        leaf += usize::from(open == 0);
        while open > 0 {
            let inner = elements.next().ok_or_else(lacks)?;
            leaf += usize::from(inner.children == 0);
            open = (open - 1).checked_add(inner.children).ok_or_else(lacks)?;
        }
        fields.push(Field { leaf: first, ..field });
    }
    Ok(fields)
}

fn element(thrift: &mut Thrift<'_>) -> Result<Field, Failure> {
    let mut field = Field::default();
    let (mut converted, mut logical) = (Logical::None, None);
    thrift.fields(|thrift, number, kind| {
        match (number, kind) {
            (1, Kind::Int) => field.physical = Some(thrift.int()?),
            (2, Kind::Int) => field.length = thrift.size()?,
            (3, Kind::Int) => field.repetition = thrift.int()?,
            (4, Kind::Binary) => field.name = thrift.text()?,
            (5, Kind::Int) => field.children = thrift.size()?,
            (6, Kind::Int) => converted = converted_type(thrift.int()?),
            (7, Kind::Int) => field.scale = scale(thrift.int()?)?,
            (10, Kind::Struct) => logical = logical_type(thrift)?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    if field.children > 0 {
        field.physical = None;
    }
    field.logical = logical.unwrap_or(match converted {
        Logical::Decimal { .. } => Logical::Decimal { scale: field.scale },
        other => other,
    });
    Ok(field)
}

fn scale(value: i64) -> Result<i32, Failure> {
    i32::try_from(value).map_err(|_| malformed("the scale of a decimal is too large"))
}

/// `ConvertedType`, which older writers have.
fn converted_type(code: i64) -> Logical {
    match code {
        0 | 4 | 19 => Logical::Text,
        5 => Logical::Decimal { scale: 0 },
        6 => Logical::Date,
        7 | 8 => Logical::Other("time"),
        9 => Logical::Moment { unit: Unit::Milli, utc: true },
        10 => Logical::Moment { unit: Unit::Micro, utc: true },
        11..=14 => Logical::Unsigned,
        21 => Logical::Other("interval"),
        _ => Logical::None,
    }
}

/// `LogicalType`: a union, of which one field is set.
fn logical_type(thrift: &mut Thrift<'_>) -> Result<Option<Logical>, Failure> {
    let mut found = None;
    thrift.fields(|thrift, number, kind| {
        if kind != Kind::Struct {
            return Ok(false);
        }
        let (mut integer, mut flag, mut unit) = (0, false, Unit::Milli);
        thrift.fields(|thrift, inner, kind| {
            match (number, inner, kind) {
                (5, 1, Kind::Int) => integer = scale(thrift.int()?)?,
                (8, 1, Kind::True) | (10, 2, Kind::True) => flag = true,
                (8, 2, Kind::Struct) => thrift.fields(|_, number, _| {
                    unit = match number {
                        2 => Unit::Micro,
                        3 => Unit::Nano,
                        _ => Unit::Milli,
                    };
                    Ok(false)
                })?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        found = match number {
            1 | 4 | 12 => Some(Logical::Text),
            5 => Some(Logical::Decimal { scale: integer }),
            6 => Some(Logical::Date),
            7 => Some(Logical::Other("time")),
            8 => Some(Logical::Moment { unit, utc: flag }),
            10 if !flag => Some(Logical::Unsigned),
            11 => Some(Logical::Null),
            14 => Some(Logical::Other("uuid")),
            15 => Some(Logical::Half),
            _ => None,
        };
        Ok(true)
    })?;
    Ok(found)
}

fn group(thrift: &mut Thrift<'_>, budget: &mut Budget<'_>) -> Result<Group, Failure> {
    let mut group = Group::default();
    thrift.fields(|thrift, number, kind| {
        match (number, kind) {
            (1, Kind::List) => thrift.list(|thrift| {
                budget.take(CHUNK)?;
                group.chunks.push(chunk(thrift)?);
                Ok(())
            })?,
            (3, Kind::Int) => group.rows = thrift.size()?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(group)
}

fn chunk(thrift: &mut Thrift<'_>) -> Result<Chunk, Failure> {
    let mut chunk = Chunk { elsewhere: true, ..Chunk::default() };
    let (mut file, mut data, mut dictionary) = (false, 0, None);
    thrift.fields(|thrift, number, kind| {
        match (number, kind) {
            (1, Kind::Binary) => file = !thrift.text()?.is_empty(),
            (3, Kind::Struct) => {
                chunk.elsewhere = false;
                thrift.fields(|thrift, number, kind| {
                    match (number, kind) {
                        (4, Kind::Int) => chunk.codec = thrift.int()?,
                        (7, Kind::Int) => chunk.length = thrift.size()?,
                        (9, Kind::Int) => data = thrift.size()?,
                        (11, Kind::Int) => dictionary = Some(thrift.size()?),
                        _ => return Ok(false),
                    }
                    Ok(true)
                })?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    chunk.elsewhere |= file;
    // some writers say zero where there is no dictionary
    chunk.begin = dictionary.filter(|begin| (1..data).contains(begin)).unwrap_or(data);
    Ok(chunk)
}

/// A key and a value of the metadata.
fn pair(thrift: &mut Thrift<'_>) -> Result<(String, String), Failure> {
    let (mut key, mut value) = (String::new(), String::new());
    thrift.fields(|thrift, number, kind| {
        match (number, kind) {
            (1, Kind::Binary) => key = thrift.text()?,
            (2, Kind::Binary) => value = thrift.text()?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok((key, value))
}
