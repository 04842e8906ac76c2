//! A row that the model takes, as the body of a request.

use longshore_engine::{Cell, ColumnUse, Inputs, Limits, Model, Source};
use longshore_mlflow::Schema;
use longshore_serve::{Config, Server};
use serde_json::{Map, Value, json};

use crate::models::Local;

/// Files in which MLflow keeps an example beside a model, as the body of a request.
const EXAMPLE: &str = "serving_input_example.json";

/// Most columns that are written out.
const MOST: usize = 200;

/// A body of V1 with one row: the example beside the model, else one of made-up numbers and of the first
/// categories of training. `None` when nothing is known, or the model refuses what was made up.
pub(in crate::cmd) fn of(model: &Model, local: &Local, limits: &Limits) -> Option<Value> {
    let recorded = recorded(&local.source, limits).filter(|body| answers(local, limits, body));
    recorded.or_else(|| made_up(model).filter(|body| answers(local, limits, body)))
}

/// What MLflow kept of the training data.
fn recorded(source: &Source, limits: &Limits) -> Option<Value> {
    let example: Value = serde_json::from_slice(&source.read(EXAMPLE, limits).ok()?).ok()?;
    let frame = example.get("dataframe_split")?;
    let names = frame["columns"].as_array()?.iter().map(Value::as_str);
    let row = frame["data"].as_array()?.first()?.as_array()?;
    let cells: Option<Map<String, Value>> =
        names.zip(row).map(|(name, cell)| Some((name?.to_owned(), cell.clone()))).collect();
    Some(json!({ "instances": [cells?] }))
}

fn made_up(model: &Model) -> Option<Value> {
    let inputs = model.inputs();
    if inputs.documents {
        return Some(json!({ "instances": ["a text"] }));
    }
    if inputs.dicts {
        let names = inputs.names.as_deref().unwrap_or_default();
        let value = |at| match inputs.uses.as_ref().and_then(|uses| uses.get(at)) {
            Some(ColumnUse::Text) => json!("a"),
            _ => json!(0.5),
        };
        let row: Map<String, Value> = names
            .iter()
            .take(MOST)
            .enumerate()
            .map(|(at, name)| (name.to_string(), value(at)))
            .collect();
        return Some(json!({ "instances": [row] }));
    }
    let columns = inputs.columns.filter(|&columns| columns <= MOST)?;
    let declared = model.signature().and_then(|signature| signature.inputs.as_ref());
    let cells: Vec<Value> = (0..columns).map(|at| cell(model, &inputs, declared, at)).collect();
    let names = inputs.names.as_deref().filter(|names| names.len() == columns);
    Some(match names {
        Some(names) => {
            let row: Map<String, Value> =
                names.iter().map(ToString::to_string).zip(cells).collect();
            json!({ "instances": [row] })
        }
        None => json!({ "instances": [cells] }),
    })
}

/// A value of one column.
fn cell(model: &Model, inputs: &Inputs, declared: Option<&Schema>, at: usize) -> Value {
    let known = model.predictor.categories(at).and_then(|cells| cells.into_iter().next());
    if let Some(known) = known {
        return match known {
            Cell::Null | Cell::Absent => Value::Null,
            Cell::Bool(v) => json!(v),
            Cell::I64(v) => json!(v),
            Cell::F64(v) => json!(v),
            Cell::Text(v) => json!(&*v),
            Cell::Texts(v) => json!(v.iter().map(|text| &**text).collect::<Vec<_>>()),
        };
    }
    let kind = match declared {
        Some(Schema::Columns(columns)) => columns.get(at).map(|column| column.kind.name()),
        _ => None,
    };
    let is_text = inputs.uses.as_ref().and_then(|uses| uses.get(at)) == Some(&ColumnUse::Text);
    match kind {
        Some("string") => json!("a"),
        Some("boolean") => json!(false),
        Some("integer" | "long") => json!(0),
        None if is_text => json!("a"),
        _ => json!(0.5),
    }
}

/// Whether the model answers, asked as a server asks it.
fn answers(local: &Local, limits: &Limits, body: &Value) -> bool {
    let config = Config {
        models: vec![local.clone().serve(None)],
        model_limits: *limits,
        ..Config::default()
    };
    let Ok(server) = Server::offline(config) else { return false };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return false;
    };
    let path = format!("/v1/models/{}:predict", local.name);
    let request = hyper::Request::post(path)
        .header(hyper::header::CONTENT_TYPE, "application/json")
        .body(bytes::Bytes::from(body.to_string()));
    request.is_ok_and(|request| runtime.block_on(server.handle(request)).status().is_success())
}
