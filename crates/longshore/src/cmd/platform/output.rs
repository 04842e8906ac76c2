//! Objects as the cluster has them, as JSON, YAML or names.

use anyhow::{Context, Result};
use kube::api::DynamicObject;
use serde_json::{Value, json};

use crate::cli::OutputFormat;

/// Objects as JSON, YAML or names; none when a table is asked for. One that was asked for by its name
/// stands for itself, others in a `List`.
pub(super) fn raw(
    objects: &[DynamicObject],
    is_one: bool,
    format: Option<OutputFormat>,
) -> Option<Result<String>> {
    let whole = || {
        let mut values = objects.iter().map(tidy).collect::<Result<Vec<_>>>()?;
        Ok(match values.pop() {
            Some(value) if is_one && values.is_empty() => value,
            last => {
                values.extend(last);
                json!({"apiVersion": "v1", "kind": "List", "items": values})
            }
        })
    };
    let text = match format? {
        OutputFormat::Wide => return None,
        OutputFormat::Json => whole().and_then(|value| Ok(serde_json::to_string_pretty(&value)?)),
        OutputFormat::Yaml => whole().and_then(|value| yaml(&value)),
        OutputFormat::Name => Ok(names(objects)),
    };
    Some(text)
}

/// An object without the record of who wrote which field, which nobody reads.
fn tidy(object: &DynamicObject) -> Result<Value> {
    let mut object = object.clone();
    object.metadata.managed_fields = None;
    serde_json::to_value(object).context("an object cannot be written as JSON")
}

fn yaml(value: &Value) -> Result<String> {
    let text = serde_saphyr::to_string(value).context("an object cannot be written as YAML")?;
    Ok(text.trim_end().to_owned())
}

fn names(objects: &[DynamicObject]) -> String {
    let name = |object: &DynamicObject| {
        let types = object.types.clone().unwrap_or_default();
        let group = types.api_version.split_once('/').map(|(group, _)| format!(".{group}"));
        let kind = types.kind.to_ascii_lowercase() + &group.unwrap_or_default();
        format!("{kind}/{}", object.metadata.name.as_deref().unwrap_or_default())
    };
    objects.iter().map(name).collect::<Vec<_>>().join("\n")
}
