use std::sync::{Arc, OnceLock};

use super::{Array, Cursor};

/// The place of a value in its [`Document`].
///
/// Most values of a model file are small and stored verbatim, so an id can say where in the file
/// the value stands, or be the value itself; only the others take a [`Node`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(pub(crate) u32);

/// What an [`Id`] stands for.
pub(crate) enum Meaning {
    /// A node of the arena.
    Node(usize),
    /// The integer itself.
    Int(i64),
    /// The pickle opcode at this byte of the input holds it.
    Stored(usize),
    None,
    Bool(bool),
    EmptyTuple,
}

const PAYLOAD: u32 = (1 << 30) - 1;
const INT: u32 = 1 << 30;
const STORED: u32 = 2 << 30;
const CONSTANT: u32 = 3 << 30;

impl Id {
    pub(crate) const NONE: Self = Self(CONSTANT);
    pub(crate) const FALSE: Self = Self(CONSTANT | 1);
    pub(crate) const TRUE: Self = Self(CONSTANT | 2);
    pub(crate) const EMPTY_TUPLE: Self = Self(CONSTANT | 3);
    /// Stands for no value at all.
    pub(crate) const NOTHING: Self = Self(u32::MAX);

    pub(crate) fn of_bool(value: bool) -> Self {
        if value { Self::TRUE } else { Self::FALSE }
    }

    /// An integer that needs no node.
    pub(crate) fn of_int(value: i64) -> Option<Self> {
        u32::try_from(value).ok().filter(|v| *v <= PAYLOAD).map(|v| Self(INT | v))
    }

    /// A value that is stored at byte `at` of the input.
    pub(crate) fn of_stored(at: usize) -> Option<Self> {
        u32::try_from(at).ok().filter(|v| *v <= PAYLOAD).map(|v| Self(STORED | v))
    }

    pub(crate) fn of_node(index: usize) -> Option<Self> {
        u32::try_from(index).ok().filter(|v| *v <= PAYLOAD).map(Self)
    }

    pub(crate) fn meaning(self) -> Meaning {
        let payload = self.0 & PAYLOAD;
        match self.0 & !PAYLOAD {
            0 => Meaning::Node(payload as usize),
            INT => Meaning::Int(i64::from(payload)),
            STORED => Meaning::Stored(payload as usize),
            _ => match self {
                Self::FALSE => Meaning::Bool(false),
                Self::TRUE => Meaning::Bool(true),
                Self::EMPTY_TUPLE => Meaning::EmptyTuple,
                _ => Meaning::None,
            },
        }
    }
}

/// A model file as plain values: what pickle, joblib and skops files all become.
///
/// Values live in one arena and refer to one another by [`Id`], so shared references stay shared,
/// cycles are harmless to hold, and dropping never recurses. Texts and bytes are ranges of the
/// file wherever the format stores them verbatim.
#[derive(Debug)]
pub struct Document {
    /// The (decompressed) file. Shared, so that it can be read while the arena grows.
    pub(crate) input: Arc<Vec<u8>>,
    /// Texts and bytes that the file stores in another form.
    pub(crate) owned: Vec<u8>,
    pub(crate) nodes: Vec<Node>,
    /// The items of all tuples, one tuple after the other.
    pub(crate) tuples: Vec<Id>,
    pub(crate) root: Id,
    /// Whether it was written under numpy 2, once someone asked.
    numpy_2: OnceLock<Option<bool>>,
}

/// One value. Sixteen bytes, so that the arena stays near the size of the file.
#[derive(Debug)]
pub enum Node {
    /// `None`.
    None,
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
        /// True when it stands in the bytes that the document owns, not in the input.
        owned: bool,
    },
    /// Bytes, placed as texts are.
    Bytes {
        /// First byte.
        start: u64,
        /// Bytes.
        len: u32,
        /// True when it stands in the bytes that the document owns, not in the input.
        owned: bool,
    },
    /// Whatever the pickle opcode at this byte of the input holds.
    Stored(u64),
    /// A list.
    List(Box<Vec<Id>>),
    /// A tuple: a range of the document's tuple items.
    Tuple {
        /// First item.
        start: u32,
        /// Items.
        len: u32,
    },
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
    Dtype(Arc<super::Dtype>),
}

/// An instance: which class or function would make it, from what, with which state.
#[derive(Debug)]
pub struct Object {
    /// The class or function: usually a [`Node::Global`].
    pub class: Id,
    /// Positional arguments of the constructor or function; keyword arguments, if there are any,
    /// follow as one dict.
    pub args: Vec<Id>,
    /// What `__setstate__` or `__dict__` would receive.
    pub state: Option<Id>,
    /// Items appended to it (list subclasses).
    pub items: Vec<Id>,
    /// Pairs set on it (dict subclasses).
    pub pairs: Vec<(Id, Id)>,
}

impl Object {
    pub(crate) fn new(class: Id, args: Vec<Id>) -> Self {
        Self { class, args, state: None, items: Vec::new(), pairs: Vec::new() }
    }
}

impl Document {
    pub(crate) fn new(input: Vec<u8>) -> Self {
        Self {
            input: Arc::new(input),
            owned: Vec::new(),
            nodes: Vec::new(),
            tuples: Vec::new(),
            root: Id::NONE,
            numpy_2: OnceLock::new(),
        }
    }

    /// Whether it was written under numpy 2, which calls `numpy._core` what was `numpy.core` before;
    /// `None` when nothing in it tells.
    pub(crate) fn numpy_2(&self) -> Option<bool> {
        *self.numpy_2.get_or_init(|| {
            self.nodes.iter().find_map(|node| match node {
                Node::Global(name) if name.0.starts_with("numpy._core") => Some(true),
                Node::Global(name) if name.0.starts_with("numpy.core") => Some(false),
                _ => None,
            })
        })
    }

    /// The value the file holds.
    pub fn root(&self) -> Cursor<'_> {
        Cursor::new(self, self.root)
    }

    /// Module and name of every class and function that the file refers to, each once, sorted.
    pub fn globals(&self) -> Vec<(&str, &str)> {
        let mut names: Vec<_> = self
            .nodes
            .iter()
            .filter_map(|node| match node {
                Node::Global(name) => Some((name.0.as_str(), name.1.as_str())),
                _ => None,
            })
            .collect();
        names.sort_unstable();
        names.dedup();
        names
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
    use super::{Id, Meaning, Node};

    #[test]
    fn a_node_stays_small() {
        assert_eq!(size_of::<Node>(), 16);
    }

    #[test]
    fn small_values_need_no_node() {
        assert!(matches!(Id::of_int(7).unwrap().meaning(), Meaning::Int(7)));
        assert!(matches!(Id::of_stored(9).unwrap().meaning(), Meaning::Stored(9)));
        assert!(matches!(Id::of_bool(true).meaning(), Meaning::Bool(true)));
        assert_eq!(Id::of_int(-1), None);
        assert_eq!(Id::of_int(1 << 30), None);
    }
}
