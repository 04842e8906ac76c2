//! skops files: a zip archive with a schema in JSON, and arrays beside it.
//!
//! Gives the same values as a pickle of the same object. Format: the sources of skops 0.3, the first
//! that writes such files, to 0.16. Protocols 0 to 2 differ in two nodes, and releases up to 0.10
//! write the losses of stochastic gradient descent under a name of their own.

use std::{collections::HashMap, sync::Arc};

use super::{
    Document, Id, Node, Object,
    archive::{Archive, Range},
    builder::Builder,
    json::tape::{Tape, Value},
    tree_json::Json,
};
use crate::{Error, Limits};

mod array;
mod node;
#[cfg(test)]
mod tests;

/// Deepest nesting of nodes. Each is two or three levels of JSON, and a call of its own here.
const DEPTH: usize = 128;

/// Reads a skops file.
pub(crate) fn read(input: Vec<u8>, limits: &Limits) -> Result<Document, Error> {
    let mut out = Builder::new("skops", input);
    let input = Arc::clone(&out.doc.input);
    let mut archive = Archive::open(&input, Some(0), limits, &mut out)?;
    if !archive.has("schema.json") {
        return Err(Error::Unsupported {
            what: "a zip archive without `schema.json`".into(),
            reason: "only the archives of skops hold models that are read natively".into(),
            hint: "Save the model with skops, joblib or pickle".into(),
        });
    }
    let (start, len, owned) = archive.entry("schema.json", &mut out)?;
    // an inflated schema is moved out of the document: its texts are copied as they are read
    let schema = if owned { std::mem::take(&mut out.doc.owned) } else { Vec::new() };
    let range = start as usize..(start + len) as usize;
    let text = if owned { schema.as_slice() } else { &input };
    let text = text.get(range).unwrap_or_default();
    let tape = Tape::parse(text, &mut out.budget, limits.depth)?;
    let base = (!owned).then_some(start);
    let mut reader = Reader { out, archive, limits, base, seen: HashMap::new(), depth: 0 };
    let root = reader.node(tape.root());
    let memory = tape.memory();
    let Reader { mut out, .. } = reader;
    out.budget.release(memory);
    out.finish(root)
}

struct Reader<'a, 'b> {
    out: Builder,
    archive: Archive<'a>,
    limits: &'b Limits,
    /// Where the schema stands in the input; `None` when it was compressed.
    base: Option<u64>,
    /// Values by the `__id__` of their node: a repeated one is the same object.
    seen: HashMap<i64, Id>,
    depth: usize,
}

impl Reader<'_, '_> {
    /// The value of a node.
    fn node(&mut self, node: Value<'_>) -> Result<Id, Error> {
        if self.depth == DEPTH {
            return Err(wrong(node, "nodes are nested too deeply"));
        }
        let number = match node.get("__id__").and_then(Value::scalar) {
            Some(Json::Int(number)) => Some(number),
            _ => None,
        };
        if let Some(id) = number.and_then(|number| self.seen.get(&number)) {
            return Ok(*id);
        }
        self.depth += 1;
        let id = self.value(node)?;
        self.depth -= 1;
        if let Some(number) = number {
            self.out.budget.charge(4 * size_of::<(i64, Id)>(), node.at())?;
            self.seen.insert(number, id);
        }
        Ok(id)
    }

    /// A text of the schema.
    fn text(&mut self, value: Value<'_>) -> Result<Id, Error> {
        match value.text()? {
            Some((text, Some(at))) if self.base.is_some() => {
                let len = u32::try_from(text.len())
                    .map_err(|_| wrong(value, "a text of more than 4 GB"))?;
                let start = self.base.unwrap_or(0) + at as u64;
                self.out.node(Node::Text { start, len, owned: false }, value.at())
            }
            Some((text, _)) => self.out.text(&text, value.at()),
            None => Err(wrong(value, "a text is expected")),
        }
    }

    /// The class or function that a node names.
    fn global(&mut self, node: Value<'_>) -> Result<Id, Error> {
        let (module, class) = names(node)?;
        self.out.global(&module, &class, node.at())
    }

    fn child(&mut self, node: Value<'_>, key: &str) -> Result<Id, Error> {
        let child = required(node, key)?;
        self.node(child)
    }

    /// The values of all nodes of a list.
    fn list(&mut self, list: Value<'_>) -> Result<Vec<Id>, Error> {
        let items = list.items().ok_or_else(|| wrong(list, "a list of nodes is expected"))?;
        let mut ids = Vec::new();
        for item in items {
            let id = self.node(item)?;
            self.out.budget.push(&mut ids, id, item.at())?;
        }
        Ok(ids)
    }

    fn object(
        &mut self,
        class: Id,
        args: &[Id],
        state: Option<Id>,
        at: usize,
    ) -> Result<Id, Error> {
        let id = self.out.object(class, args, at)?;
        if let Some(Node::Object(object)) = self.out.node_mut(id) {
            object.state = state;
        }
        Ok(id)
    }

    /// An instance of a list or dict subclass.
    fn subclass(
        &mut self,
        node: Value<'_>,
        items: Vec<Id>,
        pairs: Vec<(Id, Id)>,
    ) -> Result<Id, Error> {
        let class = self.global(node)?;
        let object = Object { items, pairs, ..Object::new(class, Vec::new()) };
        self.out.node(Node::Object(Box::new(object)), node.at())
    }

    /// The entry of the archive that a node names.
    fn file(&mut self, node: Value<'_>) -> Result<(String, Range), Error> {
        let file = required(node, "file")?;
        let name = file.text()?.ok_or_else(|| wrong(file, "the name of a file is expected"))?.0;
        let range = self.archive.entry(&name, &mut self.out)?;
        Ok((name.into_owned(), range))
    }
}

/// Module and class of a node.
fn names(node: Value<'_>) -> Result<(String, String), Error> {
    let text = |key: &str| {
        let value = required(node, key)?;
        let text = value.text()?.ok_or_else(|| wrong(value, "a text is expected"))?.0;
        Ok::<_, Error>(text.into_owned())
    };
    Ok((text("__module__")?, text("__class__")?))
}

fn required<'a>(node: Value<'a>, key: &str) -> Result<Value<'a>, Error> {
    node.get(key).ok_or_else(|| wrong(node, &format!("a node has no `{key}`")))
}

fn wrong(value: Value<'_>, reason: &str) -> Error {
    Error::Malformed {
        format: "skops",
        place: format!("byte {} of schema.json", value.at()),
        reason: reason.to_owned(),
    }
}
