//! Tables of `FlatBuffers`, read where they stand.
//!
//! Format: <https://flatbuffers.dev/internals/>. A table begins with the distance back to its
//! vtable; the vtable says where in the table each field stands, or that it is absent.

use std::cell::Cell;

use super::malformed;
use crate::Error;

/// One buffer. Every place in it is checked before it is read.
#[derive(Clone, Copy)]
pub(super) struct Buffer<'a> {
    bytes: &'a [u8],
    /// Bytes that may still be copied out of it: vectors of a real file do not overlap, so what is
    /// taken from them is never more than the file.
    left: &'a Cell<usize>,
    /// What the buffer is, for messages.
    name: &'static str,
}

/// A table inside a buffer.
#[derive(Clone, Copy)]
pub(super) struct Table<'a> {
    buffer: Buffer<'a>,
    at: usize,
    fields: &'a [u8],
}

/// Bytes of a table that a vector names, at least: its offset, where its fields are listed, and two
/// fields.
const TABLE: usize = 16;
/// Bytes of a text that a vector names, beside the text: its offset and its length.
const TEXT: usize = 8;

impl<'a> Buffer<'a> {
    /// A buffer, of which `left` bytes in all may be copied.
    pub(super) fn new(bytes: &'a [u8], left: &'a Cell<usize>, name: &'static str) -> Self {
        Self { bytes, left, name }
    }

    /// The table that the buffer is about.
    pub(super) fn root(self) -> Result<Table<'a>, Error> {
        let at = self.follow(0)?;
        self.table(at)
    }

    fn wrong(self, at: usize, reason: &str) -> Error {
        malformed(format!("byte {at} of {}", self.name), reason)
    }

    fn array<const N: usize>(self, at: usize) -> Result<[u8; N], Error> {
        let found = self.bytes.get(at..).and_then(|rest| rest.first_chunk());
        found.copied().ok_or_else(|| self.wrong(at, "what should stand there is beyond the end"))
    }

    /// Where the offset at `at` points.
    fn follow(self, at: usize) -> Result<usize, Error> {
        let offset = u32::from_le_bytes(self.array(at)?) as usize;
        let target = at.checked_add(offset).filter(|target| *target < self.bytes.len());
        target.ok_or_else(|| self.wrong(at, "an offset points beyond the end"))
    }

    fn table(self, at: usize) -> Result<Table<'a>, Error> {
        let back = i64::from(i32::from_le_bytes(self.array(at)?));
        let vtable = (at as i64).checked_sub(back).and_then(|v| usize::try_from(v).ok());
        let fields = vtable.and_then(|vtable| {
            let bytes = self.bytes.get(vtable..)?;
            let size = usize::from(u16::from_le_bytes(*bytes.first_chunk()?));
            bytes.get(4..size.max(4))
        });
        let fields = fields.ok_or_else(|| self.wrong(at, "a table has no list of its fields"))?;
        Ok(Table { buffer: self, at, fields })
    }

    /// The items of the vector at `at`, `size` bytes each.
    fn vector(self, at: usize, size: usize) -> Result<&'a [u8], Error> {
        let count = u32::from_le_bytes(self.array(at)?) as usize;
        let start = at + 4;
        let items =
            count.checked_mul(size).and_then(|len| self.bytes.get(start..start.checked_add(len)?));
        items.ok_or_else(|| self.wrong(at, "a list is longer than the rest of the file"))
    }

    fn spend(self, at: usize, bytes: usize) -> Result<(), Error> {
        let left = self.left.get().checked_sub(bytes);
        self.left.set(left.ok_or_else(|| self.wrong(at, "lists overlap"))?);
        Ok(())
    }
}

impl<'a> Table<'a> {
    /// Where the table stands: references to one shared table have equal places.
    pub(super) fn place(self) -> usize {
        self.at
    }

    /// Where a field stands; `None` when it has its default.
    fn field(self, number: usize) -> Option<usize> {
        let offset = u16::from_le_bytes(*self.fields.get(number * 2..)?.first_chunk()?);
        (offset != 0).then(|| self.at + usize::from(offset))
    }

    fn scalar<const N: usize>(self, number: usize) -> Result<Option<[u8; N]>, Error> {
        self.field(number).map(|at| self.buffer.array(at)).transpose()
    }

    pub(super) fn i32(self, number: usize, default: i32) -> Result<i32, Error> {
        Ok(self.scalar(number)?.map_or(default, i32::from_le_bytes))
    }

    pub(super) fn f32(self, number: usize, default: f32) -> Result<f32, Error> {
        Ok(self.scalar(number)?.map_or(default, f32::from_le_bytes))
    }

    pub(super) fn f64(self, number: usize, default: f64) -> Result<f64, Error> {
        Ok(self.scalar(number)?.map_or(default, f64::from_le_bytes))
    }

    pub(super) fn byte(self, number: usize, default: u8) -> Result<u8, Error> {
        Ok(self.scalar(number)?.map_or(default, u8::from_le_bytes))
    }

    pub(super) fn table(self, number: usize) -> Result<Option<Table<'a>>, Error> {
        let at = self.field(number).map(|at| self.buffer.follow(at)).transpose()?;
        at.map(|at| self.buffer.table(at)).transpose()
    }

    /// Bytes of the items of a vector; empty when it is absent.
    fn items(self, number: usize, size: usize) -> Result<&'a [u8], Error> {
        let Some(at) = self.field(number) else { return Ok(&[]) };
        let at = self.buffer.follow(at)?;
        let items = self.buffer.vector(at, size)?;
        self.buffer.spend(at, items.len())?;
        Ok(items)
    }

    /// A vector of numbers or structs of `N` bytes.
    pub(super) fn list<const N: usize, T>(
        self,
        number: usize,
        read: impl Fn([u8; N]) -> T,
    ) -> Result<Vec<T>, Error> {
        Ok(self.chunks(number)?.iter().map(|item| read(*item)).collect())
    }

    /// The bytes of a vector of numbers or structs of `N` bytes.
    pub(super) fn chunks<const N: usize>(self, number: usize) -> Result<&'a [[u8; N]], Error> {
        Ok(self.items(number, N)?.as_chunks().0)
    }

    pub(super) fn bytes(self, number: usize) -> Result<&'a [u8], Error> {
        self.items(number, 1)
    }

    /// A text; what is not UTF-8 is replaced.
    pub(super) fn text(self, number: usize) -> Result<String, Error> {
        Ok(String::from_utf8_lossy(self.bytes(number)?).into_owned())
    }

    /// Where the items of a vector of tables or texts stand, each of which has at least so many bytes
    /// of its own, its offset included.
    fn places(
        self,
        number: usize,
        least: usize,
    ) -> Result<impl ExactSizeIterator<Item = Result<usize, Error>>, Error> {
        let at = self.field(number).map(|at| self.buffer.follow(at)).transpose()?;
        let at = at.unwrap_or_default();
        let items = if at == 0 { &[][..] } else { self.buffer.vector(at, 4)? };
        let count = items.len() / 4;
        self.buffer.spend(at, count.saturating_mul(least))?;
        Ok((0..count).map(move |item| self.buffer.follow(at + 4 + item * 4)))
    }

    /// A vector of tables.
    pub(super) fn tables(
        self,
        number: usize,
    ) -> Result<impl ExactSizeIterator<Item = Result<Table<'a>, Error>>, Error> {
        Ok(self.places(number, TABLE)?.map(move |at| self.buffer.table(at?)))
    }

    /// A vector of texts.
    pub(super) fn texts(
        self,
        number: usize,
    ) -> Result<impl Iterator<Item = Result<String, Error>>, Error> {
        let text = move |at: Result<usize, Error>| {
            let at = at?;
            let bytes = self.buffer.vector(at, 1)?;
            self.buffer.spend(at, bytes.len())?;
            Ok(String::from_utf8_lossy(bytes).into_owned())
        };
        Ok(self.places(number, TEXT)?.map(text))
    }
}
