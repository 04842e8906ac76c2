use longshore_engine::{Column, Data, Inputs, Table, TextColumn};
use longshore_mlflow::ColumnType;

use crate::{frame::collapse, schema::Schema};

/// Made-up rows of the types that the model takes; `None` when they would be too wide.
pub(super) fn table(schema: &Schema, rows: usize) -> Option<Table> {
    let text = || -> TextColumn { std::iter::repeat_n(Some("a"), rows).collect() };
    if schema.is_documents() {
        return Some(Table { rows, names: None, data: Data::Documents(text()) });
    }
    let column = |is_text: bool, kind: Option<ColumnType>| match kind {
        _ if is_text => Column::Text(text()),
        Some(ColumnType::Boolean) => Column::Bool(vec![false; rows]),
        Some(ColumnType::Float) => Column::F32(vec![0.5; rows]),
        Some(ColumnType::String | ColumnType::Binary | ColumnType::Datetime) => {
            Column::Text(text())
        }
        _ => Column::F64(vec![0.5; rows]),
    };
    if schema.are_dicts() {
        let names = schema.row().filter_map(|field| field.name.clone()).collect();
        let columns = schema.row().map(|field| column(field.text, field.kind)).collect();
        return Some(Table { rows, names: Some(names), data: collapse(columns, rows) });
    }
    let mut columns: Vec<Column> =
        schema.row().map(|field| column(field.text, field.kind)).collect();
    if columns.is_empty() {
        let width = Some(schema.width().unwrap_or(1)).filter(|&width| width <= Inputs::WIDEST)?;
        columns = (0..width).map(|_| column(false, schema.uniform())).collect();
    }
    Some(Table { rows, names: None, data: schema.place(collapse(columns, rows), rows) })
}

#[cfg(test)]
mod tests {
    use super::{Inputs, Schema, table};

    #[test]
    fn no_row_is_made_up_of_columns_that_may_be_no_more_than_a_number() {
        let width = |columns| {
            let inputs = Inputs { columns: Some(columns), ..Inputs::default() };
            table(&Schema::new(None, &inputs), 1).map(|table| table.columns())
        };
        assert_eq!(width(3), Some(3));
        assert_eq!(width(Inputs::WIDEST), Some(Inputs::WIDEST));
        assert_eq!(width(Inputs::WIDEST + 1), None);
        assert_eq!(width(4_000_000_000), None);
    }
}
