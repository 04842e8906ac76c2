//! What transformers that make columns of others keep of their training.

use std::sync::Arc;

use super::{
    super::frame::names_of,
    action::Action,
    dates::Part,
    made::{How, Made, New, Operation, Room, Summary},
    written::Written,
};
use crate::{
    Error, attributes,
    read::{Cursor, Kind},
};

fn unsupported(c: Cursor<'_>, what: &str, hint: &str) -> Error {
    Error::Unsupported {
        what: format!("`{}` with {what}", c.class_name()),
        reason: "it has no native implementation".into(),
        hint: hint.into(),
    }
}

/// `MathFeatures`, and `MathematicalCombination` of releases before 1.3: numbers for the values of
/// a row.
pub(super) fn summaries(c: Cursor<'_>) -> Result<Action, Error> {
    let old = c.attr("combination_dict_").and_then(Cursor::pairs);
    // 1.3 keeps the names where they were given
    let kept = ["variables_to_combine", "variables_", "variables"];
    let attribute = kept.into_iter().find(|name| c.attr(name).is_some()).unwrap_or("variables_");
    let sources = names_of(c, attribute)?;
    let hint = "Functions that run natively: sum, prod, mean, min, max, std, var and median, by \
                these names";
    let summary = |function: Cursor<'_>| {
        let found = match function.kind() {
            Kind::Text(name) => Summary::named(name),
            // pandas has its own for these functions of numpy, and they differ for the others
            Kind::Global(module, name) if module.starts_with("numpy") => Summary::named(name)
                .filter(|summary| !matches!(summary, Summary::Variance | Summary::Deviation)),
            _ => None,
        };
        found.ok_or_else(|| {
            let what = match function.kind() {
                Kind::Text(name) => format!("the function `{name}`"),
                _ => format!("`func` of {}", function.describe()),
            };
            unsupported(c, &what, hint)
        })
    };
    let mut room = Room::default();
    let length: usize = sources.iter().map(|name| name.len() + 1).sum();
    let mut new = |name: Arc<str>, function: Cursor<'_>| {
        room.take(c, attribute, length + sources.len() * size_of::<Arc<str>>())?;
        Ok(New { name, of: sources.clone(), how: How::Each(summary(function)?) })
    };
    if let Some(pairs) = old {
        let one = |&(name, function): &(_, _)| {
            let name = c.go(name).as_str().ok_or_else(|| {
                let reason = "holds something that is no name of a column";
                Error::attribute(c.class_name(), "combination_dict_", reason)
            })?;
            new(name.into(), c.go(function))
        };
        let columns = pairs.iter().map(one).collect::<Result<_, Error>>()?;
        return Ok(Action::Make(Made { columns, sources, drops: false, together: false }));
    }
    let given = c.require("func")?;
    let functions: Vec<Cursor<'_>> = match given.kind() {
        Kind::List(ids) | Kind::Tuple(ids) => ids.iter().map(|&id| c.go(id)).collect(),
        _ => vec![given],
    };
    let names = match c.attr("new_variables_names").filter(|names| !names.is_none()) {
        Some(_) => Some(names_of(c, "new_variables_names")?),
        None => None,
    };
    if let Some(names) = names.as_ref().filter(|names| names.len() != functions.len()) {
        let (named, count) = (names.len(), functions.len());
        let reason = format!("has {named} names, where `func` has {count} functions");
        return Err(Error::attribute(c.class_name(), "new_variables_names", reason));
    }
    let named = |at: usize, function: Cursor<'_>| -> Arc<str> {
        let chosen = names.as_ref().and_then(|names| names.get(at));
        chosen.cloned().unwrap_or_else(|| {
            let function = match function.kind() {
                Kind::Text(name) | Kind::Global(_, name) => name,
                _ => "",
            };
            format!("{function}_{}", sources.join("_")).into()
        })
    };
    let each = functions.iter().enumerate();
    let columns = each.map(|(at, &function)| new(named(at, function), function));
    let columns: Vec<New> = columns.collect::<Result<_, Error>>()?;
    let together = columns.len() > 1;
    Ok(Action::Make(Made { columns, sources, drops: drops(c, false)?, together }))
}

fn drops(c: Cursor<'_>, default: bool) -> Result<bool, Error> {
    attributes::switch(c, "drop_original", default)
}

/// `RelativeFeatures`: each value with each reference.
pub(super) fn pairs(c: Cursor<'_>) -> Result<Action, Error> {
    let variables = names_of(c, "variables")?;
    let references = names_of(c, "reference")?;
    let fill = match c.attr("fill_value").filter(|value| !value.is_none()) {
        Some(value) => Some(value.as_f64().ok_or_else(|| {
            let reason = format!("holds {}, where a number is expected", value.describe());
            Error::attribute(c.class_name(), "fill_value", reason)
        })?),
        None => None,
    };
    let (mut columns, mut room) = (Vec::new(), Room::default());
    for function in attributes::list(c, "func")? {
        let name = function.as_str().unwrap_or_default();
        let operation = Operation::named(name).ok_or_else(|| {
            let hint = "Functions that run natively: add, sub, mul, div and truediv";
            unsupported(c, &format!("the function `{name}`"), hint)
        })?;
        for reference in &references {
            for variable in &variables {
                let length = variable.len() + name.len() + reference.len();
                room.take(c, "reference", length + 2 * size_of::<Arc<str>>())?;
                columns.push(New {
                    name: format!("{variable}_{name}_{reference}").into(),
                    of: vec![Arc::clone(variable), Arc::clone(reference)],
                    how: How::Pair(operation, fill),
                });
            }
        }
    }
    let mut sources = variables;
    for reference in references {
        if !sources.contains(&reference) {
            sources.push(reference);
        }
    }
    Ok(Action::Make(Made { columns, sources, drops: drops(c, false)?, together: false }))
}

/// `DatetimeFeatures`: parts of dates.
pub(super) fn dates(c: Cursor<'_>) -> Result<Action, Error> {
    if attributes::text(c, "variables") == Some("index") {
        return Err(unsupported(c, "`variables=\"index\"`", "Make a column of the index first"));
    }
    let format = c.attr("format").filter(|format| !format.is_none()).map(|format| {
        format.as_str().ok_or_else(|| {
            let reason = format!("holds {}, where a text is expected", format.describe());
            Error::attribute(c.class_name(), "format", reason)
        })
    });
    let format = format.transpose()?;
    let day_first = attributes::switch(c, "dayfirst", false)?;
    let written = Written::of(format, day_first).ok_or_else(|| {
        let what = format!("`format=\"{}\"`", format.unwrap_or_default());
        let hint = "Use the directives %Y %y %m %b %B %d %a %A %H %I %M %S %f %p, or write dates as ISO \
                    8601 has it (`2024-05-31`), which need no format";
        unsupported(c, &what, hint)
    })?;
    let written = Arc::new(written);
    let sources = names_of(c, "variables_")?;
    let parts = names_of(c, "features_to_extract_")?;
    let (mut columns, mut room) = (Vec::new(), Room::default());
    for variable in &sources {
        for name in &parts {
            let part = Part::named(name).ok_or_else(|| {
                let reason = format!("names `{name}`, which is no part of a date");
                Error::attribute(c.class_name(), "features_to_extract_", reason)
            })?;
            room.take(c, "features_to_extract_", variable.len() + name.len())?;
            columns.push(New {
                name: format!("{variable}_{name}").into(),
                of: vec![Arc::clone(variable)],
                how: How::Date(part, Arc::clone(&written)),
            });
        }
    }
    Ok(Action::Make(Made { columns, sources, drops: drops(c, true)?, together: false }))
}
