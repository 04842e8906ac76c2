//! From messages to what was asked of them. A field that a message leaves out has the default of its type,
//! as in MLflow, which reads them from Protocol Buffers.

use serde_json::{Map, Value};

use super::{
    plan::Wanted,
    schema::{Kind, Object, snake},
};

/// The wanted fields of a message.
pub(super) fn object(object: &Object, message: Option<&Value>, wanted: &[Wanted]) -> Value {
    let fields = wanted.iter().map(|field| {
        let Some(kind) = field.kind else {
            return (field.key.clone(), Value::from(object.name));
        };
        let held = message.and_then(|it| it.get(snake(field.name)));
        (field.key.clone(), value(kind, held, &field.fields))
    });
    Value::Object(fields.collect::<Map<_, _>>())
}

fn value(kind: Kind, held: Option<&Value>, wanted: &[Wanted]) -> Value {
    match kind {
        Kind::Text => text(held).into(),
        Kind::Long => match held {
            Some(Value::Number(number)) => number.to_string().into(),
            Some(Value::String(digits)) => digits.as_str().into(),
            _ => "0".into(),
        },
        // what is not a finite number is a text in a message, and nothing here
        Kind::Float => match held {
            Some(number @ Value::Number(_)) => number.clone(),
            Some(_) => Value::Null,
            None => 0.0.into(),
        },
        Kind::Bool => held.and_then(Value::as_bool).unwrap_or_default().into(),
        Kind::Enum(none) => held.and_then(Value::as_str).or(none).map_or(Value::Null, Value::from),
        Kind::Texts => items(held).map(|item| Value::from(text(Some(item)))).collect(),
        Kind::One(inner) => object(inner, held, wanted),
        Kind::LookedUp(inner) => held.map_or(Value::Null, |it| object(inner, Some(it), wanted)),
        Kind::Many(inner) => items(held).map(|item| object(inner, Some(item), wanted)).collect(),
        Kind::AllLookedUp(inner) => match held {
            Some(all) => items(Some(all)).map(|it| object(inner, Some(it), wanted)).collect(),
            None => Value::Null,
        },
    }
}

fn items(held: Option<&Value>) -> impl Iterator<Item = &Value> {
    held.and_then(Value::as_array).into_iter().flatten()
}

fn text(held: Option<&Value>) -> &str {
    held.and_then(Value::as_str).unwrap_or_default()
}
