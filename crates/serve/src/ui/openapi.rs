//! What the server answers, as OpenAPI 3.1: the routes of every model that is loaded, with its own columns, and
//! those of the server.

use std::{fmt::Write, sync::Arc};

use longshore_engine::quantity;
use serde_json::{Value, json};

use super::node::{Node, object};
use crate::{config::Limits, repository::Served};

mod bodies;
mod common;
mod invocations;
mod model;
mod schema;
mod server;

/// Most models that are described; a document of more is read by nobody.
const MOST_MODELS: usize = 200;

/// What the description depends on besides the models.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub(super) struct Facts {
    /// Requests need a key.
    pub(super) keys: bool,
    /// `/metrics` needs no key.
    pub(super) open_metrics: bool,
    /// `/metrics` is on this port.
    pub(super) has_metrics: bool,
    /// Clients may load and unload models.
    pub(super) control: bool,
    pub(super) limits: Limits,
}

/// A model as it is described: every loaded version, the last of which answers when none is named.
pub(super) struct Described {
    pub(super) versions: Vec<Arc<Served>>,
    pub(super) latest: Arc<Served>,
}

/// The description of a server with these models; `others` are not loaded.
pub(super) fn document(models: &[Described], others: usize, facts: &Facts) -> Node {
    let shown = models.get(..models.len().min(MOST_MODELS)).unwrap_or_default();
    let mut ids = common::Ids::default();
    let described: Vec<_> =
        shown.iter().map(|model| model::Model::of(model, &mut ids, facts)).collect();
    let mut paths = Vec::new();
    let mut schemas = common::schemas();
    for model in &described {
        paths.extend(model.paths());
        schemas.extend(model.schemas());
    }
    if !described.is_empty() {
        paths.push(invocations::path(&described));
    }
    paths.extend(server::paths(facts));
    let left = models.len() - shown.len() + others;
    let mut tags: Vec<Node> = described.iter().map(model::Model::tag).collect();
    tags.push(json!({"name": "server", "description": "What is asked of every server."}).into());
    let mut components = vec![
        ("schemas".to_owned(), Node::Object(schemas)),
        ("responses".to_owned(), common::responses(facts.keys).into()),
    ];
    if facts.keys {
        components.push(("securitySchemes".to_owned(), common::schemes().into()));
    }
    let security: Value =
        if facts.keys { json!([{ "bearer": [] }, { "key": [] }]) } else { json!([]) };
    object([
        ("openapi", "3.1.0".into()),
        (
            "info",
            json!({
                "title": "Longshore",
                "version": env!("CARGO_PKG_VERSION"),
                "description": describe(left),
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            })
            .into(),
        ),
        (
            "servers",
            json!([{ "url": ".", "description": "the server that this document is from" }]).into(),
        ),
        ("security", security.into()),
        ("tags", Node::List(tags)),
        ("paths", Node::Object(paths)),
        ("components", Node::Object(components)),
    ])
}

fn describe(left: usize) -> String {
    let mut text = "Predictions of the models on this server, by KServe's protocols V1 and V2 and by MLflow's \
                    `/invocations`. Each model has its own paths and the columns it was trained with."
        .to_owned();
    if left > 0 {
        let left = quantity(left, "more model");
        let _ =
            write!(text, " Not described: {left} (not loaded, or beyond the first {MOST_MODELS}).");
    }
    text
}
