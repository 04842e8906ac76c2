use longshore_engine::{Column, Data, Table, TextColumn};
use longshore_mlflow::ColumnType;

use crate::{frame::collapse, schema::Schema};

/// Made-up rows of the types that the model takes.
pub(super) fn table(schema: &Schema, rows: usize) -> Table {
    let text = || -> TextColumn { std::iter::repeat_n(Some("a"), rows).collect() };
    if schema.is_documents() {
        return Table { rows, names: None, data: Data::Documents(text()) };
    }
    let column = |kind: Option<ColumnType>| match kind {
        Some(ColumnType::Boolean) => Column::Bool(vec![false; rows]),
        Some(ColumnType::Float) => Column::F32(vec![0.5; rows]),
        Some(ColumnType::String | ColumnType::Binary | ColumnType::Datetime) => {
            Column::Text(text())
        }
        _ => Column::F64(vec![0.5; rows]),
    };
    let columns: Vec<Column> = if schema.fields().is_empty() {
        (0..schema.columns().unwrap_or(1)).map(|_| column(schema.uniform())).collect()
    } else {
        schema.fields().iter().map(|field| column(field.kind)).collect()
    };
    Table { rows, names: None, data: collapse(columns, rows) }
}
