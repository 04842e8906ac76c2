use std::{collections::HashSet, sync::Arc};

use serde_json::Value;

use super::number;
use crate::{Cell, Column, Data, Error, Matrix, Table, TextColumn, quantity};

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The rows of a case: `{"kind": "matrix" | "frame" | "documents" | "dicts" | "lists", …}`.
///
/// # Errors
/// [`Error::Input`] that names what is missing or unknown.
pub fn rows(input: &Value) -> Result<Table, Error> {
    match input["kind"].as_str() {
        Some("documents") => {
            let texts: TextColumn = list(&input["data"]).iter().map(Value::as_str).collect();
            Ok(Table { rows: texts.len(), names: None, data: Data::Documents(texts) })
        }
        Some("frame") => {
            let all = list(&input["columns"]);
            let columns: Vec<_> = all
                .iter()
                .map(|c| column(c["dtype"].as_str().unwrap_or_default(), list(&c["data"]).iter()))
                .collect::<Result<_, Error>>()?;
            let names = all.iter().filter_map(|c| c["name"].as_str()).map(Arc::from).collect();
            let rows = columns.first().map_or(0, Column::len);
            if let Some(at) = columns.iter().position(|column| column.len() != rows) {
                let found = columns.get(at).map_or(0, Column::len);
                let reason =
                    format!("column {at} has {}, the first has {rows}", quantity(found, "row"));
                return Err(Error::input(reason));
            }
            Ok(Table { rows, names: Some(names), data: Data::Columns(columns) })
        }
        Some("matrix") => matrix(input),
        Some("dicts") => dicts(list(&input["data"])),
        Some("lists") => {
            let data = vec![column("object", list(&input["data"]).iter())?];
            let rows = list(&input["data"]).len();
            Ok(Table { rows, names: None, data: Data::Columns(data) })
        }
        other => Err(Error::input(format!("unknown kind of input {other:?}"))),
    }
}

/// Rows by key: a column for each key that any row has, of its own type where all values are of one.
fn dicts(rows: &[Value]) -> Result<Table, Error> {
    let mut names: Vec<&str> = Vec::new();
    let mut seen = HashSet::new();
    for row in rows {
        let row = row.as_object().ok_or_else(|| Error::input(format!("{row} is no object")))?;
        names.extend(row.keys().map(String::as_str).filter(|&key| seen.insert(key)));
    }
    let of_key = |name: &&str| -> Result<Column, Error> {
        let here = || rows.iter().map(|row| row.get(*name));
        let all = |is: fn(&Value) -> bool| here().all(|value| value.is_some_and(is));
        let dtype = if all(Value::is_string) {
            "text"
        } else if all(Value::is_f64) {
            "f64"
        } else if all(Value::is_i64) {
            "i64"
        } else {
            let cells = here().map(|value| value.map_or(Ok(Cell::Absent), cell));
            return Ok(Column::Any(cells.collect::<Result<_, Error>>()?));
        };
        column(dtype, here().flatten())
    };
    let columns = names.iter().map(of_key).collect::<Result<_, Error>>()?;
    let names = names.iter().map(|&name| Arc::from(name)).collect();
    Ok(Table { rows: rows.len(), names: Some(names), data: Data::Columns(columns) })
}

fn matrix(input: &Value) -> Result<Table, Error> {
    let size = |name: &str| {
        let size = input[name].as_u64().and_then(|n| usize::try_from(n).ok());
        size.ok_or_else(|| Error::input(format!("`{name}` is missing")))
    };
    let (rows, columns) = (size("rows")?, size("columns")?);
    let data = list(&input["data"]);
    if rows.checked_mul(columns) != Some(data.len()) {
        let found = quantity(data.len(), "value");
        return Err(Error::input(format!("`data` has {found}, not {rows} × {columns}")));
    }
    let numbers = || data.iter().map(number).collect::<Result<Vec<f64>, Error>>();
    let data = match input["dtype"].as_str() {
        Some("f64") => Data::F64(Matrix { columns, values: numbers()? }),
        Some("f32") => Data::F32(Matrix {
            columns,
            values: numbers()?.into_iter().map(|v| v as f32).collect(),
        }),
        Some("i64" | "i32") => Data::I64(Matrix {
            columns,
            values: data.iter().map(whole).collect::<Result<_, Error>>()?,
        }),
        Some(dtype) => {
            let each = (0..columns).map(|at| column(dtype, data.iter().skip(at).step_by(columns)));
            Data::Columns(each.collect::<Result<_, Error>>()?)
        }
        None => return Err(Error::input("`dtype` is missing")),
    };
    Ok(Table { rows, names: None, data })
}

fn column<'a>(dtype: &str, values: impl Iterator<Item = &'a Value>) -> Result<Column, Error> {
    Ok(match dtype {
        "f64" => Column::F64(values.map(number).collect::<Result<_, Error>>()?),
        "f32" => Column::F32(values.map(|v| Ok(number(v)? as f32)).collect::<Result<_, Error>>()?),
        "i64" | "i32" => Column::I64(values.map(whole).collect::<Result<_, Error>>()?),
        "bool" => Column::Bool(values.map(flag).collect::<Result<_, Error>>()?),
        "text" => Column::Text(values.map(Value::as_str).collect()),
        "object" => Column::Any(values.map(cell).collect::<Result<_, Error>>()?),
        other => return Err(Error::input(format!("unknown dtype {other}"))),
    })
}

fn whole(value: &Value) -> Result<i64, Error> {
    value.as_i64().ok_or_else(|| Error::input(format!("{value} is no integer")))
}

fn flag(value: &Value) -> Result<bool, Error> {
    value.as_bool().ok_or_else(|| Error::input(format!("{value} is neither true nor false")))
}

fn cell(value: &Value) -> Result<Cell, Error> {
    Ok(match value {
        Value::Null => Cell::Null,
        Value::Bool(v) => Cell::Bool(*v),
        Value::Number(v) => match v.as_i64() {
            Some(v) => Cell::I64(v),
            None => Cell::F64(number(value)?),
        },
        Value::String(v) => Cell::Text(v.as_str().into()),
        Value::Object(_) => Cell::F64(number(&value["float"])?),
        Value::Array(texts) => {
            let texts: Option<Arc<[Arc<str>]>> =
                texts.iter().map(|text| text.as_str().map(Arc::from)).collect();
            let wrong = || Error::input(format!("{value} is neither a single value nor texts"));
            Cell::Texts(texts.ok_or_else(wrong)?)
        }
    })
}
