//! What the operations share.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::super::node::Node;

/// How a client shows its key.
pub(super) fn schemes() -> Value {
    json!({
        "bearer": {"type": "http", "scheme": "bearer"},
        "key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
    })
}

/// Names that are letters, digits and underscores, each given once: clients make functions and types of them.
#[derive(Debug, Default)]
pub(super) struct Ids(HashSet<String>);

impl Ids {
    pub(super) fn of(&mut self, name: &str) -> String {
        let plain: String =
            name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let plain = if plain.chars().all(|c| c == '_') { "model".to_owned() } else { plain };
        let mut id = plain.clone();
        let mut count = 1;
        while !self.0.insert(id.to_ascii_lowercase()) {
            count += 1;
            id = format!("{plain}_{count}");
        }
        id
    }
}

/// Failures that a request to a model may meet.
const OF_MODELS: [&str; 8] = ["400", "404", "408", "413", "415", "500", "503", "504"];

/// Failures that other requests may meet.
const OF_OTHERS: [&str; 4] = ["400", "404", "500", "503"];

/// The responses of an operation: the one that answers, and failures.
pub(super) fn answered(answer: Value, of_model: bool, keys: bool) -> Value {
    let mut all = serde_json::Map::from_iter([("200".to_owned(), answer)]);
    let failures: &[&str] = if of_model { &OF_MODELS } else { &OF_OTHERS };
    for code in failures.iter().copied().chain(keys.then_some("401")) {
        all.insert(code.to_owned(), json!({ "$ref": format!("#/components/responses/{code}") }));
    }
    all.into()
}

/// An answer in JSON.
pub(super) fn json_of(description: &str, schema: Value) -> Value {
    let mut reply = json!({"description": description, "content": {"application/json": {}}});
    reply["content"]["application/json"]["schema"] = schema;
    reply
}

/// What goes wrong, by status.
pub(super) fn responses(keys: bool) -> Value {
    let failures = [
        ("400", "The request is wrong: the message says what, where, and what to send instead."),
        ("401", "The server needs an API key, and the request has none or another one."),
        ("404", "There is no such model or version."),
        ("408", "The body came too slowly."),
        ("413", "The body, its rows or its answer exceed a limit, whose flag is named."),
        ("415", "The type of the body is not understood."),
        ("500", "The model failed on these rows."),
        (
            "503",
            "The model is not loaded, or the server has too much to do; `Retry-After` says when to come again.",
        ),
        ("504", "The answer took too long."),
    ];
    let wanted = failures.into_iter().filter(|(code, _)| keys || *code != "401");
    let all = wanted.map(|(code, words)| {
        (code.to_owned(), json_of(words, json!({"$ref": "#/components/schemas/Failure"})))
    });
    Value::Object(all.collect())
}

/// The schemas that do not depend on models.
pub(super) fn schemas() -> Vec<(String, Node)> {
    let tensors = |of: &str| json!({"type": "array", "items": {"$ref": format!("#/components/schemas/{of}")}});
    let all = [
        (
            "Failure",
            json!({
                "type": "object",
                "description": "V1 and V2 say `error`; `/invocations` says `error_code` and `message`, as MLflow does.",
                "properties": {
                    "error": {"type": "string"},
                    "error_code": {"type": "string"},
                    "message": {"type": "string"},
                },
            }),
        ),
        ("Tensor", tensor()),
        ("TensorMetadata", tensor_metadata()),
        (
            "InferRequest",
            json!({
                "type": "object",
                "required": ["inputs"],
                "properties": {
                    "id": {"type": "string"},
                    "parameters": {"type": "object"},
                    "inputs": tensors("Tensor"),
                    "outputs": {
                        "type": "array",
                        "description": "The methods that are asked for; without it the default one answers.",
                        "items": {
                            "type": "object",
                            "required": ["name"],
                            "properties": {"name": {"type": "string"}, "parameters": {"type": "object"}},
                        },
                    },
                },
            }),
        ),
        (
            "InferReply",
            json!({
                "type": "object",
                "required": ["model_name", "outputs"],
                "properties": {
                    "model_name": {"type": "string"},
                    "model_version": {"type": "string"},
                    "id": {"type": "string"},
                    "parameters": {"type": "object"},
                    "outputs": tensors("Tensor"),
                },
            }),
        ),
        (
            "ModelMetadata",
            json!({
                "type": "object",
                "required": ["name", "platform", "inputs", "outputs"],
                "properties": {
                    "name": {"type": "string"},
                    "versions": {"type": "array", "items": {"type": "string"}},
                    "platform": {"type": "string"},
                    "inputs": tensors("TensorMetadata"),
                    "outputs": tensors("TensorMetadata"),
                },
            }),
        ),
        (
            "Readiness",
            json!({
                "type": "object",
                "required": ["name", "ready"],
                "properties": {
                    "name": {"type": "string"},
                    "ready": {"type": "boolean"},
                    "reason": {"type": "string"},
                },
            }),
        ),
    ];
    all.into_iter().map(|(name, schema)| (name.to_owned(), schema.into())).collect()
}

/// A tensor with its values.
fn tensor() -> Value {
    let datatypes = [
        "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16",
        "BF16", "FP32", "FP64", "BYTES",
    ];
    json!({
        "type": "object",
        "required": ["name", "shape", "datatype", "data"],
        "properties": {
            "name": {"type": "string"},
            "shape": {"type": "array", "items": {"type": "integer", "format": "int64"}},
            "datatype": {"type": "string", "enum": datatypes},
            "parameters": {"type": "object"},
            "data": {"type": "array", "description": "The values, flat or nested by the shape.", "items": {}},
        },
    })
}

/// A tensor as metadata has it.
fn tensor_metadata() -> Value {
    json!({
        "type": "object",
        "required": ["name", "datatype", "shape"],
        "properties": {
            "name": {"type": "string"},
            "datatype": {"type": "string"},
            "shape": {"type": "array", "items": {"type": "integer", "format": "int64"}},
        },
    })
}
