//! The page for people.

use std::fmt::Write;

use longshore_engine::{Inspection, Method, Model, Step, catalogue::Runs, quantity};
use longshore_mlflow::Schema;

use super::columns::{self, Column};

/// Most columns that are listed.
const MOST: usize = 60;
/// Most keys that are named, of a model that takes dicts.
const KEYS: usize = 20;
/// Most categories of a column that are named.
const CATEGORIES: usize = 6;

/// The whole page; `path` is the model as it was named, `name` what it would be served as.
pub(super) fn page(
    path: &str,
    name: &str,
    inspection: &Inspection,
    request: Option<&str>,
) -> String {
    let mut page = String::new();
    let file = match inspection.file.as_str() {
        "" => inspection.format.clone(),
        file => format!("{file}, {}", inspection.format),
    };
    let _ = writeln!(page, "{path}\n  file      {file}");
    if let Ok(model) = &inspection.outcome {
        facts(&mut page, model);
    }
    steps(&mut page, &inspection.steps);
    match &inspection.outcome {
        Ok(model) => {
            table(&mut page, &columns::all(model));
            page.push_str("  runs natively\n");
            if model.predictor.methods() == [Method::Transform] {
                let _ = writeln!(
                    page,
                    "  gives transformed columns, not predictions: `longshore serve NAME={path}+MODEL` serves it with the model that it prepares rows for"
                );
            }
            if let Some(body) = request {
                ask(&mut page, path, name, body);
            }
        }
        Err(error) => {
            let _ = writeln!(page, "  does not run: {error}");
        }
    }
    page.truncate(page.trim_end().len());
    page
}

fn facts(page: &mut String, model: &Model) {
    let mut size = bytes(model.file_bytes);
    if model.content_bytes != model.file_bytes {
        let _ = write!(size, ", {} unpacked", bytes(model.content_bytes));
    }
    let _ = writeln!(page, "  flavor    {} ({size})", model.flavor);
    if !model.origin.is_empty() {
        let _ = writeln!(page, "  made by   {}", model.origin.join(", "));
    }
    for (name, value) in model.predictor.facts() {
        let _ = writeln!(page, "  {name:9} {value}");
    }
    let methods: Vec<_> = model.predictor.methods().iter().map(|m| m.name()).collect();
    let _ = writeln!(page, "  methods   {} (default {})", methods.join(", "), model.default_method);
    let _ = writeln!(page, "  inputs    {}", inputs(model));
    if let Some(outputs) = model.signature().and_then(|s| s.outputs.as_ref()) {
        let _ = writeln!(page, "  outputs   {}", described(outputs));
    }
}

/// A size in the largest unit that leaves it above 1.
fn bytes(count: u64) -> String {
    let units = [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
    let unit = units.iter().find(|(_, size)| count as f64 >= *size);
    match unit {
        Some((unit, size)) => format!("{:.1} {unit}", count as f64 / size),
        None => quantity(usize::try_from(count).unwrap_or(usize::MAX), "byte"),
    }
}

fn inputs(model: &Model) -> String {
    let inputs = model.inputs();
    if let (Some(tensors @ Schema::Tensors(_)), false) =
        (model.signature().and_then(|s| s.inputs.as_ref()), inputs.documents)
    {
        return described(tensors);
    }
    if inputs.dicts {
        let keys = inputs.names.as_deref().unwrap_or_default();
        let some: Vec<_> = keys.iter().take(KEYS).map(|key| &**key).collect();
        return match keys.len().saturating_sub(KEYS) {
            _ if some.is_empty() => "objects by key".into(),
            0 => format!("objects by key: {}", some.join(", ")),
            more => format!("objects by key: {} and {more} more", some.join(", ")),
        };
    }
    match (inputs.documents, inputs.columns) {
        (true, _) => "one text a row".into(),
        (_, Some(columns)) => quantity(columns, "column"),
        (_, None) => "any number of columns".into(),
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

/// Each estimator with what it does; the classes stand below one another.
fn steps(page: &mut String, steps: &[Step]) {
    if steps.is_empty() {
        return;
    }
    page.push_str("  steps\n");
    for step in steps {
        let indent = "  ".repeat(step.depth + 2);
        let name = if step.name.is_empty() { String::new() } else { format!("{}: ", step.name) };
        let does = if step.does.is_empty() { String::new() } else { format!(": {}", step.does) };
        let class = match step.runs {
            Some(Runs::Natively("as inside") | Runs::Refused { .. }) | None => String::new(),
            Some(Runs::Natively(class)) => format!(" (class {class})"),
        };
        let _ = writeln!(page, "{indent}{name}{}{does}{class}", step.class);
        let facts: Vec<_> =
            step.facts.iter().map(|(name, value)| format!("{name} {value}")).collect();
        if !facts.is_empty() {
            let _ = writeln!(page, "{indent}  {}", facts.join(" · "));
        }
        if let Some(problem) = &step.problem {
            let _ = writeln!(page, "{indent}  not native: {problem}");
        }
    }
}

fn table(page: &mut String, columns: &[Column]) {
    if columns.is_empty() {
        return;
    }
    let name = |at: usize, column: &Column| column.name.clone().unwrap_or_else(|| at.to_string());
    let width =
        columns.iter().enumerate().map(|(at, column)| name(at, column).chars().count()).max();
    let width = width.unwrap_or_default().clamp(4, 40);
    let _ =
        writeln!(page, "  columns\n    {:width$}  {:9}{:9}categories", "name", "type", "read as");
    for (at, column) in columns.iter().enumerate().take(MOST) {
        let mut line = format!(
            "    {:width$}  {:9}{:9}",
            name(at, column),
            column.kind.unwrap_or_default(),
            column.read
        );
        let named: Vec<_> = column.categories.iter().take(CATEGORIES).map(String::as_str).collect();
        line.push_str(&named.join(", "));
        if column.categories.len() > CATEGORIES {
            let _ = write!(line, " … ({} in all)", column.categories.len());
        }
        let _ = writeln!(page, "{}", line.trim_end());
    }
    if columns.len() > MOST {
        let _ = writeln!(page, "    … {} more", columns.len() - MOST);
    }
}

/// How to ask this model.
fn ask(page: &mut String, path: &str, name: &str, body: &str) {
    let (path, body) = (quoted(path), quoted(body));
    let _ = writeln!(
        page,
        "  ask it\n    longshore serve {path} &\n    curl localhost:8080/v1/models/{name}:predict -d {body}"
    );
}

/// An argument as a shell takes it.
fn quoted(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@%,".contains(c);
    if !argument.is_empty() && argument.chars().all(plain) {
        return argument.to_owned();
    }
    format!("'{}'", argument.replace('\'', "'\\''"))
}
