//! Arrays, dtypes and sparse matrices.

use std::sync::Arc;

use super::{Reader, names, required, wrong};
use crate::{
    Error,
    read::{
        Array, Dtype, DtypeKind, Id, Kind, Node, archive::Archive, array::ArrayData,
        json::tape::Value, npy, numpy,
    },
};

impl Reader<'_, '_> {
    /// An array. Numbers are stored in a file of the archive, objects as a list of nodes.
    pub(super) fn array(&mut self, node: Value<'_>) -> Result<Id, Error> {
        let kind = required(node, "type")?;
        let kind = kind.text()?.map(|(text, _)| text).unwrap_or_default();
        if kind == "json" {
            return self.objects(node);
        }
        if kind != "numpy" {
            return Err(wrong(node, "the type of an array is neither `numpy` nor `json`"));
        }
        let (name, range) = self.file(node)?;
        let array = npy::array(&self.out, range, &name)?;
        let (_, class) = names(node)?;
        // a scalar is stored as an array without dimensions, under its own class
        if array.shape.is_empty()
            && class != "ndarray"
            && let ArrayData::Raw { start, len, owned } = array.data
        {
            return numpy::scalar(&mut self.out, array.dtype, (start, len, owned), node.at());
        }
        self.out.node(Node::Array(Box::new(array)), node.at())
    }

    fn objects(&mut self, node: Value<'_>) -> Result<Id, Error> {
        let shape = self.child(node, "shape")?;
        let shape = numpy::shape(self.out.cursor(shape));
        let shape = shape.ok_or_else(|| wrong(node, "the shape of an array is malformed"))?;
        let mut items = Vec::new();
        let content = required(node, "content")?;
        self.flatten(content, shape.len().max(1), &mut items)?;
        let count = shape.iter().try_fold(1usize, |count, &n| count.checked_mul(n));
        if count != Some(items.len()) {
            let found = items.len();
            return Err(wrong(node, &format!("an array of shape {shape:?} holds {found} objects")));
        }
        let mut dtype = Dtype::plain(DtypeKind::Object, 8);
        dtype.objects = true;
        let data = ArrayData::Objects(items);
        let array = Array { dtype: Arc::new(dtype), shape, fortran: false, data };
        self.out.node(Node::Array(Box::new(array)), node.at())
    }

    /// The nodes of a list of lists, as deep as the array has dimensions.
    fn flatten(
        &mut self,
        list: Value<'_>,
        dimensions: usize,
        to: &mut Vec<Id>,
    ) -> Result<(), Error> {
        let items = list.items().ok_or_else(|| wrong(list, "a list of nodes is expected"))?;
        for item in items {
            if dimensions > 1 {
                self.flatten(required(item, "content")?, dimensions - 1, to)?;
            } else {
                let id = self.node(item)?;
                self.out.budget.push(to, id, item.at())?;
            }
        }
        Ok(())
    }

    pub(super) fn masked(&mut self, node: Value<'_>) -> Result<Id, Error> {
        let class = self.global(node)?;
        let content = required(node, "content")?;
        let mut pairs = Vec::new();
        for key in ["data", "mask"] {
            let value = self.child(content, key)?;
            pairs.push((self.out.text(key, node.at())?, value));
        }
        let state = self.out.node(Node::Dict(Box::new(pairs)), node.at())?;
        self.object(class, &[], Some(state), node.at())
    }

    /// A dtype, which skops stores as an empty array of this dtype.
    pub(super) fn dtype(&mut self, node: Value<'_>) -> Result<Id, Error> {
        let array = self.child(node, "content")?;
        let dtype = match self.out.cursor(array).kind() {
            Kind::Array(array) => Arc::clone(&array.dtype),
            _ => return Err(wrong(node, "a dtype is not stored as an array")),
        };
        self.out.node(Node::Dtype(dtype), node.at())
    }

    /// A sparse matrix, which skops stores as an archive inside the archive. It gets the state that
    /// it has in a pickle.
    pub(super) fn sparse(&mut self, node: Value<'_>) -> Result<Id, Error> {
        let class = self.global(node)?;
        let (name, (start, len, owned)) = self.file(node)?;
        let input = Arc::clone(&self.out.doc.input);
        // a copy, since the inflated bytes grow while the inner archive is read
        let copy;
        let bytes = if owned {
            self.out.budget.charge(usize::try_from(len).unwrap_or(usize::MAX), node.at())?;
            copy = self.out.doc.slice(start, len, owned).to_vec();
            copy.as_slice()
        } else {
            let end = usize::try_from(start + len).unwrap_or(usize::MAX);
            input.get(usize::try_from(start).unwrap_or(usize::MAX)..end).unwrap_or_default()
        };
        let base = (!owned).then_some(start);
        let mut inner = Archive::open(bytes, base, self.limits, &mut self.out)?;
        let mut pairs = Vec::new();
        for part in ["shape", "indices", "indptr", "data", "row", "col", "offsets", "coords"] {
            let file = format!("{part}.npy");
            if !inner.has(&file) {
                continue;
            }
            let range = inner.entry(&file, &mut self.out)?;
            let array = npy::array(&self.out, range, &format!("{name}/{file}"))?;
            let (key, value) = if part == "shape" {
                ("_shape", self.shape(&array, node)?)
            } else {
                (part, self.out.node(Node::Array(Box::new(array)), node.at())?)
            };
            pairs.push((self.out.text(key, node.at())?, value));
        }
        if owned {
            self.out.budget.release(usize::try_from(len).unwrap_or(0));
        }
        let state = self.out.node(Node::Dict(Box::new(pairs)), node.at())?;
        self.object(class, &[], Some(state), node.at())
    }

    fn shape(&mut self, array: &Array, node: Value<'_>) -> Result<Id, Error> {
        if array.len() > 64 {
            return Err(wrong(node, "a sparse matrix has more than 64 dimensions"));
        }
        let mut ids = Vec::new();
        for dimension in array.i64s(&self.out.doc)? {
            ids.push(self.out.int(dimension, node.at())?);
        }
        self.out.tuple(&ids, node.at())
    }
}
