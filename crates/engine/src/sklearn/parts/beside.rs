//! What stands beside a model in one file and does not change what the model answers.

use crate::{
    attributes,
    read::{Cursor, Id, Kind},
    sklearn::{not_a_model, sampler},
};

/// Values that are looked at: lists may hold the same list many times.
const MOST: usize = 1 << 20;
/// Nesting that is followed.
const DEEPEST: usize = 12;
/// Packages of the standard library whose classes are plain values.
const PLAIN: &[&str] =
    &["datetime", "_pydatetime", "decimal", "fractions", "uuid", "pathlib", "zoneinfo"];

/// Encoders of the answers that a model was trained on.
pub(super) fn is_labels(value: Cursor<'_>) -> bool {
    value.class().is_some_and(|(module, name)| {
        not_a_model::package(module) == "sklearn"
            && matches!(name, "LabelEncoder" | "LabelBinarizer" | "MultiLabelBinarizer")
    })
}

/// Whether a value is data: numbers, texts, dates, tables, and lists and dicts of them. Samplers and
/// encoders of labels do nothing to rows either.
pub(super) fn is_data(value: Cursor<'_>) -> bool {
    let mut left = MOST;
    plain(value, DEEPEST, &mut left)
}

fn plain(value: Cursor<'_>, depth: usize, left: &mut usize) -> bool {
    if depth == 0 || *left == 0 {
        return false;
    }
    *left -= 1;
    let mut all = |ids: &[Id]| ids.iter().all(|&id| plain(value.go(id), depth - 1, left));
    match value.kind() {
        Kind::None
        | Kind::Bool(_)
        | Kind::Int(_)
        | Kind::BigInt(_)
        | Kind::Float(_)
        | Kind::Text(_)
        | Kind::Bytes(_)
        | Kind::Dtype(_) => true,
        Kind::List(ids) | Kind::Tuple(ids) | Kind::Set(ids) => all(ids),
        Kind::Dict(pairs) => pairs.iter().all(|&(key, item)| all(&[key, item])),
        Kind::Array(array) => array.objects().is_none_or(all),
        // a type by its name, as of a column; a function may be what prepares rows
        Kind::Global(module, name) => {
            module == "numpy"
                || module == "builtins" && matches!(name, "float" | "int" | "str" | "bool")
        }
        Kind::Object(object) => {
            sampler::is_sampler(value)
                || is_labels(value)
                || value.class().is_some_and(|(module, name)| match (module, name) {
                    ("collections", "OrderedDict" | "defaultdict" | "Counter") => {
                        object.pairs.iter().all(|&(key, item)| all(&[key, item]))
                    }
                    _ => {
                        PLAIN.contains(&not_a_model::package(module))
                            || not_a_model::is_data(module)
                    }
                })
        }
    }
}

/// How many lists of floats inside have one for each of `columns` columns: by two of them, such as
/// means and deviations, rows may be scaled.
pub(super) fn of_columns(value: Cursor<'_>, columns: usize) -> usize {
    let mut left = MOST;
    lists(value, columns, DEEPEST, &mut left)
}

fn lists(value: Cursor<'_>, columns: usize, depth: usize, left: &mut usize) -> usize {
    if depth == 0 || *left == 0 {
        return 0;
    }
    *left -= 1;
    match value.kind() {
        Kind::Array(array) => {
            let is_one = array.len() == columns && array.shape.iter().max() == Some(&columns);
            usize::from(is_one && array.dtype.kind == crate::read::DtypeKind::Float)
        }
        Kind::List(ids) | Kind::Tuple(ids) => {
            let is_float = |id: &Id| matches!(value.go(*id).kind(), Kind::Float(_));
            if ids.len() == columns && ids.iter().all(is_float) {
                return 1;
            }
            ids.iter().map(|&id| lists(value.go(id), columns, depth - 1, left)).sum()
        }
        Kind::Dict(pairs) => {
            pairs.iter().map(|&(_, item)| lists(value.go(item), columns, depth - 1, left)).sum()
        }
        _ => 0,
    }
}

/// What a value is, for people: itself where it is short.
pub(super) fn shown(value: Cursor<'_>) -> String {
    if is_labels(value) {
        let classes = attributes::labels(value, "classes_").map(|labels| labels.listed());
        let of = classes.map(|classes| format!(" of {classes}")).unwrap_or_default();
        return format!("a {}{of}", value.class_name());
    }
    match value.kind() {
        Kind::Bool(value) => if value { "True" } else { "False" }.to_owned(),
        Kind::Int(value) => value.to_string(),
        Kind::Float(value) => value.to_string(),
        _ => value.describe(),
    }
}
