//! Rows that are dicts: keys that differ from row to row, in every protocol and form.

use std::{fs, path::Path, sync::Arc};

use longshore_engine::{
    Cell, Column, ColumnUse, Data, Error, Inputs, Method, Output, OutputData, Predictor, Source,
    Table,
};
use longshore_mlflow::Signature;
use longshore_serve::{Limits, ModelSource};
use serde_json::{Value, json};

use crate::{
    client::{Running, serve},
    lines,
    model::{model_of, source},
};

/// Shows each row as `key:value` of what it has, in order of the keys.
#[derive(Debug)]
struct Shown;

impl Predictor for Shown {
    fn inputs(&self) -> Inputs {
        Inputs {
            dicts: true,
            names: Some([Arc::from("place"), Arc::from("km")].into()),
            uses: Some([ColumnUse::Text, ColumnUse::Value].into()),
            ..Inputs::default()
        }
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict]
    }

    fn compute(&self, _: Method, input: &Table) -> Result<Output, Error> {
        let names = input.names.as_deref().ok_or_else(|| Error::input("no names"))?;
        assert_eq!(names.len(), input.columns());
        let rows = (0..input.rows).map(|row| {
            let shown = names
                .iter()
                .enumerate()
                .filter_map(|(at, name)| Some(format!("{name}:{}", shown(&input.data, row, at)?)));
            let mut shown: Vec<_> = shown.collect();
            shown.sort();
            shown.join(" ")
        });
        let rows: Vec<_> = rows.collect();
        let texts = rows.iter().map(|row| Some(row.as_str())).collect();
        Ok(Output::flat(OutputData::Text(texts)))
    }
}

fn shown(data: &Data, row: usize, at: usize) -> Option<String> {
    let number = |value: f64| if value.is_nan() { "null".into() } else { value.to_string() };
    let text = |text: Option<&str>| text.map_or("null".into(), |text| format!("'{text}'"));
    Some(match data {
        Data::F64(m) => number(m.values[row * m.columns + at]),
        Data::F32(m) => number(f64::from(m.values[row * m.columns + at])),
        Data::I64(m) => m.values[row * m.columns + at].to_string(),
        Data::Columns(columns) => match &columns[at] {
            Column::F64(v) => number(v[row]),
            Column::F32(v) => number(f64::from(v[row])),
            Column::I64(v) => v[row].to_string(),
            Column::Bool(v) => v[row].to_string(),
            Column::Text(v) => text(v.get(row)),
            Column::Any(v) => match &v[row] {
                Cell::Absent => return None,
                Cell::Null => "null".into(),
                Cell::Bool(v) => v.to_string(),
                Cell::I64(v) => v.to_string(),
                Cell::F64(v) => v.to_string(),
                Cell::Text(v) => text(Some(v)),
                Cell::Texts(v) => format!("{v:?}"),
            },
        },
        Data::Sparse(_) | Data::Documents(_) => return None,
    })
}

fn models() -> Vec<ModelSource> {
    let columns = r#"[{"name":"place","type":"string"},{"name":"km","type":"double"},
        {"name":"zip","type":"string"}]"#;
    let signature = Signature::parse(Some(columns), None, None).unwrap();
    vec![
        source("shown", model_of(Box::new(Shown), None)),
        source("signed", model_of(Box::new(Shown), Some(signature))),
    ]
}

#[test]
fn rows_have_the_keys_that_they_have() {
    let server = serve(models(), Limits::default());
    let v1: &[(&str, &[&str])] = &[
        (
            r#"{"instances":[{"place":"43","km":1.5},{"km":2},{},{"new":true,"place":null}]}"#,
            &["km:1.5 place:'43'", "km:2", "", "new:true place:null"],
        ),
        (r#"{"instances":[{"place":"43"},{"place":43}]}"#, &["place:'43'", "place:43"]),
        (
            r#"{"instances":[{"tags":["a","b"]},{"tags":[]},{"tags":"a"},{"km":[3]}]}"#,
            &[r#"tags:["a", "b"]"#, "tags:[]", "tags:'a'", "km:3"],
        ),
        (r#"{"instances":[{"km":1},{"km":2.5}]}"#, &["km:1", "km:2.5"]),
        (r#"{"inputs":[{"km":1},{"place":"x"}]}"#, &["km:1", "place:'x'"]),
        (r#"{"inputs":{"km":[1,2],"place":["x",null]}}"#, &["km:1 place:'x'", "km:2 place:null"]),
        (r#"{"instances":[[{"km":1},{"place":"x"}],[{"a":1}]]}"#, &["km:1", "place:'x'", "a:1"]),
    ];
    for model in ["shown", "signed"] {
        for (body, expected) in v1 {
            let reply = server.post(&format!("/v1/models/{model}:predict"), body);
            assert_eq!(reply.status, 200, "{body}: {reply:?}");
            assert_eq!(reply.json()["predictions"], json!(expected), "{body}");
        }
        for (body, expected) in [
            (
                r#"{"dataframe_split":{"columns":["km","x y"],"data":[[1,"u"],[null,"v"]]}}"#,
                ["km:1 x y:'u'", "km:null x y:'v'"],
            ),
            (
                r#"{"dataframe_records":[{"km":1},{"place":"x","a":["b","c"]}]}"#,
                ["km:1", r#"a:["b", "c"] place:'x'"#],
            ),
            (r#"{"instances":[{"km":1},{"place":"x"}]}"#, ["km:1", "place:'x'"]),
            (r#"{"inputs":{"km":[1,2]}}"#, ["km:1", "km:2"]),
        ] {
            let reply = server.post(&format!("/invocations?model={model}"), body);
            assert_eq!(reply.json()["predictions"], json!(expected), "{body}: {reply:?}");
        }
        let csv = "place,km,other\n043,1,2\n,2.5,3\n";
        let reply =
            server.post_as(&format!("/invocations?model={model}"), "content-type: text/csv", csv);
        let expected = ["km:1 other:2 place:'043'", "km:2.5 other:3 place:null"];
        assert_eq!(reply.json()["predictions"], json!(expected), "{reply:?}");
        let lines = "{\"km\":1}\n{\"place\":\"x\"}\n";
        let answers = lines::ask(&server, &format!("/v1/models/{model}:predict"), lines);
        let answers: Vec<_> = answers.iter().map(|answer| &answer["prediction"]).collect();
        assert_eq!(answers, ["km:1", "place:'x'"]);
    }
}

#[test]
fn tensors_are_columns_by_name() {
    let server = serve(models(), Limits::default());
    for (inputs, expected) in [
        (
            r#"{"name":"place","shape":[2],"datatype":"BYTES","data":["43","75"]},
            {"name":"km","shape":[2,1],"datatype":"FP32","data":[1.5,2]}"#,
            ["km:1.5 place:'43'", "km:2 place:'75'"],
        ),
        (r#"{"name":"km","shape":[2],"datatype":"FP64","data":[1.5,2]}"#, ["km:1.5", "km:2"]),
        (r#"{"name":"new","shape":[2,1],"datatype":"INT64","data":[1,2]}"#, ["new:1", "new:2"]),
    ] {
        let reply = server.post("/v2/models/shown/infer", format!("{{\"inputs\":[{inputs}]}}"));
        assert_eq!(reply.status, 200, "{inputs}: {reply:?}");
        assert_eq!(reply.json()["outputs"][0]["data"], json!(expected), "{inputs}");
    }
    let described = server.get("/v2/models/shown").json();
    let inputs = json!([
        {"name": "place", "datatype": "BYTES", "shape": [-1, 1]},
        {"name": "km", "datatype": "FP64", "shape": [-1, 1]},
    ]);
    assert_eq!(described["inputs"], inputs);
    assert_eq!(described["outputs"][0]["datatype"], "BYTES");
    assert_eq!(server.get("/v2/models/signed").json()["inputs"][2]["name"], "zip");
    let config = server.get("/v2/models/shown/config").json();
    assert_eq!(config["input"][0]["optional"], true, "{config}");
}

#[test]
fn what_is_no_dict_is_refused() {
    let server = serve(models(), Limits { rows: 5, ..Limits::default() });
    for (path, body, expected) in [
        ("/v1/models/shown:predict", r#"{"instances":[[1,2]]}"#, "takes rows that are objects"),
        ("/v1/models/shown:predict", r#"{"instances":[]}"#, "there are no rows"),
        ("/v1/models/shown:predict", r#"{"instances":[{"a":{"b":1}}]}"#, "column `a` is an object"),
        (
            "/v1/models/shown:predict",
            r#"{"instances":[{"a":["b",1]}]}"#,
            "column `a` is a list where a single value or texts are expected",
        ),
        ("/v1/models/shown:predict", r#"{"instances":[{"a":1,"a":2}]}"#, "the key `a` comes twice"),
        ("/v1/models/shown:predict", r#"{"instances":[{},{},{},{},{},{}]}"#, "limit of 5 rows"),
        (
            "/v2/models/shown/infer",
            r#"{"inputs":[{"name":"km","shape":[1,2],"datatype":"FP64","data":[1,2]}]}"#,
            "takes rows that are objects",
        ),
        ("/invocations?model=shown", r#"{"dataframe_split":{"data":[[1]]}}"#, "columns by name"),
    ] {
        let reply = server.post(path, body);
        assert!(matches!(reply.status, 400 | 413), "{body}: {reply:?}");
        assert!(reply.body.contains(expected), "{body}: {reply:?}");
    }
}

/// A vectorizer and its model in one file, asked over HTTP as the library was asked when the golden
/// case was made.
#[test]
fn a_file_with_a_vectorizer_and_its_model_answers_as_the_library_does() {
    for case in ["parts-tuple", "parts-booster", "dict-logistic", "dict-mixed"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../engine/tests/golden/sklearn-1.9.1")
            .join(case);
        let text = fs::read_to_string(folder.join("case.json")).unwrap();
        let golden: Value = serde_json::from_str(&text).unwrap();
        let file = golden["models"][0].as_str().unwrap();
        let model = longshore_engine::load(
            &Source::open(&folder.join(file)).unwrap(),
            &longshore_engine::Limits::default(),
        );
        let server = serve(vec![source("golden", model.unwrap())], Limits::default());
        compare(&server, &golden, case);
    }
}

fn compare(server: &Running, golden: &Value, case: &str) {
    let rows = json!({ "instances": golden["input"]["data"] }).to_string();
    let (method, expected) = golden["expected"].as_object().unwrap().iter().next_back().unwrap();
    let reply = server.post(&format!("/v1/models/golden:predict?method={method}"), rows);
    assert_eq!(reply.status, 200, "{case}: {reply:?}");
    let mut found = Vec::new();
    for row in reply.json()["predictions"].as_array().unwrap() {
        match row.as_array() {
            Some(values) => found.extend(values.iter().map(|value| value.as_f64().unwrap())),
            None => found.push(row.as_f64().unwrap()),
        }
    }
    let expected: Vec<_> =
        expected["data"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
    assert_eq!(found.len(), expected.len(), "{case}");
    for (found, expected) in found.iter().zip(&expected) {
        let near = (found - expected).abs() <= 1e-9 * expected.abs().max(1.0);
        assert!(near, "{case}: {found} instead of {expected}");
    }
}
