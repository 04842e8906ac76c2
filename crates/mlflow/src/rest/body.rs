//! From bodies and queries to messages, and back.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::wire::{
    Kind, Message, Wire,
    place::{Place, Side},
};
use crate::Error;

/// Reads a request from its body. `path` holds the fields that the address names, decoded; they win over
/// the body. An empty body is an empty message, and a JSON string that holds JSON is read as that JSON:
/// old clients send both.
///
/// # Errors
/// [`Error::Json`], and MLflow's errors of a parameter.
pub fn parse_request<T: Message>(body: &[u8], path: &[(&str, &str)]) -> Result<T, Error> {
    let mut value = if body.trim_ascii().is_empty() { Value::Null } else { json(body)? };
    if let Value::String(text) = &value {
        value = json(text.as_bytes())?;
    }
    if value.is_null() {
        value = Value::Object(Map::new());
    }
    if let Value::Object(map) = &mut value {
        map.extend(path.iter().map(|(name, text)| ((*name).to_owned(), Value::from(*text))));
    }
    T::read(value, &Place::body(Side::Request))
}

/// Reads a request from the decoded pairs of its query; `path` as in [`parse_request`]. Of a key that is
/// given twice and is no list, the first counts; unknown keys are ignored.
///
/// # Errors
/// MLflow's errors of a parameter.
pub fn parse_query<'q, T: Message>(
    pairs: impl IntoIterator<Item = (&'q str, &'q str)>,
    path: &[(&'q str, &'q str)],
) -> Result<T, Error> {
    let mut map = Map::new();
    for (name, text) in pairs.into_iter().chain(path.iter().copied()) {
        let Some((_, kind)) = T::FIELDS.iter().find(|(field, _)| *field == name) else { continue };
        let is_of_path = path.iter().any(|(field, _)| *field == name);
        match kind {
            Kind::List => {
                let list = map.entry(name).or_insert_with(|| Value::Array(Vec::new()));
                if let Value::Array(items) = list {
                    items.push(text.into());
                }
            }
            _ if map.contains_key(name) && !is_of_path => {}
            Kind::Bool => {
                let flag = match &*text.to_ascii_lowercase() {
                    "true" => true,
                    "false" => false,
                    _ => return Err(Error::InvalidBoolean { value: text.to_owned() }),
                };
                map.insert(name.to_owned(), flag.into());
            }
            Kind::Text => {
                map.insert(name.to_owned(), text.into());
            }
        }
    }
    T::read(Value::Object(map), &Place::body(Side::Request))
}

/// Reads a reply from its body.
///
/// # Errors
/// [`Error::Json`], and [`Error::Reply`] that names the place.
pub fn parse_reply<T: Message>(body: &[u8]) -> Result<T, Error> {
    T::read(json(body)?, &Place::body(Side::Reply))
}

/// Prints a body, without spaces.
pub fn print(message: &impl Wire) -> String {
    let mut out = String::new();
    message.write(&mut out);
    out
}

pub(super) fn json(body: &[u8]) -> Result<Value, Error> {
    serde_json::from_slice(&name_non_finite(body))
        .map_err(|error| Error::Json { reason: error.to_string() })
}

/// Puts the bare `NaN`, `Infinity` and `-Infinity` that Python prints into quotes, which is the JSON form
/// of Protocol Buffers for them.
fn name_non_finite(body: &[u8]) -> Cow<'_, [u8]> {
    const NAMES: [&[u8]; 3] = [b"NaN", b"-Infinity", b"Infinity"];
    let mut out = Vec::new();
    let (mut copied, mut at, mut is_text) = (0, 0, false);
    while let Some(byte) = body.get(at) {
        at += 1;
        match byte {
            b'\\' if is_text => at += 1,
            b'"' => is_text = !is_text,
            b'N' | b'I' | b'-' if !is_text => {
                let rest = body.get(at - 1..).unwrap_or_default();
                if let Some(name) = NAMES.iter().find(|name| rest.starts_with(name)) {
                    out.extend_from_slice(body.get(copied..at - 1).unwrap_or_default());
                    out.extend([b"\"", *name, b"\""].concat());
                    at += name.len() - 1;
                    copied = at;
                }
            }
            _ => {}
        }
    }
    if copied == 0 {
        return Cow::Borrowed(body);
    }
    out.extend_from_slice(body.get(copied..).unwrap_or_default());
    Cow::Owned(out)
}
