//! A small model whose answers a reader can compute in the head.

use std::{sync::Arc, thread, time::Duration};

use longshore_engine::{
    Column, ColumnUse, Data, Error, Inputs, Method, Model, Output, OutputData, Predictor, Table,
};
use longshore_mlflow::{MlModel, Signature};
use longshore_serve::{ModelSource, Origin};

/// `predict` tells whether the sum of a row is positive, `decision_function` is the sum,
/// `transform` twice each value. Texts count their bytes. A sum of 666 is its end, one of 777 takes
/// as many milliseconds.
#[derive(Debug)]
pub(crate) struct Sum {
    inputs: Inputs,
    /// How long each call takes.
    pause: Duration,
}

fn number(column: &Column, row: usize) -> Result<f64, Error> {
    match column {
        Column::F64(v) => Ok(v[row]),
        Column::F32(v) => Ok(f64::from(v[row])),
        Column::I64(v) => Ok(v[row] as f64),
        Column::Bool(v) => Ok(f64::from(u8::from(v[row]))),
        Column::Text(v) => Ok(v.get(row).map_or(f64::NAN, |text| text.len() as f64)),
        Column::Any(_) => Err(Error::input("a column is mixed")),
    }
}

fn rows(table: &Table) -> Result<Vec<Vec<f64>>, Error> {
    let chunk = |values: Vec<f64>, columns: usize| -> Vec<Vec<f64>> {
        values.chunks(columns.max(1)).map(<[f64]>::to_vec).collect()
    };
    Ok(match &table.data {
        Data::F64(m) => chunk(m.values.clone(), m.columns),
        Data::F32(m) => chunk(m.values.iter().map(|v| f64::from(*v)).collect(), m.columns),
        Data::I64(m) => chunk(m.values.iter().map(|v| *v as f64).collect(), m.columns),
        Data::Columns(columns) => (0..table.rows)
            .map(|row| columns.iter().map(|column| number(column, row)).collect())
            .collect::<Result<_, _>>()?,
        Data::Documents(texts) => {
            texts.iter().map(|t| vec![t.unwrap_or("").len() as f64]).collect()
        }
        Data::Sparse(_) => return Err(Error::input("sparse")),
    })
}

impl Predictor for Sum {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict, Method::DecisionFunction, Method::Transform]
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        thread::sleep(self.pause);
        let rows = rows(input)?;
        let sums: Vec<f64> = rows.iter().map(|row| row.iter().sum()).collect();
        assert!(!sums.contains(&666.0), "a row summed to 666");
        if sums.contains(&777.0) {
            thread::sleep(Duration::from_millis(777));
        }
        Ok(match method {
            Method::Predict => {
                Output::flat(OutputData::I64(sums.iter().map(|s| i64::from(*s > 0.0)).collect()))
            }
            Method::DecisionFunction => Output::flat(OutputData::F64(sums)),
            _ => {
                let columns = rows.first().map_or(0, Vec::len);
                let doubled = rows.iter().flatten().map(|v| v * 2.0).collect();
                Output::matrix(rows.len(), columns, OutputData::F64(doubled))
            }
        })
    }
}

fn model(inputs: Inputs, signature: Option<Signature>, pause: Duration) -> Model {
    model_of(Box::new(Sum { inputs, pause }), signature)
}

/// A sum of columns that a signature declares.
pub(crate) fn summing(inputs: Inputs, signature: Signature) -> Model {
    model(inputs, Some(signature), Duration::ZERO)
}

/// A model around any predictor.
pub(crate) fn model_of(predictor: Box<dyn Predictor>, signature: Option<Signature>) -> Model {
    let mlmodel =
        signature.map(|signature| MlModel { signature: Some(signature), ..MlModel::default() });
    Model {
        predictor,
        default_method: Method::Predict,
        mlmodel,
        flavor: "sklearn",
        origin: Vec::new(),
        file_bytes: 0,
        content_bytes: 0,
    }
}

pub(crate) fn source(name: &str, model: Model) -> ModelSource {
    ModelSource {
        name: name.to_owned(),
        version: None,
        origin: Origin::Loaded(Box::new(model)),
        method: None,
        lease: None,
    }
}

/// Three columns without names.
pub(crate) fn plain(name: &str) -> ModelSource {
    slow(name, Duration::ZERO)
}

/// The same, taking its time.
pub(crate) fn slow(name: &str, pause: Duration) -> ModelSource {
    let inputs = Inputs { columns: Some(3), ..Inputs::default() };
    source(name, model(inputs, None, pause))
}

/// The columns `a` (double), `n` (long), `t` (text) and `o` (double, may be left out: the model says
/// that it never reads it, though its answers show what it was given).
pub(crate) fn signed(name: &str) -> ModelSource {
    let columns = r#"[
        {"name":"a","type":"double"}, {"name":"n","type":"long"}, {"name":"t","type":"string"},
        {"name":"o","type":"double","required":false}
    ]"#;
    let params = r#"[{"name":"k","type":"integer","default":1}]"#;
    let signature = Signature::parse(Some(columns), None, Some(params)).unwrap();
    let uses = [ColumnUse::Value, ColumnUse::Value, ColumnUse::Text, ColumnUse::Unread];
    let inputs = Inputs { columns: Some(4), uses: Some(Arc::from(uses)), ..Inputs::default() };
    source(name, model(inputs, Some(signature), Duration::ZERO))
}

/// The columns `x` and `y` as the model itself recorded them.
pub(crate) fn recorded(name: &str) -> ModelSource {
    let names: Arc<[Arc<str>]> = Arc::from([Arc::from("x"), Arc::from("y")]);
    let inputs = Inputs { columns: Some(2), names: Some(names), ..Inputs::default() };
    source(name, model(inputs, None, Duration::ZERO))
}

/// One text a row.
pub(crate) fn documents(name: &str) -> ModelSource {
    let inputs = Inputs { documents: true, ..Inputs::default() };
    source(name, model(inputs, None, Duration::ZERO))
}
