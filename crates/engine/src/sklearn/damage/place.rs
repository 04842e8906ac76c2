//! Places at which one value of a file refers to another, and what may stand there instead.

use std::collections::HashSet;

use super::push;
use crate::read::{Array, ArrayData, Document, DtypeKind, Id, Kind, Meaning, Node};

/// A reference of one value to another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    node: usize,
    slot: Slot,
}

#[derive(Clone, Copy, Debug)]
enum Slot {
    /// Of a list, a tuple, an array of objects, or of the arguments of a call.
    Item(usize),
    /// Of a dict, or of what was set on an instance.
    Value(usize),
    State,
}

/// What stands at a place instead.
#[derive(Clone, Copy, Debug)]
pub(super) enum Other {
    None,
    Negative,
    Huge,
    Nan,
    Text,
    Empty,
    Lists,
    /// The value that the place is in.
    Itself,
    Root,
}

impl Other {
    pub(super) const ALL: [Self; 9] = [
        Self::None,
        Self::Negative,
        Self::Huge,
        Self::Nan,
        Self::Text,
        Self::Empty,
        Self::Lists,
        Self::Itself,
        Self::Root,
    ];
    /// What no library puts anywhere.
    pub(super) const STRANGE: [Self; 4] = [Self::Text, Self::Lists, Self::Itself, Self::Root];
}

/// The references that are met from the root on.
pub(super) fn places(document: &Document) -> Vec<Place> {
    let (mut found, mut seen, mut next) = (Vec::new(), HashSet::new(), vec![document.root]);
    while let Some(id) = next.pop() {
        let Meaning::Node(node) = id.meaning() else { continue };
        if !seen.insert(node) {
            continue;
        }
        let value = document.root().go(id);
        let (slots, inside): (Vec<Slot>, Vec<Id>) = match value.kind() {
            Kind::Dict(pairs) => {
                next.extend(pairs.iter().map(|&(key, _)| key));
                (0..pairs.len()).map(|at| (Slot::Value(at), pairs[at].1)).unzip()
            }
            Kind::Object(object) => {
                next.push(object.class);
                let args = object.args.iter().enumerate().map(|(at, &id)| (Slot::Item(at), id));
                let pairs = object.pairs.iter().enumerate();
                let pairs = pairs.map(|(at, &(_, id))| (Slot::Value(at), id));
                args.chain(object.state.map(|id| (Slot::State, id))).chain(pairs).unzip()
            }
            _ => {
                let items = value.items().unwrap_or_default();
                items.iter().enumerate().map(|(at, &id)| (Slot::Item(at), id)).unzip()
            }
        };
        found.extend(slots.into_iter().map(|slot| Place { node, slot }));
        next.extend(inside);
    }
    found
}

/// The place of an attribute of the estimator in `document`.
pub(super) fn attribute(document: &Document, name: &str) -> Place {
    let Kind::Object(object) = document.root().kind() else { panic!("no object") };
    let state = object.state.unwrap();
    let Kind::Dict(pairs) = document.root().go(state).kind() else { panic!("no dict") };
    let named = |&(key, _): &(Id, Id)| document.root().go(key).as_str() == Some(name);
    let slot = Slot::Value(pairs.iter().position(named).unwrap());
    let Meaning::Node(node) = state.meaning() else { panic!("no node") };
    Place { node, slot }
}

/// What a place refers to.
pub(super) fn at(document: &mut Document, place: Place) -> &mut Id {
    match (&mut document.nodes[place.node], place.slot) {
        (Node::List(items) | Node::Set(items), Slot::Item(at)) => &mut items[at],
        (Node::Tuple { start, .. }, Slot::Item(at)) => &mut document.tuples[*start as usize + at],
        (Node::Dict(pairs), Slot::Value(at)) => &mut pairs[at].1,
        (Node::Object(object), Slot::Item(at)) => &mut object.args[at],
        (Node::Object(object), Slot::Value(at)) => &mut object.pairs[at].1,
        (Node::Object(object), Slot::State) => object.state.as_mut().unwrap(),
        (Node::Array(array), Slot::Item(at)) => match &mut array.data {
            ArrayData::Objects(ids) => &mut ids[at],
            ArrayData::Raw { .. } => panic!("no objects"),
        },
        (node, slot) => panic!("{slot:?} of {node:?}"),
    }
}

/// Puts something else at a place.
pub(super) fn put(document: &mut Document, place: Place, other: Other) {
    let id = match other {
        Other::None => Id::NONE,
        Other::Negative => push(document, Node::Int(-1)),
        Other::Huge => push(document, Node::Int(1 << 62)),
        Other::Nan => push(document, Node::Float(f64::NAN)),
        Other::Text => {
            let start = document.owned.len() as u64;
            document.owned.extend(b"?!");
            push(document, Node::Text { start, len: 2, owned: true })
        }
        Other::Empty => push(document, Node::List(Box::default())),
        Other::Lists => {
            let empty = push(document, Node::List(Box::default()));
            push(document, Node::List(Box::new(vec![empty; 5])))
        }
        Other::Itself => Id::of_node(place.node).unwrap(),
        Other::Root => document.root,
    };
    *at(document, place) = id;
}

/// What happens to an array of numbers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reshaped {
    Empty,
    Shorter,
    /// One dimension more.
    Deeper,
    NotNumbers,
    Huge,
}

impl Reshaped {
    pub(super) const ALL: [Self; 5] =
        [Self::Empty, Self::Shorter, Self::Deeper, Self::NotNumbers, Self::Huge];
}

/// The arrays of numbers that `document` holds.
pub(super) fn arrays(document: &Document) -> Vec<usize> {
    let numbers = |node: &Node| match node {
        Node::Array(array) => array.objects().is_none() && !array.is_empty(),
        _ => false,
    };
    (0..document.nodes.len()).filter(|&at| numbers(&document.nodes[at])).collect()
}

/// Damages the array at a node.
pub(super) fn reshape(document: &mut Document, node: usize, how: Reshaped) {
    let owned = document.owned.len() as u64;
    let Node::Array(array) = &mut document.nodes[node] else { panic!("no array") };
    let Array { dtype, shape, data, .. } = &mut **array;
    let ArrayData::Raw { start, len, owned: is_owned } = data else { panic!("no numbers") };
    let filled = |value: f64| match (dtype.kind, dtype.size) {
        (DtypeKind::Float, 8) => value.to_le_bytes().to_vec(),
        (DtypeKind::Float, 4) => (value as f32).to_le_bytes().to_vec(),
        _ => vec![0x7f; dtype.size],
    };
    let fill = match how {
        Reshaped::Empty => {
            (*shape, *len) = (vec![0], 0);
            return;
        }
        Reshaped::Shorter => {
            let items = *len / dtype.size.max(1) as u64;
            let items = items.saturating_sub(1);
            (*shape, *len) = (vec![items as usize], items * dtype.size as u64);
            return;
        }
        Reshaped::Deeper => return shape.push(1),
        Reshaped::NotNumbers => filled(f64::NAN),
        Reshaped::Huge => filled(1e300),
    };
    let bytes = fill.repeat(shape.iter().product());
    (*start, *len, *is_owned) = (owned, bytes.len() as u64, true);
    document.owned.extend(bytes);
}
