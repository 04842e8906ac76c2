//! The rows that a model is asked about.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};
use longshore_engine::{Data, Inputs, Limits, Table, golden};
use serde_json::{Map, Value, json};

use super::python;

/// Rows of a file.
pub(super) enum Rows {
    /// One table.
    Table(Table),
    /// A golden case, which may hold several.
    Case(Value),
}

impl Rows {
    /// Reads a `.npy` array, a CSV file with a header, or JSON: a golden case or its `input`, a list of rows,
    /// a list of records, or a data frame as `to_dict("split")` gives it.
    pub(super) fn read(path: &Path, limits: &Limits) -> Result<Self> {
        let name = path.display();
        let bytes = fs::read(path).with_context(|| format!("failed to read `{name}`"))?;
        let wrong = || format!("`{name}` does not hold rows");
        if bytes.starts_with(b"\x93NUMPY") {
            let array = golden::array(bytes, limits).with_context(wrong)?;
            return Ok(Self::Table(golden::table(array).with_context(wrong)?));
        }
        if !bytes.trim_ascii_start().starts_with(b"{")
            && !bytes.trim_ascii_start().starts_with(b"[")
        {
            let frame = csv(&bytes).with_context(|| {
                format!("{}: give CSV with a header, JSON or a `.npy` array", wrong())
            })?;
            return Ok(Self::Table(golden::rows(&frame).with_context(wrong)?));
        }
        let value = python::read(path, &bytes, "null")?;
        if value.get("input").is_some() {
            // numbers of a case that are NaN are texts
            return Ok(Self::Case(value));
        }
        Ok(Self::Table(golden::rows(&input(&value).with_context(wrong)?).with_context(wrong)?))
    }
}

/// The rows as a golden case writes them.
fn input(value: &Value) -> Result<Value> {
    if value.get("kind").is_some() {
        return Ok(value.clone());
    }
    let frame =
        ["dataframe_split", "dataframe_records", "instances"].iter().find_map(|key| value.get(key));
    let value = frame.unwrap_or(value);
    if let (Some(names), Some(rows)) = (value["columns"].as_array(), value["data"].as_array()) {
        return split(names, rows);
    }
    let Some(rows) = value.as_array() else {
        bail!(
            "give a list of rows, `{{\"columns\": […], \"data\": [[…]]}}`, or the `input` of a golden case"
        );
    };
    if rows.iter().all(Value::is_string) && !rows.is_empty() {
        return Ok(json!({ "kind": "documents", "data": rows }));
    }
    if let Some(records) = rows.iter().map(Value::as_object).collect::<Option<Vec<_>>>() {
        return Ok(records_of(&records, rows));
    }
    let lists = rows.iter().map(Value::as_array).collect::<Option<Vec<_>>>();
    let lists = lists.context("rows are lists of values, texts, or objects")?;
    let width = lists.first().map_or(0, |row| row.len());
    if let Some(at) = lists.iter().position(|row| row.len() != width) {
        bail!("row {at} has another number of values than row 0");
    }
    let all: Vec<&Value> = lists.into_iter().flatten().collect();
    let dtype = dtype(&all);
    Ok(
        json!({ "kind": "matrix", "dtype": dtype, "rows": rows.len(), "columns": width, "data": numbers(&all, dtype) }),
    )
}

fn split(names: &[Value], rows: &[Value]) -> Result<Value> {
    let rows = rows.iter().map(Value::as_array).collect::<Option<Vec<_>>>();
    let rows = rows.context("`data` is no list of rows")?;
    let mut columns = Vec::with_capacity(names.len());
    for (at, name) in names.iter().enumerate() {
        let cells = rows.iter().map(|row| row.get(at)).collect::<Option<Vec<_>>>();
        let cells = cells.with_context(|| format!("a row has no value of column {name}"))?;
        columns.push(column(name, &cells));
    }
    Ok(json!({ "kind": "frame", "columns": columns }))
}

/// Records are a frame when all have the same keys.
fn records_of(records: &[&Map<String, Value>], rows: &[Value]) -> Value {
    let names: Vec<&String> =
        records.first().map(|first| first.keys().collect()).unwrap_or_default();
    let alike = records.iter().all(|record| {
        record.len() == names.len() && names.iter().all(|name| record.contains_key(*name))
    });
    let plain = records
        .iter()
        .all(|record| record.values().all(|value| !value.is_array() && !value.is_object()));
    if !alike || !plain {
        return json!({ "kind": "dicts", "data": rows });
    }
    let columns = names.into_iter().map(|name| {
        let cells: Vec<&Value> = records.iter().filter_map(|record| record.get(name)).collect();
        column(&json!(name), &cells)
    });
    json!({ "kind": "frame", "columns": columns.collect::<Vec<_>>() })
}

fn column(name: &Value, cells: &[&Value]) -> Value {
    let name = name.as_str().map_or_else(|| name.to_string(), str::to_owned);
    let dtype = dtype(cells);
    json!({ "name": name, "dtype": dtype, "data": numbers(cells, dtype) })
}

/// The type that pandas gives such values.
fn dtype(values: &[&Value]) -> &'static str {
    let known = || values.iter().copied().filter(|value| !value.is_null());
    let is_number = |value: &Value| {
        value.is_number() || matches!(value.as_str(), Some("Infinity" | "-Infinity"))
    };
    let some = known().next().is_some();
    if some && values.iter().all(|value| value.is_boolean()) {
        "bool"
    } else if some && values.iter().all(|value| value.is_i64()) {
        "i64"
    } else if known().all(is_number) {
        "f64"
    } else if known().all(Value::is_string) {
        "text"
    } else {
        "object"
    }
}

/// A missing number is NaN.
fn numbers(values: &[&Value], dtype: &str) -> Vec<Value> {
    let cell = |value: &Value| {
        if dtype == "f64" && value.is_null() { json!("NaN") } else { value.clone() }
    };
    values.iter().map(|value| cell(value)).collect()
}

/// A CSV file as a frame: a column whose fields are all numbers is one of numbers, an empty field is missing.
fn csv(bytes: &[u8]) -> Result<Value> {
    let mut reader = csv::Reader::from_reader(bytes);
    let names: Vec<Value> = reader.headers()?.iter().map(Value::from).collect();
    let mut texts: Vec<Vec<String>> = vec![Vec::new(); names.len()];
    for record in reader.records() {
        for (column, field) in texts.iter_mut().zip(record?.iter()) {
            column.push(field.to_owned());
        }
    }
    let columns = names.iter().zip(&texts).map(|(name, fields)| {
        let cells: Vec<Value> = fields.iter().map(|field| cell(field)).collect();
        let numeric = cells.iter().all(|cell| cell.is_number() || cell.is_null());
        let as_text = |field: &String| if field.is_empty() { Value::Null } else { json!(field) };
        let cells = if numeric { cells } else { fields.iter().map(as_text).collect() };
        column(name, &cells.iter().collect::<Vec<_>>())
    });
    Ok(json!({ "kind": "frame", "columns": columns.collect::<Vec<_>>() }))
}

fn cell(field: &str) -> Value {
    if field.is_empty() {
        return Value::Null;
    }
    let whole = field.parse::<i64>().ok().map(Value::from);
    whole.or_else(|| field.parse::<f64>().ok().map(Value::from)).unwrap_or_else(|| field.into())
}

/// Columns with the model's names, in its order.
pub(super) fn ordered(table: Table, inputs: &Inputs) -> Table {
    let (Some(known), Some(sent), Data::Columns(columns)) =
        (&inputs.names, &table.names, &table.data)
    else {
        return table;
    };
    // dicts have the keys that they have
    if inputs.dicts {
        return table;
    }
    let places = known.iter().map(|name| sent.iter().position(|sent| sent == name));
    let Some(places) = places.collect::<Option<Vec<_>>>() else { return table };
    let columns = places.iter().filter_map(|&at| columns.get(at).cloned()).collect();
    Table { rows: table.rows, names: Some(known.clone()), data: Data::Columns(columns) }
}
