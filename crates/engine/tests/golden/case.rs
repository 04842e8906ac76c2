//! `case.json` as values.

use longshore_engine::{
    Column, Data, Matrix, Method, Table, TextColumn,
    golden::{self, Expected},
};
use serde_json::Value;

use crate::Outcome;

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

impl Case {
    pub(crate) fn parse(text: &str) -> Outcome<Self> {
        let root: Value = serde_json::from_str(text)?;
        let input = match &root["input"] {
            Value::Null => None,
            input => Some(golden::rows(input)?),
        };
        let mut questions = Vec::new();
        if let (Some(table), Some(_)) = (&input, root["expected"].as_object()) {
            questions.push(Question {
                table: table.clone(),
                expected: golden::expected(&root["expected"])?,
            });
        }
        for extra in list(&root["inputs_extra"]) {
            questions.push(Question {
                table: golden::rows(extra)?,
                expected: golden::expected(&extra["expected"])?,
            });
        }
        let mut errors = Vec::new();
        for error in list(&root["errors"]) {
            let mentions = texts(&error["mentions"]);
            errors.push(Mistake { table: golden::rows(&error["input"])?, mentions });
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
