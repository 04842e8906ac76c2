//! What the page asks: the models there are, and all that is known of one.

use std::{
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use longshore_engine::Labels;

use super::{
    columns::{self, Form},
    example,
    node::{self, Node, object},
};
use crate::{
    config::Limits,
    repository::{Entry, Repository, Served, State},
};

/// Most columns that the form has; what has more is edited as JSON.
const MOST_FIELDS: usize = 200;

/// Most values of an example.
const MOST_VALUES: usize = 20_000;

/// The models, in the order they came up.
pub(super) fn models(models: &Repository) -> Node {
    let model = |entry: &Arc<Entry>| {
        object([
            ("name", (&*entry.name).into()),
            ("state", state(entry.state()).into()),
            ("reason", entry.reason().map_or_else(|| serde_json::Value::Null.into(), Node::from)),
            ("versions", node::texts(entry.versions().iter().map(|served| &*served.version))),
            ("loaded_at", changed(entry).into()),
        ])
    };
    object([
        ("server", env!("CARGO_PKG_VERSION").into()),
        ("models", models.entries().into_iter().map(model).collect()),
    ])
}

fn state(state: State) -> &'static str {
    match state {
        State::Ready => "ready",
        State::Loading => "loading",
        State::Idle => "idle",
        State::Unloaded => "unloaded",
        State::Failed => "failed",
    }
}

/// All that is known of a version of a model; `versions` are all that answer.
pub(super) fn model(served: &Served, versions: &[Arc<Served>], limits: &Limits) -> Node {
    let form = Form::of(served);
    let (columns, count) = columns::of(served, MOST_VALUES);
    let whole = columns.len() == count;
    let example = whole.then(|| example::of(served, form, &columns, limits)).flatten();
    let contract = &served.contract;
    let example = example.map_or_else(
        || serde_json::Value::Null.into(),
        |example| {
            object([
                ("row", example.row),
                ("from", example.from.into()),
                ("works", example.works.into()),
            ])
        },
    );
    let output = |output: &longshore_kserve::v2::TensorInfo| {
        object([
            ("name", output.name.as_str().into()),
            ("datatype", output.datatype.name().into()),
            ("shape", output.shape.clone().into()),
        ])
    };
    let model = served.model();
    object([
        ("name", (&*served.name).into()),
        ("version", (&*served.version).into()),
        ("versions", node::texts(versions.iter().map(|served| &*served.version))),
        ("flavor", served.flavor().into()),
        ("origin", node::texts(model.origin.iter().map(String::as_str))),
        ("file_bytes", model.file_bytes.into()),
        ("load_ms", millis(served.load_time).into()),
        (
            "loaded_at",
            millis(served.loaded_at.duration_since(UNIX_EPOCH).unwrap_or_default()).into(),
        ),
        ("methods", node::texts(contract.methods.iter().map(|method| method.name()))),
        ("default", contract.default.name().into()),
        ("outputs", served.outputs.iter().map(output).collect()),
        ("classes", model.predictor.classes().map_or_else(|| Node::List(Vec::new()), classes)),
        ("form", form.name().into()),
        ("columns", columns.iter().take(MOST_FIELDS).map(columns::Column::json).collect()),
        ("column_count", count.into()),
        ("example", example),
    ])
}

/// The classes of a classifier, as its answers have them.
fn classes(labels: &Labels) -> Node {
    match labels {
        Labels::I64(v) => v.iter().map(|&label| Node::from(label)).collect(),
        Labels::I32(v) => v.iter().map(|&label| Node::from(label)).collect(),
        Labels::F64(v) => v.iter().map(|&label| Node::from(label)).collect(),
        Labels::Bool(v) => v.iter().map(|&label| Node::from(label)).collect(),
        Labels::Text(v) => node::texts(v.iter().map(|label| &**label)),
    }
}

/// A number that differs once other versions answer.
fn changed(entry: &Entry) -> f64 {
    entry.versions().iter().fold(0.0, |sum, served| sum + loaded_at(served))
}

/// When it was loaded, in milliseconds since 1970.
fn loaded_at(served: &Served) -> f64 {
    millis(served.loaded_at.duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e5).round() / 100.0
}
