//! What dill writes in its own words: arrays, types, and what it reaches through modules.

use super::{Machine, call::Maker};
use crate::{
    Error,
    read::{Id, Kind, hostile},
};

/// dill's own constructors, by name; each is harmless as it is understood here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Dill {
    /// `_create_array(_reconstruct, arguments, state, attributes)`.
    Array,
    /// `_load_type(name)`: a type of Python itself.
    Type,
    /// `_import_module(name)`.
    Module,
    /// `_get_attr(module, name)`: a name in a module.
    Attribute,
}

impl Dill {
    pub(super) fn of(module: &str, name: &str) -> Option<Self> {
        if !is_dill(module) {
            return None;
        }
        match name {
            "_create_array" => Some(Self::Array),
            "_load_type" => Some(Self::Type),
            "_import_module" => Some(Self::Module),
            "_get_attr" => Some(Self::Attribute),
            _ => None,
        }
    }
}

/// The module of dill's constructors; `dill.dill` before 0.3.
fn is_dill(module: &str) -> bool {
    matches!(module, "dill._dill" | "dill.dill")
}

impl Machine {
    /// The value of a call of `maker`; `None` when its arguments are not the usual ones.
    pub(super) fn dill(
        &mut self,
        maker: Dill,
        class: Id,
        args: Id,
        at: usize,
    ) -> Result<Option<Id>, Error> {
        match maker {
            Dill::Array => self.dill_array(args, at),
            Dill::Type => self.dill_type(args, at),
            Dill::Module => self.dill_module(class, args, at),
            Dill::Attribute => self.dill_attribute(class, args, at),
        }
    }

    fn dill_array(&mut self, args: Id, at: usize) -> Result<Option<Id>, Error> {
        let cursor = self.out.cursor(args);
        let Kind::Tuple(&[function, arguments, state, ..]) = cursor.kind() else { return Ok(None) };
        let Kind::Global(module, name) = cursor.go(function).kind() else { return Ok(None) };
        if !matches!(super::call::maker(module, name), Maker::Numpy(_)) {
            return Ok(None);
        }
        let array = self.call(function, arguments, None, at)?;
        self.build(array, state, at).map(Some)
    }

    fn dill_type(&mut self, args: Id, at: usize) -> Result<Option<Id>, Error> {
        let cursor = self.out.cursor(args);
        let Kind::Tuple(&[name]) = cursor.kind() else { return Ok(None) };
        let Some(name) = cursor.go(name).as_str().map(str::to_owned) else { return Ok(None) };
        // `CodeType` stands in the module `types`, `int` among the builtins
        let module = if name.ends_with("Type") { "types" } else { "builtins" };
        self.named(module, &name, at).map(Some)
    }

    fn dill_module(&mut self, class: Id, args: Id, at: usize) -> Result<Option<Id>, Error> {
        let cursor = self.out.cursor(args);
        let Kind::Tuple(&[name, ..]) = cursor.kind() else { return Ok(None) };
        match cursor.go(name).as_str() {
            // dill reaches through attributes too: `sklearn.utils.os` would be `os`
            Some(module) if !module.split('.').any(|part| hostile::runs_code(part, "")) => {}
            _ => return Ok(None),
        }
        self.understood(class);
        self.out.object(class, &[name], at).map(Some)
    }

    fn dill_attribute(&mut self, class: Id, args: Id, at: usize) -> Result<Option<Id>, Error> {
        let cursor = self.out.cursor(args);
        let Kind::Tuple(&[owner, name]) = cursor.kind() else { return Ok(None) };
        let Kind::Object(owner) = cursor.go(owner).kind() else { return Ok(None) };
        let module = match (cursor.go(owner.class).kind(), owner.args.first()) {
            (Kind::Global(module, "_import_module"), Some(&name)) if is_dill(module) => {
                cursor.go(name).as_str()
            }
            _ => None,
        };
        let (Some(module), Some(name)) = (module, cursor.go(name).as_str()) else {
            return Ok(None);
        };
        let (module, name) = (module.to_owned(), name.to_owned());
        self.understood(class);
        self.named(&module, &name, at).map(Some)
    }
}
