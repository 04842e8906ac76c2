//! The columns of a request, each with what is known of it.

use std::sync::Arc;

use longshore_engine::Cell;
use longshore_mlflow::ColumnType;
use serde_json::{Value, json};

use super::node::{self, Node};
use crate::{
    repository::Served,
    schema::{Field, Need},
};

/// Most categories of a column that are told.
const MOST_CHOICES: usize = 500;

/// What a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// An object by column name.
    Named,
    /// A list of values.
    List,
    /// One text.
    Document,
    /// An object of any keys.
    Dict,
}

impl Form {
    pub(super) fn of(served: &Served) -> Self {
        let schema = &served.contract.schema;
        match () {
            () if schema.is_documents() => Self::Document,
            () if schema.are_dicts() => Self::Dict,
            () if schema.names().is_some() => Self::Named,
            () => Self::List,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Named => "named",
            Self::List => "list",
            Self::Document => "document",
            Self::Dict => "dict",
        }
    }
}

/// One column of the rows that a request has.
#[derive(Clone, Debug)]
pub(super) struct Column {
    /// Its name; columns without names are told apart by place.
    pub(super) name: Option<Arc<str>>,
    /// The type that the signature gives it.
    pub(super) kind: Option<ColumnType>,
    /// Its values are compared as texts.
    pub(super) is_text: bool,
    /// Whether a request must have it.
    pub(super) required: bool,
    /// Whether its values may be missing.
    pub(super) may_lack: bool,
    /// The values that training had, when it is one of categories.
    pub(super) choices: Vec<Value>,
    /// A number that is among those of training.
    pub(super) typical: Option<f64>,
}

impl Column {
    /// What its values are, for people: the signature's type, else what the model does with them.
    pub(super) fn type_name(&self) -> &'static str {
        match self.kind {
            Some(kind) => kind.name(),
            None if self.is_text => "text",
            None => "number",
        }
    }

    /// A value that may be among those of training.
    pub(super) fn made_up(&self) -> Value {
        if let Some(first) = self.choices.first() {
            return first.clone();
        }
        match self.kind {
            _ if self.is_text => json!("a"),
            Some(ColumnType::Boolean) => json!(false),
            Some(ColumnType::Integer | ColumnType::Long) => {
                json!(self.typical.map_or(0, |typical| typical.round() as i64))
            }
            Some(ColumnType::String) => json!("a"),
            Some(ColumnType::Binary) => json!("YQ=="),
            Some(ColumnType::Datetime) => json!("2026-01-01T00:00:00"),
            Some(ColumnType::Nested) => Value::Null,
            Some(_) => json!(self.typical.unwrap_or(0.5)),
            None => number(self.typical.unwrap_or(0.5)),
        }
    }

    pub(super) fn json(&self) -> Node {
        node::object([
            ("name", node::text(self.name.as_ref())),
            ("type", self.type_name().into()),
            ("required", self.required.into()),
            ("nullable", self.may_lack.into()),
            ("typical", self.typical.map_or(Value::Null.into(), Node::from)),
            ("choices", self.choices.iter().map(|choice| choice.clone().into()).collect()),
        ])
    }
}

/// The first `most` columns of a request, and how many there are. Those that the model does not look at, when they
/// have names, are none.
pub(super) fn of(served: &Served, most: usize) -> (Vec<Column>, usize) {
    let schema = &served.contract.schema;
    let predictor = &*served.model().predictor;
    let named = schema.names().is_some();
    let column = |(at, field): (usize, &Field)| {
        let place = schema.model_column(at);
        let known = place.and_then(|place| predictor.categories(place)).unwrap_or_default();
        let is_text = field.text || known.iter().any(|cell| matches!(cell, Cell::Text(_)));
        Column {
            name: field.name.clone().filter(|_| named),
            kind: field.kind,
            is_text,
            required: field.need == Need::Required && !schema.are_dicts(),
            may_lack: field.may_lack || field.kind.is_none(),
            choices: known.iter().filter_map(value).take(MOST_CHOICES).collect(),
            typical: place.and_then(|place| predictor.typical(place)).map(short),
        }
    };
    let asked = || schema.row().enumerate().filter(move |(_, f)| !named || f.need != Need::Ignored);
    let count = asked().count();
    if count > 0 || schema.is_documents() || schema.are_dicts() {
        return (asked().take(most).map(column).collect(), count);
    }
    // a number of columns is all that is known
    let width = schema.width().unwrap_or(0);
    let field = Field { kind: schema.uniform(), ..Field::default() };
    ((0..width.min(most)).map(|at| column((at, &field))).collect(), width)
}

/// A number as people write it: a whole one without a point.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 1e15 { json!(value as i64) } else { json!(value) }
}

/// The same with four digits: what people read.
fn short(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

/// A category as JSON; a missing value is none that people choose.
fn value(cell: &Cell) -> Option<Value> {
    match cell {
        Cell::Null | Cell::Absent => None,
        Cell::Bool(v) => Some(json!(v)),
        Cell::I64(v) => Some(json!(v)),
        Cell::F64(v) => v.is_finite().then(|| json!(v)),
        Cell::Text(v) => Some(json!(&**v)),
        Cell::Texts(v) => Some(v.iter().map(|text| &**text).collect()),
    }
}
