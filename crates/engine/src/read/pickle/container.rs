use super::{Machine, Stack, opcode};
use crate::{
    Error,
    read::{Id, Node},
};

impl Machine {
    pub(super) fn short_tuple(
        &mut self,
        stack: &mut Stack,
        count: usize,
        at: usize,
    ) -> Result<Id, Error> {
        let start = stack.last(count).ok_or_else(|| self.underflow(at))?;
        let id = self.out.tuple(stack.from(start), at)?;
        stack.truncate(start);
        Ok(id)
    }

    /// Makes a container of everything above the mark.
    pub(super) fn collect(&mut self, code: u8, stack: &mut Stack, at: usize) -> Result<Id, Error> {
        let start = stack.above_mark().ok_or_else(|| self.underflow(at))?;
        let items = stack.from(start);
        let id = match code {
            opcode::TUPLE => self.out.tuple(items, at)?,
            opcode::LIST => {
                let items = self.out.ids(items, at)?;
                self.out.node(Node::List(Box::new(items)), at)?
            }
            opcode::FROZENSET => {
                let items = self.out.ids(items, at)?;
                self.out.node(Node::Set(Box::new(items)), at)?
            }
            _ => {
                let id = self.out.node(Node::Dict(Box::default()), at)?;
                self.set_items(id, items, at)?;
                id
            }
        };
        stack.truncate(start);
        Ok(id)
    }

    /// Adds everything from `start` of the stack to the container below.
    pub(super) fn extend(
        &mut self,
        code: u8,
        stack: &mut Stack,
        start: usize,
        at: usize,
    ) -> Result<(), Error> {
        let below = start.checked_sub(1).and_then(|below| stack.from(below).first().copied());
        let target = below.ok_or_else(|| self.underflow(at))?;
        let items = stack.from(start);
        match code {
            opcode::SETITEM | opcode::SETITEMS => self.set_items(target, items, at)?,
            _ => self.add_items(code, target, items, at)?,
        }
        stack.truncate(start);
        Ok(())
    }

    fn add_items(&mut self, code: u8, target: Id, items: &[Id], at: usize) -> Result<(), Error> {
        let to = match (self.out.node_mut(target), code) {
            (Some(Node::List(to)), opcode::APPEND | opcode::APPENDS)
            | (Some(Node::Set(to)), opcode::ADDITEMS) => std::mem::take(&mut **to),
            (Some(Node::Object(object)), _) => std::mem::take(&mut object.items),
            _ => {
                let found = self.out.cursor(target).describe();
                return Err(self.out.wrong(at, format!("items are added to {found}")));
            }
        };
        let mut to = to;
        self.out.budget.reserve(&mut to, items.len(), at)?;
        to.extend_from_slice(items);
        match self.out.node_mut(target) {
            Some(Node::List(place) | Node::Set(place)) => **place = to,
            Some(Node::Object(object)) => object.items = to,
            _ => {}
        }
        Ok(())
    }

    pub(super) fn set_items(&mut self, target: Id, items: &[Id], at: usize) -> Result<(), Error> {
        let (pairs, rest) = items.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(self.out.wrong(at, "a key has no value"));
        }
        let mut to = match self.out.node_mut(target) {
            Some(Node::Dict(to)) => std::mem::take(&mut **to),
            Some(Node::Object(object)) => std::mem::take(&mut object.pairs),
            _ => {
                let found = self.out.cursor(target).describe();
                return Err(self.out.wrong(at, format!("keys are set on {found}")));
            }
        };
        self.out.budget.reserve(&mut to, pairs.len(), at)?;
        to.extend(pairs.iter().map(|[key, value]| (*key, *value)));
        match self.out.node_mut(target) {
            Some(Node::Dict(place)) => **place = to,
            Some(Node::Object(object)) => object.pairs = to,
            _ => {}
        }
        Ok(())
    }
}
