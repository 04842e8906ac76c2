//! Python code that a file carries: never run, but named, so that a message can say what to do.

use super::{Cursor, Kind};

/// A Python function that is stored as bytecode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeRef<'a> {
    /// Its name; `<lambda>` for a lambda.
    pub name: &'a str,
    /// Name of the source file that defines it, without folders.
    pub file: &'a str,
    /// Number of its first line in that file.
    pub line: Option<i64>,
}

/// How many wrappers a function may have around it: a skeleton that is filled in, a partial, a
/// method.
const WRAPPERS: usize = 8;

/// Fewest arguments of Python's `CodeType` (3.7 has 15, 3.8 to 3.10 have 16, 3.11 and later 18).
const ARGUMENTS: usize = 14;

impl<'a> Cursor<'a> {
    /// The code of a function that cloudpickle or dill stored; `None` for every other value.
    ///
    /// cloudpickle passes the code object to `_make_function`, `_make_skel_func` or
    /// `LambdaType` as the first argument. A code object is a call of `CodeType` with numbers,
    /// bytes, constants and names, then the file, the function's name (twice since Python 3.11)
    /// and its first line. dill calls `_create_function` and `_create_code` with the same, and from
    /// Python 3.10 on a table of lines before them.
    pub fn code(self) -> Option<CodeRef<'a>> {
        let mut value = self;
        for _ in 0..WRAPPERS {
            let Kind::Object(object) = value.kind() else { return None };
            let class = value.go(object.class);
            let code = class.is("types", "CodeType") || class.is_of_dill("_create_code");
            if code && object.args.len() >= ARGUMENTS {
                return value.code_object(&object.args);
            }
            if !class.makes_functions() {
                return None;
            }
            value = value.go(*object.args.first()?);
        }
        None
    }

    fn code_object(self, args: &'a [super::Id]) -> Option<CodeRef<'a>> {
        let texts = args
            .windows(2)
            .position(|pair| pair.iter().all(|id| matches!(self.go(*id).kind(), Kind::Text(_))))?;
        let text = |index: usize| self.go(*args.get(index)?).as_str();
        let line = args.get(texts + 2..)?.iter().take(2).find_map(|id| match self.go(*id).kind() {
            Kind::Int(line) => Some(line),
            _ => None,
        });
        let path = text(texts)?;
        let file = path.rsplit(['/', '\\']).next().unwrap_or(path);
        Some(CodeRef { name: text(texts + 1)?, file, line })
    }

    /// A class or function whose first argument is the function that it wraps.
    fn makes_functions(self) -> bool {
        matches!(self.kind(), Kind::Global(module, _) if module.starts_with("cloudpickle"))
            || self.is_of_dill("_create_function")
            || self.is("types", "FunctionType")
            || self.is("types", "LambdaType")
            || self.is("types", "MethodType")
            || self.is("functools", "partial")
    }

    /// A class by its name, or the `_builtin_type("…")` that cloudpickle writes for one of `types`.
    fn is(self, module: &str, name: &str) -> bool {
        match self.kind() {
            Kind::Global(m, n) => (m, n) == (module, name),
            Kind::Object(object) => {
                let maker = self.go(object.class).kind();
                matches!(maker, Kind::Global(m, "_builtin_type") if m.starts_with("cloudpickle"))
                    && object.args.first().and_then(|id| self.go(*id).as_str()) == Some(name)
            }
            _ => false,
        }
    }

    fn is_of_dill(self, name: &str) -> bool {
        matches!(self.kind(), Kind::Global(module, n) if module.starts_with("dill.") && n == name)
    }

    /// The name of an instance's class when the file carries the class itself: cloudpickle and dill do
    /// so for classes of the training script.
    pub fn carried_class(self) -> Option<&'a str> {
        let Kind::Object(object) = self.kind() else { return None };
        let class = self.go(object.class);
        let Kind::Object(made) = class.kind() else { return None };
        match class.go(made.class).kind() {
            Kind::Global(module, name)
                if module.starts_with("cloudpickle") && name.starts_with("_make_skel") =>
            {
                class.go(*made.args.get(1)?).as_str()
            }
            Kind::Global(module, "_create_type") if module.starts_with("dill.") => {
                class.go(*made.args.get(1)?).as_str()
            }
            _ => None,
        }
    }
}
