//! The models by name. A copy shares with its original whatever neither has changed since, so that
//! a change costs as much among ten thousand models as among ten.

use std::{hash::BuildHasher, hash::RandomState, mem, sync::Arc};

use super::Entry;

/// Children of a branch, a power of two.
const FAN: usize = 16;
/// Bits of the hash that choose a child.
const BITS: u32 = FAN.trailing_zeros();
/// Levels until the hash is used up.
const DEPTH: u32 = u64::BITS / BITS;
/// Most entries of a leaf that can still be divided.
const LEAF: usize = 16;

/// A hash trie. [`Clone`] copies one pointer.
#[derive(Clone, Debug, Default)]
pub(super) struct Map {
    root: Arc<Node>,
    len: usize,
    hasher: RandomState,
}

#[derive(Clone, Debug)]
enum Node {
    Leaf(Vec<(u64, Arc<Entry>)>),
    Branch([Arc<Node>; FAN]),
}

impl Default for Node {
    fn default() -> Self {
        Self::Leaf(Vec::new())
    }
}

/// Which child of a branch at `depth` leads to `hash`.
fn child(hash: u64, depth: u32) -> usize {
    (hash >> (depth * BITS)) as usize % FAN
}

impl Map {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn get(&self, name: &str) -> Option<&Arc<Entry>> {
        let hash = self.hasher.hash_one(name);
        let mut node = &*self.root;
        let mut depth = 0;
        loop {
            match node {
                Node::Branch(children) => node = &children[child(hash, depth)],
                Node::Leaf(entries) => {
                    let mut entries = entries.iter().filter(|(other, _)| *other == hash);
                    let found = entries.find(|(_, entry)| *entry.name == *name);
                    return found.map(|(_, entry)| entry);
                }
            }
            depth += 1;
        }
    }

    /// Puts an entry under its name, and gives the one that was there.
    pub(super) fn insert(&mut self, entry: Arc<Entry>) -> Option<Arc<Entry>> {
        let hash = self.hasher.hash_one(&*entry.name);
        let old = insert(&mut self.root, hash, 0, entry);
        self.len += usize::from(old.is_none());
        old
    }

    pub(super) fn remove(&mut self, name: &str) -> Option<Arc<Entry>> {
        self.get(name)?;
        let hash = self.hasher.hash_one(name);
        let mut node = &mut self.root;
        let mut depth = 0;
        loop {
            match Arc::make_mut(node) {
                Node::Branch(children) => node = &mut children[child(hash, depth)],
                Node::Leaf(entries) => {
                    let at = entries.iter().position(|(_, entry)| *entry.name == *name)?;
                    self.len -= 1;
                    return Some(entries.swap_remove(at).1);
                }
            }
            depth += 1;
        }
    }

    /// Every entry, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Entry>> {
        let mut nodes = vec![&self.root];
        let mut leaf = [].iter();
        std::iter::from_fn(move || {
            loop {
                if let Some((_, entry)) = leaf.next() {
                    return Some(entry);
                }
                match &**nodes.pop()? {
                    Node::Leaf(entries) => leaf = entries.iter(),
                    Node::Branch(children) => nodes.extend(children),
                }
            }
        })
    }
}

fn insert(node: &mut Arc<Node>, hash: u64, depth: u32, entry: Arc<Entry>) -> Option<Arc<Entry>> {
    let entries = match Arc::make_mut(node) {
        Node::Branch(children) => {
            return insert(&mut children[child(hash, depth)], hash, depth + 1, entry);
        }
        Node::Leaf(entries) => entries,
    };
    if let Some((_, old)) = entries.iter_mut().find(|(_, old)| *old.name == *entry.name) {
        return Some(mem::replace(old, entry));
    }
    entries.push((hash, entry));
    if entries.len() > LEAF && depth < DEPTH {
        let mut children: [Vec<_>; FAN] = Default::default();
        for (hash, entry) in mem::take(entries) {
            children[child(hash, depth)].push((hash, entry));
        }
        *node = Arc::new(Node::Branch(children.map(|entries| Arc::new(Node::Leaf(entries)))));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pointers that `new` holds in nodes of its own, which is what the change wrote.
    fn written(old: &Arc<Node>, new: &Arc<Node>) -> usize {
        if Arc::ptr_eq(old, new) {
            return 0;
        }
        match (&**old, &**new) {
            (Node::Branch(old), Node::Branch(new)) => {
                FAN + old.iter().zip(new).map(|(old, new)| written(old, new)).sum::<usize>()
            }
            (_, Node::Branch(new)) => {
                FAN + new.iter().map(|new| written(&Arc::default(), new)).sum::<usize>()
            }
            (_, Node::Leaf(entries)) => entries.len(),
        }
    }

    fn entry(at: usize) -> Arc<Entry> {
        Arc::new(Entry::new(format!("model-{at}").into(), at as u64, false))
    }

    #[test]
    fn a_change_writes_no_more_among_many_than_among_few() {
        let mut now = Map::default();
        let mut most = 0;
        let mut all = 0;
        for at in 0..10_000 {
            // as a server does it: the old map is still read while the new one is made
            let mut next = now.clone();
            assert!(next.insert(entry(at)).is_none());
            let first = written(&now.root, &next.root);
            let mut again = next.clone();
            assert_eq!(again.insert(entry(at)).unwrap().order, at as u64);
            let second = written(&next.root, &again.root);
            most = most.max(first).max(second);
            all += first + second;
            now = again;
        }
        assert_eq!(now.len(), 10_000);
        // four levels of branches and a leaf, once divided
        assert!(most <= 7 * FAN, "{most} pointers in one change");
        assert!(all <= 2 * 10_000 * 5 * FAN, "{all} pointers in all");
        assert_eq!(now.iter().count(), 10_000);
    }

    #[test]
    fn copies_stay_what_they_are() {
        let mut map = Map::default();
        for at in 0..200 {
            map.insert(entry(at));
        }
        let kept = map.clone();
        for at in 0..200 {
            let name = format!("model-{at}");
            assert_eq!(*map.remove(&name).unwrap().name, *name);
            assert!(map.remove(&name).is_none());
            assert!(map.get(&name).is_none());
            assert_eq!(*kept.get(&name).unwrap().name, *name);
        }
        assert_eq!((map.len(), map.iter().count()), (0, 0));
        assert_eq!((kept.len(), kept.iter().count()), (200, 200));
    }

    #[test]
    fn names_of_one_hash_are_told_apart() {
        let mut root = Arc::default();
        for at in 0..40 {
            assert!(insert(&mut root, 7, 0, entry(at)).is_none());
        }
        assert!(insert(&mut root, 7, 0, entry(3)).is_some());
    }
}
