//! The rows of one message: how many there are, and the buffers of each column.

use arrow_ipc::{BodyCompressionMethod, CompressionType, RecordBatch};
use bytes::Bytes;

use super::{
    super::unpack::{Packing, unpack},
    field::{Field, Shape},
    malformed,
};
use crate::{budget::Budget, failure::Failure};

/// The buffers of a message that are left, in the order of its columns.
pub(super) struct Batch<'m> {
    pub(super) rows: usize,
    from: RecordBatch<'m>,
    body: &'m Bytes,
    packing: Option<Packing>,
    /// The next of its nodes, of its buffers, and of its counts of further buffers.
    node: usize,
    buffer: usize,
    count: usize,
}

/// The items of one column in one message.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    pub(super) rows: usize,
    /// A bit for each item, which is set when the item is there; `None` when all are there.
    validity: Option<Bytes>,
    pub(super) buffers: Vec<Bytes>,
}

impl Chunk {
    /// Whether there is a value at `at`.
    pub(super) fn is_there(&self, at: usize) -> bool {
        self.validity.as_ref().is_none_or(|bits| bit(bits, at))
    }
}

/// Whether the bit at `at` is set, from the lowest of each byte.
pub(super) fn bit(bytes: &[u8], at: usize) -> bool {
    bytes.get(at / 8).is_some_and(|byte| byte >> (at % 8) & 1 == 1)
}

impl<'m> Batch<'m> {
    pub(super) fn new(from: RecordBatch<'m>, body: &'m Bytes) -> Result<Self, Failure> {
        let rows = usize::try_from(from.length())
            .map_err(|_| malformed("a message has a negative number of rows"))?;
        let packing = match from.compression() {
            None => None,
            Some(compression) => match (compression.method(), compression.codec()) {
                (BodyCompressionMethod::BUFFER, CompressionType::LZ4_FRAME) => {
                    Some(Packing::Lz4Frame)
                }
                (BodyCompressionMethod::BUFFER, CompressionType::ZSTD) => Some(Packing::Zstd),
                _ => return Err(malformed("it is compressed in a way that is not known")),
            },
        };
        Ok(Self { rows, from, body, packing, node: 0, buffer: 0, count: 0 })
    }

    /// The items of the next column, whose buffers are of this shape.
    pub(super) fn take(&mut self, shape: Shape, budget: &mut Budget<'_>) -> Result<Chunk, Failure> {
        let (rows, missing) = self.next_node()?;
        if rows != self.rows {
            return Err(malformed("a column has another number of rows than its message"));
        }
        let mut buffers = Vec::new();
        for _ in 0..self.buffers(shape)? {
            let buffer = self.next_buffer()?;
            buffers.push(self.unpacked(buffer, budget)?);
        }
        let mut validity = None;
        if shape.buffers > 0 {
            let bits = buffers.remove(0);
            if missing > 0 {
                if bits.len() < rows.div_ceil(8) {
                    return Err(malformed("a column has less bits than rows"));
                }
                validity = Some(bits);
            }
        }
        Ok(Chunk { rows, validity, buffers })
    }

    /// Passes over the buffers of the next column.
    pub(super) fn skip(&mut self, field: &Field) -> Result<(), Failure> {
        self.next_node()?;
        self.buffer += self.buffers(field.shape())?;
        field.inside().iter().try_for_each(|field| self.skip(field))
    }

    /// How many buffers a column has.
    fn buffers(&mut self, shape: Shape) -> Result<usize, Failure> {
        if !shape.variadic {
            return Ok(shape.buffers);
        }
        let left = self.from.buffers().map_or(0, |buffers| buffers.len());
        let counts = self.from.variadicBufferCounts();
        let count = counts.filter(|counts| self.count < counts.len());
        let count = count.and_then(|counts| usize::try_from(counts.get(self.count)).ok());
        self.count += 1;
        count
            .filter(|count| *count <= left)
            .map(|count| shape.buffers + count)
            .ok_or_else(|| malformed("a column of views does not say how many buffers it has"))
    }

    /// The number of items of the next node, and how many of them are missing.
    fn next_node(&mut self) -> Result<(usize, usize), Failure> {
        let nodes = self.from.nodes().filter(|nodes| self.node < nodes.len());
        let node = nodes.map(|nodes| *nodes.get(self.node));
        self.node += 1;
        let size = |value: i64| usize::try_from(value).ok();
        node.and_then(|node| Some((size(node.length())?, size(node.null_count())?)))
            .ok_or_else(|| malformed("a message has less columns than its schema"))
    }

    fn next_buffer(&mut self) -> Result<Bytes, Failure> {
        let buffers = self.from.buffers().filter(|buffers| self.buffer < buffers.len());
        let buffer = buffers.map(|buffers| *buffers.get(self.buffer));
        self.buffer += 1;
        let range = buffer.and_then(|buffer| {
            let begin = usize::try_from(buffer.offset()).ok()?;
            let end = begin.checked_add(usize::try_from(buffer.length()).ok()?)?;
            (end <= self.body.len()).then_some(begin..end)
        });
        range
            .map(|range| self.body.slice(range))
            .ok_or_else(|| malformed("a buffer is not inside of its message"))
    }

    /// A buffer as it was before it was compressed: its first eight bytes hold its size, or -1 when
    /// it is not compressed.
    fn unpacked(&self, buffer: Bytes, budget: &mut Budget<'_>) -> Result<Bytes, Failure> {
        let Some(packing) = self.packing.filter(|_| !buffer.is_empty()) else { return Ok(buffer) };
        let wrong = || malformed("a buffer does not decompress to the size that it says");
        let (size, packed) = buffer.split_first_chunk().ok_or_else(wrong)?;
        match i64::from_le_bytes(*size) {
            -1 => Ok(buffer.slice(size.len()..)),
            size => {
                let size = usize::try_from(size).map_err(|_| wrong())?;
                budget.take(size)?;
                unpack(packed, packing, size).map(Bytes::from).ok_or_else(wrong)
            }
        }
    }
}
