//! Tables in Arrow's IPC format and in Parquet: what pyarrow wrote (`tests/columnar/make.py`) is
//! answered as the same rows in JSON are.

use std::{fs, path::Path};

use arrow_array::{Array, RecordBatch, cast::AsArray, types::Float64Type, types::Int64Type};
use arrow_ipc::reader::StreamReader;
use longshore_engine::{
    Cell, Column, Data, Error, Inputs, Method, Output, OutputData, Predictor, Table,
};
use longshore_serve::{Limits, ModelSource};
use serde_json::Value;

use crate::{
    client::{Reply, Running, serve},
    model::{model_of, plain, recorded, signed, source},
};

const STREAM: &str = "content-type: application/vnd.apache.arrow.stream";
const PARQUET: &str = "content-type: application/vnd.apache.parquet";

/// Answers each row with what it was given.
#[derive(Debug)]
struct Shown;

impl Predictor for Shown {
    fn inputs(&self) -> Inputs {
        Inputs::default()
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict]
    }

    fn compute(&self, _: Method, table: &Table) -> Result<Output, Error> {
        let rows = (0..table.rows).map(|row| match &table.data {
            Data::Columns(columns) => {
                columns.iter().map(|column| shown(column, row)).collect::<Vec<_>>().join(" ")
            }
            Data::F64(m) => format!("{:?}", &m.values[row * m.columns..(row + 1) * m.columns]),
            Data::I64(m) => format!("{:?}", &m.values[row * m.columns..(row + 1) * m.columns]),
            other => format!("{other:?}"),
        });
        let rows: Vec<String> = rows.collect();
        let texts = rows.iter().map(|row| Some(&**row)).collect();
        Ok(Output::flat(OutputData::Text(texts)))
    }
}

fn shown(column: &Column, row: usize) -> String {
    match column {
        Column::F64(v) => format!("{:?}", v[row]),
        // JSON has no floats: the double of the same value
        Column::F32(v) => format!("{:?}", f64::from(v[row])),
        Column::I64(v) => v[row].to_string(),
        Column::Bool(v) => v[row].to_string(),
        Column::Text(v) => format!("{:?}", v.get(row)),
        Column::Any(v) => match &v[row] {
            Cell::Text(text) => format!("{text:?}"),
            other => format!("{other:?}"),
        },
    }
}

fn echo() -> ModelSource {
    source("shown", model_of(Box::new(Shown), None))
}

fn file(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/columnar").join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn send(server: &Running, path: &str, name: &str) -> Reply {
    let kind = if name.ends_with(".parquet") { PARQUET } else { STREAM };
    server.post_as(path, kind, file(name))
}

fn predictions(reply: &Reply) -> Vec<Value> {
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()["predictions"].as_array().unwrap().clone()
}

#[test]
fn every_type_is_what_it_is_in_json() {
    let server = serve(vec![echo()], Limits::default());
    let expected = predictions(&server.post("/invocations", file("rows.json")));
    assert_eq!(expected.len(), 40);
    for name in [
        "stream.arrow",
        "file.arrow",
        "lz4.arrow",
        "zstd-file.arrow",
        "views.arrow",
        "plain.parquet",
        "snappy.parquet",
        "gzip.parquet",
        "zstd.parquet",
        "encodings.parquet",
    ] {
        for path in ["/invocations", "/v1/models/shown:predict"] {
            let found = predictions(&send(&server, path, name));
            assert_eq!(found.len(), expected.len(), "{name}");
            for (row, (found, expected)) in found.iter().zip(&expected).enumerate() {
                assert_eq!(found, expected, "{name}, row {row}");
            }
        }
    }
    let old = predictions(&send(&server, "/invocations", "old.parquet"));
    assert_eq!(old[0], r#"-9223372036854775808 Some("2026-11-21T06:30:00")"#);
    assert_eq!(old[1], r#"9007199254740993 Some("1969-12-31T23:59:59.120")"#);
    assert_eq!(old[2], "9223372036854775807 None");
}

#[test]
fn a_dictionary_grows_and_is_replaced() {
    let server = serve(vec![echo()], Limits::default());
    let found = predictions(&send(&server, "/invocations", "deltas.arrow"));
    let expected = [
        r#"Some("x")"#,
        r#"Some("y")"#,
        r#"Some("z")"#,
        r#"Some("x")"#,
        "None",
        r#"Some("other")"#,
    ];
    assert_eq!(found, expected);
}

#[test]
fn columns_are_taken_by_name_and_an_index_is_none() {
    let server = serve(vec![recorded("xy"), echo(), plain("sum")], Limits::default());
    for name in [
        "pandas.parquet",
        "pandas-index.parquet",
        "pandas.feather",
        "nested.parquet",
        "nested.arrow",
        "polars.arrow",
        "polars-stream.arrow",
        "polars.parquet",
        "fastparquet.parquet",
    ] {
        let reply = send(&server, "/v1/models/xy:predict?method=transform", name);
        let expected =
            if name.starts_with("nested") { "[[2.0,5.0]]" } else { "[[2.0,4.0],[6.0,8.0]]" };
        assert_eq!(reply.body, format!("{{\"predictions\":{expected}}}"), "{name}");
    }
    // without names the columns are told apart by their place
    let shown = predictions(&send(&server, "/invocations?model=shown", "pandas.parquet"));
    assert_eq!(shown, ["[2.0, 1.0]", "[4.0, 3.0]"]);
    for (path, name, expected) in [
        ("/v1/models/sum:predict", "pandas.parquet", "a row has 2 values where the model takes 3"),
        ("/v1/models/xy:predict", "deltas.arrow", "`x`, `y` are missing"),
        (
            "/v1/models/shown:predict",
            "nested.arrow",
            "column `list` is of the type `list`; send one value a row",
        ),
        (
            "/v1/models/shown:predict",
            "nested.parquet",
            "column `list` is of the type `group`; send one value a row",
        ),
    ] {
        let reply = send(&server, path, name);
        assert_eq!(reply.status, 400, "{name}: {reply:?}");
        assert!(reply.error().contains(expected), "{}", reply.error());
    }
}

#[test]
fn values_are_held_against_the_signature() {
    let server = serve(vec![signed("signed")], Limits::default());
    let batch = |text: arrow_array::ArrayRef, n: Vec<Option<i64>>| {
        let a: arrow_array::Float64Array = vec![Some(0.5); n.len()].into();
        RecordBatch::try_from_iter([
            ("t", text),
            ("n", std::sync::Arc::new(arrow_array::Int64Array::from(n)) as _),
            ("a", std::sync::Arc::new(a) as _),
        ])
        .unwrap()
    };
    let texts = |texts: &[&str]| -> arrow_array::ArrayRef {
        std::sync::Arc::new(
            texts.iter().map(|text| Some(*text)).collect::<arrow_array::StringArray>(),
        )
    };
    let post = |batch: &RecordBatch| {
        server.post_as("/invocations?method=transform", STREAM, stream(batch))
    };
    let reply = post(&batch(texts(&["abc", ""]), vec![Some(1), Some(2)]));
    // an optional column that is not there is missing
    let expected = "{\"predictions\":[[1.0,2.0,6.0,null],[1.0,4.0,0.0,null]]}";
    assert_eq!(reply.body, expected, "{reply:?}");
    let numbers = std::sync::Arc::new(arrow_array::Int64Array::from(vec![1, 2]));
    for (batch, expected) in [
        (batch(numbers, vec![Some(1), Some(2)]), "column `t`, row 0: 1 is no text"),
        (batch(texts(&["", ""]), vec![Some(1), None]), "column `n`, row 1: the value is null"),
    ] {
        let reply = post(&batch);
        assert_eq!(reply.status, 400, "{reply:?}");
        let json = reply.json();
        assert_eq!(json["error_code"], "INVALID_PARAMETER_VALUE");
        assert!(json["message"].as_str().unwrap().contains(expected), "{json}");
    }
}

fn stream(batch: &RecordBatch) -> Vec<u8> {
    let mut writer = arrow_ipc::writer::StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(batch).unwrap();
    writer.finish().unwrap();
    writer.into_inner().unwrap()
}

#[test]
fn few_bytes_do_not_become_many() {
    let server = serve(vec![echo()], Limits { rows: 1_000_000, ..Limits::default() });
    for name in ["bomb.arrow", "bomb.parquet"] {
        let reply = send(&server, "/v1/models/shown:predict", name);
        assert_eq!(reply.status, 413, "{name}: {reply:?}");
        assert!(reply.error().contains("decodes to more than 800 times its size"), "{reply:?}");
    }
    let server = serve(vec![echo()], Limits { rows: 39, ..Limits::default() });
    for name in ["stream.arrow", "zstd.parquet"] {
        let reply = send(&server, "/v1/models/shown:predict", name);
        assert_eq!(reply.status, 413, "{name}: {reply:?}");
        assert!(reply.error().contains("limit of 39 rows"), "{reply:?}");
    }
}

/// Whatever is damaged, the sender is told, or what is left of it answered.
#[test]
fn damaged_tables_are_the_fault_of_their_sender() {
    let server = serve(vec![echo()], Limits::default());
    let mut connection = server.connect();
    for name in [
        "lz4.arrow",
        "deltas.arrow",
        "pandas.feather",
        "polars.arrow",
        "fastparquet.parquet",
        "nested.arrow",
        "snappy.parquet",
        "encodings.parquet",
        "gzip.parquet",
        "nested.parquet",
    ] {
        let whole = file(name);
        let kind = if name.ends_with(".parquet") { PARQUET } else { STREAM };
        let mut post = |body: &[u8], what: &str| {
            connection.write(crate::client::request("/v1/models/shown:predict", kind, body));
            let reply = connection.reply();
            assert!(matches!(reply.status, 200 | 400 | 413), "{name}, {what}: {reply:?}");
        };
        for at in (0..whole.len()).step_by(1 + whole.len() / 60) {
            post(&whole[..at], &format!("cut at {at}"));
            for change in [0x01, 0x80, 0xff] {
                let mut body = whole.clone();
                body[at] ^= change;
                post(&body, &format!("{at} changed by {change:#x}"));
            }
        }
    }
}

#[test]
fn other_bodies_are_told_apart() {
    let server = serve(vec![echo()], Limits::default());
    for (kind, body, expected) in [
        (STREAM, file("snappy.parquet"), "the body is Parquet; send it as"),
        (PARQUET, file("file.arrow"), "the body is Arrow IPC; send it as"),
        (STREAM, b"{\"instances\": []}".to_vec(), "not well-formed Arrow IPC"),
        (PARQUET, b"a,b\n1,2\n".to_vec(), "does not begin and end with `PAR1`"),
        (STREAM, Vec::new(), "it has no schema"),
        (PARQUET, Vec::new(), "does not begin and end with `PAR1`"),
    ] {
        let reply = server.post_as("/v1/models/shown:predict", kind, body);
        assert_eq!(reply.status, 400);
        assert!(reply.error().contains(expected), "{}", reply.error());
    }
    let kind = "content-type: application/vnd.apache.arrow.stream";
    let reply = server.post_as("/v2/models/shown/infer", kind, file("stream.arrow"));
    assert_eq!(reply.status, 415);
}

/// The one batch of a reply.
fn batch(reply: &Reply) -> RecordBatch {
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.header("content-type"), Some("application/vnd.apache.arrow.stream"));
    let mut batches = StreamReader::try_new(&*reply.bytes, None).unwrap();
    let batch = batches.next().unwrap().unwrap();
    assert!(batches.next().is_none());
    batch
}

#[test]
fn answers_are_a_stream_of_arrow_for_who_names_it() {
    let server = serve(vec![plain("sum"), echo()], Limits::default());
    let accept = "content-type: application/json\r\naccept: application/vnd.apache.arrow.stream";
    let body = r#"{"instances":[[1,2,0.1],[-4,0,NaN]]}"#;
    let reply = server.post_as("/v1/models/sum:predict", accept, body);
    let labels = batch(&reply);
    assert_eq!(labels.schema().field(0).name(), "predictions");
    assert_eq!(labels.column(0).as_primitive::<Int64Type>().values()[..], [1, 0]);
    let reply = server.post_as("/invocations?model=sum&method=transform", accept, body);
    let values = batch(&reply);
    let names: Vec<_> = values.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, ["predictions_0", "predictions_1", "predictions_2"]);
    let third = values.column(2).as_primitive::<Float64Type>();
    assert!(third.value(0) == 0.2 && third.value(1).is_nan() && third.null_count() == 0);
    let reply = server.post_as("/v1/models/shown:predict", accept, body);
    assert_eq!(batch(&reply).column(0).as_string::<i32>().value(0), "[1.0, 2.0, 0.1]");
    // who does not name it, and whom something is told, gets JSON
    let any = "content-type: application/json\r\naccept: */*";
    assert_eq!(server.post_as("/v1/models/sum:predict", any, body).json()["predictions"][0], 1);
    let reply = server.post_as("/v1/models/sum:predict", accept, "{}");
    assert_eq!((reply.status, reply.header("content-type")), (400, Some("application/json")));
    let many = format!("{{\"instances\":[{}[1,2,3]]}}", "[1,2,3],".repeat(500));
    let packed = format!("{accept}\r\naccept-encoding: gzip");
    let reply = server.post_as("/v1/models/sum:predict", &packed, many);
    assert_eq!(reply.header("content-encoding"), Some("gzip"));
}
