//! Every shape of a request × named, unnamed, reordered, missing, extra, null and mistyped columns ×
//! models with and without a signature. The table is shared with `tests/conformance`, where the real
//! library, MLflow and KServe are asked the same.

use std::sync::Arc;

use longshore_engine::{
    Cell, Column, ColumnUse, Data, Error, Inputs, Method, Output, OutputData, Predictor, Table,
};
use longshore_mlflow::Signature;
use longshore_serve::{Limits, ModelSource};
use serde_json::Value;

use crate::{
    calls::Caller,
    client::{Running, serve},
    model::{model_of, source},
    tensors::{self, Items},
};

const TABLE: &str = include_str!("../../../../tests/conformance/request_shapes.json");

/// The two models that the table was made with: a + 10 b + 100 where c is x, with b possibly missing
/// and d never read; and a + 10 b.
#[derive(Debug)]
struct Weighted(Inputs);

impl Weighted {
    fn value(&self, column: &Column, at: usize, row: usize) -> Result<f64, Error> {
        let text = |text: &str| {
            text.parse().map_err(|_| Error::input(format!("row {row} has the text `{text}`")))
        };
        let value = match column {
            Column::F64(values) => values[row],
            Column::F32(values) => f64::from(values[row]),
            Column::I64(values) => values[row] as f64,
            Column::Bool(values) => f64::from(u8::from(values[row])),
            Column::Text(values) if at == 2 => f64::from(u8::from(values.get(row) == Some("x"))),
            Column::Text(values) => values.get(row).map_or(Ok(f64::NAN), text)?,
            Column::Any(values) => match &values[row] {
                Cell::Text(value) => text(value)?,
                Cell::F64(value) => *value,
                Cell::I64(value) => *value as f64,
                Cell::Bool(_) | Cell::Null | Cell::Absent | Cell::Texts(_) => f64::NAN,
            },
        };
        match (value.is_nan(), self.0.uses.is_some()) {
            (true, true) => Ok(0.0),
            (true, false) => Err(Error::input(format!("row {row}, column {at} is NaN"))),
            (false, _) => Ok(value),
        }
    }
}

impl Predictor for Weighted {
    fn inputs(&self) -> Inputs {
        self.0.clone()
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict]
    }

    fn compute(&self, _: Method, input: &Table) -> Result<Output, Error> {
        let strided = |values: &[f64], columns: usize| -> Vec<Column> {
            let column = |at| values.iter().skip(at).step_by(columns).copied().collect();
            (0..columns).map(|at| Column::F64(column(at))).collect()
        };
        let columns = match &input.data {
            Data::Columns(columns) => columns.clone(),
            Data::F64(matrix) => strided(&matrix.values, matrix.columns),
            other => return Err(Error::input(format!("unexpected data: {other:?}"))),
        };
        assert_eq!(Some(columns.len()), self.0.columns, "the width that the model promised");
        let weights = [1.0, 10.0, 100.0];
        let answer = |row| -> Result<f64, Error> {
            let read = columns.iter().zip(weights).enumerate();
            read.map(|(at, (column, weight))| Ok(self.value(column, at, row)? * weight)).sum()
        };
        let answers = (0..input.rows).map(answer).collect::<Result<_, _>>()?;
        Ok(Output::flat(OutputData::F64(answers)))
    }
}

fn weighted(name: &str, table: bool, signed: bool) -> ModelSource {
    use ColumnUse::{Text, Unread, Value};
    let names: &[&str] = if table { &["a", "b", "c", "d"] } else { &["a", "b"] };
    let inputs = Inputs {
        columns: Some(names.len()),
        names: Some(names.iter().map(|&name| Arc::from(name)).collect()),
        uses: table.then(|| Arc::from([Value, Value, Text, Unread])),
        ..Inputs::default()
    };
    // as `infer_signature` writes it
    let columns = if table {
        r#"[{"name":"a","type":"double"},{"name":"b","type":"double","required":false},
            {"name":"c","type":"string"},{"name":"d","type":"double","required":false}]"#
    } else {
        r#"[{"name":"a","type":"double"},{"name":"b","type":"double"}]"#
    };
    let signature = signed.then(|| Signature::parse(Some(columns), None, None).unwrap());
    source(name, model_of(Box::new(Weighted(inputs)), signature))
}

fn ask(server: &Running, model: &str, cell: &Value) -> Result<Vec<f64>, String> {
    let form = cell["form"].as_str().unwrap();
    let (v1, v2) = (format!("/v1/models/{model}:predict"), format!("/v2/models/{model}/infer"));
    let mlflow = format!("/invocations?model={model}");
    let body = &cell["body"];
    let (reply, answers) = match (form.split(' ').next(), body) {
        (Some("v1"), _) => (server.post(&v1, body.to_string()), "/predictions"),
        (Some("v2"), _) => (server.post(&v2, body.to_string()), "/outputs/0/data"),
        (Some("binary"), _) => {
            let (length, body) = tensors::binary(body);
            let length = format!("inference-header-content-length: {length}");
            (server.post_as(&v2, &length, body), "/outputs/0/data")
        }
        (Some("mlflow"), Value::String(csv)) => {
            (server.post_as(&mlflow, "content-type: text/csv", csv), "/predictions")
        }
        (Some("mlflow"), _) => (server.post(&mlflow, body.to_string()), "/predictions"),
        _ => panic!("{form} is no form that this test knows"),
    };
    let json = reply.json();
    if reply.status != 200 {
        assert_eq!(reply.status, 400, "{reply:?}");
        let message = if json["message"].is_null() { &json["error"] } else { &json["message"] };
        return Err(message.as_str().unwrap().to_owned());
    }
    Ok(json
        .pointer(answers)
        .unwrap()
        .as_array()
        .unwrap()
        .iter()
        .map(|answer| answer.as_f64().unwrap())
        .collect())
}

/// The same over gRPC.
fn call(caller: &Caller, model: &str, cell: &Value) -> Result<Vec<f64>, String> {
    let form = cell["form"].as_str().unwrap();
    let items = if form.starts_with("grpc raw") { Items::Raw } else { Items::Typed };
    caller.numbers(&tensors::message(model, &cell["body"], items)).map_err(|(status, message)| {
        assert_eq!(status, 3, "{message}");
        message
    })
}

#[test]
fn every_shape_is_answered_or_refused_as_the_table_says() {
    let models = [("table", true), ("table", false), ("numbers", true), ("numbers", false)];
    let name = |model: &str, signed: bool| {
        format!("{model}-{}", if signed { "signed" } else { "unsigned" })
    };
    let sources = models
        .iter()
        .map(|(model, signed)| weighted(&name(model, *signed), *model == "table", *signed));
    let server = serve(sources.collect(), Limits::default());
    let caller = Caller::new(server.address);
    let cells: Vec<Value> = serde_json::from_str(TABLE).unwrap();
    assert!(cells.len() > 150, "{} cells", cells.len());
    let mut wrong = Vec::new();
    for cell in &cells {
        for signed in [true, false] {
            let name = name(cell["model"].as_str().unwrap(), signed);
            let answer = if cell["form"].as_str().unwrap().starts_with("grpc") {
                call(&caller, &name, cell)
            } else {
                ask(&server, &name, cell)
            };
            let expected = &cell[if signed { "signed" } else { "unsigned" }];
            let right = match (&answer, expected) {
                (Ok(answers), Value::Array(values)) => {
                    values.iter().map(|value| value.as_f64().unwrap()).eq(answers.iter().copied())
                }
                (Err(message), Value::String(part)) => message.contains(&**part),
                _ => false,
            };
            if !right {
                wrong.push(format!(
                    "{name}, {}, {}: {answer:?} where {expected} is stated",
                    cell["form"], cell["case"]
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
