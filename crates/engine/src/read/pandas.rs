//! Small pandas objects out of the inert tree: the mappings that encoders keep.
//!
//! A `Series` is read from its manager, whose state holds the index and the values; a `DataFrame`
//! from the blocks of its manager. Releases 1.0 to 3 are read.

use super::{Cursor, Kind};
use crate::{Cell, Limits};

mod arrow;

/// Deepest nesting of an index or array in others; real ones stay below five. A file may let one
/// hold itself.
const DEPTH: u32 = 16;

/// A `Series`: a value for each label.
#[derive(Debug, PartialEq)]
pub(crate) struct Series {
    /// The labels.
    pub(crate) index: Vec<Cell>,
    /// As many values.
    pub(crate) values: Vec<Cell>,
}

/// A `DataFrame`.
#[derive(Debug, PartialEq)]
pub(crate) struct Frame {
    /// The labels of the rows.
    pub(crate) index: Vec<Cell>,
    /// The label of each column.
    pub(crate) names: Vec<Cell>,
    /// The values of each column, as many as there are rows.
    pub(crate) columns: Vec<Vec<Cell>>,
}

/// Reads a `Series`; `None` when it is something else, or holds values that are no cells.
pub(crate) fn series(c: Cursor<'_>) -> Option<Series> {
    let manager = manager(c)?;
    let state = state(manager)?;
    let (index, values) = if let Some((axes, blocks)) = stored(state) {
        let &[block] = blocks.items()? else { return None };
        (first(axes)?, state.go(block).attr("values")?)
    } else {
        let &[axes, values, ..] = state.items()? else { return None };
        (first(state.go(axes))?, first(state.go(values))?)
    };
    let read = Series { index: index_cells(index)?, values: cells(values)? };
    (read.index.len() == read.values.len()).then_some(read)
}

/// Reads a `DataFrame` whose columns are numbers, booleans, texts or objects of these.
pub(crate) fn frame(c: Cursor<'_>) -> Option<Frame> {
    let manager = manager(c)?;
    let (axes, blocks) = if let Some(state) = state(manager) {
        stored(state)?
    } else {
        let Kind::Object(object) = manager.kind() else { return None };
        let &[blocks, axes, ..] = &object.args[..] else { return None };
        (manager.go(axes), manager.go(blocks))
    };
    let &[names, index] = axes.items()? else { return None };
    let (names, index) = (index_cells(axes.go(names))?, index_cells(axes.go(index))?);
    let rows = index.len();
    let mut columns = vec![Vec::new(); names.len()];
    for &block in blocks.items()? {
        let block = blocks.go(block);
        let (values, places) = match block.kind() {
            // `_unpickle_block(values, places, dimensions)`
            Kind::Object(object) if object.args.len() >= 2 => match object.args[..] {
                [values, places, ..] => (block.go(values), block.go(places)),
                _ => return None,
            },
            _ => (block.attr("values")?, block.attr("mgr_locs")?),
        };
        let values = cells(values)?;
        // a block is stored column after column
        for (at, place) in placement(places, names.len())?.into_iter().enumerate() {
            let of_column = values.get(at * rows..(at + 1) * rows)?;
            *columns.get_mut(place)? = of_column.to_vec();
        }
    }
    let whole = columns.iter().all(|column| column.len() == rows);
    whole.then_some(Frame { index, names, columns })
}

/// The values of a list, an array of numpy or pandas, or an index.
pub(crate) fn cells(c: Cursor<'_>) -> Option<Vec<Cell>> {
    cells_at(c, DEPTH)
}

fn cells_at(c: Cursor<'_>, depth: u32) -> Option<Vec<Cell>> {
    let depth = depth.checked_sub(1)?;
    match c.kind() {
        Kind::Array(array) if array.objects().is_none() => numpy(c),
        Kind::Array(_) | Kind::List(_) | Kind::Tuple(_) | Kind::Set(_) => objects(c),
        Kind::Object(object) => match c.class_name() {
            "_new_Index" => index_at(c, depth),
            "ArrowStringArray" | "ArrowStringArrayNumpySemantics" | "ArrowExtensionArray" => {
                arrow::texts(c.attr("_pa_array").or_else(|| c.attr("_data"))?)
            }
            _ => {
                // an array of numpy inside one of pandas: `(dtype, array, …)`
                let state = c.go(object.state?);
                let parts = state.items()?.iter().map(|&id| state.go(id));
                let mut parts = parts.filter(|part| !part.is_none());
                let dtype = parts.next()?;
                let (dtype, values) = match dtype.kind() {
                    Kind::Array(_) => (None, dtype),
                    _ => (Some(dtype), parts.next()?),
                };
                match dtype.and_then(|dtype| categories(dtype, depth)) {
                    Some(categories) => coded(&categories, values),
                    None => cells_at(values, depth),
                }
            }
        },
        _ => None,
    }
}

/// The value of one item.
pub(crate) fn cell(c: Cursor<'_>) -> Option<Cell> {
    Some(match c.kind() {
        Kind::None => Cell::Null,
        Kind::Bool(v) => Cell::Bool(v),
        Kind::Int(v) => Cell::I64(v),
        Kind::Float(v) => Cell::F64(v),
        Kind::Text(text) => Cell::Text(text.into()),
        // a missing value of pandas
        Kind::Global(_, "NA" | "NaT" | "NAType") => Cell::F64(f64::NAN),
        Kind::Object(_) if matches!(c.class_name(), "NAType" | "_nat_unpickle") => {
            Cell::F64(f64::NAN)
        }
        Kind::Array(array) if array.len() == 1 => match array.objects() {
            Some(_) => return None,
            None => numpy(c)?.pop()?,
        },
        _ => return None,
    })
}

fn objects(c: Cursor<'_>) -> Option<Vec<Cell>> {
    // many items may share one long text
    let document = c.document();
    let mut left = (document.input.len() + document.owned.len()) as u64 + Limits::HEADROOM_BYTES;
    let each = |&id| {
        let item = cell(c.go(id))?;
        if let Cell::Text(text) = &item {
            left = left.checked_sub(text.len() as u64)?;
        }
        Some(item)
    };
    c.items()?.iter().map(each).collect()
}

fn numpy(c: Cursor<'_>) -> Option<Vec<Cell>> {
    use super::DtypeKind::{Bool, Bytes, Float, Int, Uint, Unicode};
    let (array, document) = (c.as_array()?, c.document());
    Some(match array.dtype.kind {
        Bool => array.bools(document).ok()?.into_iter().map(Cell::Bool).collect(),
        Int | Uint => array.i64s(document).ok()?.into_iter().map(Cell::I64).collect(),
        Float => array.f64s(document).ok()?.into_iter().map(Cell::F64).collect(),
        Unicode | Bytes => {
            let texts = array.texts(document).ok()?;
            texts.into_iter().map(|text| Cell::Text(text.into())).collect()
        }
        _ => return None,
    })
}

/// An `Index`, which pandas makes again by `_new_Index(class, {"data": …})`.
fn index_cells(c: Cursor<'_>) -> Option<Vec<Cell>> {
    index_at(c, DEPTH)
}

fn index_at(c: Cursor<'_>, depth: u32) -> Option<Vec<Cell>> {
    let Kind::Object(object) = c.kind() else { return cells_at(c, depth) };
    let &[class, parts] = &object.args[..] else {
        return cells_at(c.attr("data").or_else(|| c.attr("_data"))?, depth);
    };
    let parts = c.go(parts);
    if let Some(data) = parts.attr("data") {
        return cells_at(data, depth);
    }
    if !matches!(c.go(class).kind(), Kind::Global(_, "RangeIndex")) {
        return None;
    }
    let number = |name| parts.attr(name).and_then(Cursor::as_i64);
    let (start, stop, step) = (number("start")?, number("stop")?, number("step")?);
    let count = usize::try_from(stop.checked_sub(start)?).ok()?;
    if step < 1 || count > 1 << 20 {
        return None;
    }
    Some((start..stop).step_by(usize::try_from(step).ok()?).map(Cell::I64).collect())
}

/// The categories that a `CategoricalDtype` lists.
fn categories(dtype: Cursor<'_>, depth: u32) -> Option<Vec<Cell>> {
    if dtype.class_name() != "CategoricalDtype" {
        return None;
    }
    let Kind::Object(object) = dtype.kind() else { return None };
    let listed = dtype.attr("categories").or_else(|| dtype.attr("_categories"));
    index_at(listed.or_else(|| object.args.first().map(|&id| dtype.go(id)))?, depth)
}

fn coded(categories: &[Cell], codes: Cursor<'_>) -> Option<Vec<Cell>> {
    let codes = codes.as_array()?.i64s(codes.document()).ok()?;
    let category = |code: i64| match usize::try_from(code) {
        Ok(code) => categories.get(code).cloned(),
        Err(_) => Some(Cell::F64(f64::NAN)),
    };
    codes.into_iter().map(category).collect()
}

fn manager(c: Cursor<'_>) -> Option<Cursor<'_>> {
    c.attr("_mgr").or_else(|| c.attr("_data"))
}

/// The state of a manager: `(axes, values, items, {"0.14.1": …})`.
fn state(manager: Cursor<'_>) -> Option<Cursor<'_>> {
    let Kind::Object(object) = manager.kind() else { return None };
    let state = manager.go(object.state?);
    state.items().is_some().then_some(state)
}

/// The axes and blocks that the last part of such a state repeats.
fn stored(state: Cursor<'_>) -> Option<(Cursor<'_>, Cursor<'_>)> {
    let last = state.go(*state.items()?.get(3)?).attr("0.14.1")?;
    Some((last.attr("axes")?, last.attr("blocks")?))
}

fn first(list: Cursor<'_>) -> Option<Cursor<'_>> {
    list.items()?.first().map(|&id| list.go(id))
}

/// Which columns a block holds: a slice, or an array of places.
fn placement(places: Cursor<'_>, columns: usize) -> Option<Vec<usize>> {
    let whole = |v: i64| usize::try_from(v).ok().filter(|&at| at < columns);
    match places.kind() {
        Kind::Array(array) => array.i64s(places.document()).ok()?.into_iter().map(whole).collect(),
        Kind::Object(object) => {
            let &[start, stop, step] = &object.args[..] else { return None };
            let number = |id| places.go(id).as_i64().and_then(|v| usize::try_from(v).ok());
            let (start, stop) = (number(start)?, number(stop)?);
            let step = number(step).unwrap_or(1).max(1);
            (stop <= columns).then(|| (start..stop).step_by(step).collect())
        }
        _ => None,
    }
}
