//! `longshore inspect`.

use std::fmt::Write;

use anyhow::Result;
use longshore_engine::{Inspection, Method, Model, Step, quantity};
use longshore_mlflow::Schema;
use longshore_serve::Error;
use serde_json::{Value, json};

use crate::{cli::InspectArgs, models, storage};

/// Prints what a model is; fails when the file cannot be read at all.
pub(crate) fn run(args: &InspectArgs) -> Result<()> {
    let (model, _kept) = storage::bring(models::Named::parse(&args.model)?, &args.storage)?;
    let inspection = longshore_engine::inspect(&model.source, &models::limits(args.reading))
        .map_err(|source| Error::Load { name: model.name, source: Box::new(source) })?;
    if args.json {
        super::print(&serde_json::to_string_pretty(&as_json(&inspection))?);
    } else {
        super::print(as_text(&args.model, &inspection).trim_end());
    }
    Ok(())
}

fn as_json(inspection: &Inspection) -> Value {
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
                "methods": model.predictor.methods().iter().map(|m| m.name()).collect::<Vec<_>>(),
                "default_method": model.default_method.name(),
                "inputs": {
                    "columns": inputs.columns,
                    "names": inputs.names.as_deref().map(<[_]>::to_vec),
                    "documents": inputs.documents,
                    "dicts": inputs.dicts,
                },
                "signature": {
                    "inputs": schema(model.signature().and_then(|s| s.inputs.as_ref())),
                    "outputs": schema(model.signature().and_then(|s| s.outputs.as_ref())),
                },
            })
        }
    };
    if let (Some(page), Value::Object(facts)) = (page.as_object_mut(), facts) {
        page.extend(facts);
    }
    page
}

fn step(step: &Step) -> Value {
    json!({
        "depth": step.depth,
        "name": step.name,
        "class": step.class,
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

fn as_text(path: &str, inspection: &Inspection) -> String {
    let mut page = String::new();
    let file = match inspection.file.as_str() {
        "" => inspection.format.clone(),
        file => format!("{file}, {}", inspection.format),
    };
    let _ = writeln!(page, "{path}\n  file      {file}");
    if let Ok(model) = &inspection.outcome {
        facts(&mut page, model);
    }
    if !inspection.steps.is_empty() {
        page.push_str("  steps\n");
    }
    for step in &inspection.steps {
        line(&mut page, step);
    }
    match &inspection.outcome {
        Ok(model) => {
            page.push_str("  runs natively\n");
            if model.predictor.methods() == [Method::Transform] {
                let _ = writeln!(
                    page,
                    "  gives transformed columns, not predictions: `longshore serve NAME={path}+MODEL` serves it with the model that it prepares rows for"
                );
            }
        }
        Err(error) => {
            let _ = writeln!(page, "  does not run: {error}");
        }
    }
    page
}

fn facts(page: &mut String, model: &Model) {
    let methods: Vec<_> = model.predictor.methods().iter().map(|m| m.name()).collect();
    let _ = writeln!(page, "  flavor    {} ({} bytes)", model.flavor, model.file_bytes);
    if !model.origin.is_empty() {
        let _ = writeln!(page, "  made by   {}", model.origin.join(", "));
    }
    let _ = writeln!(page, "  methods   {} (default {})", methods.join(", "), model.default_method);
    let _ = writeln!(page, "  inputs    {}", inputs(model));
    if let Some(outputs) = model.signature().and_then(|s| s.outputs.as_ref()) {
        let _ = writeln!(page, "  outputs   {}", described(outputs));
    }
}

fn inputs(model: &Model) -> String {
    if let Some(recorded) = model.signature().and_then(|s| s.inputs.as_ref()) {
        return described(recorded);
    }
    let inputs = model.inputs();
    if inputs.dicts {
        let keys = inputs.names.as_deref().unwrap_or_default();
        let some: Vec<_> = keys.iter().take(20).map(|key| &**key).collect();
        return match keys.len() {
            0 => "objects by key".into(),
            1..=20 => format!("objects by key: {}", some.join(", ")),
            more => format!("objects by key: {} and {} more", some.join(", "), more - some.len()),
        };
    }
    match (inputs.documents, inputs.names, inputs.columns) {
        (true, ..) => "one text a row".into(),
        (_, Some(names), _) => names.join(", "),
        (_, None, Some(columns)) => quantity(columns, "column"),
        (_, None, None) => "any number of columns".into(),
    }
}

fn described(schema: &Schema) -> String {
    let parts: Vec<_> = match schema {
        Schema::Columns(columns) => columns
            .iter()
            .map(|c| {
                let optional = if c.required { "" } else { "?" };
                format!("{}: {}{optional}", c.name.as_deref().unwrap_or("-"), c.kind.name())
            })
            .collect(),
        Schema::Tensors(tensors) => tensors
            .iter()
            .map(|t| {
                let name = t.name.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
                format!("{name}{}{:?}", t.dtype, t.shape)
            })
            .collect(),
    };
    parts.join(", ")
}

fn line(page: &mut String, step: &Step) {
    let indent = "  ".repeat(step.depth + 2);
    let name = if step.name.is_empty() { String::new() } else { format!("{}: ", step.name) };
    let _ = writeln!(page, "{indent}{name}{}", step.class);
    if let Some(problem) = &step.problem {
        let _ = writeln!(page, "{indent}  not native: {problem}");
    }
}
