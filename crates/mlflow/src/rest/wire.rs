//! The JSON form of a field, by its type: what MLflow's server and clients write, and what they take.
//!
//! The rules are those of Protocol Buffers (version 2) in JSON, as MLflow uses them. Each is written in
//! one place, so that a message is no more than its list of fields:
//!
//! | type of a field | when it is absent or `null` | when it is printed |
//! |---|---|---|
//! | a plain type | an error; so is an empty text in a request | always |
//! | a plain type marked `(default)` | its default | always |
//! | [`Option`] | `None` | when it is `Some`, even with an empty or zero value |
//! | [`Vec`], [`BTreeMap`] | empty | when it is not empty |

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{Error, text};

pub(crate) mod any;
pub(crate) mod json;
pub(crate) mod place;
mod scalar;
pub(crate) mod time;

use place::Place;

/// What a field needs when its value comes from a query, where every value is a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text, which any scalar can be read from.
    Text,
    /// `true` or `false`, in any case.
    Bool,
    /// Repeated keys.
    List,
}

/// A type that a field can have.
pub trait Wire: Sized {
    /// How a query writes it.
    const KIND: Kind = Kind::Text;

    /// Reads a value that is not `null`.
    ///
    /// # Errors
    /// An error that names the place.
    fn read(value: Value, place: &Place<'_>) -> Result<Self, Error>;

    /// What stands for a field that is not there.
    ///
    /// # Errors
    /// An error that names the place, when the field is required.
    fn absent(place: &Place<'_>) -> Result<Self, Error> {
        Err(place.missing())
    }

    /// Whether the value counts as absent in a request: MLflow takes an empty text for none.
    fn is_blank(&self) -> bool {
        false
    }

    /// Whether the field is left out of what is printed.
    fn is_absent(&self) -> bool {
        false
    }

    /// Appends the JSON form.
    fn write(&self, out: &mut String);

    /// Appends the values of a query's key. Messages have no place in a query.
    fn texts(&self, _out: &mut Vec<String>) {}
}

/// A message: an object with known fields.
pub trait Message: Wire {
    /// The names of its fields, in the order of printing.
    const FIELDS: &'static [(&'static str, Kind)];

    /// The pairs of a query that asks with this message.
    fn pairs(&self) -> Vec<(&'static str, String)>;
}

impl<T: Wire> Wire for Option<T> {
    const KIND: Kind = T::KIND;

    fn read(value: Value, place: &Place<'_>) -> Result<Self, Error> {
        T::read(value, place).map(Some)
    }

    fn absent(_: &Place<'_>) -> Result<Self, Error> {
        Ok(None)
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }

    fn write(&self, out: &mut String) {
        match self {
            Some(value) => value.write(out),
            None => out.push_str("null"),
        }
    }

    fn texts(&self, out: &mut Vec<String>) {
        if let Some(value) = self {
            value.texts(out);
        }
    }
}

impl<T: Wire> Wire for Vec<T> {
    const KIND: Kind = Kind::List;

    fn read(value: Value, place: &Place<'_>) -> Result<Self, Error> {
        let Value::Array(items) = value else { return Err(place.wrong(&value, "")) };
        let items = items.into_iter().enumerate().map(|(index, item)| {
            let place = place.item(index);
            if item.is_null() { Err(place.wrong(&item, "")) } else { T::read(item, &place) }
        });
        items.collect()
    }

    fn absent(_: &Place<'_>) -> Result<Self, Error> {
        Ok(Vec::new())
    }

    fn is_absent(&self) -> bool {
        self.is_empty()
    }

    fn write(&self, out: &mut String) {
        out.push('[');
        for (index, item) in self.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            item.write(out);
        }
        out.push(']');
    }

    fn texts(&self, out: &mut Vec<String>) {
        for item in self {
            item.texts(out);
        }
    }
}

/// A map of Protocol Buffers: an object whose keys are data, so that they have one spelling.
impl<T: Wire> Wire for BTreeMap<String, T> {
    fn read(value: Value, place: &Place<'_>) -> Result<Self, Error> {
        let Value::Object(map) = value else { return Err(place.wrong(&value, "")) };
        let entries = map.into_iter().map(|(key, value)| {
            let value = T::read(value, &place.field(&key))?;
            Ok((key, value))
        });
        entries.collect()
    }

    fn absent(_: &Place<'_>) -> Result<Self, Error> {
        Ok(Self::new())
    }

    fn is_absent(&self) -> bool {
        self.is_empty()
    }

    fn write(&self, out: &mut String) {
        let mut object = Object::begin(out);
        for (key, value) in self {
            object.field(key, value);
        }
        object.end();
    }
}

/// The fields of an object that is being read. What no field takes is ignored, as in MLflow.
pub(crate) struct Fields<'p> {
    map: Map<String, Value>,
    place: &'p Place<'p>,
}

impl<'p> Fields<'p> {
    /// # Errors
    /// An error that names the place, when the value is not an object.
    pub(crate) fn of(value: Value, place: &'p Place<'p>) -> Result<Self, Error> {
        let Value::Object(mut map) = value else { return Err(place.wrong(&value, "")) };
        // the name that a run's id had before MLflow 1.0, and that its clients still send
        if !map.contains_key("run_id") && !map.contains_key("runId") {
            let id = map.get("run_uuid").or_else(|| map.get("runUuid")).cloned();
            map.extend(id.map(|id| ("run_id".to_owned(), id)));
        }
        Ok(Self { map, place })
    }

    /// Takes a field by its name, or by its name in camel case.
    ///
    /// # Errors
    /// Those of [`Wire`], and [`Error::TwoSpellings`] for both names at once: nobody can tell which one
    /// is meant.
    pub(crate) fn take<T: Wire>(
        &mut self,
        name: &'static str,
        absent: impl FnOnce(&Place<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let place = self.place.field(name);
        let mut found = self.map.remove(name);
        if name.contains('_') && !self.map.is_empty() {
            let camel = camel(name);
            let other = self.map.remove(&camel);
            if found.is_some() && other.is_some() {
                return Err(Error::TwoSpellings { name: name.into(), camel });
            }
            found = found.or(other);
        }
        match found {
            Some(value) if !value.is_null() => match T::read(value, &place)? {
                value if value.is_blank() && !place.is_reply() => absent(&place),
                value => Ok(value),
            },
            _ => absent(&place),
        }
    }
}

/// `experimentId` for `experiment_id`: the name of a field in the JSON of Protocol Buffers.
pub fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut name, word| {
        let mut letters = word.chars();
        name.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        name + letters.as_str()
    })
}

/// An object that is being printed.
pub(crate) struct Object<'o> {
    out: &'o mut String,
    is_first: bool,
}

impl<'o> Object<'o> {
    pub(crate) fn begin(out: &'o mut String) -> Self {
        out.push('{');
        Self { out, is_first: true }
    }

    pub(crate) fn field(&mut self, name: &str, value: &impl Wire) {
        if value.is_absent() {
            return;
        }
        if !std::mem::take(&mut self.is_first) {
            self.out.push(',');
        }
        text::quote(name, self.out);
        self.out.push(':');
        value.write(self.out);
    }

    pub(crate) fn end(self) {
        self.out.push('}');
    }
}
