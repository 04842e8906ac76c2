//! Fitted attributes as Rust values, with errors that name the class and the attribute.

use std::sync::Arc;

use crate::{
    Error, Inputs, Labels, Scalar, quantity,
    read::{Array, Cursor, DtypeKind, Kind},
};

/// An attribute with its dimensions.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Grid {
    /// Its dimensions; empty for a scalar.
    pub(crate) shape: Vec<usize>,
    /// Its values, row-major.
    pub(crate) values: Vec<f64>,
    /// True when they were stored as `float32`, or as a plain Python number that takes on the
    /// type of what it is combined with.
    pub(crate) yields_f32: bool,
}

/// An attribute that must hold numbers: an array, a list, or one number.
pub(crate) fn grid(estimator: Cursor<'_>, name: &str) -> Result<Grid, Error> {
    let value = estimator.require(name)?;
    read_grid(value).ok_or_else(|| {
        Error::attribute(
            estimator.class_name(),
            name,
            format!("holds {}, where numbers are expected", value.describe()),
        )
    })
}

/// The numbers of each element of a list, such as the weights of each layer.
pub(crate) fn grids(estimator: Cursor<'_>, name: &str) -> Result<Vec<Grid>, Error> {
    let read = |(place, item): (usize, Cursor<'_>)| {
        read_grid(item).ok_or_else(|| {
            let reason =
                format!("holds {} in place {place}, where numbers are expected", item.describe());
            Error::attribute(estimator.class_name(), name, reason)
        })
    };
    list(estimator, name)?.into_iter().enumerate().map(read).collect()
}

fn read_grid(value: Cursor<'_>) -> Option<Grid> {
    match value.kind() {
        Kind::Array(array) => Some(Grid {
            shape: array.shape.clone(),
            values: array.f64s(value.document()).ok().filter(|v| v.len() == array.len())?,
            yields_f32: is_f32(array),
        }),
        Kind::List(items) | Kind::Tuple(items) => {
            let values: Option<Vec<_>> = items.iter().map(|&id| value.go(id).as_f64()).collect();
            Some(Grid { shape: vec![items.len()], values: values?, yields_f32: false })
        }
        _ => Some(Grid { shape: Vec::new(), values: vec![value.as_f64()?], yields_f32: true }),
    }
}

/// True for `float32` items.
pub(crate) fn is_f32(array: &Array) -> bool {
    array.dtype.kind == DtypeKind::Float && array.dtype.size == 4
}

/// Numbers that must be there.
pub(crate) fn numbers(estimator: Cursor<'_>, name: &str) -> Result<Vec<f64>, Error> {
    Ok(grid(estimator, name)?.values)
}

/// Numbers, unless the attribute is missing or `None`.
pub(crate) fn numbers_if_any(estimator: Cursor<'_>, name: &str) -> Result<Option<Vec<f64>>, Error> {
    match estimator.attr(name) {
        Some(value) if !value.is_none() => numbers(estimator, name).map(Some),
        _ => Ok(None),
    }
}

/// Numbers of which there must be `count`.
pub(crate) fn numbers_of(
    estimator: Cursor<'_>,
    name: &str,
    count: usize,
) -> Result<Vec<f64>, Error> {
    let values = numbers(estimator, name)?;
    counted(estimator, name, values.len(), count)?;
    Ok(values)
}

/// Checks that an attribute has as many values as its companions.
pub(crate) fn counted(
    estimator: Cursor<'_>,
    name: &str,
    found: usize,
    expected: usize,
) -> Result<(), Error> {
    if found == expected {
        return Ok(());
    }
    let reason = format!("has {} instead of {expected}", quantity(found, "value"));
    Err(Error::attribute(estimator.class_name(), name, reason))
}

/// A boolean parameter; `default` when the file's release does not have it yet.
pub(crate) fn flag(estimator: Cursor<'_>, name: &str, default: bool) -> bool {
    match estimator.attr(name).map(Cursor::kind) {
        Some(Kind::None) => false,
        Some(Kind::Array(array)) => array
            .bools(estimator.document())
            .ok()
            .and_then(|v| v.first().copied())
            .unwrap_or(default),
        Some(_) => estimator.attr(name).and_then(Cursor::as_bool).unwrap_or(default),
        None => default,
    }
}

/// A boolean parameter that must be one where it is there; `default` when the file's release does not
/// have it yet.
pub(crate) fn switch(estimator: Cursor<'_>, name: &str, default: bool) -> Result<bool, Error> {
    let Some(value) = estimator.attr(name) else { return Ok(default) };
    let is_true = match value.kind() {
        Kind::None => Some(false),
        // one of numpy's
        Kind::Array(_) => value.as_i64().filter(|v| matches!(v, 0 | 1)).map(|v| v == 1),
        _ => value.as_bool(),
    };
    is_true.ok_or_else(|| {
        let reason = format!("holds {}, where a boolean is expected", value.describe());
        Error::attribute(estimator.class_name(), name, reason)
    })
}

/// A word that must be one of `known`, where it is there.
pub(crate) fn word<'a>(
    estimator: Cursor<'a>,
    name: &str,
    known: &[&str],
) -> Result<Option<&'a str>, Error> {
    let Some(value) = estimator.attr(name) else { return Ok(None) };
    value.as_str().filter(|word| known.contains(word)).map(Some).ok_or_else(|| {
        let found = value.as_str().map_or_else(|| value.describe(), |word| format!("`{word}`"));
        let reason = format!("holds {found}, where one of {} is expected", known.join(", "));
        Error::attribute(estimator.class_name(), name, reason)
    })
}

/// `value`, which stands in the attribute `name`, as a number of things.
pub(crate) fn count(estimator: Cursor<'_>, name: &str, value: Cursor<'_>) -> Result<usize, Error> {
    value.as_i64().and_then(|n| usize::try_from(n).ok()).ok_or_else(|| {
        let reason = format!("holds {}, where a count is expected", value.describe());
        Error::attribute(estimator.class_name(), name, reason)
    })
}

/// An attribute that must be an instance of `class`.
pub(crate) fn object<'a>(
    estimator: Cursor<'a>,
    name: &str,
    class: &str,
) -> Result<Cursor<'a>, Error> {
    let value = estimator.require(name)?;
    if value.class_name() == class {
        return Ok(value);
    }
    let reason = format!("holds {}, where `{class}` is expected", value.describe());
    Err(Error::attribute(estimator.class_name(), name, reason))
}

/// A text parameter; `None` when it is missing or something else.
pub(crate) fn text<'a>(estimator: Cursor<'a>, name: &str) -> Option<&'a str> {
    estimator.attr(name)?.as_str()
}

/// A number parameter; `None` when it is missing or something else.
pub(crate) fn number(estimator: Cursor<'_>, name: &str) -> Option<f64> {
    estimator.attr(name)?.as_f64()
}

/// The elements of an attribute that must be a list, tuple or array of objects.
pub(crate) fn list<'a>(estimator: Cursor<'a>, name: &str) -> Result<Vec<Cursor<'a>>, Error> {
    let value = estimator.require(name)?;
    let ids = value.items().ok_or_else(|| {
        Error::attribute(
            estimator.class_name(),
            name,
            format!("holds {}, where a list is expected", value.describe()),
        )
    })?;
    Ok(ids.iter().map(|&id| value.go(id)).collect())
}

/// A value as text, whether a Python text or a numpy one.
pub(crate) fn any_text(value: Cursor<'_>) -> Option<String> {
    match value.kind() {
        Kind::Text(text) => Some(text.to_owned()),
        Kind::Array(array) if array.len() == 1 => {
            array.texts(value.document()).ok()?.into_iter().next()
        }
        _ => None,
    }
}

/// Texts in a list, tuple, set, array, or (0.24) a pandas `Index`.
pub(crate) fn texts(value: Cursor<'_>) -> Option<Vec<String>> {
    // an index may hold itself
    texts_at(value, 4)
}

fn texts_at(value: Cursor<'_>, depth: u32) -> Option<Vec<String>> {
    let depth = depth.checked_sub(1)?;
    match value.kind() {
        Kind::Array(array) => array.texts(value.document()).ok(),
        Kind::List(ids) | Kind::Tuple(ids) | Kind::Set(ids) => {
            ids.iter().map(|&id| any_text(value.go(id))).collect()
        }
        Kind::Object(object) => {
            let inside = object.args.iter().copied().chain(object.state);
            let mut found = inside.filter_map(|id| texts_at(value.go(id).attr("data")?, depth));
            found.next()
        }
        _ => None,
    }
}

/// What an estimator expects of its rows, from `n_features_in_` and `feature_names_in_`;
/// `columns` stands in for files that are too old to hold the first.
pub(crate) fn inputs(estimator: Cursor<'_>, columns: Option<usize>) -> Inputs {
    let recorded = estimator.attr("n_features_in_").and_then(Cursor::as_i64);
    let names = estimator.attr("feature_names_in_").and_then(texts);
    Inputs {
        columns: recorded.and_then(|n| usize::try_from(n).ok()).or(columns),
        names: names.map(|names| names.iter().map(|name| Arc::from(name.as_str())).collect()),
        uses: None,
        ..Inputs::default()
    }
}

/// The classes of a classifier.
pub(crate) fn labels(estimator: Cursor<'_>, name: &str) -> Result<Labels, Error> {
    let value = estimator.require(name)?;
    read_labels(value).ok_or_else(|| {
        Error::attribute(
            estimator.class_name(),
            name,
            format!(
                "holds {}, where one class per probability is expected: integers, floats, \
                 booleans or texts of one kind",
                value.describe()
            ),
        )
    })
}

/// An array of labels; `None` when they are not of one kind.
pub(crate) fn read_labels(value: Cursor<'_>) -> Option<Labels> {
    let doc = value.document();
    let array = value.as_array().filter(|array| array.shape.len() == 1)?;
    Some(match array.dtype.kind {
        DtypeKind::Bool => Labels::Bool(array.bools(doc).ok()?.into()),
        DtypeKind::Int if array.dtype.size == 4 => {
            let narrow: Option<Vec<_>> =
                array.i64s(doc).ok()?.into_iter().map(|v| i32::try_from(v).ok()).collect();
            Labels::I32(narrow?.into())
        }
        DtypeKind::Int | DtypeKind::Uint => Labels::I64(array.i64s(doc).ok()?.into()),
        DtypeKind::Float => Labels::F64(array.f64s(doc).ok()?.into()),
        DtypeKind::Unicode | DtypeKind::Bytes => shared(&array.texts(doc).ok()?),
        DtypeKind::Object => {
            let items: Vec<_> = array.objects()?.iter().map(|&id| value.go(id)).collect();
            let bools: Option<Vec<_>> = items
                .iter()
                .map(|item| match item.kind() {
                    Kind::Bool(v) => Some(v),
                    _ => None,
                })
                .collect();
            if let Some(bools) = bools {
                return Some(Labels::Bool(bools.into()));
            }
            let texts: Option<Vec<_>> = items.iter().map(|&item| any_text(item)).collect();
            if let Some(texts) = texts {
                return Some(shared(&texts));
            }
            let whole = items.iter().map(|item| item.as_i64()).collect::<Option<Vec<_>>>();
            match whole {
                Some(whole) => Labels::I64(whole.into()),
                None => Labels::F64(array.f64s(doc).ok()?.into()),
            }
        }
        DtypeKind::Void | DtypeKind::Other => return None,
    })
}

fn shared(texts: &[String]) -> Labels {
    Labels::Text(texts.iter().map(|text| Arc::from(text.as_str())).collect())
}

/// True when a `dtype` parameter names integers of 32 bits.
pub(crate) fn is_narrow(estimator: Cursor<'_>, name: &str) -> bool {
    match estimator.attr(name).map(Cursor::kind) {
        Some(Kind::Global(_, name) | Kind::Text(name)) => {
            matches!(name, "int32" | "intc" | "i4" | "<i4")
        }
        Some(Kind::Dtype(dtype)) => dtype.kind == DtypeKind::Int && dtype.size == 4,
        _ => false,
    }
}

/// The numpy type that a `dtype` parameter names; `None` when it is missing or something else.
/// Integers of all widths are one type here.
pub(crate) fn scalar(estimator: Cursor<'_>, name: &str) -> Option<Scalar> {
    let named = |name: &str| match name {
        "float64" | "float" | "double" | "float_" | "f8" | "<f8" => Some(Scalar::F64),
        "float32" | "single" | "f4" | "<f4" => Some(Scalar::F32),
        "bool" | "bool_" | "bool8" | "?" | "|b1" => Some(Scalar::Bool),
        "i4" | "<i4" | "i8" | "<i8" | "longlong" => Some(Scalar::I64),
        _ if name.starts_with("int") || name.starts_with("uint") => Some(Scalar::I64),
        _ => None,
    };
    match estimator.attr(name)?.kind() {
        Kind::Global(_, name) | Kind::Text(name) => named(name),
        Kind::Dtype(dtype) => match (dtype.kind, dtype.size) {
            (DtypeKind::Float, 8) => Some(Scalar::F64),
            (DtypeKind::Float, 4) => Some(Scalar::F32),
            (DtypeKind::Int | DtypeKind::Uint, _) => Some(Scalar::I64),
            (DtypeKind::Bool, _) => Some(Scalar::Bool),
            _ => None,
        },
        _ => None,
    }
}

/// The release of scikit-learn that an estimator's state names, as two numbers; `None` in files
/// older than 0.18.
pub(crate) fn version(estimator: Cursor<'_>) -> Option<(u32, u32)> {
    release(estimator).map(|(major, minor, _)| (major, minor))
}

/// Whether the file was written under numpy 1, whose single numbers take on the type of the arrays
/// that they are combined with. Files that do not tell were, if their release is older than `since`.
pub(crate) fn is_numpy_1(estimator: Cursor<'_>, since: (u32, u32)) -> bool {
    match estimator.document().numpy_2() {
        Some(is_new) => !is_new,
        None => version(estimator).is_none_or(|release| release < since),
    }
}

/// The release of scikit-learn as [`version`] gives it, with the third number, which is 0 for
/// development releases.
pub(crate) fn release(estimator: Cursor<'_>) -> Option<(u32, u32, u32)> {
    let text = estimator.attr("_sklearn_version")?.as_str()?;
    let mut parts = text.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??, parts.next().flatten().unwrap_or(0)))
}
