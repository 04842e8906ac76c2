//! The answers that the library gave.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};
use longshore_engine::{
    Limits, Method, Output, OutputData, Table,
    golden::{self, Exactness, Expected},
};
use serde_json::{Value, json};

use super::{python, rows::Rows};

/// A method, the shape of its answer, and the values.
type Free = (Option<Method>, Vec<usize>, Vec<Value>);

/// What a file of answers holds.
pub(super) enum Answers {
    /// A golden case, which may hold answers to several inputs.
    Case(Value),
    /// Answers of a golden case, by method.
    Golden(Value),
    /// Free answers: method, shape, values; no method means the default one.
    Free(Vec<Free>),
}

/// Rows, and what each method should answer.
pub(super) struct Question {
    /// Which rows of several; empty for the only ones.
    pub(super) label: String,
    pub(super) table: Table,
    pub(super) expected: Vec<(Method, Expected)>,
}

/// A free answer of one column is one value a row, and the other way round: lists do not tell.
pub(super) fn fitted(mut expected: Expected, got: &Output) -> Expected {
    if expected.dtype.is_none() {
        match (&expected.shape[..], got.columns) {
            (&[rows, 1], None) => expected.shape = vec![rows],
            (&[rows], Some(1)) => expected.shape = vec![rows, 1],
            _ => {}
        }
    }
    expected
}

impl Answers {
    /// Reads a `.npy` array, a golden case or its `expected`, an object of methods and their answers, a
    /// list of answers, or `{"predictions": …}`.
    pub(super) fn read(path: &Path, limits: &Limits) -> Result<Self> {
        let name = path.display();
        let bytes = fs::read(path).with_context(|| format!("failed to read `{name}`"))?;
        let wrong = || format!("`{name}` does not hold answers");
        if bytes.starts_with(b"\x93NUMPY") {
            let array = golden::array(bytes, limits).with_context(wrong)?;
            let shape = std::iter::once(array.rows).chain(array.columns).collect();
            return Ok(Self::Free(vec![(None, shape, values(&array.data))]));
        }
        let value = python::read(path, &bytes, "\"NaN\"")?;
        if value.get("expected").is_some_and(Value::is_object) {
            return Ok(Self::Case(value));
        }
        let free = |method, value: &Value| {
            let (shape, values) = golden::listed(value).with_context(wrong)?;
            Ok::<Free, anyhow::Error>((method, shape, values))
        };
        let Some(methods) = value.as_object() else {
            return Ok(Self::Free(vec![free(None, &value)?]));
        };
        if let (Some(predictions), 1) = (methods.get("predictions"), methods.len()) {
            return Ok(Self::Free(vec![free(None, predictions)?]));
        }
        if methods.values().all(|answer| answer.get("data").is_some()) && !methods.is_empty() {
            return Ok(Self::Golden(value));
        }
        let mut all = Vec::new();
        for (method, answer) in methods {
            all.push(free(Some(crate::models::method(method)?), answer)?);
        }
        Ok(Self::Free(all))
    }

    /// The answers beside the rows they belong to. Free answers are those of `default` unless they name a
    /// method; `exactness` takes the place of the one that a case names, which is class C for free answers.
    pub(super) fn questions(
        self,
        rows: Rows,
        default: Method,
        exactness: Option<Exactness>,
    ) -> Result<Vec<Question>> {
        let read = |answers: &Value| -> Result<Vec<(Method, Expected)>> {
            let set = |(method, mut expected): (Method, Expected)| {
                expected.exactness = exactness.unwrap_or(expected.exactness);
                (method, expected)
            };
            Ok(golden::expected(answers)?.into_iter().map(set).collect())
        };
        let one = |table, expected| vec![Question { label: String::new(), table, expected }];
        let table = |rows: Rows| match rows {
            Rows::Table(table) => Ok(table),
            Rows::Case(case) => golden::rows(&case["input"]).context("the case's `input`"),
        };
        Ok(match (self, rows) {
            (Self::Case(answers), Rows::Case(case)) => {
                let mut all = one(
                    golden::rows(&case["input"]).context("the case's `input`")?,
                    read(&answers["expected"])?,
                );
                let list =
                    |value: &Value| value["inputs_extra"].as_array().cloned().unwrap_or_default();
                let (asked, answered) = (list(&case), list(&answers));
                if asked.len() == answered.len() {
                    for (at, (asked, answered)) in asked.iter().zip(&answered).enumerate() {
                        let label = format!("extra input {at}");
                        let table = golden::rows(asked).with_context(|| label.clone())?;
                        all.push(Question { label, table, expected: read(&answered["expected"])? });
                    }
                }
                all
            }
            (Self::Case(answers), rows) => one(table(rows)?, read(&answers["expected"])?),
            (Self::Golden(answers), rows) => one(table(rows)?, read(&answers)?),
            (Self::Free(answers), rows) => {
                let table = table(rows)?;
                if let Some((_, shape, _)) =
                    answers.iter().find(|(_, shape, _)| shape.first() != Some(&table.rows))
                {
                    bail!(
                        "there are {} rows, and answers to {}",
                        table.rows,
                        shape.first().copied().unwrap_or(0)
                    );
                }
                let exactness = exactness.unwrap_or(Exactness::Sum);
                let answer = |shape, data| Expected { exactness, dtype: None, shape, data };
                one(
                    table,
                    answers
                        .into_iter()
                        .map(|(method, shape, data)| {
                            (method.unwrap_or(default), answer(shape, data))
                        })
                        .collect(),
                )
            }
        })
    }
}

/// Values as a golden case writes them.
fn values(data: &OutputData) -> Vec<Value> {
    let float = |v: f64| match v {
        v if v.is_nan() => json!("NaN"),
        f64::INFINITY => json!("Infinity"),
        f64::NEG_INFINITY => json!("-Infinity"),
        v => json!(v),
    };
    match data {
        OutputData::F64(v) => v.iter().map(|&v| float(v)).collect(),
        OutputData::F32(v) => v.iter().map(|&v| float(f64::from(v))).collect(),
        OutputData::I64(v) => v.iter().map(|&v| json!(v)).collect(),
        OutputData::I32(v) => v.iter().map(|&v| json!(v)).collect(),
        OutputData::Bool(v) => v.iter().map(|&v| json!(v)).collect(),
        OutputData::Text(v) => v.iter().map(|text| json!(text)).collect(),
    }
}
