//! The values of a page, each as its bytes, the lowest first. A boolean is one byte.

use std::borrow::Cow;

use super::{
    bits::{self, Hybrid},
    delta,
    footer::Field,
    malformed,
};
use crate::{budget::Budget, failure::Failure, names::quoted};

/// Bytes that a value of a dictionary takes beside its own.
const ENTRY: usize = 8;

/// Values that pages name by their places.
#[derive(Debug)]
pub(super) struct Dictionary<'p> {
    bytes: Cow<'p, [u8]>,
    /// Where each value is.
    spans: Vec<(u32, u32)>,
}

impl<'p> Dictionary<'p> {
    /// Reads `count` values that stand one behind the other.
    pub(super) fn read(
        bytes: Cow<'p, [u8]>,
        count: usize,
        field: &Field,
        budget: &mut Budget<'_>,
    ) -> Result<Self, Failure> {
        if field.physical == Some(BOOLEAN) || count > bytes.len() {
            return Err(malformed("a dictionary has more values than bytes"));
        }
        budget.take(count.saturating_mul(ENTRY))?;
        let mut spans = Vec::with_capacity(count);
        let mut at = 0_usize;
        let size = field.width();
        plain(&bytes, count, field, &mut |value| {
            // a text stands behind its length
            at += if size.is_none() { 4 } else { 0 };
            let end = at + value.len();
            spans.push((at as u32, end as u32));
            at = end;
            Ok(())
        })?;
        if u32::try_from(at).is_err() {
            return Err(malformed("a dictionary is larger than a page can be"));
        }
        Ok(Self { bytes, spans })
    }

    /// The same with bytes of its own.
    pub(super) fn into_owned(self) -> Dictionary<'static> {
        Dictionary { bytes: Cow::Owned(self.bytes.into_owned()), spans: self.spans }
    }

    fn get(&self, place: u32) -> Option<&[u8]> {
        let (begin, end) = *self.spans.get(place as usize)?;
        self.bytes.get(begin as usize..end as usize)
    }
}

const BOOLEAN: i64 = 0;

impl Field {
    /// Bytes of a stored value; `None` for booleans and for values that carry their own length.
    pub(super) fn width(&self) -> Option<usize> {
        match self.physical? {
            1 | 4 => Some(4),
            2 | 5 => Some(8),
            3 => Some(12),
            7 => Some(self.length),
            _ => None,
        }
    }

    /// True for a column without missing values.
    pub(super) fn is_required(&self) -> bool {
        self.repetition == 0
    }
}

/// Takes a value.
type Each<'s> = dyn FnMut(&[u8]) -> Result<(), Failure> + 's;

/// Reads `count` values.
pub(super) fn each(
    encoding: i64,
    bytes: &[u8],
    count: usize,
    field: &Field,
    dictionary: Option<&Dictionary<'_>>,
    each: &mut Each<'_>,
) -> Result<(), Failure> {
    if count == 0 {
        return Ok(());
    }
    let physical = field.physical.unwrap_or_default();
    match (encoding, physical) {
        (0, _) => plain(bytes, count, field, each),
        (2 | 8, _) => {
            let none = || malformed("a page names values of a dictionary that there is not");
            let (dictionary, (width, bytes)) =
                dictionary.zip(bytes.split_first()).ok_or_else(none)?;
            let mut places = Hybrid::new(bytes, usize::from(*width))?;
            (0..count).try_for_each(|_| each(dictionary.get(places.next()?).ok_or_else(none)?))
        }
        (3, BOOLEAN) => {
            let mut bytes = bytes;
            let mut values = Hybrid::new(prefixed(&mut bytes)?, 1)?;
            (0..count).try_for_each(|_| each(&[values.next()? as u8]))
        }
        (5, 1 | 2) => {
            let mut bytes = bytes;
            let values = delta::read(&mut bytes, count)?;
            enough(values.len(), count)?;
            let width = field.width().unwrap_or_default();
            values
                .iter()
                .try_for_each(|value| each(value.to_le_bytes().get(..width).unwrap_or_default()))
        }
        (6, 6) => {
            let mut bytes = bytes;
            lengths(&mut bytes, count)?
                .into_iter()
                .try_for_each(|length| each(split(&mut bytes, length)?))
        }
        (7, 6 | 7) => {
            let mut bytes = bytes;
            let shared = lengths(&mut bytes, count)?;
            let own = lengths(&mut bytes, count)?;
            let mut value: Vec<u8> = Vec::new();
            shared.into_iter().zip(own).try_for_each(|(shared, own)| {
                if shared > value.len() {
                    return Err(malformed("a value shares more than the one before it has"));
                }
                value.truncate(shared);
                value.extend_from_slice(split(&mut bytes, own)?);
                each(&value)
            })
        }
        (9, 1 | 2 | 4 | 5 | 7) => streams(bytes, count, field.width().unwrap_or_default(), each),
        _ => Err(Failure::invalid(format!(
            "the values of column {} are encoded in a way that is not read; write them plain or by \
             a dictionary",
            quoted(&field.name)
        ))),
    }
}

/// Values one behind the other.
fn plain(
    mut bytes: &[u8],
    count: usize,
    field: &Field,
    each: &mut Each<'_>,
) -> Result<(), Failure> {
    match (field.physical, field.width()) {
        (Some(BOOLEAN), _) => {
            enough(bytes.len().saturating_mul(8), count)?;
            (0..count).try_for_each(|at| each(&[bits::unpack(bytes, at, 1) as u8]))
        }
        (_, Some(0)) => Err(malformed("a column has values of no bytes")),
        (_, Some(width)) => {
            enough(bytes.len() / width, count)?;
            bytes.chunks_exact(width).take(count).try_for_each(each)
        }
        (_, None) => (0..count).try_for_each(|_| each(prefixed(&mut bytes)?)),
    }
}

/// Reads values whose bytes are spread over streams, as many as a value has bytes.
fn streams(bytes: &[u8], count: usize, width: usize, each: &mut Each<'_>) -> Result<(), Failure> {
    if width == 0 || !bytes.len().is_multiple_of(width) {
        return Err(malformed("the streams of a page are of different lengths"));
    }
    let length = bytes.len() / width;
    enough(length, count)?;
    let mut value = vec![0; width];
    (0..count).try_for_each(|at| {
        for (byte, stream) in value.iter_mut().zip(bytes.chunks_exact(length)) {
            *byte = stream.get(at).copied().unwrap_or_default();
        }
        each(&value)
    })
}

/// Takes the bytes that follow their length, which has four bytes.
pub(super) fn prefixed<'b>(bytes: &mut &'b [u8]) -> Result<&'b [u8], Failure> {
    let (length, rest) = bytes.split_first_chunk().ok_or_else(short)?;
    *bytes = rest;
    split(bytes, usize::try_from(u32::from_le_bytes(*length)).map_err(|_| short())?)
}

fn split<'b>(bytes: &mut &'b [u8], length: usize) -> Result<&'b [u8], Failure> {
    let (value, rest) = bytes.split_at_checked(length).ok_or_else(short)?;
    *bytes = rest;
    Ok(value)
}

fn lengths(bytes: &mut &[u8], count: usize) -> Result<Vec<usize>, Failure> {
    let lengths = delta::read(bytes, count)?;
    enough(lengths.len(), count)?;
    lengths.into_iter().map(|length| usize::try_from(length).map_err(|_| short())).collect()
}

fn enough(found: usize, count: usize) -> Result<(), Failure> {
    if found < count { Err(short()) } else { Ok(()) }
}

fn short() -> Failure {
    malformed("a page is shorter than its values")
}
