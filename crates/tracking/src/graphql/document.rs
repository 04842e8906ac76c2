//! A query as it is written.

use std::collections::HashMap;

/// A whole text: what may be asked, and parts that it is made of.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Document {
    pub(super) operations: Vec<Operation>,
    pub(super) fragments: HashMap<String, Fragment>,
}

/// Something that may be asked.
#[derive(Debug, PartialEq)]
pub(super) struct Operation {
    /// Whether it is a mutation; else it is a query.
    pub(super) is_mutation: bool,
    pub(super) name: Option<String>,
    pub(super) variables: Vec<Variable>,
    pub(super) selections: Vec<Selection>,
}

/// A variable that an operation declares.
#[derive(Debug, PartialEq)]
pub(super) struct Variable {
    pub(super) name: String,
    /// Whether it must be given.
    pub(super) is_required: bool,
    pub(super) default: Option<Literal>,
}

/// Selections with a name.
#[derive(Debug, PartialEq)]
pub(super) struct Fragment {
    pub(super) on: String,
    pub(super) selections: Vec<Selection>,
}

/// What is asked of an object.
#[derive(Debug, PartialEq)]
pub(super) enum Selection {
    Field(Field),
    Spread { name: String, directives: Vec<Directive> },
    Inline { on: Option<String>, directives: Vec<Directive>, selections: Vec<Selection> },
}

/// One field.
#[derive(Debug, PartialEq)]
pub(super) struct Field {
    pub(super) alias: Option<String>,
    pub(super) name: String,
    pub(super) arguments: Vec<(String, Literal)>,
    pub(super) directives: Vec<Directive>,
    /// Empty where it has none.
    pub(super) selections: Vec<Selection>,
}

impl Field {
    /// Its name in the answer.
    pub(super) fn key(&self) -> &str {
        self.alias.as_deref().unwrap_or(&self.name)
    }
}

/// `@name(arguments)`.
#[derive(Debug, PartialEq)]
pub(super) struct Directive {
    pub(super) name: String,
    pub(super) arguments: Vec<(String, Literal)>,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Variable(String),
    Int(String),
    Float(String),
    Text(String),
    Bool(bool),
    Null,
    Enum(String),
    List(Vec<Literal>),
    Object(Vec<(String, Literal)>),
}
