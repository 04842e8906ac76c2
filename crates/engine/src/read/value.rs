use std::sync::Arc;

use super::{Array, Cursor};

/// The place of a value in its [`Document`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(pub(crate) u32);

/// A model file as plain values: what pickle, joblib and skops files all become.
///
/// Values live in one arena and refer to one another by [`Id`], so shared references stay shared,
/// cycles are harmless to hold, and dropping never recurses. Texts and bytes are ranges of the
/// file wherever the format stores them verbatim.
#[derive(Debug)]
pub struct Document {
    /// The (decompressed) file.
    pub(crate) input: Arc<[u8]>,
    /// Texts and bytes that the file stores in another form.
    pub(crate) owned: Vec<u8>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) root: Id,
}

/// One value. Sixteen bytes, so that the arena stays near the size of the file.
#[derive(Debug)]
pub enum Node {
    /// `None`.
    None,
    /// A boolean.
    Bool(bool),
    /// An integer that fits 64 bits.
    Int(i64),
    /// A larger integer, little-endian two's complement.
    BigInt(Box<Vec<u8>>),
    /// A double.
    Float(f64),
    /// UTF-8 text (surrogates replaced) at `start` of the input, or of the owned bytes.
    Text {
        /// First byte.
        start: u64,
        /// Bytes.
        len: u32,
        /// In [`Document::owned`] instead of the input.
        owned: bool,
    },
    /// Bytes, placed as texts are.
    Bytes {
        /// First byte.
        start: u64,
        /// Bytes.
        len: u32,
        /// In [`Document::owned`] instead of the input.
        owned: bool,
    },
    /// A list.
    List(Box<Vec<Id>>),
    /// A tuple.
    Tuple(Box<Vec<Id>>),
    /// A set or frozen set.
    Set(Box<Vec<Id>>),
    /// A dict, in insertion order; a repeated key appears again and the last one wins.
    Dict(Box<Vec<(Id, Id)>>),
    /// A class or function, by name only.
    Global(Box<(String, String)>),
    /// An instance, or the result of a call that was recorded and not made.
    Object(Box<Object>),
    /// A numpy array.
    Array(Box<Array>),
    /// A numpy dtype.
    Dtype(Box<super::Dtype>),
}

/// An instance: which class or function would make it, from what, with which state.
#[derive(Debug)]
pub struct Object {
    /// The class or function: usually a [`Node::Global`].
    pub class: Id,
    /// Positional arguments of the constructor or function.
    pub args: Vec<Id>,
    /// What `__setstate__` or `__dict__` would receive.
    pub state: Option<Id>,
    /// Items appended to it (list subclasses).
    pub items: Vec<Id>,
    /// Pairs set on it (dict subclasses such as `Bunch`).
    pub pairs: Vec<(Id, Id)>,
}

impl Document {
    /// The value the file holds.
    pub fn root(&self) -> Cursor<'_> {
        Cursor::new(self, self.root)
    }

    pub(crate) fn node(&self, id: Id) -> &Node {
        self.nodes.get(id.0 as usize).unwrap_or(&Node::None)
    }

    pub(crate) fn slice(&self, start: u64, len: u64, owned: bool) -> &[u8] {
        let source: &[u8] = if owned { &self.owned } else { &self.input };
        let range = usize::try_from(start)
            .ok()
            .and_then(|s| usize::try_from(len).ok().and_then(|l| Some(s..s.checked_add(l)?)));
        range.and_then(|r| source.get(r)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::Node;

    #[test]
    fn a_node_stays_small() {
        assert_eq!(size_of::<Node>(), 16);
    }
}
