//! The fields of a schema, and how the values of each lie in buffers.

use arrow_ipc::{DateUnit, Endianness, Precision, Schema, TimeUnit, Type};

use super::{
    super::{
        moment::Unit,
        typed::{NESTED, unreadable},
    },
    malformed,
};
use crate::{budget::Budget, failure::Failure, names::quoted};

/// Bytes that a field takes beside its name.
const FIELD: usize = 256;

/// A field, with those inside of it.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    kind: Kind,
    /// Its dictionary, when its items are places in one.
    dictionary: Option<Coded>,
    shape: Shape,
    children: Vec<Field>,
}

/// A field whose values are places in a dictionary.
#[derive(Clone, Copy, Debug)]
struct Coded {
    id: i64,
    index: Kind,
}

/// A column that is read.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// The dictionary that it names its values in, and the type of the places.
    pub(super) dictionary: Option<(i64, Kind)>,
    /// Its bytes are taken as they are, not as text.
    pub(super) binary: bool,
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Null,
    Bool,
    /// An integer of so many bytes.
    Int {
        bytes: usize,
        signed: bool,
    },
    Half,
    Float,
    Double,
    /// A decimal of so many bytes.
    Decimal {
        bytes: usize,
        scale: i32,
    },
    /// Days.
    Date,
    Moment {
        unit: Unit,
        utc: bool,
    },
    /// A text between offsets of four or of eight bytes.
    Text {
        wide: bool,
    },
    Bytes {
        wide: bool,
    },
    /// A text by a view, which holds a short one itself; the others are in buffers of their own.
    TextView,
    BytesView,
    FixedBytes(usize),
    /// Nothing that a model takes.
    Other(&'static str),
}

/// How many buffers a field has before those inside of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) buffers: usize,
    /// Whether there are more, as many as its batch says.
    pub(super) variadic: bool,
}

impl Kind {
    /// True for what a 32-bit float holds.
    pub(super) fn is_float(self) -> bool {
        matches!(self, Self::Half | Self::Float)
    }
}

impl Column {
    /// The buffers of its items.
    pub(super) fn layout(&self) -> Shape {
        if self.dictionary.is_some() { Shape::of(2) } else { Shape::of_kind(self.kind) }
    }
}

impl Shape {
    const fn of(buffers: usize) -> Self {
        Self { buffers, variadic: false }
    }

    /// The buffers of values that are not places in a dictionary.
    pub(super) fn of_kind(kind: Kind) -> Self {
        match kind {
            Kind::Null => Self::of(0),
            Kind::Text { .. } | Kind::Bytes { .. } => Self::of(3),
            Kind::TextView | Kind::BytesView => Self { buffers: 2, variadic: true },
            _ => Self::of(2),
        }
    }
}

impl Field {
    /// The field as a column of the model.
    pub(super) fn column(&self, binary: bool) -> Result<Column, Failure> {
        if !self.children.is_empty() {
            let Kind::Other(kind) = self.kind else {
                return Err(malformed("a field has children"));
            };
            return Err(unreadable(&self.name, kind, NESTED));
        }
        if let Kind::Other(kind) = self.kind {
            return Err(unreadable(&self.name, kind, "send it as numbers, texts or timestamps"));
        }
        let dictionary = self.dictionary.map(|coded| (coded.id, coded.index));
        Ok(Column { name: self.name.clone(), kind: self.kind, dictionary, binary })
    }

    pub(super) fn shape(&self) -> Shape {
        if self.dictionary.is_some() { Shape::of(2) } else { self.shape }
    }

    /// The fields inside, whose buffers follow; values in a dictionary have theirs there.
    pub(super) fn inside(&self) -> &[Field] {
        if self.dictionary.is_some() { &[] } else { &self.children }
    }
}

/// The fields of a schema.
pub(super) fn read(schema: Schema<'_>, budget: &mut Budget<'_>) -> Result<Vec<Field>, Failure> {
    if schema.endianness() != Endianness::Little {
        return Err(malformed("its numbers are big-endian; write them little-endian"));
    }
    let fields = schema.fields().ok_or_else(|| malformed("its schema has no fields"))?;
    fields.iter().map(|from| field(from, budget)).collect()
}

/// The value of a key in a schema's metadata.
pub(super) fn metadata<'s>(schema: Schema<'s>, key: &str) -> Option<&'s str> {
    schema.custom_metadata()?.iter().find(|pair| pair.key() == Some(key))?.value()
}

/// Reads a field. The depth of its nesting was checked with the message. Several fields may be the
/// same bytes of the message, and have the same name.
fn field(from: arrow_ipc::Field<'_>, budget: &mut Budget<'_>) -> Result<Field, Failure> {
    let name = from.name().unwrap_or_default();
    budget.take(FIELD.saturating_add(name.len()))?;
    let name = name.to_owned();
    let (kind, shape) = kind(&from)
        .ok_or_else(|| malformed(&format!("the type of column {} is not known", quoted(&name))))?;
    let dictionary = match from.dictionary() {
        None => None,
        Some(dictionary) => {
            let int = dictionary.indexType();
            // a dictionary that does not say has places of four bytes
            let index = int.map_or(Some(Kind::Int { bytes: 4, signed: true }), integer);
            let index = index.ok_or_else(|| malformed("a dictionary has no places"))?;
            Some(Coded { id: dictionary.id(), index })
        }
    };
    let children = from.children().into_iter().flatten();
    let children = children.map(|from| field(from, budget)).collect::<Result<_, _>>()?;
    Ok(Field { name, kind, dictionary, shape, children })
}

fn integer(int: arrow_ipc::Int<'_>) -> Option<Kind> {
    let bytes = match int.bitWidth() {
        8 => 1,
        16 => 2,
        32 => 4,
        64 => 8,
        _ => return None,
    };
    Some(Kind::Int { bytes, signed: int.is_signed() })
}

fn unit(unit: TimeUnit) -> Option<Unit> {
    Some(match unit {
        TimeUnit::SECOND => Unit::Second,
        TimeUnit::MILLISECOND => Unit::Milli,
        TimeUnit::MICROSECOND => Unit::Micro,
        TimeUnit::NANOSECOND => Unit::Nano,
        _ => return None,
    })
}

/// What a field's values are, and how many buffers it has itself.
fn kind(field: &arrow_ipc::Field<'_>) -> Option<(Kind, Shape)> {
    let other = |name, buffers| Some((Kind::Other(name), Shape::of(buffers)));
    let kind = match field.type_type() {
        Type::Null => Kind::Null,
        Type::Bool => Kind::Bool,
        Type::Int => integer(field.type_as_int()?)?,
        Type::FloatingPoint => match field.type_as_floating_point()?.precision() {
            Precision::HALF => Kind::Half,
            Precision::SINGLE => Kind::Float,
            Precision::DOUBLE => Kind::Double,
            _ => return None,
        },
        Type::Decimal => {
            let decimal = field.type_as_decimal()?;
            let bytes = match decimal.bitWidth() {
                bits @ (32 | 64 | 128 | 256) => bits as usize / 8,
                _ => return None,
            };
            Kind::Decimal { bytes, scale: decimal.scale() }
        }
        Type::Date => match field.type_as_date()?.unit() {
            DateUnit::DAY => Kind::Date,
            _ => Kind::Moment { unit: Unit::Milli, utc: false },
        },
        Type::Timestamp => {
            let moment = field.type_as_timestamp()?;
            Kind::Moment { unit: unit(moment.unit())?, utc: moment.timezone().is_some() }
        }
        Type::Utf8 => Kind::Text { wide: false },
        Type::LargeUtf8 => Kind::Text { wide: true },
        Type::Utf8View => Kind::TextView,
        Type::Binary => Kind::Bytes { wide: false },
        Type::LargeBinary => Kind::Bytes { wide: true },
        Type::BinaryView => Kind::BytesView,
        Type::FixedSizeBinary => {
            let bytes = usize::try_from(field.type_as_fixed_size_binary()?.byteWidth());
            Kind::FixedBytes(bytes.ok().filter(|bytes| *bytes > 0)?)
        }
        Type::Time => return other("time", 2),
        Type::Duration => return other("duration", 2),
        Type::Interval => return other("interval", 2),
        Type::List => return other("list", 2),
        Type::LargeList => return other("large_list", 2),
        Type::ListView => return other("list_view", 3),
        Type::LargeListView => return other("large_list_view", 3),
        Type::Map => return other("map", 2),
        Type::FixedSizeList => return other("fixed_size_list", 1),
        Type::Struct_ => return other("struct", 1),
        Type::RunEndEncoded => return other("run_end_encoded", 0),
        Type::Union => {
            let dense = field.type_as_union()?.mode() == arrow_ipc::UnionMode::Dense;
            return other("union", 1 + usize::from(dense));
        }
        _ => return None,
    };
    Some((kind, Shape::of_kind(kind)))
}
