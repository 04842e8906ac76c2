use std::collections::HashMap;

use super::{
    Cursor, Document, Id, Node, Object,
    budget::{ALLOCATION, Budget},
    hostile,
};
use crate::Error;

/// A document that is being read, and the memory it may still take.
pub(crate) struct Builder {
    pub(crate) doc: Document,
    pub(crate) budget: Budget,
    format: &'static str,
    globals: HashMap<(String, String), Id>,
    /// The first `NAMED` references that only an attack needs.
    hostile: Vec<String>,
}

/// How many hostile references an error names, at most.
const NAMED: usize = 8;

impl Builder {
    pub(crate) fn new(format: &'static str, input: Vec<u8>) -> Self {
        let budget = Budget::new(format, input.len());
        Self {
            doc: Document::new(input),
            budget,
            format,
            globals: HashMap::new(),
            hostile: Vec::new(),
        }
    }

    /// The document. When it refers to what only an attack needs, the error says so, even if
    /// reading failed for another reason.
    pub(crate) fn finish(mut self, root: Result<Id, Error>) -> Result<Document, Error> {
        if !self.hostile.is_empty() {
            return Err(Error::Hostile { global: self.hostile.join("` and `") });
        }
        self.doc.root = root?;
        Ok(self.doc)
    }

    /// Takes back that a name is one that only an attack needs.
    pub(crate) fn acquit(&mut self, name: &str) {
        self.hostile.retain(|named| named != name);
    }

    pub(crate) fn cursor(&self, id: Id) -> Cursor<'_> {
        Cursor::new(&self.doc, id)
    }

    /// An error at byte `place`.
    pub(crate) fn wrong(&self, place: usize, reason: impl Into<String>) -> Error {
        Error::Malformed {
            format: self.format,
            place: format!("byte {place}"),
            reason: reason.into(),
        }
    }

    /// The node of an id that has one.
    pub(crate) fn node_mut(&mut self, id: Id) -> Option<&mut Node> {
        match id.meaning() {
            super::value::Meaning::Node(index) => self.doc.nodes.get_mut(index),
            _ => None,
        }
    }

    pub(crate) fn node(&mut self, node: Node, place: usize) -> Result<Id, Error> {
        let boxed = match &node {
            Node::List(v) => size_of_val(v) + ALLOCATION + size_of::<Vec<Id>>(),
            Node::Set(_) | Node::Dict(_) | Node::BigInt(_) => size_of::<Vec<Id>>() + ALLOCATION,
            Node::Object(_) => size_of::<Object>() + ALLOCATION,
            Node::Global(_) => size_of::<(String, String)>() + 3 * ALLOCATION,
            Node::Array(_) => size_of::<super::Array>() + ALLOCATION,
            Node::Dtype(_) => size_of::<super::Dtype>() + ALLOCATION,
            _ => 0,
        };
        self.budget.charge(boxed, place)?;
        let id = Id::of_node(self.doc.nodes.len())
            .ok_or_else(|| self.wrong(place, "the file holds more than 2^30 values"))?;
        self.budget.push(&mut self.doc.nodes, node, place)?;
        Ok(id)
    }

    pub(crate) fn int(&mut self, value: i64, place: usize) -> Result<Id, Error> {
        match Id::of_int(value) {
            Some(id) => Ok(id),
            None => self.node(Node::Int(value), place),
        }
    }

    /// A value that the input stores at byte `at`.
    pub(crate) fn stored(&mut self, at: usize) -> Result<Id, Error> {
        match Id::of_stored(at) {
            Some(id) => Ok(id),
            None => self.node(Node::Stored(at as u64), at),
        }
    }

    pub(crate) fn tuple(&mut self, items: &[Id], place: usize) -> Result<Id, Error> {
        if items.is_empty() {
            return Ok(Id::EMPTY_TUPLE);
        }
        let start = self.doc.tuples.len();
        self.budget.reserve(&mut self.doc.tuples, items.len(), place)?;
        self.doc.tuples.extend_from_slice(items);
        let (Ok(start), Ok(len)) = (u32::try_from(start), u32::try_from(items.len())) else {
            return Err(self.wrong(place, "the file holds more than 2^32 tuple items"));
        };
        self.node(Node::Tuple { start, len }, place)
    }

    /// A copy of `items`, which the document's budget pays for.
    pub(crate) fn ids(&mut self, items: &[Id], place: usize) -> Result<Vec<Id>, Error> {
        if items.is_empty() {
            return Ok(Vec::new());
        }
        self.budget.charge(size_of_val(items) + ALLOCATION, place)?;
        Ok(items.to_vec())
    }

    pub(crate) fn object(&mut self, class: Id, args: &[Id], place: usize) -> Result<Id, Error> {
        let args = self.ids(args, place)?;
        self.node(Node::Object(Box::new(Object::new(class, args))), place)
    }

    /// A text that does not stand verbatim in the input.
    pub(crate) fn text(&mut self, text: &str, place: usize) -> Result<Id, Error> {
        let (start, len) = self.own(text.as_bytes(), place)?;
        self.node(Node::Text { start, len, owned: true }, place)
    }

    /// Bytes that do not stand verbatim in the input.
    pub(crate) fn bytes(&mut self, bytes: &[u8], place: usize) -> Result<Id, Error> {
        let (start, len) = self.own(bytes, place)?;
        self.node(Node::Bytes { start, len, owned: true }, place)
    }

    fn own(&mut self, bytes: &[u8], place: usize) -> Result<(u64, u32), Error> {
        let len = u32::try_from(bytes.len())
            .map_err(|_| self.wrong(place, "a text or bytes of more than 4 GB"))?;
        let start = self.doc.owned.len() as u64;
        self.budget.reserve(&mut self.doc.owned, bytes.len(), place)?;
        self.doc.owned.extend_from_slice(bytes);
        Ok((start, len))
    }

    /// A class or function, with one node for each name. Python 2 names become Python 3 names.
    pub(crate) fn global(&mut self, module: &str, name: &str, place: usize) -> Result<Id, Error> {
        let (module, name) = today(module, name);
        let key = (module.to_owned(), name.to_owned());
        if let Some(id) = self.globals.get(&key) {
            return Ok(*id);
        }
        if hostile::runs_code(module, name) && self.hostile.len() < NAMED {
            self.hostile.push(format!("{module}.{name}"));
        }
        // the name is held twice: by the node and by the table
        let entry = size_of::<((String, String), Id)>() + 2 * ALLOCATION;
        self.budget.charge(2 * (module.len() + name.len() + entry), place)?;
        let id = self.node(Node::Global(Box::new(key.clone())), place)?;
        self.globals.insert(key, id);
        Ok(id)
    }
}

/// The Python 3 names of what Python 2 called otherwise.
fn today<'a>(module: &'a str, name: &'a str) -> (&'a str, &'a str) {
    match (module, name) {
        ("__builtin__", "unicode") => ("builtins", "str"),
        ("__builtin__", "long") => ("builtins", "int"),
        ("__builtin__", "xrange") => ("builtins", "range"),
        ("__builtin__" | "exceptions", name) => ("builtins", name),
        ("copy_reg", name) => ("copyreg", name),
        ("UserDict", name) => ("collections", name),
        ("cPickle", name) => ("pickle", name),
        other => other,
    }
}
