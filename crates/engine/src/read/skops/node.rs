//! How each kind of node is read.

use super::{Reader, names, required, wrong};
use crate::{
    Error,
    read::{Id, Kind, Node, json, json::tape::Value, pickle, tree_json::Json},
};

impl Reader<'_, '_> {
    pub(super) fn value(&mut self, node: Value<'_>) -> Result<Id, Error> {
        let loader = required(node, "__loader__")?;
        let loader = loader.text()?.ok_or_else(|| wrong(loader, "a text is expected"))?.0;
        let read = reader(&loader).ok_or_else(|| unknown(node, &loader))?;
        drop(loader);
        read(self, node)
    }

    fn instance(&mut self, node: Value<'_>) -> Result<Id, Error> {
        let class = self.global(node)?;
        let state = node.get("content").map(|content| self.node(content)).transpose()?;
        let state = state.filter(|state| *state != Id::NONE);
        self.object(class, &[], state, node.at())
    }

    fn reduced(&mut self, node: Value<'_>) -> Result<Id, Error> {
        let class = self.global(node)?;
        let args = self.child(required(node, "__reduce__")?, "args")?;
        let state = self.child(node, "content")?;
        // an object without state is written with an empty one
        let empty = matches!(self.out.cursor(state).kind(), Kind::Dict([]));
        self.call(class, args, (!empty).then_some(state), node)
    }

    fn constructor(&mut self, node: Value<'_>) -> Result<Id, Error> {
        let class = self.global(node)?;
        let args = self.child(node, "content")?;
        self.call(class, args, None, node)
    }

    fn partial(&mut self, node: Value<'_>) -> Result<Id, Error> {
        let class = self.global(node)?;
        let content = required(node, "content")?;
        let mut parts = Vec::new();
        for key in ["func", "args", "kwds", "namespace"] {
            parts.push(self.child(content, key)?);
        }
        let state = self.out.tuple(&parts, node.at())?;
        let func = parts.first().copied().unwrap_or(Id::NONE);
        self.object(class, &[func], Some(state), node.at())
    }

    fn method(&mut self, node: Value<'_>) -> Result<Id, Error> {
        let (module, class) = names(node)?;
        let content = required(node, "content")?;
        let func = required(content, "func")?;
        let func = func.text()?.ok_or_else(|| wrong(func, "a text is expected"))?.0;
        let method = self.out.global(&module, &format!("{class}.{func}"), node.at())?;
        let owner = self.child(content, "obj")?;
        self.object(method, &[owner], None, node.at())
    }

    fn operator(&mut self, node: Value<'_>) -> Result<Id, Error> {
        let (_, class) = names(node)?;
        let class = self.out.global("operator", &class, node.at())?;
        let args = self.child(node, "attrs")?;
        self.call(class, args, None, node)
    }

    /// A generator of random numbers, by its class alone: nothing that answers uses its state.
    fn generator(&mut self, node: Value<'_>) -> Result<Id, Error> {
        let class = self.global(node)?;
        self.object(class, &[], None, node.at())
    }

    fn slice(&mut self, node: Value<'_>) -> Result<Id, Error> {
        let class = self.global(node)?;
        let content = required(node, "content")?;
        let mut bounds = Vec::new();
        for key in ["start", "stop", "step"] {
            let value = required(content, key)?;
            bounds.push(self.scalar(value)?);
        }
        self.object(class, &bounds, None, node.at())
    }

    fn bytes(&mut self, node: Value<'_>) -> Result<Id, Error> {
        let (_, (start, len, owned)) = self.file(node)?;
        let len = u32::try_from(len).map_err(|_| wrong(node, "bytes of more than 4 GB"))?;
        self.out.node(Node::Bytes { start, len, owned }, node.at())
    }

    /// A subclass of dict that holds a dict, `main`: what the subclass adds does not matter.
    fn main(&mut self, node: Value<'_>) -> Result<Id, Error> {
        self.child(required(node, "content")?, "main")
    }

    fn list_node(&mut self, node: Value<'_>) -> Result<Id, Error> {
        let items = self.list(required(node, "content")?)?;
        if names(node)? == ("builtins".into(), "list".into()) {
            return self.out.node(Node::List(Box::new(items)), node.at());
        }
        self.subclass(node, items, Vec::new())
    }

    fn tuple_node(&mut self, node: Value<'_>) -> Result<Id, Error> {
        let items = self.list(required(node, "content")?)?;
        if names(node)? == ("builtins".into(), "tuple".into()) {
            return self.out.tuple(&items, node.at());
        }
        // a named tuple
        let class = self.global(node)?;
        self.object(class, &items, None, node.at())
    }

    fn set_node(&mut self, node: Value<'_>) -> Result<Id, Error> {
        let items = self.list(required(node, "content")?)?;
        self.out.node(Node::Set(Box::new(items)), node.at())
    }

    fn call(
        &mut self,
        class: Id,
        args: Id,
        state: Option<Id>,
        node: Value<'_>,
    ) -> Result<Id, Error> {
        let args = match self.out.cursor(args).kind() {
            Kind::Tuple(items) => items.to_vec(),
            _ => return Err(wrong(node, "the arguments of a call are not a tuple")),
        };
        self.object(class, &args, state, node.at())
    }

    /// A number, boolean, null or text, as JSON in a text.
    fn json(&mut self, node: Value<'_>) -> Result<Id, Error> {
        let content = required(node, "content")?;
        let fault = || wrong(content, "a JSON number, boolean, null or text is expected");
        let text = content.text()?.ok_or_else(fault)?.0;
        let inner = text.trim_ascii();
        if inner.starts_with('"') {
            let text = json::string(inner.as_bytes()).ok_or_else(fault)?;
            return self.quoted(&text, content);
        }
        let value = json::scalar(inner.as_bytes()).ok_or_else(fault)?;
        if matches!(value, Json::Float(_))
            && let Some(bytes) = pickle::big(inner)
        {
            self.out.budget.charge(bytes.len(), content.at())?;
            return self.out.node(Node::BigInt(Box::new(bytes)), content.at());
        }
        self.plain(&value, content)
    }

    /// A text that is written as JSON inside a text, `"\"abc\""`. It stands verbatim between the
    /// escaped quotes unless it needs escapes itself.
    fn quoted(&mut self, text: &str, content: Value<'_>) -> Result<Id, Error> {
        if let (Some(base), Some(at)) = (self.base, content.quoted(text)) {
            let len = u32::try_from(text.len())
                .map_err(|_| wrong(content, "a text of more than 4 GB"))?;
            let start = base + at as u64;
            return self.out.node(Node::Text { start, len, owned: false }, content.at());
        }
        self.out.text(text, content.at())
    }

    fn plain(&mut self, value: &Json, place: Value<'_>) -> Result<Id, Error> {
        match value {
            Json::Null => Ok(Id::NONE),
            Json::Bool(v) => Ok(Id::of_bool(*v)),
            Json::Int(v) => self.out.int(*v, place.at()),
            Json::Float(v) => self.out.node(Node::Float(*v), place.at()),
            _ => Err(wrong(place, "a number, a boolean or null is expected")),
        }
    }

    fn scalar(&mut self, value: Value<'_>) -> Result<Id, Error> {
        if value.text()?.is_some() {
            return self.text(value);
        }
        let scalar = value.scalar().ok_or_else(|| wrong(value, "a plain value is expected"))?;
        self.plain(&scalar, value)
    }

    /// A dict. Keys of JSON objects are texts; `key_types` tells what they were in Python.
    fn dict(&mut self, node: Value<'_>) -> Result<Id, Error> {
        let types = required(required(node, "key_types")?, "content")?;
        let mut types = types.items().ok_or_else(|| wrong(types, "a list is expected"))?;
        let content = required(node, "content")?;
        let entries = content.pairs().ok_or_else(|| wrong(content, "an object is expected"))?;
        let mut pairs = Vec::new();
        for (key, value) in entries {
            let kind = types.next().ok_or_else(|| wrong(key, "`key_types` is too short"))?;
            let key_id = self.key(key, kind)?;
            let value_id = self.node(value)?;
            self.out.budget.push(&mut pairs, (key_id, value_id), key.at())?;
        }
        let (module, class) = names(node)?;
        match (module.as_str(), class.as_str()) {
            ("builtins", "dict") | ("collections", "OrderedDict" | "defaultdict" | "Counter") => {
                self.out.node(Node::Dict(Box::new(pairs)), node.at())
            }
            (module, "Bunch") if module.starts_with("sklearn.") => {
                self.out.node(Node::Dict(Box::new(pairs)), node.at())
            }
            _ => self.subclass(node, Vec::new(), pairs),
        }
    }

    fn key(&mut self, key: Value<'_>, kind: Value<'_>) -> Result<Id, Error> {
        let (_, class) = names(kind)?;
        if class == "str" || class == "str_" {
            return self.text(key);
        }
        let text = key.text()?.map(|(text, _)| text).unwrap_or_default();
        let fault = || wrong(key, &format!("a key is no `{class}`"));
        // Python's `True` and `None` become `true` and `null` in keys
        Ok(match class.as_str() {
            "NoneType" => Id::NONE,
            "bool" | "bool_" => Id::of_bool(matches!(&*text, "true" | "True")),
            name if name.starts_with("int") || name.starts_with("uint") => {
                let value = text.parse().map_err(|_| fault())?;
                self.out.int(value, key.at())?
            }
            name if name.starts_with("float") => {
                let value = text.parse().map_err(|_| fault())?;
                self.out.node(Node::Float(value), key.at())?
            }
            _ => self.text(key)?,
        })
    }

    /// A function, whose name protocol 0 kept in the content.
    fn function(&mut self, node: Value<'_>) -> Result<Id, Error> {
        let text = |key: &str| {
            let value = node.get("content")?.get(key)?;
            value.text().ok()?.map(|(text, _)| text.into_owned())
        };
        match (text("module_path"), text("function")) {
            (Some(module), Some(name)) => self.out.global(&module, &name, node.at()),
            _ => self.global(node),
        }
    }
}

/// A method that reads one kind of node. Each has its own, so that a level of nesting takes no
/// more stack than its kind needs.
type Read<'a, 'b> = fn(&mut Reader<'a, 'b>, Value<'_>) -> Result<Id, Error>;

fn reader<'a, 'b>(loader: &str) -> Option<Read<'a, 'b>> {
    Some(match loader {
        "JsonNode" => Reader::json,
        "DictNode" => Reader::dict,
        "DefaultDictNode" | "_DictWithDeprecatedKeysNode" => Reader::main,
        "ListNode" => Reader::list_node,
        "SetNode" => Reader::set_node,
        "TupleNode" => Reader::tuple_node,
        "TypeNode" => Reader::global,
        "FunctionNode" => Reader::function,
        "ObjectNode" | "RandomStateNode" => Reader::instance,
        "TreeNode" | "LossNode" | "SGDNode" | "QuantileForestNode" => Reader::reduced,
        "ConstructorFromReduceNode" => Reader::constructor,
        "PartialNode" => Reader::partial,
        "MethodNode" => Reader::method,
        "OperatorFuncNode" => Reader::operator,
        "RandomGeneratorNode" => Reader::generator,
        "SliceNode" => Reader::slice,
        "BytesNode" | "BytearrayNode" => Reader::bytes,
        "NdArrayNode" => Reader::array,
        "MaskedArrayNode" => Reader::masked,
        "DTypeNode" => Reader::dtype,
        "SparseMatrixNode" => Reader::sparse,
        _ => return None,
    })
}

fn unknown(node: Value<'_>, loader: &str) -> Error {
    let class = names(node).map_or_else(|_| "something".into(), |(_, class)| class);
    Error::Unsupported {
        what: format!("the skops node `{loader}`"),
        reason: format!("it stores `{class}` in a way that is not known here"),
        hint: "Save the model with joblib or pickle, or with a release of skops from 0.3 to 0.16"
            .into(),
    }
}
