//! `case.json` as values.

use std::sync::Arc;

use longshore_engine::{Cell, Column, Data, Matrix, Method, Table, TextColumn};
use serde_json::Value;

use crate::{Outcome, compare::Tolerance};

/// One model and what is known about its answers.
pub(crate) struct Case {
    pub(crate) models: Vec<String>,
    pub(crate) questions: Vec<Question>,
    pub(crate) errors: Vec<Mistake>,
    pub(crate) refused: Option<Vec<String>>,
    pub(crate) input: Option<Table>,
    /// Places of the columns that the library never reads, when it was asked.
    pub(crate) unread: Option<Vec<usize>>,
}

/// Rows, and the answer of each method.
pub(crate) struct Question {
    pub(crate) table: Table,
    pub(crate) expected: Vec<(Method, Expected)>,
}

/// Rows that the library refuses, and words that a good message holds.
pub(crate) struct Mistake {
    pub(crate) table: Table,
    pub(crate) mentions: Vec<String>,
}

/// An answer of the library.
pub(crate) struct Expected {
    pub(crate) tolerance: Tolerance,
    pub(crate) dtype: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) data: Vec<Value>,
}

impl Case {
    pub(crate) fn parse(text: &str) -> Outcome<Self> {
        let root: Value = serde_json::from_str(text)?;
        let input = match &root["input"] {
            Value::Null => None,
            input => Some(table(input)?),
        };
        let mut questions = Vec::new();
        if let (Some(table), Some(_)) = (&input, root["expected"].as_object()) {
            questions
                .push(Question { table: table.clone(), expected: expected(&root["expected"])? });
        }
        for extra in list(&root["inputs_extra"]) {
            questions
                .push(Question { table: table(extra)?, expected: expected(&extra["expected"])? });
        }
        let mut errors = Vec::new();
        for error in list(&root["errors"]) {
            let mentions = texts(&error["mentions"]);
            errors.push(Mistake { table: table(&error["input"])?, mentions });
        }
        let refused = root["refused"].as_object().map(|_| texts(&root["refused"]["mentions"]));
        let places = root["unread"].as_array();
        let unread = places.map(|all| all.iter().filter_map(|v| v.as_u64()?.try_into().ok()));
        let unread = unread.map(Iterator::collect);
        if questions.is_empty() && refused.is_none() {
            return Err("it asks nothing".into());
        }
        Ok(Self { models: texts(&root["models"]), questions, errors, refused, input, unread })
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn texts(value: &Value) -> Vec<String> {
    list(value).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn expected(value: &Value) -> Outcome<Vec<(Method, Expected)>> {
    let methods = value.as_object().ok_or("`expected` is missing")?;
    methods
        .iter()
        .map(|(method, answer)| {
            let method = method.parse().map_err(|()| format!("unknown method {method}"))?;
            let exact = answer["exact"].as_str().ok_or("`exact` is missing")?;
            let shape = list(&answer["shape"]).iter().filter_map(Value::as_u64);
            let answer = Expected {
                tolerance: exact.parse()?,
                dtype: answer["dtype"].as_str().ok_or("`dtype` is missing")?.to_owned(),
                shape: shape.map(usize::try_from).collect::<Result<_, _>>()?,
                data: list(&answer["data"]).to_vec(),
            };
            Ok((method, answer))
        })
        .collect()
}

/// A number; what JSON cannot write is a text.
pub(crate) fn number(value: &Value) -> Outcome<f64> {
    match value {
        Value::Number(number) => Ok(number.as_f64().ok_or("a number is too large")?),
        Value::String(text) => Ok(text.parse()?),
        Value::Bool(flag) => Ok(f64::from(u8::from(*flag))),
        other => Err(format!("{other} is no number").into()),
    }
}

fn table(input: &Value) -> Outcome<Table> {
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
                .collect::<Outcome<_>>()?;
            let names = all.iter().filter_map(|c| c["name"].as_str()).map(Arc::from).collect();
            let rows = columns.first().map_or(0, Column::len);
            Ok(Table { rows, names: Some(names), data: Data::Columns(columns) })
        }
        Some("matrix") => matrix(input),
        other => Err(format!("unknown kind of input {other:?}").into()),
    }
}

fn matrix(input: &Value) -> Outcome<Table> {
    let size = |name: &str| {
        let size = input[name].as_u64().and_then(|n| usize::try_from(n).ok());
        size.ok_or_else(|| format!("`{name}` is missing"))
    };
    let (rows, columns) = (size("rows")?, size("columns")?);
    let data = list(&input["data"]);
    let numbers = || data.iter().map(number).collect::<Outcome<Vec<f64>>>();
    let data = match input["dtype"].as_str() {
        Some("f64") => Data::F64(Matrix { columns, values: numbers()? }),
        Some("f32") => Data::F32(Matrix {
            columns,
            values: numbers()?.into_iter().map(|v| v as f32).collect(),
        }),
        Some("i64" | "i32") => {
            Data::I64(Matrix { columns, values: data.iter().filter_map(Value::as_i64).collect() })
        }
        Some(dtype) => {
            let each = (0..columns).map(|at| column(dtype, data.iter().skip(at).step_by(columns)));
            Data::Columns(each.collect::<Outcome<_>>()?)
        }
        None => return Err("`dtype` is missing".into()),
    };
    Ok(Table { rows, names: None, data })
}

fn column<'a>(dtype: &str, values: impl Iterator<Item = &'a Value>) -> Outcome<Column> {
    Ok(match dtype {
        "f64" => Column::F64(values.map(number).collect::<Outcome<_>>()?),
        "f32" => Column::F32(values.map(|v| Ok(number(v)? as f32)).collect::<Outcome<_>>()?),
        "i64" | "i32" => Column::I64(values.filter_map(Value::as_i64).collect()),
        "bool" => Column::Bool(values.filter_map(Value::as_bool).collect()),
        "text" => Column::Text(values.map(Value::as_str).collect()),
        "object" => Column::Any(values.map(cell).collect::<Outcome<_>>()?),
        other => return Err(format!("unknown dtype {other}").into()),
    })
}

fn cell(value: &Value) -> Outcome<Cell> {
    Ok(match value {
        Value::Null => Cell::Null,
        Value::Bool(v) => Cell::Bool(*v),
        Value::Number(v) => match v.as_i64() {
            Some(v) => Cell::I64(v),
            None => Cell::F64(number(value)?),
        },
        Value::String(v) => Cell::Text(v.as_str().into()),
        Value::Object(_) => Cell::F64(number(&value["float"])?),
        Value::Array(_) => return Err(format!("{value} is no single value").into()),
    })
}

/// A table whose columns at `places` hold texts that no estimator would take.
pub(crate) fn with_texts(table: &Table, places: &[usize]) -> Table {
    fn picked<T: Copy>(m: &Matrix<T>, at: usize) -> Vec<T> {
        m.values.iter().skip(at).step_by(m.columns).copied().collect()
    }
    let mut columns: Vec<Column> = match &table.data {
        Data::F64(m) => (0..m.columns).map(|at| Column::F64(picked(m, at))).collect(),
        Data::F32(m) => (0..m.columns).map(|at| Column::F32(picked(m, at))).collect(),
        Data::I64(m) => (0..m.columns).map(|at| Column::I64(picked(m, at))).collect(),
        Data::Columns(columns) => columns.clone(),
        Data::Sparse(_) | Data::Documents(_) => return table.clone(),
    };
    for &place in places {
        columns[place] =
            Column::Text(std::iter::repeat_n(Some("never seen"), table.rows).collect());
    }
    Table { data: Data::Columns(columns), ..table.clone() }
}

/// One row of a table as a table.
pub(crate) fn one_row(table: &Table, row: usize) -> Table {
    fn cut<T: Clone>(m: &Matrix<T>, row: usize) -> Matrix<T> {
        let values = m.values[row * m.columns..(row + 1) * m.columns].to_vec();
        Matrix { columns: m.columns, values }
    }
    let text = |texts: &TextColumn| std::iter::once(texts.get(row)).collect::<TextColumn>();
    let data = match &table.data {
        Data::F64(m) => Data::F64(cut(m, row)),
        Data::F32(m) => Data::F32(cut(m, row)),
        Data::I64(m) => Data::I64(cut(m, row)),
        Data::Documents(texts) => Data::Documents(text(texts)),
        Data::Columns(columns) => Data::Columns(
            columns
                .iter()
                .map(|column| match column {
                    Column::F64(v) => Column::F64(vec![v[row]]),
                    Column::F32(v) => Column::F32(vec![v[row]]),
                    Column::I64(v) => Column::I64(vec![v[row]]),
                    Column::Bool(v) => Column::Bool(vec![v[row]]),
                    Column::Text(v) => Column::Text(text(v)),
                    Column::Any(v) => Column::Any(vec![v[row].clone()]),
                })
                .collect(),
        ),
        Data::Sparse(csr) => Data::Sparse(csr.clone()),
    };
    Table { rows: 1, names: table.names.clone(), data }
}
