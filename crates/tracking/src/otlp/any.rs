use std::{collections::HashMap, fmt};

use longshore_mlflow::{json, rest::print};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A value of an attribute, or of its JSON text. An object keeps the order of its keys, which clients see.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Any {
    /// Nothing.
    #[default]
    None,
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A number with a fraction, or one that is too large.
    Double(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Any>),
    /// An object.
    Map(Vec<(String, Any)>),
}

impl Any {
    /// From JSON text.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// From JSON text; what is none is a text itself.
    pub(crate) fn parse_or_text(text: &str) -> Self {
        Self::parse(text).unwrap_or_else(|| Self::Text(text.to_owned()))
    }

    /// JSON text as Python's `json.dumps` prints it with `ensure_ascii=False`.
    pub(crate) fn dump(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    pub(crate) fn write(&self, out: &mut String) {
        match self {
            Self::None => out.push_str("null"),
            Self::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
            Self::Int(number) => out.push_str(&number.to_string()),
            // the names of Python
            Self::Double(number) if number.is_nan() => out.push_str("NaN"),
            Self::Double(number) if number.is_infinite() => {
                out.push_str(if *number > 0.0 { "Infinity" } else { "-Infinity" });
            }
            Self::Double(number) => out.push_str(&print(number)),
            Self::Text(text) => quote(text, out),
            Self::List(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    out.push_str(if at > 0 { ", " } else { "" });
                    item.write(out);
                }
                out.push(']');
            }
            Self::Map(pairs) => {
                out.push('{');
                for (at, (key, value)) in pairs.iter().enumerate() {
                    out.push_str(if at > 0 { ", " } else { "" });
                    quote(key, out);
                    out.push_str(": ");
                    value.write(out);
                }
                out.push('}');
            }
        }
    }

    /// A text.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a key of an object.
    pub(crate) fn get(&self, key: &str) -> Option<&Any> {
        match self {
            Self::Map(pairs) => pairs.iter().find(|(it, _)| it == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The items of a list.
    pub(crate) fn items(&self) -> &[Any] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// Whether Python would take it for true.
    pub(crate) fn is_true(&self) -> bool {
        match self {
            Self::None => false,
            Self::Bool(flag) => *flag,
            Self::Int(number) => *number != 0,
            Self::Double(number) => *number != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::List(items) => !items.is_empty(),
            Self::Map(pairs) => !pairs.is_empty(),
        }
    }
}

/// Pairs of which each key is there once, at its first place; the last value counts, as in Python.
pub(super) fn unique(pairs: Vec<(String, Any)>) -> Vec<(String, Any)> {
    let mut places = HashMap::new();
    let mut found: Vec<(String, Any)> = Vec::new();
    for (key, value) in pairs {
        let place = *places.entry(key.clone()).or_insert(found.len());
        match found.get_mut(place) {
            Some((_, before)) => *before = value,
            None => found.push((key, value)),
        }
    }
    found
}

/// Appends a JSON string as Python writes it, with the letters as they are.
pub(super) fn quote(text: &str, out: &mut String) {
    json::quote(text, false, out);
}

impl<'de> Deserialize<'de> for Any {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Any;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value of JSON")
    }

    fn visit_unit<E>(self) -> Result<Any, E> {
        Ok(Any::None)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Any, E> {
        Ok(Any::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Any, E> {
        Ok(Any::Int(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Any, E> {
        Ok(i64::try_from(number).map_or(Any::Double(number as f64), Any::Int))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Any, E> {
        Ok(Any::Double(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Any, E> {
        Ok(Any::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Any, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Any::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Any, A::Error> {
        let mut map = Vec::new();
        while let Some(pair) = pairs.next_entry()? {
            map.push(pair);
        }
        Ok(Any::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::Any;

    #[test]
    fn values_are_printed_as_python_does() {
        // json.dumps(json.loads(text), ensure_ascii=False) of Python 3.12
        for text in [
            r#"{"b": 1, "a": [true, null, "ä\n\b\u0001\"\\"], "c": 1.0, "d": 1e-05, "e": {}}"#,
            "[]",
            "-9223372036854775808",
        ] {
            assert_eq!(Any::parse(text).unwrap().dump(), text);
        }
        assert_eq!(Any::Double(f64::NEG_INFINITY).dump(), "-Infinity");
        assert_eq!(Any::parse("[1,"), None);
        assert_eq!(Any::parse(&"[".repeat(1000)), None);
    }
}
