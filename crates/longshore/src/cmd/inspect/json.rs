//! The page for programs.

use std::collections::BTreeMap;

use longshore_engine::{Inspection, Step, catalogue::Runs};
use longshore_mlflow::Schema;
use serde_json::{Value, json};

use super::columns;

/// Everything that is known.
pub(super) fn page(inspection: &Inspection, request: Option<&str>) -> Value {
    let steps: Vec<_> = inspection.steps.iter().map(step).collect();
    let mut page = json!({
        "file": inspection.file,
        "format": inspection.format,
        "steps": steps,
        "references": inspection.references,
        "native": inspection.outcome.is_ok(),
    });
    let facts = match &inspection.outcome {
        Err(error) => json!({ "problem": error.to_string() }),
        Ok(model) => {
            let inputs = model.inputs();
            json!({
                "flavor": model.flavor,
                "versions": model.origin,
                "file_bytes": model.file_bytes,
                "content_bytes": model.content_bytes,
                "methods": model.predictor.methods().iter().map(|m| m.name()).collect::<Vec<_>>(),
                "default_method": model.default_method.name(),
                "facts": facts(&model.predictor.facts()),
                "inputs": {
                    "columns": inputs.columns,
                    "names": inputs.names.as_deref().map(<[_]>::to_vec),
                    "documents": inputs.documents,
                    "dicts": inputs.dicts,
                },
                "columns": columns::all(model).iter().map(columns::Column::json).collect::<Vec<_>>(),
                "signature": {
                    "inputs": schema(model.signature().and_then(|s| s.inputs.as_ref())),
                    "outputs": schema(model.signature().and_then(|s| s.outputs.as_ref())),
                },
                "request": request.and_then(|body| serde_json::from_str::<Value>(body).ok()),
            })
        }
    };
    if let (Some(page), Value::Object(facts)) = (page.as_object_mut(), facts) {
        page.extend(facts);
    }
    page
}

fn facts(facts: &[(&'static str, String)]) -> BTreeMap<&'static str, String> {
    facts.iter().cloned().collect()
}

fn step(step: &Step) -> Value {
    json!({
        "depth": step.depth,
        "name": step.name,
        "class": step.class,
        "does": step.does,
        "exactness": match step.runs { Some(Runs::Natively(class)) => Some(class), _ => None },
        "facts": facts(&step.facts),
        "native": step.problem.is_none(),
        "problem": step.problem,
    })
}

fn schema(schema: Option<&Schema>) -> Value {
    match schema {
        None => Value::Null,
        Some(Schema::Columns(columns)) => columns
            .iter()
            .map(|c| json!({ "name": c.name, "type": c.kind.name(), "required": c.required }))
            .collect(),
        Some(Schema::Tensors(tensors)) => tensors
            .iter()
            .map(|t| json!({ "name": t.name, "dtype": t.dtype, "shape": t.shape }))
            .collect(),
    }
}
