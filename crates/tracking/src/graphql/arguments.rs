//! Values that a query gives.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{
    document::{Field, Literal, Variable},
    schema::{Input, Takes, snake},
};

/// The variables of a query, with their values; `None` where a variable has none.
#[derive(Debug)]
pub(super) struct Variables(HashMap<String, Option<Value>>);

/// Reads the values of the variables that an operation declares.
///
/// # Errors
/// Words that name a variable that must be given.
pub(super) fn variables(
    declared: &[Variable],
    given: &Map<String, Value>,
) -> Result<Variables, String> {
    let mut all = HashMap::new();
    for Variable { name, is_required, default } in declared {
        let default = || default.as_ref().map(constant).transpose();
        let value = match given.get(name) {
            Some(value) => Some(value.clone()),
            None => default()?,
        };
        if *is_required && value.as_ref().is_none_or(Value::is_null) {
            return Err(format!("Variable '${name}' must be given, and must not be null."));
        }
        all.insert(name.clone(), value);
    }
    Ok(Variables(all))
}

/// The value of a literal that names no variables.
fn constant(literal: &Literal) -> Result<Value, String> {
    let value = Variables(HashMap::new()).value(literal)?;
    Ok(value.unwrap_or_default())
}

impl Variables {
    /// The value of a literal; `None` when it is a variable that has none.
    pub(super) fn value(&self, literal: &Literal) -> Result<Option<Value>, String> {
        let value = match literal {
            Literal::Variable(name) => {
                let known = self.0.get(name);
                let undefined = || format!("Variable '${name}' is not defined.");
                return known.cloned().ok_or_else(undefined);
            }
            Literal::Int(text) | Literal::Float(text) => {
                // a number of any size keeps its digits until its field is known
                let number = serde_json::from_str(text);
                number.map_err(|_| format!("`{text}` is no number"))?
            }
            Literal::Text(text) | Literal::Enum(text) => Value::from(text.as_str()),
            Literal::Bool(is_true) => Value::from(*is_true),
            Literal::Null => Value::Null,
            Literal::List(items) => {
                let items = items.iter().map(|item| Ok(self.value(item)?.unwrap_or_default()));
                Value::Array(items.collect::<Result<_, String>>()?)
            }
            Literal::Object(pairs) => {
                let mut map = Map::new();
                for (name, literal) in pairs {
                    if let Some(value) = self.value(literal)? {
                        map.insert(name.clone(), value);
                    }
                }
                Value::Object(map)
            }
        };
        Ok(Some(value))
    }
}

/// The message that a field of a whole query takes, by the names of the message's fields.
///
/// # Errors
/// Words that name what is missing, unknown or of another type.
pub(super) fn input(
    field: &Field,
    input: Option<&'static Input>,
    variables: &Variables,
) -> Result<Map<String, Value>, String> {
    let wanted = if input.is_some() { "input" } else { "inputString" };
    let mut value = None;
    for (name, literal) in &field.arguments {
        if name != wanted {
            return Err(format!("Unknown argument '{name}' on field '{}'.", field.name));
        }
        value = variables.value(literal)?;
    }
    let value = value.filter(|value| !value.is_null());
    let value = value.ok_or_else(|| {
        format!("Field '{}' argument '{wanted}' must be given, and must not be null.", field.name)
    })?;
    let Some(input) = input else {
        let text = scalar("inputString", Takes::Text, value)?;
        return Ok(Map::from_iter([("output".to_owned(), text)]));
    };
    let Value::Object(given) = value else {
        return Err(format!("Expected type '{}' to be an object.", input.name));
    };
    let mut message = Map::new();
    for (name, value) in given {
        let known = input.fields.iter().find(|(known, _)| *known == name);
        let (_, takes) = known
            .ok_or_else(|| format!("Field '{name}' is not defined by type '{}'.", input.name))?;
        if !value.is_null() {
            message.insert(snake(&name), scalar(&name, *takes, value)?);
        }
    }
    Ok(message)
}

fn scalar(name: &str, takes: Takes, value: Value) -> Result<Value, String> {
    let wrong =
        |type_name: &str| Err(format!("'{name}' cannot be {value}: its type is '{type_name}'."));
    match takes {
        Takes::Text if value.is_string() => Ok(value),
        Takes::Text => wrong("String"),
        Takes::Int => match value.as_i64().and_then(|it| i32::try_from(it).ok()) {
            Some(number) => Ok(number.into()),
            None => wrong("Int"),
        },
        Takes::Long => {
            let number = match &value {
                Value::String(text) => text.trim().parse().ok(),
                other => other.as_i64(),
            };
            number.map_or_else(|| wrong("LongString"), |number: i64| Ok(number.into()))
        }
        Takes::Enum(values) => match value.as_str() {
            Some(text) if values.contains(&text) => Ok(value),
            _ => Err(format!("'{name}' cannot be {value}: it is one of {}.", values.join(", "))),
        },
        Takes::Texts => match value {
            Value::Array(items) => {
                let items = items.into_iter().map(|item| scalar(name, Takes::Text, item));
                Ok(Value::Array(items.collect::<Result<_, _>>()?))
            }
            one => Ok(Value::Array(vec![scalar(name, Takes::Text, one)?])),
        },
    }
}
