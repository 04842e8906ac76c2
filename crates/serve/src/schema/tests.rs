use longshore_engine::{Cell, ColumnUse, Matrix};

use super::*;
use crate::json::Scanner;

fn signature(columns: &str) -> Signature {
    Signature::parse(Some(columns), None, None).unwrap()
}

fn named(columns: &str, inputs: &Inputs) -> Schema {
    Schema::new(Some(&signature(columns)), inputs)
}

fn fit(schema: &Schema, rows: &str) -> Result<Table, String> {
    let bounds = crate::frame::Bounds { rows: 100, cells: 1000 };
    let mut scanner = Scanner::new(rows.as_bytes(), 64).unwrap();
    let frame = if rows.starts_with("[{") {
        crate::frame::records::read(&mut scanner, schema.names(), &bounds)
    } else {
        crate::frame::rows::read(&mut scanner, schema.width(), &bounds)
    };
    frame.and_then(|frame| schema.fit(frame)).map_err(|failure| failure.message.to_string())
}

fn model(names: &[&str], uses: &[ColumnUse]) -> Inputs {
    let uses = (!uses.is_empty()).then(|| Arc::from(uses));
    let named: Vec<Arc<str>> = names.iter().map(|&name| Arc::from(name)).collect();
    let names = (!named.is_empty()).then(|| Arc::from(named.as_slice()));
    let columns = uses.as_ref().map_or(named.len(), |uses: &Arc<[ColumnUse]>| uses.len());
    Inputs { columns: Some(columns), names, uses, ..Inputs::default() }
}

fn doubles(columns: usize, values: &[f64]) -> Data {
    Data::F64(Matrix { columns, values: values.to_vec() })
}

fn texts(values: &[Option<&str>]) -> Column {
    Column::Text(values.iter().copied().collect())
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
        ..Inputs::default()
    };
    let table = fit(&named(TWO, &inputs), r#"[{"a":1,"b":2}]"#).unwrap();
    assert_eq!(table.data, Data::F64(Matrix { columns: 2, values: vec![2.0, 1.0] }));
}

#[test]
fn names_that_lightgbm_changed_are_the_signatures() {
    let inputs = Inputs {
        columns: Some(3),
        names: Some(Arc::from(["c", "a_b", "a_c"].map(Arc::from))),
        ..Inputs::default()
    };
    let columns = ["a b", "c", "a_c"].map(|name| format!(r#"{{"name":"{name}","type":"double"}}"#));
    let schema = named(&format!("[{}]", columns.join(",")), &inputs);
    let table = fit(&schema, r#"[{"a b":1,"c":2,"a_c":3}]"#).unwrap();
    assert_eq!(table.data, Data::F64(Matrix { columns: 3, values: vec![2.0, 1.0, 3.0] }));
}

#[test]
fn missing_columns_are_named() {
    let schema = named(TWO, &Inputs::default());
    for (rows, expected) in [
        (r#"[{"b":1}]"#, "`a` is missing; the model takes `a`, `b`"),
        // optional in the signature, but the model reads it
        (r#"[{"a":1}]"#, "`b` is missing; the model takes `a`, `b`"),
        (r#"[{"c":1}]"#, "`a`, `b` are missing; the request has `c`; the model takes `a`, `b`"),
        (
            r#"[{"A":1,"b":1}]"#,
            "`a` is missing; the request has `A`, did you mean `a`?; the model takes `a`, `b`",
        ),
        (r#"[{"a":1,"b":1},{"a":1}]"#, "column `b` is missing in row 1 while other rows have it"),
        (r#"[{"a":1},{"a":1,"b":1}]"#, "column `b` is missing in row 0 while other rows have it"),
    ] {
        let message = fit(&schema, rows).unwrap_err();
        assert!(message.starts_with(expected), "{rows}: {message}");
    }
}

#[test]
fn what_the_model_never_reads_may_be_absent_where_the_signature_allows_it() {
    let uses = [ColumnUse::Value, ColumnUse::Unread];
    for required in [true, false] {
        let columns = format!(
            r#"[{{"name":"a","type":"double"}},{{"name":"b","type":"double","required":{required}}}]"#
        );
        let schema = named(&columns, &model(&["a", "b"], &uses));
        let table = fit(&schema, r#"[{"a":1}]"#);
        if required {
            assert!(table.unwrap_err().starts_with("`b` is missing"));
        } else {
            let Data::F64(matrix) = table.unwrap().data else { panic!("a matrix expected") };
            assert!(matrix.values[0] == 1.0 && matrix.values[1].is_nan());
            let table = fit(&schema, r#"[{"a":1},{"a":2,"b":3}]"#).unwrap();
            assert_eq!(table.rows, 2);
        }
    }
    // without a signature the column is none of a request with names, but has its place in one
    // without
    let schema = Schema::new(None, &model(&["a", "b", "c"], &[uses[0], uses[1], uses[0]]));
    assert_eq!(schema.names().unwrap().iter().collect::<Vec<_>>(), ["a", "c"]);
    for rows in [r#"[{"c":3,"a":1}]"#, r#"[{"a":1,"b":"text","c":3}]"#] {
        let Data::F64(matrix) = fit(&schema, rows).unwrap().data else { panic!("a matrix") };
        assert!(matrix.values[0] == 1.0 && matrix.values[1].is_nan() && matrix.values[2] == 3.0);
    }
    assert_eq!(fit(&schema, "[[1,2,3]]").unwrap().data, doubles(3, &[1.0, 2.0, 3.0]));
    let message = fit(&schema, "[[1,3]]").unwrap_err();
    assert!(message.starts_with("a row has 2 values where the model takes 3 values: `a`, `b`, `c`; a row without names has every column of training"), "{message}");
}

#[test]
fn rows_without_names_are_in_the_order_of_the_signature() {
    let inputs = model(&["b", "a"], &[]);
    let schema = named(TWO, &inputs);
    let table = fit(&schema, "[[1,2],[3,4]]").unwrap();
    assert_eq!(table.data, doubles(2, &[2.0, 1.0, 4.0, 3.0]));
    assert_eq!(table.names, inputs.names);
    // faults name the request's own column
    assert!(fit(&schema, "[[1,2.5]]").unwrap_err().starts_with("column `b`, row 0"));
}

#[test]
fn a_column_of_the_signature_alone_is_asked_for_and_dropped() {
    let columns = r#"[{"name":"a","type":"double"},{"name":"id","type":"long"},{"name":"b","type":"double"}]"#;
    let schema = named(columns, &model(&["a", "b"], &[]));
    let table = fit(&schema, r#"[{"a":1,"id":7,"b":2}]"#).unwrap();
    assert_eq!(table.data, doubles(2, &[1.0, 2.0]));
    assert!(fit(&schema, r#"[{"a":1,"b":2}]"#).unwrap_err().starts_with("`id` is missing"));
    assert!(fit(&schema, r#"[{"a":1,"b":2,"id":"x"}]"#).unwrap_err().contains("`id`, row 0"));
    assert_eq!(fit(&schema, "[[1,7,2]]").unwrap().data, doubles(2, &[1.0, 2.0]));
}

#[test]
fn a_column_that_the_signature_leaves_out_is_asked_for_when_the_model_reads_it() {
    let columns = r#"[{"name":"b","type":"double"}]"#;
    let schema = named(columns, &model(&["a", "b"], &[]));
    assert!(fit(&schema, r#"[{"b":2}]"#).unwrap_err().starts_with("`a` is missing"));
    assert_eq!(fit(&schema, r#"[{"b":2,"a":1}]"#).unwrap().data, doubles(2, &[1.0, 2.0]));
    let schema = named(columns, &model(&["a", "b"], &[ColumnUse::Unread, ColumnUse::Value]));
    assert_eq!(fit(&schema, "[[2]]").unwrap().rows, 1);
}

#[test]
fn numbers_are_no_texts() {
    let uses = [ColumnUse::Value, ColumnUse::Text];
    let signed = r#"[{"name":"a","type":"double"},{"name":"t","type":"string"}]"#;
    let long = r#"[{"name":"a","type":"double"},{"name":"t","type":"long"}]"#;
    for schema in [
        named(signed, &Inputs::default()),
        Schema::new(None, &model(&["a", "t"], &uses)),
        named(long, &model(&["a", "t"], &uses)),
    ] {
        for (value, shown) in [("7", "7"), ("1.5", "1.5"), ("true", "true"), ("1e300", "1000")] {
            let rows = format!(r#"[{{"a":1,"t":null}},{{"a":1,"t":"x"}},{{"a":1,"t":{value}}}]"#);
            let message = fit(&schema, &rows).unwrap_err();
            let expected = format!("column `t`, row 2: {shown}");
            assert!(message.starts_with(&expected), "{message}");
            assert!(message.contains("is no text"), "{message}");
            let rows = format!("[[1,null],[1,{value}]]");
            assert!(fit(&schema, &rows).unwrap_err().starts_with("column `t`, row 1"));
        }
        let table = fit(&schema, r#"[{"a":1,"t":"7"},{"a":2,"t":null}]"#).unwrap();
        let Data::Columns(columns) = table.data else { panic!("columns expected") };
        assert_eq!(columns[1], texts(&[Some("7"), None]));
        let table = fit(&schema, r#"[{"a":1,"t":null}]"#).unwrap();
        assert!(matches!(table.data, Data::Columns(columns) if columns[1] == texts(&[None])));
    }
    let schema = Schema::new(None, &model(&[], &uses));
    assert!(fit(&schema, "[[1,2]]").unwrap_err().starts_with("column 1, row 0: 2 is no text"));
    assert!(fit(&schema, r#"[[1,"2"]]"#).is_ok());
}

#[test]
fn texts_of_csv_stay_as_they_are_written() {
    let uses = [ColumnUse::Text, ColumnUse::Value];
    let bounds = crate::frame::Bounds { rows: 100, cells: 1000 };
    // a model that was trained without names takes the columns of a header by their places
    for names in [&["t", "n"][..], &[]] {
        let schema = Schema::new(None, &model(names, &uses));
        for text in ["00", "1", "True", "1e5", "1.0", " x"] {
            let body = format!("t,n\n{text},1\n,9007199254740993\n");
            let is_text = |name: &str, at| schema.is_text(name, at);
            let frame = crate::frame::csv::read(body.as_bytes(), schema.names(), is_text, &bounds);
            let Data::Columns(columns) = schema.fit(frame.unwrap()).unwrap().data else { panic!() };
            assert_eq!(columns[0], texts(&[Some(text), None]));
            assert_eq!(columns[1], Column::I64(vec![1, 9_007_199_254_740_993]));
        }
    }
}

#[test]
fn large_integers_keep_their_value() {
    const LARGE: i64 = (1 << 53) + 1;
    let long = r#"[{"name":"a","type":"long"},{"name":"b","type":"long","required":false}]"#;
    for schema in [
        Schema::new(None, &Inputs { columns: Some(2), ..Inputs::default() }),
        Schema::new(None, &model(&["a", "b"], &[])),
        named(long, &Inputs::default()),
    ] {
        let integers = Data::I64(Matrix { columns: 2, values: vec![LARGE, 1] });
        for rows in [format!("[[{LARGE},1]]"), format!(r#"[{{"a":{LARGE},"b":1}}]"#)] {
            assert_eq!(fit(&schema, &rows).unwrap().data, integers, "{rows}");
        }
        let table = fit(&schema, &format!("[[1,{LARGE}],[1,null]]")).unwrap();
        let Data::Columns(columns) = table.data else { panic!("columns expected") };
        assert_eq!(columns[1], Column::Any(vec![Cell::I64(LARGE), Cell::Null]));
        let small = doubles(2, &[1.0, -9_007_199_254_740_992.0]);
        assert_eq!(fit(&schema, "[[1,-9007199254740992]]").unwrap().data, small);
    }
    // numpy's uint64: a model computes with the nearest double
    let schema = Schema::new(None, &model(&["a"], &[]));
    let data = fit(&schema, "[[9223372036854775809]]").unwrap().data;
    assert_eq!(data, doubles(1, &[9_223_372_036_854_775_808.0]));
}

#[test]
fn names_with_spaces_are_those_that_lightgbm_wrote_with_underscores() {
    let schema = Schema::new(None, &model(&["sepal_length_(cm)", "b"], &[]));
    for name in ["sepal length (cm)", "sepal_length_(cm)", "sepal length_(cm)"] {
        let table = fit(&schema, &format!(r#"[{{"b":2,"{name}":1}}]"#)).unwrap();
        assert_eq!(table.data, doubles(2, &[1.0, 2.0]));
    }
    let both = r#"[{"sepal length (cm)":1,"sepal_length_(cm)":1,"b":2}]"#;
    let message = fit(&schema, both).unwrap_err();
    assert!(message.contains("are the same column of the model"), "{message}");
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
        ("double", "\"1,5\"", "`1,5` is not a number: write `1.5`, with a point"),
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
fn documents_come_from_the_one_text_column() {
    let inputs = Inputs { documents: true, ..Inputs::default() };
    let schema = named(r#"[{"name":"text","type":"string"}]"#, &inputs);
    let table = fit(&schema, r#"[{"text":"a"},{"text":"b"}]"#).unwrap();
    assert_eq!(table.data, Data::Documents([Some("a"), Some("b")].into_iter().collect()));
    assert!(fit(&schema, r#"[{"text":1}]"#).unwrap_err().contains("the model takes texts"));
    assert!(fit(&schema, r#"[{"text":"a"},{"text":null}]"#).unwrap_err().contains("row 1 is null"));
}

#[test]
fn a_signature_of_another_width_is_not_used() {
    let inputs = Inputs { columns: Some(3), ..Inputs::default() };
    let schema = named(TWO, &inputs);
    assert!(schema.names().is_none());
    let message = fit(&schema, r#"[{"a":1,"b":2}]"#).unwrap_err();
    assert_eq!(message, "a row has 2 values where the model takes 3 values");
}

#[test]
fn a_tensor_signature_gives_every_column_its_type() {
    let tensors = r#"[{"type":"tensor","tensor-spec":{"dtype":"int64","shape":[-1,2]}}]"#;
    let schema = named(tensors, &Inputs { columns: Some(2), ..Inputs::default() });
    assert!(fit(&schema, r#"[{"p":1,"q":2}]"#).is_ok());
    assert!(fit(&schema, r#"[{"p":1,"q":2.5}]"#).unwrap_err().contains("column 1, row 0"));
}
