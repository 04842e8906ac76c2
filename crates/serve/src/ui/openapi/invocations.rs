//! `/invocations`, which all models share.

use serde_json::{Value, json};

use super::{
    super::node::{Node, object},
    common::{answered, json_of},
    model::Model,
};

/// The path.
pub(super) fn path(models: &[Model]) -> (String, Node) {
    let several = models.len() > 1;
    let rows = any_of(models.iter().map(Model::row_schema).collect());
    let params = any_of(models.iter().map(|model| model.params.clone()).collect());
    let list = json!({"type": "array", "items": rows});
    let split = json!({
        "type": "object",
        "required": ["data"],
        "properties": {
            "columns": {"type": "array", "items": {"type": ["string", "integer"]}},
            "index": {"type": "array", "items": {}},
            "data": {"type": "array", "items": {"type": "array", "items": {}}},
        },
    });
    let form = |key: &str, rows: &Value| json!({"type": "object", "required": [key], "properties": {key: rows, "params": params}});
    let schema = json!({"anyOf": [
        form("dataframe_split", &split),
        form("dataframe_records", &list),
        form("instances", &list),
        form("inputs", &json!({"description": "Rows, or an object of columns."})),
    ]});
    let examples = models.iter().filter_map(|model| {
        let value = model.invocations.clone()?;
        Some((
            model.id.clone(),
            object([("summary", model.name.as_str().into()), ("value", value)]),
        ))
    });
    let mut body = vec![("schema".to_owned(), Node::from(schema))];
    let examples: Vec<_> = examples.collect();
    if !examples.is_empty() {
        body.push(("examples".to_owned(), Node::Object(examples)));
    }
    let mut csv = vec![("schema".to_owned(), json!({"type": "string"}).into())];
    if let (false, Some(example)) = (several, models.iter().find_map(|model| model.csv.clone())) {
        csv.push(("example".to_owned(), example.into()));
    }
    let names: Vec<&str> = models.iter().map(|model| model.name.as_str()).collect();
    let mut methods: Vec<&str> = Vec::new();
    for method in models.iter().flat_map(|model| &model.methods) {
        if !methods.contains(method) {
            methods.push(method);
        }
    }
    let query = |name: &str, words: &str, required: bool, schema: Value| json!({"name": name, "in": "query", "description": words, "required": required, "schema": schema});
    let parameters = json!([
        query(
            "model",
            "Which model is asked; needed where there are several.",
            several,
            json!({"type": "string", "enum": names})
        ),
        query(
            "version",
            "Which version is asked; the latest when nothing is said.",
            false,
            json!({"type": "string"})
        ),
        query(
            "method",
            "What is asked; the model's default when nothing is said.",
            false,
            json!({"type": "string", "enum": methods})
        ),
    ]);
    let replies = any_of(models.iter().map(Model::predictions).collect());
    let keys = models.iter().any(|model| model.keys);
    let tags = json!(names);
    let operation = object([
        ("tags", tags.into()),
        ("operationId", "invocations".into()),
        ("summary", "Ask a model (MLflow)".into()),
        ("parameters", parameters.into()),
        (
            "requestBody",
            object([
                ("required", true.into()),
                (
                    "content",
                    object([
                        ("application/json", Node::Object(body)),
                        ("text/csv", Node::Object(csv)),
                    ]),
                ),
            ]),
        ),
        ("responses", answered(json_of("The answers, one a row.", replies), true, keys).into()),
    ]);
    ("/invocations".to_owned(), object([("post", operation)]))
}

fn any_of(mut schemas: Vec<Value>) -> Value {
    schemas.dedup();
    match <[Value; 1]>::try_from(schemas) {
        Ok([only]) => only,
        Err(schemas) => json!({ "anyOf": schemas }),
    }
}
