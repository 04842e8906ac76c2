//! The schemas of what Kubernetes itself defines.

use std::borrow::Cow;

use k8s_openapi::api::core::v1::{Container as ContainerFields, PodSpec};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use crate::{Container, Pod, Quantity};

impl JsonSchema for Container {
    fn schema_name() -> Cow<'static, str> {
        "Container".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        beside_others::<ContainerFields>(generator)
    }
}

impl JsonSchema for Pod {
    fn schema_name() -> Cow<'static, str> {
        "Pod".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = beside_others::<PodSpec>(generator);
        for list in ["containers", "initContainers"] {
            let items = schema.pointer_mut(&format!("/properties/{list}/items"));
            if let Some(Value::Object(items)) = items {
                items.insert("additionalProperties".into(), true.into());
            }
        }
        schema
    }
}

impl JsonSchema for Quantity {
    fn schema_name() -> Cow<'static, str> {
        "Quantity".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"x-kubernetes-int-or-string": true})
    }
}

/// The schema of fields that stand beside others: none of them is required, and their descriptions,
/// which are Kubernetes' own, are left out.
fn beside_others<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = T::json_schema(generator);
    schema.remove("required");
    schema.remove("description");
    // a newer release's fields are kept, and told
    schema.insert("additionalProperties".into(), true.into());
    for value in schema.ensure_object().values_mut() {
        undescribed(value, false);
        as_written(value);
    }
    schema
}

/// Takes manifests as people write them: a probe without a port asks the one that answers, as Knative
/// has it, and `cpu: 0.5` is a quantity, as in a pod.
fn as_written(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for name in ["httpGet", "tcpSocket"] {
                if let Some(Value::Object(action)) = fields.get_mut(name) {
                    action.remove("required");
                }
            }
            for name in ["limits", "requests"] {
                let amount = fields.get_mut(name).and_then(|it| it.get_mut("additionalProperties"));
                if let Some(amount) = amount {
                    *amount = Value::Bool(true);
                }
            }
            fields.values_mut().for_each(as_written);
        }
        Value::Array(items) => items.iter_mut().for_each(as_written),
        _ => {}
    }
}

/// Takes descriptions out. `names` is true where the keys are the names of fields.
fn undescribed(value: &mut Value, names: bool) {
    match value {
        Value::Object(fields) => {
            if !names && fields.get("description").is_some_and(Value::is_string) {
                fields.remove("description");
            }
            for (key, value) in fields {
                undescribed(value, !names && key == "properties");
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| undescribed(item, false)),
        _ => {}
    }
}
