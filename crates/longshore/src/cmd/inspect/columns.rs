//! The columns of a model, each with what is known of it.

use longshore_engine::{Cell, ColumnUse, Model};
use longshore_mlflow::Schema;
use serde_json::{Value, json};

/// One column of the rows that a model takes.
pub(super) struct Column {
    /// Its name, when training recorded one.
    pub(super) name: Option<String>,
    /// The type that a signature gives it.
    pub(super) kind: Option<&'static str>,
    /// What the model does with it: `numbers`, `texts` or `not read`.
    pub(super) read: &'static str,
    /// The categories of training.
    pub(super) categories: Vec<String>,
}

impl Column {
    pub(super) fn json(&self) -> Value {
        json!({ "name": self.name, "type": self.kind, "read": self.read, "categories": self.categories })
    }
}

/// Columns that are listed of any model.
const FEW: u64 = 1 << 16;

/// All columns in order; none for texts, for models that take any number of columns, and for more columns than the file
/// can tell anything of.
pub(super) fn all(model: &Model) -> Vec<Column> {
    let inputs = model.inputs();
    let listed = |&columns: &usize| {
        !inputs.documents && !inputs.dicts && columns as u64 <= model.content_bytes.max(FEW)
    };
    let Some(columns) = inputs.columns.filter(listed) else { return Vec::new() };
    let declared = match model.signature().and_then(|signature| signature.inputs.as_ref()) {
        Some(Schema::Columns(columns)) => &columns[..],
        _ => &[],
    };
    let of = |at: usize| {
        let name = inputs.names.as_ref().and_then(|names| names.get(at)).map(ToString::to_string);
        // a signature may order its columns otherwise
        let declared = match &name {
            Some(name) => declared.iter().find(|column| column.name.as_ref() == Some(name)),
            None => declared.get(at),
        };
        let categories = model.predictor.categories(at).unwrap_or_default();
        let read = match inputs.uses.as_ref().and_then(|uses| uses.get(at)) {
            Some(ColumnUse::Unread) => "not read",
            Some(ColumnUse::Text) => "texts",
            _ if categories.iter().any(|cell| matches!(cell, Cell::Text(_))) => "texts",
            _ => "numbers",
        };
        Column {
            name: name.or_else(|| declared.and_then(|column| column.name.clone())),
            kind: declared.map(|column| column.kind.name()),
            read,
            categories: categories.iter().map(shown).collect(),
        }
    };
    (0..columns).map(of).collect()
}

fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Null | Cell::Absent => "null".into(),
        Cell::Bool(v) => v.to_string(),
        Cell::I64(v) => v.to_string(),
        Cell::F64(v) => v.to_string(),
        Cell::Text(v) => v.to_string(),
        Cell::Texts(v) => v.join(", "),
    }
}
