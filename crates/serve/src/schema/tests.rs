use longshore_engine::Cell;

use super::*;
use crate::json::Scanner;

fn signature(columns: &str) -> Signature {
    Signature::parse(Some(columns), None, None).unwrap()
}

fn named(columns: &str, inputs: &Inputs) -> Schema {
    Schema::new(Some(&signature(columns)), inputs)
}

fn fit(schema: &Schema, records: &str) -> Result<Table, String> {
    let bounds = crate::frame::Bounds { rows: 100, cells: 1000 };
    let mut scanner = Scanner::new(records.as_bytes(), 64).unwrap();
    let frame = crate::frame::records::read(&mut scanner, schema.names(), &bounds).unwrap();
    schema.fit(frame).map_err(|failure| failure.message.to_string())
}

const TWO: &str = r#"[{"name":"a","type":"double"},{"name":"b","type":"long","required":false}]"#;

#[test]
fn columns_are_put_in_order_and_extra_ones_dropped() {
    let schema = named(TWO, &Inputs::default());
    let table = fit(&schema, r#"[{"x":9,"b":2,"a":"0.5"},{"b":4,"a":1.5}]"#).unwrap();
    assert_eq!(table.data, Data::F64(Matrix { columns: 2, values: vec![0.5, 2.0, 1.5, 4.0] }));
    assert_eq!(table.names.unwrap().len(), 2);
}

#[test]
fn the_predictor_decides_on_the_order() {
    let inputs = Inputs {
        columns: Some(2),
        names: Some(Arc::from([Arc::from("b"), Arc::from("a")])),
        documents: false,
        uses: None,
    };
    let table = fit(&named(TWO, &inputs), r#"[{"a":1,"b":2}]"#).unwrap();
    assert_eq!(table.data, Data::F64(Matrix { columns: 2, values: vec![2.0, 1.0] }));
}

#[test]
fn names_that_lightgbm_changed_are_the_signatures() {
    let inputs = Inputs {
        columns: Some(3),
        names: Some(Arc::from(["c", "a_b", "a_c"].map(Arc::from))),
        documents: false,
        uses: None,
    };
    let columns = ["a b", "c", "a_c"].map(|name| format!(r#"{{"name":"{name}","type":"double"}}"#));
    let schema = named(&format!("[{}]", columns.join(",")), &inputs);
    let table = fit(&schema, r#"[{"a b":1,"c":2,"a_c":3}]"#).unwrap();
    assert_eq!(table.data, Data::F64(Matrix { columns: 3, values: vec![2.0, 1.0, 3.0] }));
}

#[test]
fn missing_columns_are_named() {
    let schema = named(TWO, &Inputs::default());
    assert_eq!(
        fit(&schema, r#"[{"b":1}]"#).unwrap_err(),
        "`a` is missing; the model takes `a`, `b`"
    );
    let message = fit(&schema, r#"[{"a":1}]"#);
    let Data::F64(matrix) = message.unwrap().data else { panic!("a matrix expected") };
    assert!(matrix.values[1].is_nan(), "an optional column is missing values");
}

#[test]
fn a_value_that_would_change_is_refused() {
    for (kind, value, reason) in [
        ("long", "1.7", "1.7 is not a whole number"),
        ("integer", "3000000000", "3000000000 is out of range"),
        ("long", "9223372036854775808", "is out of range"),
        ("long", "null", "is null or NaN"),
        ("long", "NaN", "is null or NaN"),
        ("long", "\"x\"", "`x` is not a number"),
        ("double", "\"x\"", "`x` is not a number"),
        ("boolean", "2", "2 is neither true nor false"),
        ("boolean", "\"yes\"", "`yes` is neither true nor false"),
        ("binary", "\"*\"", "is not base64"),
        ("datetime", "7", "is not a text such as"),
    ] {
        let schema = named(&format!(r#"[{{"name":"a","type":"{kind}"}}]"#), &Inputs::default());
        let message = fit(&schema, &format!(r#"[{{"a":{value}}}]"#)).unwrap_err();
        assert!(message.contains(reason) && message.contains("column `a`, row 0"), "{message}");
        assert!(message.ends_with(&format!("the column's type is `{kind}`")), "{message}");
    }
}

#[test]
fn values_take_the_declared_type() {
    let cases = [
        ("long", "3.0", Data::F64(Matrix { columns: 1, values: vec![3.0] })),
        ("long", "\"3\"", Data::F64(Matrix { columns: 1, values: vec![3.0] })),
        ("double", "true", Data::F64(Matrix { columns: 1, values: vec![1.0] })),
        ("double", "1e999", Data::F64(Matrix { columns: 1, values: vec![f64::INFINITY] })),
        ("float", "0.1", Data::F32(Matrix { columns: 1, values: vec![0.1] })),
        ("boolean", "1", Data::Columns(vec![Column::Bool(vec![true])])),
        (
            "binary",
            "\"aGk=\"",
            Data::Columns(vec![Column::Text([Some("hi")].into_iter().collect())]),
        ),
        ("string", "null", Data::Columns(vec![Column::Text([None].into_iter().collect())])),
        ("any", "1", Data::F64(Matrix { columns: 1, values: vec![1.0] })),
    ];
    for (kind, value, expected) in cases {
        let schema = named(&format!(r#"[{{"name":"a","type":"{kind}"}}]"#), &Inputs::default());
        let table = fit(&schema, &format!(r#"[{{"a":{value}}}]"#)).unwrap();
        assert_eq!(table.data, expected, "{kind} {value}");
    }
}

#[test]
fn a_text_column_with_a_number_stays_mixed() {
    let schema = named(r#"[{"name":"a","type":"string"}]"#, &Inputs::default());
    let table = fit(&schema, r#"[{"a":"x"},{"a":1}]"#).unwrap();
    let expected = Column::Any(vec![Cell::Text("x".into()), Cell::I64(1)]);
    assert_eq!(table.data, Data::Columns(vec![expected]));
}

#[test]
fn documents_come_from_the_one_text_column() {
    let inputs = Inputs { columns: None, names: None, documents: true, uses: None };
    let schema = named(r#"[{"name":"text","type":"string"}]"#, &inputs);
    let table = fit(&schema, r#"[{"text":"a"},{"text":"b"}]"#).unwrap();
    assert_eq!(table.data, Data::Documents([Some("a"), Some("b")].into_iter().collect()));
    assert!(fit(&schema, r#"[{"text":1}]"#).unwrap_err().contains("takes texts"));
    assert!(fit(&schema, r#"[{"text":"a"},{"text":null}]"#).unwrap_err().contains("row 1 is null"));
}

#[test]
fn a_signature_of_another_width_is_not_used() {
    let inputs = Inputs { columns: Some(3), names: None, documents: false, uses: None };
    let schema = named(TWO, &inputs);
    assert!(schema.names().is_none());
    let message = fit(&schema, r#"[{"a":1,"b":2}]"#).unwrap_err();
    assert_eq!(message, "a row has 2 values where the model takes 3 values");
}

#[test]
fn a_tensor_signature_gives_every_column_its_type() {
    let tensors = r#"[{"type":"tensor","tensor-spec":{"dtype":"int64","shape":[-1,2]}}]"#;
    let schema =
        named(tensors, &Inputs { columns: Some(2), names: None, documents: false, uses: None });
    assert!(fit(&schema, r#"[{"p":1,"q":2}]"#).is_ok());
    assert!(fit(&schema, r#"[{"p":1,"q":2.5}]"#).unwrap_err().contains("column 1, row 0"));
}
