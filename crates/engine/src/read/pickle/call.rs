//! What a recorded call means: the few constructors of plain values and arrays that are
//! understood, and an inert [`Object`](crate::read::Object) for all others.

use super::{Machine, dill::Dill};
use crate::{
    Error,
    read::{Cursor, Id, Kind, Node, joblib, numpy},
};

/// Plain values that a call can make, by module and name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Maker {
    List,
    Tuple,
    Set,
    Dict,
    /// Dict subclasses whose first argument, if any, is not content.
    DefaultDict,
    Bytes,
    /// A number, boolean or text of the same kind as its argument.
    Plain,
    Encode,
    /// `copyreg._reconstructor(class, base, state)`.
    Reconstructor,
    /// `copyreg.__newobj__(class, *args)`.
    NewObject,
    /// `getattr(type, name)`: a method of a plain type.
    Method,
    Numpy(numpy::Maker),
    Dill(Dill),
    Unknown,
}

impl Machine {
    /// The value of `class(*args)`, or of `class.__new__(class, *args, **named)`.
    pub(super) fn call(
        &mut self,
        class: Id,
        args: Id,
        named: Option<Id>,
        at: usize,
    ) -> Result<Id, Error> {
        if let Some(lookup) = self.calls_method(class) {
            self.doubted(lookup);
        }
        let Kind::Tuple(items) = self.out.cursor(args).kind() else {
            let found = self.out.cursor(args).describe();
            return Err(self
                .out
                .wrong(at, format!("the arguments of a call are {found}, not a tuple")));
        };
        let maker = match self.out.cursor(class).kind() {
            Kind::Global(module, name) => maker(module, name),
            _ => Maker::Unknown,
        };
        let first = items.first().copied();
        let known = match maker {
            Maker::Unknown => None,
            Maker::Numpy(maker) => numpy::make(&mut self.out, maker, args, at)?,
            Maker::Dill(maker) => self.dill(maker, class, args, at)?,
            Maker::List | Maker::Tuple | Maker::Set => self.gather(maker, first, at)?,
            Maker::Dict => self.dict(first, at)?,
            Maker::DefaultDict => Some(self.out.node(Node::Dict(Box::default()), at)?),
            Maker::Bytes => self.bytes(items.len(), first, at)?,
            Maker::Plain => first.filter(|id| items.len() == 1 && self.is_plain(class, *id)),
            Maker::Encode => {
                let encoding = items.get(1).and_then(|id| self.out.cursor(*id).as_str());
                let latin = matches!(encoding, Some("latin1" | "latin-1" | "iso-8859-1"));
                match first {
                    Some(text) if latin => self.encode(text, at)?,
                    _ => None,
                }
            }
            Maker::Method => self.method(class, args, at)?,
            Maker::Reconstructor => self.reconstruct(args, at)?,
            Maker::NewObject => match items.split_first() {
                Some((&class, rest)) => {
                    let rest = rest.to_vec();
                    Some(self.out.object(class, &rest, at)?)
                }
                None => None,
            },
        };
        match known {
            Some(id) => Ok(id),
            None => self.record(class, args, named, at),
        }
    }

    /// Records a call that is not understood.
    fn record(&mut self, class: Id, args: Id, named: Option<Id>, at: usize) -> Result<Id, Error> {
        let mut args = match self.out.cursor(args).kind() {
            Kind::Tuple(items) => items.to_vec(),
            _ => Vec::new(),
        };
        if let Some(named) = named
            && self.out.cursor(named).pairs().is_some_and(|pairs| !pairs.is_empty())
        {
            args.push(named);
        }
        self.out.object(class, &args, at)
    }

    /// Gives a state to an object.
    pub(super) fn build(&mut self, object: Id, state: Id, at: usize) -> Result<Id, Error> {
        match self.out.node_mut(object) {
            Some(Node::Array(_)) => numpy::set_array(&mut self.out, object, state, at)?,
            Some(Node::Dtype(_)) => numpy::set_dtype(&mut self.out, object, state, at)?,
            Some(Node::Object(target)) => {
                target.state = Some(state);
                if joblib::is_wrapper(self.out.cursor(object)) && !self.inner {
                    return joblib::read(self, object, at);
                }
            }
            // attributes of a subclass, of which only the plain dict, set or list is read
            Some(Node::Dict(_) | Node::Set(_) | Node::List(_)) => {}
            _ => {
                let found = self.out.cursor(object).describe();
                return Err(self.out.wrong(at, format!("a state is set on {found}")));
            }
        }
        Ok(object)
    }

    fn gather(&mut self, maker: Maker, from: Option<Id>, at: usize) -> Result<Option<Id>, Error> {
        let items = match from {
            None => Vec::new(),
            Some(id) => match Cursor::new(&self.out.doc, id).kind() {
                Kind::List(items) | Kind::Tuple(items) | Kind::Set(items) => {
                    self.out.budget.charge(size_of_val(items), at)?;
                    items.to_vec()
                }
                _ => return Ok(None),
            },
        };
        let id = match maker {
            Maker::List => self.out.node(Node::List(Box::new(items)), at)?,
            Maker::Tuple => self.out.tuple(&items, at)?,
            _ => self.out.node(Node::Set(Box::new(items)), at)?,
        };
        Ok(Some(id))
    }

    /// A dict that is made from nothing, from a dict, or from a list of pairs.
    fn dict(&mut self, from: Option<Id>, at: usize) -> Result<Option<Id>, Error> {
        let mut pairs = Vec::new();
        if let Some(id) = from {
            let cursor = Cursor::new(&self.out.doc, id);
            match cursor.kind() {
                Kind::Dict(from) => {
                    self.out.budget.charge(size_of_val(from), at)?;
                    pairs = from.to_vec();
                }
                Kind::List(items) | Kind::Tuple(items) => {
                    self.out.budget.charge(2 * size_of_val(items), at)?;
                    pairs.reserve_exact(items.len());
                    for &item in items {
                        let Some(&[key, value]) = cursor.go(item).items() else { return Ok(None) };
                        pairs.push((key, value));
                    }
                }
                _ => return Ok(None),
            }
        }
        self.out.node(Node::Dict(Box::new(pairs)), at).map(Some)
    }

    fn bytes(&mut self, count: usize, first: Option<Id>, at: usize) -> Result<Option<Id>, Error> {
        let Some(first) = first else { return self.out.bytes(&[], at).map(Some) };
        match self.out.cursor(first).kind() {
            Kind::Bytes(_) if count == 1 => Ok(Some(first)),
            // protocol 0 to 2: `bytearray(text, "latin-1")`
            Kind::Text(_) if count == 2 => self.encode(first, at),
            _ => Ok(None),
        }
    }

    /// The Latin-1 bytes of a text.
    fn encode(&mut self, id: Id, at: usize) -> Result<Option<Id>, Error> {
        let cursor = self.out.cursor(id);
        let (Some(text), Some((start, len, owned))) = (cursor.as_str(), cursor.range()) else {
            return Ok(None);
        };
        if text.is_ascii()
            && let Ok(len) = u32::try_from(len)
        {
            return self.out.node(Node::Bytes { start, len, owned }, at).map(Some);
        }
        let count = text.len();
        self.out.budget.charge(count, at)?;
        let mut bytes = Vec::with_capacity(count);
        for character in self.out.cursor(id).as_str().unwrap_or_default().chars() {
            match u8::try_from(u32::from(character)) {
                Ok(byte) => bytes.push(byte),
                Err(_) => {
                    return Err(self.out.wrong(at, "bytes are stored as text beyond Latin-1"));
                }
            }
        }
        let id = self.out.bytes(&bytes, at)?;
        self.out.budget.release(count);
        Ok(Some(id))
    }

    /// Whether `int(x)`, `str(x)` … is x itself.
    fn is_plain(&self, class: Id, value: Id) -> bool {
        let Kind::Global(_, name) = self.out.cursor(class).kind() else { return false };
        matches!(
            (name, self.out.cursor(value).kind()),
            ("int", Kind::Int(_) | Kind::BigInt(_))
                | ("float", Kind::Float(_))
                | ("bool", Kind::Bool(_))
                | ("str", Kind::Text(_))
        )
    }

    /// The method of a plain type that `getattr` would look up, as a name such as `str.split`; or a
    /// method of a distribution of scipy, which keeps one of its own and which searches keep.
    fn method(&mut self, class: Id, args: Id, at: usize) -> Result<Option<Id>, Error> {
        let cursor = self.out.cursor(args);
        let Kind::Tuple(&[owner, name]) = cursor.kind() else { return Ok(None) };
        let Some(name) = cursor.go(name).as_str() else { return Ok(None) };
        match cursor.go(owner).kind() {
            Kind::Global("builtins", owner) => {
                let plain =
                    matches!(owner, "str" | "bytes" | "list" | "dict" | "set" | "int" | "float");
                if !plain || !name.bytes().all(|byte| byte.is_ascii_lowercase()) {
                    return Ok(None);
                }
                let method = format!("{owner}.{name}");
                self.understood(class);
                self.out.global("builtins", &method, at).map(Some)
            }
            Kind::Object(object) => {
                let of_scipy = matches!(cursor.go(object.class).kind(), Kind::Global(module, _)
                    if module.starts_with("scipy.stats."));
                if !of_scipy || name.starts_with("__") {
                    return Ok(None);
                }
                self.understood(class);
                self.record(class, args, None, at).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Whether a method that was looked up is what is called: no model does so.
    fn calls_method(&self, class: Id) -> Option<Id> {
        let cursor = self.out.cursor(class);
        let Kind::Object(method) = cursor.kind() else { return None };
        matches!(cursor.go(method.class).kind(), Kind::Global("builtins", "getattr"))
            .then_some(method.class)
    }

    /// An instance of a class that inherits from `object` or from a plain type.
    fn reconstruct(&mut self, args: Id, at: usize) -> Result<Option<Id>, Error> {
        let Kind::Tuple(&[class, base, state]) = self.out.cursor(args).kind() else {
            return Ok(None);
        };
        let Kind::Global("builtins", base) = self.out.cursor(base).kind() else { return Ok(None) };
        let args = match (base, self.out.cursor(state).kind()) {
            ("object", _) => Vec::new(),
            // a named tuple: newer protocols call its class with its items
            ("tuple", Kind::Tuple(items)) => items.to_vec(),
            _ => vec![state],
        };
        self.out.object(class, &args, at).map(Some)
    }
}

pub(super) fn maker(module: &str, name: &str) -> Maker {
    match (module, name) {
        ("builtins", "list") => Maker::List,
        ("builtins", "tuple") => Maker::Tuple,
        ("builtins", "set" | "frozenset") => Maker::Set,
        ("builtins", "dict") | ("collections", "OrderedDict" | "Counter") => Maker::Dict,
        ("collections", "defaultdict") => Maker::DefaultDict,
        ("builtins", "bytes" | "bytearray") => Maker::Bytes,
        ("builtins", "int" | "float" | "bool" | "str") => Maker::Plain,
        ("_codecs", "encode") => Maker::Encode,
        ("copyreg", "_reconstructor") => Maker::Reconstructor,
        ("copyreg", "__newobj__") => Maker::NewObject,
        ("builtins", "getattr") => Maker::Method,
        (module, "Bunch") if module.starts_with("sklearn.") => Maker::Dict,
        _ => match (numpy::Maker::of(module, name), Dill::of(module, name)) {
            (Some(maker), _) => Maker::Numpy(maker),
            (_, Some(maker)) => Maker::Dill(maker),
            _ => Maker::Unknown,
        },
    }
}
