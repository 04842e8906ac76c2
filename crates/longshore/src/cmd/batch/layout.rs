//! The columns of the output, and where their values are.

use anyhow::{Result, bail};
use longshore_engine::{Cell, Column, Labels, Method, Output, OutputData, TextColumn};
use longshore_serve::bulk::Scorer;
use serde::{Deserialize, Serialize};

/// A column of the output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OutColumn {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Whether values may be missing.
    pub(super) optional: bool,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Bool,
    I32,
    I64,
    F32,
    F64,
    Text,
}

/// A value on its way to the output.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Item<'a> {
    Missing,
    Bool(bool),
    I64(i64),
    F32(f32),
    F64(f64),
    Text(&'a str),
    /// Text that is a value of JSON.
    Json(&'a str),
}

/// A column of the input that is copied.
#[derive(Clone, Debug)]
pub(super) enum Kept {
    Values(Column),
    Json(TextColumn),
}

/// Where the values of a column of the output are.
#[derive(Clone, Copy)]
pub(super) enum Values<'a> {
    Kept(&'a Kept),
    /// A column of an answer: its data, the values of a row, and the place among them.
    Answer(&'a OutputData, usize, usize),
}

impl Values<'_> {
    /// The value of a row.
    pub(super) fn item(&self, row: usize) -> Item<'_> {
        let found = match self {
            Self::Kept(Kept::Values(column)) => cell(column, row),
            Self::Kept(Kept::Json(texts)) => texts.get(row).map(Item::Json),
            Self::Answer(data, width, at) => answer(data, row * width + at),
        };
        found.unwrap_or(Item::Missing)
    }
}

fn answer(data: &OutputData, at: usize) -> Option<Item<'_>> {
    Some(match data {
        OutputData::F64(values) => Item::F64(*values.get(at)?),
        OutputData::F32(values) => Item::F32(*values.get(at)?),
        OutputData::I64(values) => Item::I64(*values.get(at)?),
        OutputData::I32(values) => Item::I64(i64::from(*values.get(at)?)),
        OutputData::Bool(values) => Item::Bool(*values.get(at)?),
        OutputData::Text(values) => Item::Text(values.get(at)?),
    })
}

/// A value of the input. In its columns, a number that is none stands for a missing value.
fn cell(column: &Column, row: usize) -> Option<Item<'_>> {
    Some(match column {
        Column::F64(values) => Item::F64(*values.get(row).filter(|value| !value.is_nan())?),
        Column::F32(values) => Item::F32(*values.get(row).filter(|value| !value.is_nan())?),
        Column::I64(values) => Item::I64(*values.get(row)?),
        Column::Bool(values) => Item::Bool(*values.get(row)?),
        Column::Text(values) => Item::Text(values.get(row)?),
        Column::Any(cells) => match cells.get(row)? {
            Cell::Bool(value) => Item::Bool(*value),
            Cell::I64(value) => Item::I64(*value),
            Cell::F64(value) => Item::F64(*value),
            Cell::Text(text) => Item::Text(text),
            Cell::Null | Cell::Texts(_) | Cell::Absent => return None,
        },
    })
}

/// The columns of the answers to `methods`: what each output calls its values.
pub(super) fn of_answers(
    scorer: &Scorer,
    methods: &[Method],
    outputs: &[Output],
) -> Vec<OutColumn> {
    let mut columns = Vec::new();
    for (&method, output) in methods.iter().zip(outputs) {
        let (kind, optional) = match output.data {
            OutputData::F64(_) => (Kind::F64, false),
            OutputData::F32(_) => (Kind::F32, false),
            OutputData::I64(_) => (Kind::I64, false),
            OutputData::I32(_) => (Kind::I32, false),
            OutputData::Bool(_) => (Kind::Bool, false),
            OutputData::Text(_) => (Kind::Text, true),
        };
        let names = names(scorer.classes(), method, output.columns);
        columns.extend(names.into_iter().map(|name| OutColumn { name, kind, optional }));
    }
    columns
}

/// The names of a method's values; `width` is the number of values in a row, where it is no single one.
fn names(classes: Option<&Labels>, method: Method, width: Option<usize>) -> Vec<String> {
    let stem = match method {
        Method::Predict => "prediction",
        Method::PredictProba => "probability",
        Method::PredictLogProba => "log_probability",
        other => other.name(),
    };
    let of_classes =
        matches!(method, Method::PredictProba | Method::PredictLogProba | Method::DecisionFunction);
    let Some(width) = width.filter(|&width| width != 1) else { return vec![stem.to_owned()] };
    let classes = classes.filter(|classes| of_classes && classes.len() == width);
    let label = |at: usize| match classes {
        None => at.to_string(),
        Some(Labels::I64(labels)) => labels.get(at).map(ToString::to_string).unwrap_or_default(),
        Some(Labels::I32(labels)) => labels.get(at).map(ToString::to_string).unwrap_or_default(),
        Some(Labels::F64(labels)) => labels.get(at).map(|x| format!("{x:?}")).unwrap_or_default(),
        Some(Labels::Bool(labels)) => labels.get(at).map(ToString::to_string).unwrap_or_default(),
        Some(Labels::Text(labels)) => labels.get(at).map(ToString::to_string).unwrap_or_default(),
    };
    (0..width).map(|at| format!("{stem}_{}", label(at))).collect()
}

/// Refuses columns of one name.
pub(super) fn check_distinct(columns: &[OutColumn]) -> Result<()> {
    let mut seen = std::collections::HashSet::new();
    match columns.iter().find(|column| !seen.insert(&column.name)) {
        None => Ok(()),
        Some(column) => bail!(
            "the output would have two columns `{}`: one is kept of the input, one is the answer; \
             name the columns to keep with `--keep`",
            column.name
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_named_by_their_classes() {
        let classes = Labels::Text(["no".into(), "yes".into()].into());
        let named = |method, width| names(Some(&classes), method, width);
        assert_eq!(named(Method::Predict, None), ["prediction"]);
        assert_eq!(named(Method::Predict, Some(2)), ["prediction_0", "prediction_1"]);
        assert_eq!(named(Method::PredictProba, Some(2)), ["probability_no", "probability_yes"]);
        assert_eq!(named(Method::PredictProba, Some(3))[2], "probability_2");
        assert_eq!(named(Method::DecisionFunction, None), ["decision_function"]);
        assert_eq!(named(Method::Transform, Some(2))[1], "transform_1");
    }
}
