//! The types of MLflow 3.17's GraphQL schema. Names are those of its messages, in camel case.

mod input;
mod output;
mod roots;

pub(super) use self::roots::{Asks, root};

/// What a field of an answer holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Text,
    /// A whole number, told as text since JavaScript's numbers are too small for it.
    Long,
    Float,
    Bool,
    /// A name; with it the one that stands for none, where there is one.
    Enum(Option<&'static str>),
    Texts,
    One(&'static Object),
    Many(&'static Object),
    /// One that the message does not hold: it is there only when it was looked up.
    LookedUp(&'static Object),
    /// Several that the message does not hold.
    AllLookedUp(&'static Object),
}

impl Kind {
    /// The type of what it holds, where that has fields.
    pub(super) fn object(self) -> Option<&'static Object> {
        match self {
            Self::One(object)
            | Self::Many(object)
            | Self::LookedUp(object)
            | Self::AllLookedUp(object) => Some(object),
            Self::Text | Self::Long | Self::Float | Self::Bool | Self::Enum(_) | Self::Texts => {
                None
            }
        }
    }
}

/// A type with fields.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) name: &'static str,
    pub(super) fields: &'static [(&'static str, Kind)],
}

/// What a field of an argument takes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Takes {
    Text,
    Long,
    Int,
    Enum(&'static [&'static str]),
    Texts,
}

/// The type of an argument.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) name: &'static str,
    pub(super) fields: &'static [(&'static str, Takes)],
}

/// The name of a message's field, from that of the schema.
pub(super) fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}
