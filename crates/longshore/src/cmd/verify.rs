//! `longshore verify`: a model's answers beside those that its own library gave.

mod answers;
mod python;
mod rows;

use std::fmt::Write;

use anyhow::{Context, Result, bail};
use longshore_engine::{
    Method, Model,
    golden::{Agreement, Difference, Exactness, compare},
    load, quantity,
};
use longshore_serve::Error;
use serde_json::{Value, json};

use self::{answers::Answers, rows::Rows};
use crate::{cli::VerifyArgs, models, storage};

/// Prints how each answer compares; fails when one differs.
pub(crate) fn run(args: &VerifyArgs) -> Result<()> {
    let limits = models::limits(args.reading);
    let exactness = args.exact.as_deref().map(class).transpose()?;
    let asked = args.method.as_deref().map(models::method).transpose()?;
    let rows = Rows::read(&args.input, &limits)?;
    let answers = Answers::read(&args.expected, &limits)?;
    let (named, _kept) = storage::bring(models::Named::parse(&args.model)?, &args.storage)?;
    let model = load(&named.source, &limits)
        .map_err(|source| Error::Load { name: named.name, source: Box::new(source) })?;
    let questions = answers.questions(rows, asked.unwrap_or(model.default_method), exactness)?;
    let mut report = Vec::new();
    for question in questions {
        for (method, expected) in question.expected {
            if asked.is_some_and(|asked| asked != method) {
                continue;
            }
            let table = rows::ordered(question.table.clone(), &model.inputs());
            let answer = model.predictor.run(method, &table).context(question.label.clone())?;
            let exactness = expected.exactness;
            let found = compare(&answer, &answers::fitted(expected, &answer))?;
            report.push(Line { label: question.label.clone(), method, exactness, found });
        }
    }
    if report.is_empty() {
        bail!("`{}` holds no answer of the method that was asked for", args.expected.display());
    }
    let wrong = report.iter().filter(|line| line.found.is_err()).count();
    super::print(&if args.json { as_json(&model, &report)? } else { as_text(&report) });
    match wrong {
        0 => Ok(()),
        _ => bail!("{wrong} of {} answers differ from `{}`", report.len(), args.expected.display()),
    }
}

/// One answer, compared.
struct Line {
    /// Which rows of several; empty for the only ones.
    label: String,
    method: Method,
    exactness: Exactness,
    found: Result<Agreement, Difference>,
}

fn class(name: &str) -> Result<Exactness> {
    Exactness::parse(name)
        .with_context(|| format!("`{name}` is no class of exactness: A, B, B4, C and C32 are"))
}

fn as_text(report: &[Line]) -> String {
    let width = report.iter().map(|line| title(line).len()).max().unwrap_or_default();
    let mut text = String::new();
    for line in report {
        let _ = writeln!(text, "{:width$}  {}", title(line), words(line));
    }
    text.trim_end().to_owned()
}

fn title(line: &Line) -> String {
    if line.label.is_empty() {
        line.method.to_string()
    } else {
        format!("{}, {}", line.method, line.label)
    }
}

fn words(line: &Line) -> String {
    match &line.found {
        Ok(Agreement { values, unequal: 0, .. }) => {
            format!("all {} are equal", quantity(*values, "value"))
        }
        Ok(Agreement { values, unequal, most_ulps }) => format!(
            "{} of {} are equal, the others at most {} away ({})",
            values - unequal,
            quantity(*values, "value"),
            ulps(*most_ulps),
            allowed(line.exactness)
        ),
        Err(Difference::Form(reason)) => format!("differs: {reason}"),
        Err(Difference::Value { row, column, got, want, ulps: distance }) => {
            let place = column.map(|column| format!(", column {column}")).unwrap_or_default();
            let away = distance
                .map(|distance| format!(", {} away ({})", ulps(distance), allowed(line.exactness)));
            format!(
                "differs first in row {row}{place}: {got} instead of {want}{}",
                away.unwrap_or_default()
            )
        }
    }
}

/// A distance in units in the last place, in words.
fn ulps(count: u64) -> String {
    match count {
        1 => "1 unit in the last place".into(),
        _ => format!("{count} units in the last place"),
    }
}

fn allowed(exactness: Exactness) -> String {
    match exactness {
        Exactness::Ulps(0) => "class A allows none".into(),
        Exactness::Ulps(1) => "class B allows 1".into(),
        Exactness::Ulps(most) => format!("class B4 allows {most}"),
        Exactness::Sum => "class C allows 1e-9 of the value, 1e-5 for floats".into(),
        Exactness::FloatSum => "class C32 allows 1e-5 of the value".into(),
    }
}

fn as_json(model: &Model, report: &[Line]) -> Result<String> {
    let answers: Vec<Value> = report
        .iter()
        .map(|line| {
            let mut answer = json!({ "method": line.method.name(), "rows": line.label, "equal": line.found.is_ok() });
            let more = match &line.found {
                Ok(Agreement { values, unequal, most_ulps }) => {
                    json!({ "values": values, "unequal": unequal, "most_ulps": most_ulps })
                }
                Err(Difference::Form(reason)) => json!({ "difference": { "reason": reason } }),
                Err(Difference::Value { row, column, got, want, ulps }) => json!({
                    "difference": { "row": row, "column": column, "got": got, "expected": want, "ulps": ulps }
                }),
            };
            if let (Some(answer), Value::Object(more)) = (answer.as_object_mut(), more) {
                answer.extend(more);
            }
            answer
        })
        .collect();
    let equal = report.iter().all(|line| line.found.is_ok());
    let page = json!({ "flavor": model.flavor, "versions": model.origin, "equal": equal, "answers": answers });
    Ok(serde_json::to_string_pretty(&page)?)
}
