use std::sync::Arc;

use super::{Document, Id, Kind};
use crate::{Error, Limits};

/// A numpy dtype.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dtype {
    /// What an item is.
    pub kind: DtypeKind,
    /// Bytes of one item.
    pub size: usize,
    /// True when items are stored most significant byte first.
    pub big_endian: bool,
    /// Fields of a record: name, dtype, byte offset. Empty for plain types.
    pub fields: Vec<(String, Arc<Dtype>, usize)>,
    /// How deep records stand inside records: bounded, so that dropping a dtype cannot exhaust the
    /// stack.
    pub(crate) depth: u8,
    /// True when a field, or a field of a field, is a Python object.
    pub(crate) objects: bool,
}

/// What an item of an array is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DtypeKind {
    /// `b1`.
    Bool,
    /// `i1` … `i8`.
    Int,
    /// `u1` … `u8`.
    Uint,
    /// `f2`, `f4`, `f8`.
    Float,
    /// `U<n>`: UTF-32, zero padded.
    Unicode,
    /// `S<n>`: bytes, zero padded.
    Bytes,
    /// `O`: Python objects.
    Object,
    /// `V`: a record, or raw bytes.
    Void,
    /// Anything else (times, complex numbers).
    Other,
}

/// A numpy array.
#[derive(Debug)]
pub struct Array {
    /// The type of its items.
    pub dtype: Arc<Dtype>,
    /// Its dimensions; empty for a scalar.
    pub shape: Vec<usize>,
    /// True when the items are stored column after column.
    pub fortran: bool,
    pub(crate) data: ArrayData,
}

/// Where the items are.
#[derive(Debug)]
pub(crate) enum ArrayData {
    /// Raw items at `start` of the input, or of the owned bytes.
    Raw { start: u64, len: u64, owned: bool },
    /// Objects, row-major.
    Objects(Vec<Id>),
}

impl Array {
    /// Number of items.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// True when a dimension is zero.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The objects of an array of objects, row-major.
    pub fn objects(&self) -> Option<&[Id]> {
        match &self.data {
            ArrayData::Objects(ids) => Some(ids),
            ArrayData::Raw { .. } => None,
        }
    }

    /// The raw items as stored (their own byte order, C or Fortran order).
    pub fn raw<'a>(&self, doc: &'a Document) -> Option<&'a [u8]> {
        match self.data {
            ArrayData::Raw { start, len, owned } => Some(doc.slice(start, len, owned)),
            ArrayData::Objects(_) => None,
        }
    }

    /// All items as doubles, row-major. Booleans and integers convert as numpy's `astype` does;
    /// objects must be numbers or `None` (NaN).
    ///
    /// # Errors
    /// [`Error::Malformed`] for items that are not numbers.
    pub fn f64s(&self, doc: &Document) -> Result<Vec<f64>, Error> {
        if let ArrayData::Objects(ids) = &self.data {
            return ids
                .iter()
                .map(|&id| match super::Cursor::new(doc, id).kind() {
                    Kind::None => Ok(f64::NAN),
                    _ => {
                        super::Cursor::new(doc, id).plain_f64().ok_or_else(|| self.wrong("numbers"))
                    }
                })
                .collect();
        }
        self.numbers(doc, Number::f64)
    }

    /// All items as floats, row-major.
    ///
    /// # Errors
    /// [`Error::Malformed`] for items that are not numbers.
    pub fn f32s(&self, doc: &Document) -> Result<Vec<f32>, Error> {
        if self.objects().is_some() {
            return Ok(self.f64s(doc)?.into_iter().map(|v| v as f32).collect());
        }
        self.numbers(doc, Number::f32)
    }

    /// All items as integers, row-major.
    ///
    /// # Errors
    /// [`Error::Malformed`] for items that are not whole numbers in range.
    pub fn i64s(&self, doc: &Document) -> Result<Vec<i64>, Error> {
        if let ArrayData::Objects(ids) = &self.data {
            return ids
                .iter()
                .map(|&id| {
                    super::Cursor::new(doc, id).plain_i64().ok_or_else(|| self.wrong("integers"))
                })
                .collect();
        }
        let values = self.numbers(doc, Number::i64)?;
        values.into_iter().collect::<Option<Vec<_>>>().ok_or_else(|| self.wrong("integers"))
    }

    /// All items as booleans, row-major; numbers are true unless zero.
    ///
    /// # Errors
    /// [`Error::Malformed`] for items that are not numbers.
    pub fn bools(&self, doc: &Document) -> Result<Vec<bool>, Error> {
        Ok(self.f64s(doc)?.into_iter().map(|v| v != 0.0).collect())
    }

    /// All items as texts, row-major: `U<n>`, `S<n>` as UTF-8, or objects that are texts.
    ///
    /// # Errors
    /// [`Error::Malformed`] for items that are not texts, and for texts that are longer together
    /// than the file, as when many items share one long text.
    pub fn texts(&self, doc: &Document) -> Result<Vec<String>, Error> {
        if let ArrayData::Objects(ids) = &self.data {
            let mut left = (doc.input.len() + doc.owned.len()) as u64 + Limits::HEADROOM_BYTES;
            return ids
                .iter()
                .map(|&id| {
                    let item = super::Cursor::new(doc, id);
                    let len = item.range().map_or(0, |(_, len, _)| len);
                    left =
                        left.checked_sub(len).ok_or_else(|| self.wrong("texts within the file"))?;
                    item.as_str().map(str::to_owned).ok_or_else(|| self.wrong("texts"))
                })
                .collect();
        }
        let big = self.dtype.big_endian;
        let text = |item: &[u8]| match self.dtype.kind {
            DtypeKind::Unicode => Some(utf32(item, big)),
            DtypeKind::Bytes => {
                let end = item.iter().rposition(|&b| b != 0).map_or(0, |last| last + 1);
                Some(String::from_utf8_lossy(&item[..end]).into_owned())
            }
            _ => None,
        };
        if self.dtype.size == 0 {
            return Ok(vec![String::new(); self.len()]);
        }
        let raw = self.raw(doc).unwrap_or_default();
        let items = self.in_row_major(raw, self.dtype.size);
        items.map(|item| text(item).ok_or_else(|| self.wrong("texts"))).collect()
    }

    /// One field of an array of records, as if it were an array of its own.
    ///
    /// `None` when there is no such field.
    pub fn field<'a>(&'a self, doc: &'a Document, name: &str) -> Option<Field<'a>> {
        let (_, dtype, offset) = self.dtype.fields.iter().find(|(field, _, _)| field == name)?;
        Some(Field { array: self, raw: self.raw(doc)?, dtype, offset: *offset })
    }

    fn numbers<T>(&self, doc: &Document, read: fn(Number) -> T) -> Result<Vec<T>, Error> {
        let raw = self.raw(doc).unwrap_or_default();
        let items = self.in_row_major(raw, self.dtype.size);
        items
            .map(|item| number(&self.dtype, item).map(read).ok_or_else(|| self.wrong("numbers")))
            .collect()
    }

    /// The items in row-major order, whatever order they are stored in.
    fn in_row_major<'a>(&self, raw: &'a [u8], size: usize) -> impl Iterator<Item = &'a [u8]> {
        let len = raw.len().checked_div(size).map_or(0, |stored| self.len().min(stored));
        let fortran = self.fortran && self.shape.len() > 1;
        let shape = self.shape.clone();
        (0..len).filter_map(move |index| {
            let place = if fortran { fortran_place(&shape, index) } else { index };
            raw.get(place * size..(place + 1) * size)
        })
    }

    fn wrong(&self, expected: &str) -> Error {
        Error::Malformed {
            format: "numpy array",
            place: format!("dtype {:?} of {} bytes", self.dtype.kind, self.dtype.size),
            reason: format!("{expected} are expected here"),
        }
    }
}

/// A field of an array of records.
#[derive(Debug)]
pub struct Field<'a> {
    array: &'a Array,
    raw: &'a [u8],
    dtype: &'a Dtype,
    offset: usize,
}

impl Field<'_> {
    /// The field of every record as doubles.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the field is not numeric or reaches beyond its record.
    pub fn f64s(&self) -> Result<Vec<f64>, Error> {
        self.read(Number::f64)
    }

    /// The field of every record as integers; floats are truncated.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the field is not a whole number or reaches beyond its record.
    pub fn i64s(&self) -> Result<Vec<i64>, Error> {
        let values = self.read(Number::i64)?;
        values.into_iter().collect::<Option<Vec<_>>>().ok_or_else(|| self.array.wrong("integers"))
    }

    fn read<T>(&self, read: fn(Number) -> T) -> Result<Vec<T>, Error> {
        self.array
            .in_row_major(self.raw, self.array.dtype.size)
            .map(|record| {
                self.offset
                    .checked_add(self.dtype.size)
                    .and_then(|end| record.get(self.offset..end))
                    .and_then(|item| number(self.dtype, item))
                    .map(read)
                    .ok_or_else(|| self.array.wrong("numbers"))
            })
            .collect()
    }
}

/// Zero-padded UTF-32.
pub(super) fn utf32(item: &[u8], big_endian: bool) -> String {
    let text: String = item
        .as_chunks::<4>()
        .0
        .iter()
        .map(|code| if big_endian { u32::from_be_bytes(*code) } else { u32::from_le_bytes(*code) })
        .map(|code| char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    let len = text.trim_end_matches('\0').len();
    let mut text = text;
    text.truncate(len);
    text
}

/// A number before it is given its Rust type.
#[derive(Clone, Copy)]
pub(super) enum Number {
    Signed(i64),
    Unsigned(u64),
    F32(f32),
    F64(f64),
}

impl Number {
    fn f64(self) -> f64 {
        match self {
            Self::Signed(v) => v as f64,
            Self::Unsigned(v) => v as f64,
            Self::F32(v) => f64::from(v),
            Self::F64(v) => v,
        }
    }

    fn f32(self) -> f32 {
        match self {
            Self::Signed(v) => v as f32,
            Self::Unsigned(v) => v as f32,
            Self::F32(v) => v,
            Self::F64(v) => v as f32,
        }
    }

    fn i64(self) -> Option<i64> {
        match self {
            Self::Signed(v) => Some(v),
            Self::Unsigned(v) => i64::try_from(v).ok(),
            Self::F32(v) => whole(f64::from(v)),
            Self::F64(v) => whole(v),
        }
    }
}

fn whole(value: f64) -> Option<i64> {
    (value.trunc() == value && value.abs() < 9.2e18).then_some(value as i64)
}

pub(super) fn number(dtype: &Dtype, item: &[u8]) -> Option<Number> {
    let mut bytes = [0u8; 8];
    let size = item.len();
    if size == 0 || size > 8 {
        return None;
    }
    if dtype.big_endian {
        bytes.iter_mut().zip(item.iter().rev()).for_each(|(to, from)| *to = *from);
    } else {
        bytes.iter_mut().zip(item).for_each(|(to, from)| *to = *from);
    }
    let bits = u64::from_le_bytes(bytes);
    Some(match (dtype.kind, size) {
        (DtypeKind::Bool | DtypeKind::Uint, _) => Number::Unsigned(bits),
        (DtypeKind::Int, _) => {
            let shift = 64 - 8 * size as u32;
            Number::Signed(((bits << shift) as i64) >> shift)
        }
        (DtypeKind::Float, 8) => Number::F64(f64::from_bits(bits)),
        (DtypeKind::Float, 4) => Number::F32(f32::from_bits(bits as u32)),
        (DtypeKind::Float, 2) => Number::F32(half(bits as u16)),
        _ => return None,
    })
}

/// IEEE 754 binary16 to binary32, exactly.
fn half(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let exponent = i32::from((bits >> 10) & 0x1f);
    let fraction = f32::from(bits & 0x3ff);
    sign * match exponent {
        0 => fraction * 2f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1.0 + fraction / 1024.0) * 2f32.powi(exponent - 15),
    }
}

/// Where the item at row-major `index` stands in column-major storage.
fn fortran_place(shape: &[usize], mut index: usize) -> usize {
    let mut strides = Vec::with_capacity(shape.len());
    let mut stride = 1;
    for &dimension in shape {
        strides.push(stride);
        stride *= dimension;
    }
    let mut place = 0;
    for (&dimension, stride) in shape.iter().zip(strides).rev() {
        if dimension == 0 {
            return 0;
        }
        place += (index % dimension) * stride;
        index /= dimension;
    }
    place
}

#[cfg(test)]
mod tests {
    use super::{fortran_place, half};

    #[test]
    fn column_major_places_follow_the_row_major_order() {
        let places: Vec<_> = (0..6).map(|index| fortran_place(&[2, 3], index)).collect();
        assert_eq!(places, [0, 2, 4, 1, 3, 5]);
    }

    #[test]
    fn half_floats_convert_exactly() {
        assert_eq!(half(0x3c00), 1.0);
        assert_eq!(half(0x0001), 2f32.powi(-24));
        assert_eq!(half(0xfc00), f32::NEG_INFINITY);
        assert!(half(0x7e00).is_nan());
    }
}
