//! Pickles of protocols 0 to 5, cloudpickle and joblib included, without running anything.
//!
//! Where Python would import and call, this reader records names, arguments and states. Only
//! constructors of plain values and of numpy arrays are understood, see [`call`].

use super::{
    Document, Id, Kind, Node,
    builder::Builder,
    numpy,
    stored::{self, Stored},
};
use crate::{Error, Limits};

mod call;
mod container;
mod dill;
mod literal;
pub(crate) mod opcode;
mod refused;
mod stack;
#[cfg(test)]
mod tests;

pub(crate) use literal::big;
use stack::Stack;

/// Reads a pickle. Nesting needs no stack, so [`Limits::depth`] does not matter here.
///
/// Takes at most as much memory as the pickle has bytes, plus [`Limits::HEADROOM_BYTES`].
///
/// # Errors
/// [`Error::Malformed`] with the byte where it stops being a pickle,
/// [`Error::Hostile`] for references that only an attack needs,
/// [`Error::Unsupported`] for values that are not in the file itself.
pub(crate) fn read(input: Vec<u8>, _limits: &Limits) -> Result<Document, Error> {
    let mut machine = Machine {
        out: Builder::new("pickle", input),
        at: 0,
        inner: false,
        scalar: None,
        lookups: Vec::new(),
    };
    let root = machine.run().and_then(|root| {
        let (at, len) = (machine.at, machine.out.doc.input.len());
        if at < len {
            let more = len - at;
            let another = machine.out.doc.input.get(at) == Some(&opcode::PROTO);
            let reason = if another {
                "another pickle follows the end of the first: dump both as one tuple".into()
            } else {
                format!("{more} more bytes follow the end of the pickle")
            };
            return Err(machine.out.wrong(at, reason));
        }
        Ok(root)
    });
    for lookup in machine.lookups.iter().filter(|lookup| lookup.open == 0) {
        machine.out.acquit(lookup.name);
    }
    machine.out.finish(root)
}

/// The unpickling machine.
pub(super) struct Machine {
    pub(super) out: Builder,
    /// Where the next byte stands in the input.
    pub(super) at: usize,
    /// True inside a pickle that joblib put into a pickle.
    pub(super) inner: bool,
    /// The function that makes numpy's numbers, once it was met.
    scalar: Option<Id>,
    lookups: Vec<Lookup>,
}

/// A function that looks up what it is asked for, once it was met.
struct Lookup {
    function: Id,
    name: &'static str,
    /// How often it was met elsewhere than in a call that is understood, such as that which Python
    /// itself writes for `str.split`.
    open: usize,
}

/// Functions that look up what they are asked for. A model needs them for harmless names, an attack for
/// others.
const LOOKUPS: [&str; 5] = [
    "builtins.getattr",
    "dill._dill._get_attr",
    "dill._dill._import_module",
    "dill.dill._get_attr",
    "dill.dill._import_module",
];

impl Machine {
    /// Runs one pickle from its first opcode to `STOP`.
    pub(super) fn run(&mut self) -> Result<Id, Error> {
        let mut stack = Stack::default();
        loop {
            let at = self.at;
            let [code] = self.array()?;
            let pushed = match code {
                opcode::STOP => return self.pop(&mut stack, at),
                opcode::PROTO => {
                    self.protocol(at)?;
                    continue;
                }
                // a hint how much to read at once: opcodes follow as they would without it
                opcode::FRAME => {
                    self.array::<8>()?;
                    continue;
                }
                opcode::NONE => Id::NONE,
                opcode::NEWTRUE => Id::TRUE,
                opcode::NEWFALSE => Id::FALSE,
                opcode::EMPTY_TUPLE => Id::EMPTY_TUPLE,
                opcode::BININT1 => {
                    let [value] = self.array()?;
                    self.out.int(i64::from(value), at)?
                }
                opcode::BININT2 => {
                    let value = u16::from_le_bytes(self.array()?);
                    self.out.int(i64::from(value), at)?
                }
                opcode::BININT
                | opcode::BINFLOAT
                | opcode::SHORT_BINBYTES
                | opcode::BINBYTES
                | opcode::BINBYTES8
                | opcode::BYTEARRAY8
                | opcode::SHORT_BINUNICODE
                | opcode::BINUNICODE
                | opcode::BINUNICODE8 => self.stored(at)?,
                opcode::INT
                | opcode::LONG
                | opcode::LONG1
                | opcode::LONG4
                | opcode::FLOAT
                | opcode::STRING
                | opcode::BINSTRING
                | opcode::SHORT_BINSTRING
                | opcode::UNICODE => self.literal(code, at)?,
                opcode::BINGET | opcode::LONG_BINGET | opcode::GET => {
                    self.recall(code, &stack, at)?
                }
                opcode::EMPTY_LIST => self.out.node(Node::List(Box::default()), at)?,
                opcode::EMPTY_DICT => self.out.node(Node::Dict(Box::default()), at)?,
                opcode::EMPTY_SET => self.out.node(Node::Set(Box::default()), at)?,
                opcode::TUPLE1 => self.short_tuple(&mut stack, 1, at)?,
                opcode::TUPLE2 => match self.number(&mut stack, at)? {
                    Some(id) => id,
                    None => self.short_tuple(&mut stack, 2, at)?,
                },
                opcode::TUPLE3 => self.short_tuple(&mut stack, 3, at)?,
                opcode::TUPLE | opcode::LIST | opcode::DICT | opcode::FROZENSET => {
                    self.collect(code, &mut stack, at)?
                }
                opcode::GLOBAL => self.global(at)?,
                opcode::STACK_GLOBAL => self.stack_global(&mut stack, at)?,
                opcode::REDUCE | opcode::NEWOBJ => {
                    let args = self.pop(&mut stack, at)?;
                    let class = self.pop(&mut stack, at)?;
                    self.call(class, args, None, at)?
                }
                opcode::NEWOBJ_EX => {
                    let named = self.pop(&mut stack, at)?;
                    let args = self.pop(&mut stack, at)?;
                    let class = self.pop(&mut stack, at)?;
                    self.call(class, args, Some(named), at)?
                }
                opcode::BUILD => {
                    let state = self.pop(&mut stack, at)?;
                    let object = self.pop(&mut stack, at)?;
                    self.build(object, state, at)?
                }
                opcode::DUP => stack.top().ok_or_else(|| self.underflow(at))?,
                _ => {
                    self.act(code, &mut stack, at)?;
                    continue;
                }
            };
            self.doubted(pushed);
            stack.push(pushed, &mut self.out.budget, at)?;
        }
    }

    /// Opcodes that push nothing.
    fn act(&mut self, code: u8, stack: &mut Stack, at: usize) -> Result<(), Error> {
        let budget = &mut self.out.budget;
        let done = match code {
            opcode::MARK => return stack.mark(budget, at),
            opcode::MEMOIZE => stack.memoize(budget, at)?,
            opcode::BINPUT | opcode::LONG_BINPUT | opcode::PUT => {
                let index = self.memo_index(code, at)?;
                stack.put(index, &mut self.out.budget, at)?
            }
            opcode::POP => stack.discard(),
            opcode::POP_MARK => match stack.above_mark() {
                Some(start) => {
                    stack.truncate(start);
                    true
                }
                None => false,
            },
            opcode::APPEND | opcode::SETITEM => {
                let count = if code == opcode::APPEND { 1 } else { 2 };
                let start = stack.last(count).ok_or_else(|| self.underflow(at))?;
                return self.extend(code, stack, start, at);
            }
            opcode::APPENDS | opcode::SETITEMS | opcode::ADDITEMS => {
                let start = stack.above_mark().ok_or_else(|| self.underflow(at))?;
                return self.extend(code, stack, start, at);
            }
            _ => return Err(self.refuse(code, at)),
        };
        if done { Ok(()) } else { Err(self.underflow(at)) }
    }

    /// A numpy number whose arguments are used at once: `TUPLE2`, perhaps a memo entry, `REDUCE`.
    ///
    /// A vocabulary holds millions of them. The tuple would take more memory than the rest of the
    /// entry, and nothing can refer to it: numpy makes it for this call alone.
    fn number(&mut self, stack: &mut Stack, at: usize) -> Result<Option<Id>, Error> {
        let rest = self.out.doc.input.get(self.at..).unwrap_or_default();
        let (memo, size) = match *rest {
            [opcode::REDUCE, ..] => (None, 1),
            [opcode::MEMOIZE, opcode::REDUCE, ..] => (Some(stack.next()), 2),
            [opcode::BINPUT, index, opcode::REDUCE, ..] => (Some(u64::from(index)), 3),
            [opcode::LONG_BINPUT, a, b, c, d, opcode::REDUCE, ..] => {
                (Some(u64::from(u32::from_le_bytes([a, b, c, d]))), 6)
            }
            _ => return Ok(None),
        };
        let Some(start) = stack.last(3) else { return Ok(None) };
        let &[function, dtype, data] = stack.from(start) else { return Ok(None) };
        if self.scalar != Some(function) {
            match self.out.cursor(function).kind() {
                Kind::Global(module, name)
                    if numpy::Maker::of(module, name) == Some(numpy::Maker::Scalar) =>
                {
                    self.scalar = Some(function);
                }
                _ => return Ok(None),
            }
        }
        let Some(dtype) = self.out.cursor(dtype).shared_dtype() else { return Ok(None) };
        let Some(id) = numpy::make_scalar(&mut self.out, dtype, Some(data), at)? else {
            return Ok(None);
        };
        if let Some(index) = memo {
            stack.store(index, Id::NOTHING, &mut self.out.budget, at)?;
        }
        stack.truncate(start);
        self.at += size;
        Ok(Some(id))
    }

    fn protocol(&mut self, at: usize) -> Result<(), Error> {
        match self.array()? {
            [0..=5] => Ok(()),
            [version] => {
                Err(self.out.wrong(at, format!("protocol {version} is unknown; 0 to 5 are known")))
            }
        }
    }

    /// A value that stays where it is stored.
    fn stored(&mut self, at: usize) -> Result<Id, Error> {
        let input = &self.out.doc.input;
        let (value, size) = stored::read(input, at).ok_or_else(|| self.truncated())?;
        self.at = at + size;
        if let Stored::Text(start, len) = value {
            let bytes = input.get(start..start + len).unwrap_or_default();
            if str::from_utf8(bytes).is_err() {
                return self.surrogates(start, len, at);
            }
        }
        self.out.stored(at)
    }

    fn recall(&mut self, code: u8, stack: &Stack, at: usize) -> Result<Id, Error> {
        let index = self.memo_index(code, at)?;
        stack.get(index).ok_or_else(|| {
            self.out.wrong(at, format!("memo entry {index} is read but was never stored"))
        })
    }

    fn memo_index(&mut self, code: u8, at: usize) -> Result<u64, Error> {
        match code {
            opcode::BINGET | opcode::BINPUT => self.array().map(|[index]| u64::from(index)),
            opcode::LONG_BINGET | opcode::LONG_BINPUT => {
                self.array().map(|index| u64::from(u32::from_le_bytes(index)))
            }
            _ => {
                let (start, end) = self.line()?;
                let digits = self.out.doc.input.get(start..end).unwrap_or_default();
                let index = str::from_utf8(digits).ok().and_then(|d| d.trim().parse().ok());
                index.ok_or_else(|| self.out.wrong(at, "a memo index is not a number"))
            }
        }
    }

    fn global(&mut self, at: usize) -> Result<Id, Error> {
        let (module, name) = (self.line()?, self.line()?);
        let text = |range: (usize, usize)| {
            let bytes = self.out.doc.input.get(range.0..range.1).unwrap_or_default();
            str::from_utf8(bytes).map(str::to_owned)
        };
        match (text(module), text(name)) {
            (Ok(module), Ok(name)) => self.named(&module, &name, at),
            _ => Err(self.out.wrong(at, "the name of a class is not UTF-8")),
        }
    }

    fn stack_global(&mut self, stack: &mut Stack, at: usize) -> Result<Id, Error> {
        let name = self.pop(stack, at)?;
        let module = self.pop(stack, at)?;
        let text = |id| self.out.cursor(id).as_str().map(str::to_owned);
        match (text(module), text(name)) {
            (Some(module), Some(name)) => self.named(&module, &name, at),
            _ => Err(self.out.wrong(at, "module and name of a class are not texts")),
        }
    }

    /// A class or function by its name.
    fn named(&mut self, module: &str, name: &str, at: usize) -> Result<Id, Error> {
        let id = self.out.global(module, name, at)?;
        if matches!(name, "getattr" | "_get_attr" | "_import_module")
            && let Kind::Global(module, name) = self.out.cursor(id).kind()
            && let Some(name) = LOOKUPS.iter().find(|known| {
                known.strip_suffix(name).is_some_and(|rest| rest.strip_suffix('.') == Some(module))
            })
            && self.lookups.iter().all(|lookup| lookup.function != id)
        {
            self.lookups.push(Lookup { function: id, name, open: 0 });
        }
        Ok(id)
    }

    /// One more use of a looking-up function is not understood, or not yet.
    fn doubted(&mut self, function: Id) {
        for lookup in &mut self.lookups {
            lookup.open += usize::from(lookup.function == function);
        }
    }

    /// One use of a looking-up function is understood.
    fn understood(&mut self, function: Id) {
        for lookup in &mut self.lookups {
            lookup.open -= usize::from(lookup.function == function && lookup.open > 0);
        }
    }

    fn pop(&self, stack: &mut Stack, at: usize) -> Result<Id, Error> {
        stack.pop().ok_or_else(|| self.underflow(at))
    }

    fn underflow(&self, at: usize) -> Error {
        self.out.wrong(at, "an opcode needs more values or marks than the stack holds")
    }

    pub(super) fn truncated(&self) -> Error {
        let end = self.out.doc.input.len();
        self.out.wrong(end, "the file ends in the middle of the pickle: save or copy it again")
    }

    /// The next bytes.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let rest = self.out.doc.input.get(self.at..).unwrap_or_default();
        let bytes = *rest.first_chunk().ok_or_else(|| self.truncated())?;
        self.at += N;
        Ok(bytes)
    }

    /// The range of the next `len` bytes.
    pub(super) fn take(&mut self, len: usize) -> Result<(usize, usize), Error> {
        let start = self.at;
        let end = start.checked_add(len).filter(|end| *end <= self.out.doc.input.len());
        self.at = end.ok_or_else(|| self.truncated())?;
        Ok((start, self.at))
    }

    /// The range of the text up to the end of the line.
    fn line(&mut self) -> Result<(usize, usize), Error> {
        let start = self.at;
        let rest = self.out.doc.input.get(start..).unwrap_or_default();
        let len = rest.iter().position(|&b| b == b'\n').ok_or_else(|| self.truncated())?;
        self.at = start + len + 1;
        // Windows wrote protocol 0 through text files
        let end = start + len - usize::from(rest[..len].ends_with(b"\r"));
        Ok((start, end))
    }
}
