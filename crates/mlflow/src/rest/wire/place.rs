use std::fmt;

use serde_json::Value;

use crate::Error;

/// Where a value stands in a body, such as `metrics[0].value`, and whose body it is.
#[derive(Clone, Copy, Debug)]
pub struct Place<'p> {
    parent: Option<&'p Place<'p>>,
    part: Part<'p>,
    side: Side,
}

#[derive(Clone, Copy, Debug)]
enum Part<'p> {
    Body,
    Field(&'p str),
    Item(usize),
}

/// Whose body is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// A client's. It is held to the contract, and errors are in MLflow's words.
    Request,
    /// A server's. An empty text may stand for a required one, and an integer for a text: some servers
    /// print a version so.
    Reply,
}

/// Most characters of a value that an error repeats.
const SHOWN: usize = 200;

impl<'p> Place<'p> {
    pub(crate) fn body(side: Side) -> Self {
        Self { parent: None, part: Part::Body, side }
    }

    pub(crate) fn field<'q>(&'q self, name: &'q str) -> Place<'q>
    where
        'p: 'q,
    {
        Place { parent: Some(self), part: Part::Field(name), side: self.side }
    }

    pub(crate) fn item(&self, index: usize) -> Place<'_> {
        Place { parent: Some(self), part: Part::Item(index), side: self.side }
    }

    pub(crate) fn is_reply(&self) -> bool {
        self.side == Side::Reply
    }

    /// What is required is not there.
    pub(crate) fn missing(&self) -> Error {
        match self.side {
            Side::Request => Error::MissingParameter { parameter: self.to_string() },
            Side::Reply => Error::Reply { reason: format!("`{self}` is missing") },
        }
    }

    /// The value is of another type, or out of bounds when a reason says so.
    pub(crate) fn wrong(&self, value: &Value, reason: &str) -> Error {
        let kind = python_type(value);
        let mut text = value.to_string();
        if let Some((cut, _)) = text.char_indices().nth(SHOWN) {
            text.truncate(cut);
            text.push('…');
        }
        match self.side {
            Side::Request => Error::InvalidParameter {
                parameter: self.to_string(),
                value: text,
                reason: match reason {
                    "" => format!(" Hint: Value was of type '{kind}'."),
                    reason => reason.to_owned(),
                },
            },
            Side::Reply => {
                let reason = if reason.is_empty() { kind } else { reason };
                Error::Reply { reason: format!("`{self}` is `{text}` ({reason})") }
            }
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.part {
            Part::Body => Ok(()),
            Part::Field(name) => {
                let is_top = self.parent.is_none_or(|parent| matches!(parent.part, Part::Body));
                write!(f, "{}{name}", if is_top { "" } else { "." })
            }
            Part::Item(index) => write!(f, "[{index}]"),
        }
    }
}

/// MLflow names the type that Python has for a JSON value.
fn python_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}
