use std::sync::Arc;

use super::{
    Array, Document, Dtype, Id, Node, Object,
    stored::{self, Stored},
    value::Meaning,
};
use crate::Error;

/// A value of a [`Document`], with the questions estimators ask of it.
#[derive(Clone, Copy)]
pub struct Cursor<'a> {
    doc: &'a Document,
    id: Id,
}

/// What a value is, borrowed from its document.
#[derive(Debug)]
pub enum Kind<'a> {
    /// `None`.
    None,
    /// A boolean.
    Bool(bool),
    /// An integer that fits 64 bits.
    Int(i64),
    /// A larger integer, little-endian two's complement.
    BigInt(&'a [u8]),
    /// A double.
    Float(f64),
    /// A text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// A list.
    List(&'a [Id]),
    /// A tuple.
    Tuple(&'a [Id]),
    /// A set.
    Set(&'a [Id]),
    /// A dict.
    Dict(&'a [(Id, Id)]),
    /// A class or function: module and name.
    Global(&'a str, &'a str),
    /// An instance or a recorded call.
    Object(&'a Object),
    /// A numpy array.
    Array(&'a Array),
    /// A numpy dtype.
    Dtype(&'a Dtype),
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(doc: &'a Document, id: Id) -> Self {
        Self { doc, id }
    }

    /// The document it belongs to.
    pub fn document(self) -> &'a Document {
        self.doc
    }

    /// Its id. References to one shared value have equal ids.
    pub fn id(self) -> Id {
        self.id
    }

    /// Another value of the same document.
    pub fn go(self, id: Id) -> Self {
        Self { doc: self.doc, id }
    }

    /// What the value is.
    pub fn kind(self) -> Kind<'a> {
        let index = match self.id.meaning() {
            Meaning::Node(index) => index,
            Meaning::Int(v) => return Kind::Int(v),
            Meaning::Stored(at) => return self.stored(at),
            Meaning::None => return Kind::None,
            Meaning::Bool(v) => return Kind::Bool(v),
            Meaning::EmptyTuple => return Kind::Tuple(&[]),
        };
        match self.doc.nodes.get(index).unwrap_or(&Node::None) {
            Node::None => Kind::None,
            Node::Int(v) => Kind::Int(*v),
            Node::BigInt(v) => Kind::BigInt(v),
            Node::Float(v) => Kind::Float(*v),
            Node::Text { start, len, owned } => {
                Kind::Text(utf8(self.doc.slice(*start, u64::from(*len), *owned)))
            }
            Node::Bytes { start, len, owned } => {
                Kind::Bytes(self.doc.slice(*start, u64::from(*len), *owned))
            }
            Node::Stored(at) => self.stored(usize::try_from(*at).unwrap_or(usize::MAX)),
            Node::List(v) => Kind::List(v),
            Node::Tuple { start, len } => {
                let range = *start as usize..(*start as usize).saturating_add(*len as usize);
                Kind::Tuple(self.doc.tuples.get(range).unwrap_or_default())
            }
            Node::Set(v) => Kind::Set(v),
            Node::Dict(v) => Kind::Dict(v),
            Node::Global(v) => Kind::Global(&v.0, &v.1),
            Node::Object(v) => Kind::Object(v),
            Node::Array(v) => Kind::Array(v),
            Node::Dtype(v) => Kind::Dtype(v),
        }
    }

    fn stored(self, at: usize) -> Kind<'a> {
        let input = &self.doc.input;
        match stored::read(input, at) {
            Some((Stored::Text(start, len), _)) => {
                Kind::Text(utf8(input.get(start..start + len).unwrap_or_default()))
            }
            Some((Stored::Bytes(start, len), _)) => {
                Kind::Bytes(input.get(start..start + len).unwrap_or_default())
            }
            Some((Stored::Int(v), _)) => Kind::Int(v),
            Some((Stored::Float(v), _)) => Kind::Float(v),
            None => Kind::None,
        }
    }

    /// Where a text or bytes stand: start, length, and whether it is the document's owned bytes,
    /// not the input, that hold them.
    pub(crate) fn range(self) -> Option<(u64, u64, bool)> {
        let at = match self.id.meaning() {
            Meaning::Node(index) => match self.doc.nodes.get(index)? {
                Node::Text { start, len, owned } | Node::Bytes { start, len, owned } => {
                    return Some((*start, u64::from(*len), *owned));
                }
                Node::Stored(at) => usize::try_from(*at).ok()?,
                _ => return None,
            },
            Meaning::Stored(at) => at,
            _ => return None,
        };
        match stored::read(&self.doc.input, at)?.0 {
            Stored::Text(start, len) | Stored::Bytes(start, len) => {
                Some((start as u64, len as u64, false))
            }
            _ => None,
        }
    }

    /// A word for the kind of value, for messages: the class of an instance, `a list`, …
    pub fn describe(self) -> String {
        match self.kind() {
            Kind::None => "`None`".into(),
            Kind::Bool(_) => "a boolean".into(),
            Kind::Int(_) | Kind::BigInt(_) => "an integer".into(),
            Kind::Float(_) => "a float".into(),
            Kind::Text(_) => "a text".into(),
            Kind::Bytes(_) => "bytes".into(),
            Kind::List(_) => "a list".into(),
            Kind::Tuple(_) => "a tuple".into(),
            Kind::Set(_) => "a set".into(),
            Kind::Dict(_) => "a dict".into(),
            Kind::Global(module, name) => format!("`{module}.{name}`"),
            Kind::Object(object) => match self.go(object.class).kind() {
                Kind::Global(module, name) => format!("a `{module}.{name}`"),
                _ => "an object".into(),
            },
            Kind::Array(_) => "an array".into(),
            Kind::Dtype(_) => "a dtype".into(),
        }
    }

    /// Module and name of an instance's class.
    pub fn class(self) -> Option<(&'a str, &'a str)> {
        let Kind::Object(object) = self.kind() else { return None };
        match self.go(object.class).kind() {
            Kind::Global(module, name) => Some((module, name)),
            _ => None,
        }
    }

    /// Name of an instance's class without its module; empty for other values.
    pub fn class_name(self) -> &'a str {
        self.class().map_or("", |(_, name)| name)
    }

    /// An attribute of an instance, or a text key of a dict; the last one set wins.
    pub fn attr(self, name: &str) -> Option<Self> {
        match self.kind() {
            Kind::Dict(pairs) => self.lookup(pairs, name),
            Kind::Object(object) => object
                .state
                .and_then(|state| self.go(state).state_attr(name))
                .or_else(|| self.lookup(&object.pairs, name)),
            _ => None,
        }
    }

    /// A state is a dict, or a tuple of two (the dict and the slots).
    fn state_attr(self, name: &str) -> Option<Self> {
        match self.kind() {
            Kind::Dict(pairs) => self.lookup(pairs, name),
            Kind::Tuple(parts) => parts.iter().find_map(|&part| match self.go(part).kind() {
                Kind::Dict(pairs) => self.lookup(pairs, name),
                _ => None,
            }),
            _ => None,
        }
    }

    fn lookup(self, pairs: &[(Id, Id)], name: &str) -> Option<Self> {
        let found = pairs.iter().rev().find(|(key, _)| self.go(*key).spells(name))?;
        Some(self.go(found.1))
    }

    /// True for the text `name`. Compares bytes, so that a long key costs no more than a short one.
    fn spells(self, name: &str) -> bool {
        self.range().is_some_and(|(start, len, owned)| {
            len == name.len() as u64
                && self.doc.slice(start, len, owned) == name.as_bytes()
                && matches!(self.kind(), Kind::Text(_))
        })
    }

    /// An attribute that must be there.
    ///
    /// # Errors
    /// [`Error::Attribute`] naming the class and the attribute.
    pub fn require(self, name: &str) -> Result<Self, Error> {
        self.attr(name).ok_or_else(|| {
            Error::attribute(self.class_name(), name, "is missing: is the model fitted?")
        })
    }

    /// True for `None`.
    pub fn is_none(self) -> bool {
        matches!(self.kind(), Kind::None)
    }

    /// A text.
    pub fn as_str(self) -> Option<&'a str> {
        match self.kind() {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// An integer, or a boolean as 0 or 1, or an array of exactly one.
    pub fn as_i64(self) -> Option<i64> {
        match self.kind() {
            Kind::Array(array) if array.len() == 1 => match array.objects() {
                // an array may hold itself
                Some(ids) => self.go(*ids.first()?).plain_i64(),
                None => array.i64s(self.doc).ok()?.first().copied(),
            },
            _ => self.plain_i64(),
        }
    }

    pub(super) fn plain_i64(self) -> Option<i64> {
        match self.kind() {
            Kind::Int(v) => Some(v),
            Kind::Bool(v) => Some(i64::from(v)),
            _ => None,
        }
    }

    /// A number, or an array of exactly one.
    pub fn as_f64(self) -> Option<f64> {
        match self.kind() {
            Kind::Array(array) if array.len() == 1 => match array.objects() {
                Some(ids) => self.go(*ids.first()?).plain_f64(),
                None => array.f64s(self.doc).ok()?.first().copied(),
            },
            _ => self.plain_f64(),
        }
    }

    pub(super) fn plain_f64(self) -> Option<f64> {
        match self.kind() {
            Kind::Float(v) => Some(v),
            Kind::Int(v) => Some(v as f64),
            Kind::Bool(v) => Some(f64::from(u8::from(v))),
            _ => None,
        }
    }

    /// A boolean, or the integers 0 and 1.
    pub fn as_bool(self) -> Option<bool> {
        match self.kind() {
            Kind::Bool(v) => Some(v),
            Kind::Int(0) => Some(false),
            Kind::Int(1) => Some(true),
            _ => None,
        }
    }

    /// The elements of a list, tuple or set, or of an array of objects (row-major).
    pub fn items(self) -> Option<&'a [Id]> {
        match self.kind() {
            Kind::List(v) | Kind::Tuple(v) | Kind::Set(v) => Some(v),
            Kind::Array(array) => array.objects(),
            _ => None,
        }
    }

    /// The pairs of a dict or dict subclass.
    pub fn pairs(self) -> Option<&'a [(Id, Id)]> {
        match self.kind() {
            Kind::Dict(pairs) => Some(pairs),
            Kind::Object(object) if !object.pairs.is_empty() => Some(&object.pairs),
            _ => None,
        }
    }

    /// A numpy dtype, shared with the document.
    pub(crate) fn shared_dtype(self) -> Option<Arc<Dtype>> {
        let Meaning::Node(index) = self.id.meaning() else { return None };
        match self.doc.nodes.get(index)? {
            Node::Dtype(dtype) => Some(Arc::clone(dtype)),
            _ => None,
        }
    }

    /// A numpy array.
    pub fn as_array(self) -> Option<&'a Array> {
        match self.kind() {
            Kind::Array(array) => Some(array),
            _ => None,
        }
    }
}

/// Texts were checked when the file was read.
fn utf8(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap_or_default()
}

impl std::fmt::Debug for Cursor<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {}", self.describe(), self.id.0)
    }
}
