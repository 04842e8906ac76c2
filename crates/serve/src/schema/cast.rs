//! Values in the types that a signature declares.
//!
//! MLflow forces every value into its column's type and thereby turns 1.7 into 1 and lets large
//! integers wrap; here, a value that would change is refused.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use longshore_engine::{Cell, Column, Matrix, TextColumn};
use longshore_mlflow::ColumnType;

use super::{Field, is_textual, text::texts};
use crate::{failure::Failure, frame::is_exact};

const LIST: &str = "is a list of texts";

/// True when doubles may stay doubles: the values of integers are checked, not converted, since
/// the engine computes with doubles anyway.
pub(super) fn keeps_doubles(field: &Field) -> bool {
    use ColumnType::{Double, Integer, Long, Nested};
    !field.text && matches!(field.kind, None | Some(Double | Integer | Long | Nested))
}

/// Refuses values that are no integers, in columns of integers; refuses NaN only where no value may
/// be missing.
pub(super) fn check_integers<'f>(
    matrix: &Matrix<f64>,
    field: impl Fn(usize) -> &'f Field,
    name: impl Fn(usize) -> String,
) -> Result<(), Failure> {
    for at in 0..matrix.columns {
        let &Field {
            kind: Some(kind @ (ColumnType::Integer | ColumnType::Long)), may_lack, ..
        } = field(at)
        else {
            continue;
        };
        let values = matrix.values.iter().skip(at).step_by(matrix.columns);
        for (row, &value) in values.enumerate().filter(|(_, value)| !(may_lack && value.is_nan())) {
            integer(value, kind).map_err(|reason| refuse(&name(at), row, kind, &reason))?;
        }
    }
    Ok(())
}

/// Converts a column to the type of its field; a value that would change is refused with its row.
pub(super) fn column(
    column: Column,
    field: &Field,
    name: impl Fn() -> String,
) -> Result<Column, Failure> {
    if field.text {
        return texts(column, name).map(Column::Text);
    }
    let Some(kind) = field.kind else { return Ok(column) };
    let fail = |(row, reason): (usize, String)| refuse(&name(), row, kind, &reason);
    let column = match column {
        // a column of nothing but missing values is of any type
        Column::F64(values) if is_textual(Some(kind)) && values.iter().all(|v| v.is_nan()) => {
            Column::Text(values.iter().map(|_| None).collect())
        }
        other => other,
    };
    match kind {
        ColumnType::Double => doubles(column).map(Column::F64).map_err(fail),
        ColumnType::Float => {
            let values = doubles(column).map_err(fail)?;
            Ok(Column::F32(values.into_iter().map(|value| value as f32).collect()))
        }
        ColumnType::Integer | ColumnType::Long | ColumnType::Boolean if field.may_lack => {
            lacking(column, kind).map_err(fail)
        }
        ColumnType::Integer | ColumnType::Long => {
            integers(column, kind).map(Column::I64).map_err(fail)
        }
        ColumnType::Boolean => booleans(column).map(Column::Bool).map_err(fail),
        ColumnType::Binary => binary(column).map(Column::Text).map_err(fail),
        ColumnType::Datetime => match column {
            Column::Text(_) => Ok(column),
            _ => Err(fail((0, "is not a text such as `2026-11-21T06:30:00`".into()))),
        },
        ColumnType::String | ColumnType::Nested => Ok(column),
    }
}

/// Integers or booleans some of which may be missing. pandas has none of these: such a column is one
/// of doubles, or one of objects where doubles would change an integer.
fn lacking(column: Column, kind: ColumnType) -> Result<Column, Refused> {
    let missing = missing(&column);
    if !missing.contains(&true) {
        return match kind {
            ColumnType::Boolean => booleans(column).map(Column::Bool),
            _ => integers(column, kind).map(Column::I64),
        };
    }
    let present = (0..missing.len()).filter(|&row| missing.get(row) == Some(&false));
    let rows: Vec<usize> = present.collect();
    let there = |(at, reason): Refused| (rows.get(at).copied().unwrap_or(at), reason);
    let values: Vec<i64> = match kind {
        ColumnType::Boolean => {
            booleans(pick(column, &rows)).map_err(there)?.into_iter().map(i64::from).collect()
        }
        _ => integers(pick(column, &rows), kind).map_err(there)?,
    };
    let mut values = values.into_iter();
    let mut next = |missing: &bool| if *missing { None } else { values.next() };
    let all: Vec<Option<i64>> = missing.iter().map(&mut next).collect();
    if all.iter().flatten().all(|&value| is_exact(value)) {
        return Ok(Column::F64(
            all.into_iter().map(|value| value.map_or(f64::NAN, |value| value as f64)).collect(),
        ));
    }
    Ok(Column::Any(all.into_iter().map(|value| value.map_or(Cell::Null, Cell::I64)).collect()))
}

/// Which values are missing.
fn missing(column: &Column) -> Vec<bool> {
    match column {
        Column::F64(values) => values.iter().map(|value| value.is_nan()).collect(),
        Column::F32(values) => values.iter().map(|value| value.is_nan()).collect(),
        Column::I64(values) => vec![false; values.len()],
        Column::Bool(values) => vec![false; values.len()],
        Column::Text(values) => values.iter().map(|value| value.is_none()).collect(),
        Column::Any(cells) => cells
            .iter()
            .map(|cell| match cell {
                Cell::Null | Cell::Absent => true,
                Cell::F64(value) => value.is_nan(),
                _ => false,
            })
            .collect(),
    }
}

/// The values of some rows.
fn pick(column: Column, rows: &[usize]) -> Column {
    fn some<T: Clone>(values: &[T], rows: &[usize]) -> Vec<T> {
        rows.iter().filter_map(|&row| values.get(row).cloned()).collect()
    }
    match column {
        Column::F64(values) => Column::F64(some(&values, rows)),
        Column::F32(values) => Column::F32(some(&values, rows)),
        Column::I64(values) => Column::I64(some(&values, rows)),
        Column::Bool(values) => Column::Bool(some(&values, rows)),
        Column::Text(values) => Column::Text(rows.iter().map(|&row| values.get(row)).collect()),
        Column::Any(values) => Column::Any(some(&values, rows)),
    }
}

fn refuse(name: &str, row: usize, kind: ColumnType, reason: &str) -> Failure {
    Failure::unfit(format!(
        "column {name}, row {row}: the value {reason}; the column's type is `{}`",
        kind.name()
    ))
}

type Refused = (usize, String);

/// The value as an integer of `kind`.
fn integer(value: f64, kind: ColumnType) -> Result<i64, String> {
    if value.is_nan() {
        return Err("is null or NaN".into());
    }
    if value.trunc() != value {
        return Err(format!("{value} is not a whole number"));
    }
    let (low, high) = match kind {
        ColumnType::Integer => (f64::from(i32::MIN), f64::from(i32::MAX)),
        // the largest double below 2^63
        _ => (i64::MIN as f64, 9_223_372_036_854_774_784.0),
    };
    if value < low || value > high {
        return Err(format!("{value} is out of range"));
    }
    Ok(value as i64)
}

fn in_range(value: i64, kind: ColumnType) -> Result<i64, String> {
    if kind == ColumnType::Integer && i32::try_from(value).is_err() {
        return Err(format!("{value} is out of range"));
    }
    Ok(value)
}

fn each<T, U>(
    values: impl IntoIterator<Item = T>,
    convert: impl Fn(T) -> Result<U, String>,
) -> Result<Vec<U>, Refused> {
    let convert = |(row, value)| convert(value).map_err(|reason| (row, reason));
    values.into_iter().enumerate().map(convert).collect()
}

fn shown(text: &str) -> String {
    let short: String = text.chars().take(40).collect();
    if short.len() < text.len() { format!("`{short}…`") } else { format!("`{short}`") }
}

fn text_double(text: &str) -> Result<f64, String> {
    text.trim().parse().map_err(|_| {
        let shown = shown(text);
        let pointed = text.trim().replacen(',', ".", 1);
        if pointed.parse::<f64>().is_ok() {
            return format!("{shown} is not a number: write `{pointed}`, with a point");
        }
        format!("{shown} is not a number")
    })
}

fn doubles(column: Column) -> Result<Vec<f64>, Refused> {
    match column {
        Column::F64(values) => Ok(values),
        Column::F32(values) => Ok(values.into_iter().map(f64::from).collect()),
        Column::I64(values) => Ok(values.into_iter().map(|value| value as f64).collect()),
        Column::Bool(values) => Ok(values.into_iter().map(|v| f64::from(u8::from(v))).collect()),
        Column::Text(values) => each(values.iter(), |text| text.map_or(Ok(f64::NAN), text_double)),
        Column::Any(cells) => each(cells, |cell| match cell {
            Cell::Null | Cell::Absent => Ok(f64::NAN),
            Cell::Bool(value) => Ok(f64::from(u8::from(value))),
            Cell::I64(value) => Ok(value as f64),
            Cell::F64(value) => Ok(value),
            Cell::Text(text) => text_double(&text),
            Cell::Texts(_) => Err(LIST.into()),
        }),
    }
}

fn integers(column: Column, kind: ColumnType) -> Result<Vec<i64>, Refused> {
    let text = |text: &str| match text.trim().parse::<i64>() {
        Ok(value) => in_range(value, kind),
        Err(_) => text_double(text).and_then(|value| integer(value, kind)),
    };
    match column {
        Column::I64(values) => each(values, |value| in_range(value, kind)),
        Column::F64(values) => each(values, |value| integer(value, kind)),
        Column::F32(values) => each(values, |value| integer(f64::from(value), kind)),
        Column::Bool(values) => Ok(values.into_iter().map(i64::from).collect()),
        Column::Text(values) => {
            each(values.iter(), |value| value.map_or_else(|| Err("is null".into()), text))
        }
        Column::Any(cells) => each(cells, |cell| match cell {
            Cell::Null | Cell::Absent => Err("is null".into()),
            Cell::Bool(value) => Ok(i64::from(value)),
            Cell::I64(value) => in_range(value, kind),
            Cell::F64(value) => integer(value, kind),
            Cell::Text(value) => text(&value),
            Cell::Texts(_) => Err(LIST.into()),
        }),
    }
}

fn booleans(column: Column) -> Result<Vec<bool>, Refused> {
    let number = |value: f64| match value {
        0.0 => Ok(false),
        1.0 => Ok(true),
        _ => Err(format!("{value} is neither true nor false")),
    };
    let text = |text: &str| match text.trim() {
        "true" | "True" | "TRUE" => Ok(true),
        "false" | "False" | "FALSE" => Ok(false),
        _ => Err(format!("{} is neither true nor false", shown(text))),
    };
    match column {
        Column::Bool(values) => Ok(values),
        Column::I64(values) => each(values, |value| number(value as f64)),
        Column::F64(values) => {
            each(
                values,
                |value| {
                    if value.is_nan() { Err("is null or NaN".into()) } else { number(value) }
                },
            )
        }
        Column::F32(values) => each(values, |value| number(f64::from(value))),
        Column::Text(values) => {
            each(values.iter(), |value| value.map_or_else(|| Err("is null".into()), text))
        }
        Column::Any(cells) => each(cells, |cell| match cell {
            Cell::Null | Cell::Absent => Err("is null".into()),
            Cell::Bool(value) => Ok(value),
            Cell::I64(value) => number(value as f64),
            Cell::F64(value) => number(value),
            Cell::Text(value) => text(&value),
            Cell::Texts(_) => Err(LIST.into()),
        }),
    }
}

/// Bytes arrive as base64; the engine takes those that are text.
fn binary(column: Column) -> Result<TextColumn, Refused> {
    let Column::Text(values) = column else {
        return Err((0, "is not base64 text".into()));
    };
    let mut texts = TextColumn::with_capacity(values.len());
    for (row, value) in values.iter().enumerate() {
        let text = match value {
            None => None,
            Some(value) => {
                let bytes =
                    STANDARD.decode(value).map_err(|_| (row, "is not base64".to_owned()))?;
                let text = String::from_utf8(bytes)
                    .map_err(|_| (row, "is not UTF-8 once decoded".to_owned()))?;
                Some(text)
            }
        };
        texts.push(text.as_deref());
    }
    Ok(texts)
}
