//! numpy's own constructors, read as arrays, dtypes and numbers.
//!
//! Format: numpy's `array_reduce_ex`, `array_setstate` and `arraydescr_reduce`.

use std::sync::Arc;

use super::{Array, Cursor, Dtype, DtypeKind, Id, Kind, Node, array::ArrayData, builder::Builder};
use crate::Error;

mod dtype;
mod scalar;
#[cfg(test)]
mod tests;

pub(crate) use dtype::{parse, set as set_dtype};
pub(crate) use scalar::{make as make_scalar, of_range as scalar};

/// Most dimensions of an array (`NPY_MAXDIMS` of numpy 2).
const DIMENSIONS: usize = 64;

/// A constructor that is understood.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Maker {
    Reconstruct,
    FromBuffer,
    Scalar,
    Dtype,
}

impl Maker {
    /// `numpy.core.…` is `numpy._core.…` since numpy 2.
    pub(crate) fn of(module: &str, name: &str) -> Option<Self> {
        let rest = module.strip_prefix("numpy")?;
        let rest =
            rest.strip_prefix("._core").or_else(|| rest.strip_prefix(".core")).unwrap_or(rest);
        match (rest, name) {
            // dill names the module that the functions are compiled in
            (".multiarray" | "._multiarray_umath", "_reconstruct") => Some(Self::Reconstruct),
            (".numeric", "_frombuffer") => Some(Self::FromBuffer),
            (".multiarray" | "._multiarray_umath", "scalar") => Some(Self::Scalar),
            ("", "dtype") => Some(Self::Dtype),
            _ => None,
        }
    }
}

/// The value of a call; `None` when its arguments are not the usual ones.
pub(crate) fn make(
    out: &mut Builder,
    maker: Maker,
    args: Id,
    at: usize,
) -> Result<Option<Id>, Error> {
    let cursor = out.cursor(args);
    let Kind::Tuple(items) = cursor.kind() else { return Ok(None) };
    let arg = |index: usize| items.get(index).map(|&id| cursor.go(id));
    match maker {
        Maker::Reconstruct => {
            let known = arg(0).is_some_and(|class| {
                matches!(class.kind(), Kind::Global(module, "ndarray" | "matrix" | "memmap" | "recarray")
                    if module.starts_with("numpy"))
            });
            if !known {
                return Ok(None);
            }
            let dtype = Arc::new(Dtype::plain(DtypeKind::Float, 8));
            let data = ArrayData::Raw { start: 0, len: 0, owned: false };
            let array = Array { dtype, shape: vec![0], fortran: false, data };
            out.node(Node::Array(Box::new(array)), at).map(Some)
        }
        Maker::FromBuffer => {
            let (Some(data), Some(dtype), Some(shape)) =
                (arg(0), arg(1).and_then(Cursor::shared_dtype), arg(2).and_then(shape))
            else {
                return Ok(None);
            };
            let (Some(range), order) = (data.range(), arg(3).and_then(Cursor::as_str)) else {
                return Ok(None);
            };
            let axes = if order == Some("K") { arg(4).and_then(self::shape) } else { None };
            let mut array = raw(out, dtype, shape, order == Some("F"), range, at)?;
            if let Some(axes) = axes {
                transpose(out, &mut array, &axes, at)?;
            }
            out.node(Node::Array(Box::new(array)), at).map(Some)
        }
        Maker::Scalar => match arg(0).and_then(Cursor::shared_dtype) {
            Some(dtype) => {
                let data = arg(1).map(Cursor::id);
                make_scalar(out, dtype, data, at)
            }
            None => Ok(None),
        },
        Maker::Dtype => {
            let dtype = match arg(0).map(Cursor::kind) {
                Some(Kind::Text(code)) => parse(code),
                // `numpy.record` and the like: the state says the rest
                Some(Kind::Global(_, name)) => {
                    Some(parse(name).unwrap_or(Dtype::plain(DtypeKind::Void, 0)))
                }
                Some(Kind::Dtype(dtype)) => Some(dtype.clone()),
                _ => None,
            };
            match dtype {
                Some(dtype) => out.node(Node::Dtype(Arc::new(dtype)), at).map(Some),
                None => Ok(None),
            }
        }
    }
}

/// Fills an array that `_reconstruct` made: (version, shape, dtype, fortran, data).
pub(crate) fn set_array(out: &mut Builder, array: Id, state: Id, at: usize) -> Result<(), Error> {
    let cursor = out.cursor(state);
    let items = match cursor.kind() {
        Kind::Tuple([_, items @ ..]) if items.len() == 4 => items,
        _ => &[],
    };
    let [shape_id, dtype, fortran, data] = *items else {
        return Err(out.wrong(at, "the state of an array is not the tuple that numpy writes"));
    };
    let dtype = cursor.go(dtype).shared_dtype();
    let dtype = dtype.ok_or_else(|| out.wrong(at, "the state of an array has no dtype"))?;
    let shape = shape(cursor.go(shape_id));
    let shape = shape.ok_or_else(|| out.wrong(at, "the state of an array has no shape"))?;
    let fortran = cursor.go(fortran).as_bool() == Some(true);
    let new = match (cursor.go(data).range(), cursor.go(data).kind()) {
        (Some(range), _) => raw(out, dtype, shape, fortran, range, at)?,
        (None, Kind::List(items)) if dtype.has_objects() => {
            let count = items_of(out, &shape, at)?;
            if items.len() != count {
                let found = items.len();
                return Err(
                    out.wrong(at, format!("an array of shape {shape:?} holds {found} objects"))
                );
            }
            out.budget.charge(size_of_val(items), at)?;
            let items = match out.cursor(data).kind() {
                Kind::List(items) => items.to_vec(),
                _ => Vec::new(),
            };
            Array { dtype, shape, fortran: false, data: ArrayData::Objects(items) }
        }
        _ => {
            let found = cursor.go(data).describe();
            return Err(out.wrong(at, format!("the data of an array is {found}")));
        }
    };
    if let Some(Node::Array(place)) = out.node_mut(array) {
        **place = new;
    }
    Ok(())
}

/// An array whose items are bytes of the document. It must have as many bytes as its shape needs.
pub(crate) fn raw(
    out: &Builder,
    dtype: Arc<Dtype>,
    shape: Vec<usize>,
    fortran: bool,
    (start, len, owned): (u64, u64, bool),
    at: usize,
) -> Result<Array, Error> {
    if dtype.has_objects() {
        return Err(out.wrong(at, "an array of objects is stored as raw bytes"));
    }
    let expected = bytes_of(out, &dtype, &shape, at)?;
    if len != expected as u64 {
        return Err(out.wrong(
            at,
            format!(
                "an array of shape {shape:?} and {} bytes an item is stored in {len} bytes",
                dtype.size
            ),
        ));
    }
    Ok(Array { dtype, shape, fortran, data: ArrayData::Raw { start, len, owned } })
}

/// The number of items of a shape.
fn items_of(out: &Builder, shape: &[usize], at: usize) -> Result<usize, Error> {
    // zeros are left out, so that no product of a part of the shape overflows either
    let count = shape.iter().try_fold(1usize, |count, &n| count.checked_mul(n.max(1)));
    match count.filter(|count| *count < 1 << 48) {
        Some(_) if shape.contains(&0) => Ok(0),
        Some(count) => Ok(count),
        None => Err(out.wrong(at, format!("an array of shape {shape:?} is too large"))),
    }
}

/// The number of bytes that an array takes.
pub(crate) fn bytes_of(
    out: &Builder,
    dtype: &Dtype,
    shape: &[usize],
    at: usize,
) -> Result<usize, Error> {
    let count = items_of(out, shape, at)?;
    // items without bytes would let a few bytes declare any number of items
    let bounded = dtype.size > 0 || count <= out.doc.input.len();
    let bytes = count.checked_mul(dtype.size).filter(|_| bounded);
    bytes.ok_or_else(|| out.wrong(at, format!("an array of shape {shape:?} is too large")))
}

/// A shape: a tuple of dimensions, or one dimension.
pub(crate) fn shape(value: Cursor<'_>) -> Option<Vec<usize>> {
    let dimension = |value: Cursor<'_>| usize::try_from(value.plain_i64()?).ok();
    match value.kind() {
        Kind::Tuple(items) | Kind::List(items) if items.len() <= DIMENSIONS => {
            items.iter().map(|&id| dimension(value.go(id))).collect()
        }
        Kind::Int(_) => Some(vec![dimension(value)?]),
        _ => None,
    }
}

/// Takes an array whose axes are stored in another order, and puts its items into row-major order.
fn transpose(out: &mut Builder, array: &mut Array, axes: &[usize], at: usize) -> Result<(), Error> {
    let stored = std::mem::take(&mut array.shape);
    let mut sorted = axes.to_vec();
    sorted.sort_unstable();
    if !sorted.iter().copied().eq(0..stored.len()) {
        return Err(out.wrong(at, "the axes of an array are not a permutation"));
    }
    let shape: Vec<usize> = axes.iter().filter_map(|&axis| stored.get(axis).copied()).collect();
    let mut strides = vec![array.dtype.size; stored.len()];
    for axis in (1..stored.len()).rev() {
        if let (Some(&inner), Some(&count)) = (strides.get(axis), stored.get(axis))
            && let Some(outer) = strides.get_mut(axis - 1)
        {
            *outer = inner.saturating_mul(count);
        }
    }
    let steps: Vec<usize> = axes.iter().filter_map(|&axis| strides.get(axis).copied()).collect();
    let source = array.raw(&out.doc).unwrap_or_default();
    out.budget.charge(source.len(), at)?;
    let mut items = Vec::with_capacity(source.len());
    let mut index = vec![0usize; shape.len()];
    let count = source.len().checked_div(array.dtype.size).unwrap_or(0);
    for _ in 0..count {
        let from: usize = index.iter().zip(&steps).map(|(i, step)| i * step).sum();
        items.extend_from_slice(source.get(from..from + array.dtype.size).unwrap_or_default());
        for (place, &count) in index.iter_mut().zip(&shape).rev() {
            *place += 1;
            if *place < count {
                break;
            }
            *place = 0;
        }
    }
    let start = out.doc.owned.len() as u64;
    let len = items.len() as u64;
    out.budget.reserve(&mut out.doc.owned, items.len(), at)?;
    out.doc.owned.extend_from_slice(&items);
    out.budget.release(items.len());
    array.shape = shape;
    array.fortran = false;
    array.data = ArrayData::Raw { start, len, owned: true };
    Ok(())
}
