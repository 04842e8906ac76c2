//! Schemas as Kubernetes wants them: structural, without references, and without what it does not know.

use serde_json::{Map, Value, json};

/// Makes a schema structural.
pub(super) fn structural(schema: &mut Value) {
    let Value::Object(fields) = schema else {
        // a schema that allows everything
        *schema = json!({"x-kubernetes-preserve-unknown-fields": true});
        return;
    };
    enumerated(fields);
    for name in ["title", "nullable", "default", "$schema", "examples"] {
        fields.remove(name);
    }
    if let Some(format) = fields.get("format").and_then(Value::as_str)
        && !matches!(format, "int32" | "int64" | "double" | "float" | "byte" | "date-time")
    {
        fields.remove("format");
    }
    let open = fields.get("additionalProperties").is_some_and(|it| it == true);
    if open && !fields.contains_key("x-kubernetes-preserve-unknown-fields") {
        fields.remove("additionalProperties");
        fields.insert("x-kubernetes-preserve-unknown-fields".into(), true.into());
        fields.entry("type").or_insert_with(|| "object".into());
    }
    if let Some(Value::Object(properties)) = fields.get_mut("properties") {
        properties.values_mut().for_each(structural);
    }
    for name in ["items", "additionalProperties"] {
        if let Some(inner) = fields.get_mut(name) {
            structural(inner);
        }
    }
    if let Some(Value::Array(required)) = fields.get("required")
        && required.is_empty()
    {
        fields.remove("required");
    }
}

/// A choice among constants becomes an enumeration, and a choice between one schema and null that schema.
fn enumerated(fields: &mut Map<String, Value>) {
    // a choice may bring another one with it
    while let Some(choices) = ["oneOf", "anyOf", "allOf"].iter().find_map(|it| fields.remove(*it)) {
        let Value::Array(choices) = choices else { continue };
        let mut values = Vec::new();
        for choice in choices {
            let Value::Object(mut choice) = choice else { continue };
            match (choice.remove("const"), choice.remove("enum")) {
                (Some(value), _) => values.push(value),
                (None, Some(Value::Array(several))) => values.extend(several),
                _ if choice.get("type").is_some_and(|kind| kind == "null") => {}
                _ => {
                    choice.remove("description");
                    fields.extend(choice);
                }
            }
        }
        values.retain(|value| !value.is_null());
        if !values.is_empty() {
            fields.insert("type".into(), "string".into());
            fields.insert("enum".into(), values.into());
        }
    }
    if let Some(value) = fields.remove("const") {
        fields.insert("enum".into(), json!([value]));
    }
}
