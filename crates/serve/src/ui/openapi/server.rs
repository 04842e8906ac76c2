//! The routes that do not depend on models.

use serde_json::{Value, json};

use super::{
    super::node::Node,
    Facts,
    common::{answered, json_of},
};

/// The paths.
pub(super) fn paths(facts: &Facts) -> Vec<(String, Node)> {
    let text = |words: &str| json!({"description": words, "content": {"text/plain": {"schema": {"type": "string"}}}});
    let any = || json!({"type": "object"});
    let get = |id: &str, words: &str, answer: Value, open: bool| {
        let mut operation = json!({
            "tags": ["server"],
            "operationId": id,
            "summary": words,
            "responses": answered(answer, false, facts.keys && !open),
        });
        if facts.keys && open {
            operation["security"] = json!([]);
        }
        json!({ "get": operation })
    };
    let listed = || {
        let names = json!({"type": "array", "items": {"type": "string"}});
        json!({"type": "object", "required": ["models"], "properties": {"models": names}})
    };
    let words = "The names of the models";
    let mut paths = vec![
        ("/v1/models", get("models", words, json_of(words, listed()), false)),
        ("/v2/models", get("models_v2", words, json_of(words, listed()), false)),
    ];
    let words = "What the server is";
    paths.push(("/v2", get("server", words, json_of(words, any()), false)));
    let words = "What all models have done since the server started";
    paths.push(("/v2/models/stats", get("stats", words, json_of(words, any()), false)));
    let words = "Whether the server lives";
    paths.push(("/v2/health/live", get("live", words, json_of(words, any()), true)));
    let words = "Whether the server is ready to answer";
    paths.push(("/v2/health/ready", get("ready", words, json_of(words, any()), true)));
    paths.push((
        "/version",
        get(
            "version",
            "The release of MLflow that `/invocations` follows",
            text("The release."),
            false,
        ),
    ));
    if facts.has_metrics {
        let words = "What the server counts, for Prometheus";
        paths.push(("/metrics", get("metrics", words, text(words), facts.open_metrics)));
    }
    paths.push(("/v2/repository/index", index(facts.keys)));
    if facts.control {
        let named =
            json!([{"name": "name", "in": "path", "required": true, "schema": {"type": "string"}}]);
        for (path, id, words) in [
            ("/v2/repository/models/{name}/load", "load", "Load a model anew"),
            ("/v2/repository/models/{name}/unload", "unload", "Take a model away"),
        ] {
            let mut responses = answered(json_of(words, any()), true, facts.keys);
            responses["403"] = json_of(
                "Loading and unloading is not allowed here.",
                json!({"$ref": "#/components/schemas/Failure"}),
            );
            let operation = json!({
                "tags": ["server"],
                "operationId": id,
                "summary": words,
                "parameters": named,
                "responses": responses,
            });
            paths.push((path, json!({ "post": operation })));
        }
    }
    paths.into_iter().map(|(path, item)| (path.to_owned(), item.into())).collect()
}

fn index(keys: bool) -> Value {
    let words = "The models and their state";
    let entry = json!({
        "type": "object",
        "required": ["name", "state"],
        "properties": {
            "name": {"type": "string"},
            "version": {"type": "string"},
            "state": {"type": "string", "enum": ["READY", "LOADING", "UNLOADING", "UNAVAILABLE", "UNKNOWN"]},
            "reason": {"type": "string"},
        },
    });
    let body = json!({
        "type": "object",
        "properties": {"ready": {"type": "boolean", "description": "Only those that answer."}},
    });
    json!({"post": {
        "tags": ["server"],
        "operationId": "repository_index",
        "summary": words,
        "requestBody": {"content": {"application/json": {"schema": body}}},
        "responses": answered(json_of(words, json!({"type": "array", "items": entry})), true, keys),
    }})
}
