use std::collections::HashSet;

use longshore_engine::{Column, Data, Matrix, TextColumn, quantity};
use longshore_mlflow::ColumnType;

use super::{
    content::{self, Content},
    tensor::{Tensor, Values},
};
use crate::{
    failure::Failure,
    frame::{Bounds, Frame, collapse, split},
    json::twice,
    names::quoted,
    schema::Schema,
};

/// Rows from the tensors of a request: one tensor is a matrix or a column, several are the
/// columns of a data frame (as `MLServer`'s pandas codec sends it).
pub(in crate::protocol) fn frame<'a>(
    mut tensors: Vec<Tensor<'a>>,
    content: Option<Content>,
    schema: &Schema,
    bounds: &Bounds,
) -> Result<Frame<'a>, Failure> {
    for tensor in &mut tensors {
        let binary = schema.kind(&tensor.name) == Some(ColumnType::Binary);
        content::decode(tensor, content, binary)?;
    }
    let is_frame = |tensor: &Tensor<'_>| [tensor.content, content].contains(&Some(Content::Frame));
    if tensors.len() == 1 && !tensors.iter().any(is_frame) {
        return match tensors.pop() {
            Some(tensor) => single(tensor, schema),
            None => Err(Failure::invalid("`inputs` is empty")),
        };
    }
    let Some(first) = tensors.first() else {
        return Err(Failure::invalid("`inputs` is empty"));
    };
    let rows = first.shape.first().copied().unwrap_or(0);
    let first_name = first.name.clone();
    let mut seen = HashSet::new();
    let mut names = Vec::with_capacity(tensors.len());
    let mut columns = Vec::with_capacity(tensors.len());
    let several = tensors.len() > 1;
    for Tensor { name, shape, values, .. } in tensors {
        if !seen.insert(name.clone()) {
            return Err(twice(&name));
        }
        if !matches!(shape[..], [_] | [_, 1]) {
            let why = if several { "with several inputs" } else { "in a frame (`pd`)" };
            return Err(Failure::invalid(format!(
                "input {} has the shape {shape:?}; {why} each is a column, [n] or [n, 1]: send a \
                 matrix as the only input, or its columns one by one",
                quoted(&name)
            )));
        }
        let length = shape.first().copied().unwrap_or(0);
        if length != rows {
            return Err(Failure::invalid(format!(
                "input {} has {} while {} has {rows}",
                quoted(&name),
                quantity(length, "row"),
                quoted(&first_name)
            )));
        }
        names.push(name);
        columns.push(column(values));
    }
    bounds.check_cells(rows, columns.len())?;
    let data = collapse(columns, rows);
    Ok(Frame { rows, names: Some(names), data, unknown: Vec::new() })
}

fn single<'a>(tensor: Tensor<'a>, schema: &Schema) -> Result<Frame<'a>, Failure> {
    let Tensor { name, shape, values, .. } = tensor;
    let (rows, columns) = match shape[..] {
        [rows] => (rows, 1),
        [rows, columns] => (rows, columns),
        _ => {
            return Err(Failure::invalid(format!(
                "input {} has the shape {shape:?}; the model takes [rows] or [rows, columns]",
                quoted(&name)
            )));
        }
    };
    if rows == 0 {
        // a shape without rows may promise any number of columns
        return Err(Failure::invalid("there are no rows"));
    }
    let data = match values {
        Values::F64(values) => Data::F64(Matrix { columns, values }),
        Values::F32(values) => Data::F32(Matrix { columns, values }),
        Values::I64(values) => Data::I64(Matrix { columns, values }),
        Values::Bool(values) => {
            let column = |at| values.iter().skip(at).step_by(columns.max(1)).copied().collect();
            Data::Columns((0..columns).map(|at| Column::Bool(column(at))).collect())
        }
        Values::Text(texts) => {
            let column =
                |at| -> TextColumn { (0..rows).map(|row| texts.get(row * columns + at)).collect() };
            Data::Columns((0..columns).map(|at| Column::Text(column(at))).collect())
        }
        Values::Mixed(column) if columns == 1 => Data::Columns(vec![column]),
        Values::Mixed(_) => {
            return Err(Failure::invalid(format!(
                "input {} has the content type `pd_json` and {columns} columns; send each column as \
                 an input of its own",
                quoted(&name)
            )));
        }
    };
    // one named column of several: what is missing is then said by name
    let partial = columns == 1 && schema.width().is_none_or(|width| width > 1);
    let named = columns == 1 && schema.are_dicts()
        || partial && schema.names().is_some_and(|names| names.contains(&name));
    let data = if named { collapse(split(data, rows), rows) } else { data };
    if !named && shape.len() == 1 {
        schema.check_single(|width| {
            let first = if width == rows { "1" } else { "rows" };
            format!("the shape {shape:?} is that of single values: rows have the shape [{first}, {width}]")
        })?;
    }
    Ok(Frame { rows, names: named.then(|| vec![name]), data, unknown: Vec::new() })
}

fn column(values: Values) -> Column {
    match values {
        Values::F64(values) => Column::F64(values),
        Values::F32(values) => Column::F32(values),
        Values::I64(values) => Column::I64(values),
        Values::Bool(values) => Column::Bool(values),
        Values::Text(values) => Column::Text(values),
        Values::Mixed(column) => column,
    }
}

#[cfg(test)]
mod tests {
    use longshore_engine::{Cell, Inputs};
    use longshore_mlflow::Signature;

    use super::*;
    use crate::{json::Scanner, protocol::v2::binary::Items};

    /// The columns of a request in the order that it sends them.
    fn columns(inputs: &str, all: Option<Content>, schema: &Schema) -> Result<Vec<Column>, String> {
        let bounds = Bounds { rows: 10, cells: 100 };
        let mut scanner = Scanner::new(inputs.as_bytes(), 64).unwrap();
        let read = super::super::inputs(&mut scanner, &bounds, &mut Items::default());
        let frame = read.and_then(|tensors| frame(tensors, all, schema, &bounds));
        let frame = frame.map_err(|failure| failure.message.to_string())?;
        Ok(split(frame.data, frame.rows))
    }

    fn text(values: &[Option<&str>]) -> Column {
        Column::Text(values.iter().copied().collect())
    }

    fn bytes(data: &str, content: &str) -> String {
        format!(
            r#"[{{"name":"x","shape":[2],"datatype":"BYTES","data":{data},"parameters":{{"content_type":"{content}"}}}}]"#
        )
    }

    #[test]
    fn texts_are_what_their_content_type_says() {
        let schema = Schema::default();
        for (data, content, expected) in [
            (r#"["a","b"]"#, "str", text(&[Some("a"), Some("b")])),
            (r#"["a",null]"#, "np", text(&[Some("a"), None])),
            (r#"["aGk=","aGk="]"#, "base64", text(&[Some("hi"), Some("hi")])),
            (r#"["2026-11-27","x"]"#, "datetime", text(&[Some("2026-11-27"), Some("x")])),
            (r#"["\"a\"","null"]"#, "pd_json", text(&[Some("a"), None])),
            (
                r#"["\"a\"","9007199254740993"]"#,
                "pd_json",
                Column::Any(vec![Cell::Text("a".into()), Cell::I64(9_007_199_254_740_993)]),
            ),
        ] {
            assert_eq!(
                columns(&bytes(data, content), None, &schema),
                Ok(vec![expected]),
                "{content}"
            );
        }
    }

    #[test]
    fn the_request_speaks_for_inputs_that_say_nothing() {
        let schema = Schema::default();
        let one = r#"{"shape":[1],"datatype":"BYTES","data":["aGk="],"name":"#;
        let inputs = format!(r#"[{one}"a"}},{one}"b","parameters":{{"content_type":"str"}}}}]"#);
        let expected = vec![text(&[Some("hi")]), text(&[Some("aGk=")])];
        assert_eq!(columns(&inputs, Some(Content::Base64), &schema), Ok(expected));
    }

    #[test]
    fn base64_of_a_binary_column_is_decoded_once() {
        let signature = r#"[{"name":"x","type":"binary"}]"#;
        let signature = Signature::parse(Some(signature), None, None).unwrap();
        let schema = Schema::new(Some(&signature), &Inputs::default());
        let inputs = bytes(r#"["aGk=","aGk="]"#, "base64");
        assert_eq!(columns(&inputs, None, &schema), Ok(vec![text(&[Some("aGk="), Some("aGk=")])]));
    }

    #[test]
    fn faults_are_named() {
        let schema = Schema::default();
        let number = r#"[{"name":"x","shape":[1],"datatype":"FP64","data":[1],"parameters":{"content_type":"str"}}]"#;
        for (inputs, all, expected) in [
            (bytes(r#"["a","*"]"#, "base64"), None, "item 0 of input `x` is not base64"),
            (bytes(r#"["1","{}"]"#, "pd_json"), None, "item 1 of input `x` is not a single JSON"),
            (bytes(r#"["a","b"]"#, "hf"), None, "the content type `hf` is not one of `np`, `pd`"),
            (number.to_owned(), None, "`str`, which goes with the datatype BYTES"),
            (
                r#"[{"name":"x","shape":[1,2],"datatype":"FP64","data":[1,2]}]"#.to_owned(),
                Some(Content::Frame),
                "in a frame (`pd`) each is a column",
            ),
        ] {
            let message = columns(&inputs, all, &schema).unwrap_err();
            assert!(message.contains(expected), "{inputs}: {message}");
        }
    }
}
