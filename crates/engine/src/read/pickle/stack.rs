use std::collections::HashMap;

use crate::{
    Error,
    read::{Id, budget::Budget},
};

/// The unpickler's stack, its marks and its memo. A pickle inside a pickle has its own.
#[derive(Debug, Default)]
pub(super) struct Stack {
    items: Vec<Id>,
    marks: Vec<usize>,
    dense: Vec<Id>,
    /// Memo entries far beyond the dense ones: any index is legal in protocols 0 to 3.
    sparse: HashMap<u64, Id>,
}

/// Longest gap in the memo that is filled; an entry behind a longer one is kept apart.
const GAP: u64 = 16;

impl Stack {
    pub(super) fn push(&mut self, id: Id, budget: &mut Budget, at: usize) -> Result<(), Error> {
        budget.push(&mut self.items, id, at)
    }

    pub(super) fn mark(&mut self, budget: &mut Budget, at: usize) -> Result<(), Error> {
        budget.push(&mut self.marks, self.items.len(), at)
    }

    /// How many values stand below the last mark: none of them can be popped one by one.
    fn fence(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    pub(super) fn pop(&mut self) -> Option<Id> {
        (self.items.len() > self.fence()).then(|| self.items.pop())?
    }

    pub(super) fn top(&self) -> Option<Id> {
        (self.items.len() > self.fence()).then(|| self.items.last().copied())?
    }

    /// Pops the value on top, or the mark when it is on top.
    pub(super) fn discard(&mut self) -> bool {
        self.pop().is_some() || self.marks.pop().is_some()
    }

    /// Removes the last mark, and gives back where the values above it start. The caller removes
    /// these with [`Stack::truncate`], which keeps the memory.
    pub(super) fn above_mark(&mut self) -> Option<usize> {
        self.marks.pop()
    }

    pub(super) fn from(&self, start: usize) -> &[Id] {
        self.items.get(start..).unwrap_or_default()
    }

    pub(super) fn truncate(&mut self, start: usize) {
        self.items.truncate(start);
    }

    /// Where the last `count` values start, if so many stand above the mark.
    pub(super) fn last(&self, count: usize) -> Option<usize> {
        self.items.len().checked_sub(count).filter(|start| *start >= self.fence())
    }

    /// Stores the value on top in the memo, behind all others; false when there is no value.
    pub(super) fn memoize(&mut self, budget: &mut Budget, at: usize) -> Result<bool, Error> {
        self.put(self.next(), budget, at)
    }

    /// The index that `MEMOIZE` uses.
    pub(super) fn next(&self) -> u64 {
        self.dense.len() as u64
    }

    /// Stores the value on top in the memo, at `index`; false when there is no value.
    pub(super) fn put(
        &mut self,
        index: u64,
        budget: &mut Budget,
        at: usize,
    ) -> Result<bool, Error> {
        match self.top() {
            Some(id) => self.store(index, id, budget, at).map(|()| true),
            None => Ok(false),
        }
    }

    pub(super) fn store(
        &mut self,
        index: u64,
        id: Id,
        budget: &mut Budget,
        at: usize,
    ) -> Result<(), Error> {
        let len = self.dense.len() as u64;
        if index < len {
            if let Some(entry) = self.dense.get_mut(usize::try_from(index).unwrap_or(usize::MAX)) {
                *entry = id;
            }
        } else if index - len <= GAP {
            for _ in len..index {
                budget.push(&mut self.dense, Id::NOTHING, at)?;
            }
            budget.push(&mut self.dense, id, at)?;
        } else if id != Id::NOTHING {
            // an entry, its share of free slots, and the old table while it grows
            budget.charge(4 * size_of::<(u64, Id)>(), at)?;
            self.sparse.insert(index, id);
        }
        Ok(())
    }

    pub(super) fn get(&self, index: u64) -> Option<Id> {
        let dense = usize::try_from(index).ok().and_then(|i| self.dense.get(i)).copied();
        match dense {
            Some(id) if id != Id::NOTHING => Some(id),
            _ => self.sparse.get(&index).copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Stack;
    use crate::read::{Id, budget::Budget};

    #[test]
    fn memo_indices_may_be_far_apart() {
        let mut budget = Budget::new("pickle", 0);
        let mut stack = Stack::default();
        for (value, index) in [(1, 1), (2, 4_000_000_000), (3, 0), (4, 2)] {
            stack.push(Id::of_int(value).unwrap(), &mut budget, 0).unwrap();
            assert!(stack.put(index, &mut budget, 0).unwrap());
        }
        assert_eq!(stack.get(4_000_000_000), Id::of_int(2));
        assert_eq!(stack.get(1), Id::of_int(1));
        assert_eq!(stack.get(0), Id::of_int(3));
        assert_eq!(stack.get(2), Id::of_int(4));
        assert_eq!(stack.get(3), None);
    }

    #[test]
    fn values_below_a_mark_are_out_of_reach() {
        let mut budget = Budget::new("pickle", 0);
        let mut stack = Stack::default();
        stack.push(Id::NONE, &mut budget, 0).unwrap();
        stack.mark(&mut budget, 0).unwrap();
        assert_eq!(stack.pop(), None);
        assert_eq!(stack.last(1), None);
        assert!(stack.discard());
        assert_eq!(stack.pop(), Some(Id::NONE));
        assert!(!stack.discard());
    }
}
