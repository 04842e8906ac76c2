use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use super::Key;

/// Objects of one kind as they were last seen, by what they belong to: the objects of one service
/// are found without a look at those of others.
#[derive(Debug)]
pub struct Index<T>(RwLock<Groups<T>>);

type Groups<T> = BTreeMap<Key, BTreeMap<String, Arc<T>>>;

impl<T> Default for Index<T> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<T: PartialEq> Index<T> {
    /// The objects of `group`, in the order of their names.
    pub fn of(&self, group: &Key) -> Vec<Arc<T>> {
        let groups = self.0.read().unwrap_or_else(PoisonError::into_inner);
        groups.get(group).map(|objects| objects.values().cloned().collect()).unwrap_or_default()
    }

    /// The object `name` of `group`.
    pub fn get(&self, group: &Key, name: &str) -> Option<Arc<T>> {
        let groups = self.0.read().unwrap_or_else(PoisonError::into_inner);
        groups.get(group)?.get(name).cloned()
    }

    /// The groups of `namespace`, or all.
    pub fn groups(&self, namespace: Option<&str>) -> Vec<Key> {
        let groups = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let wanted = groups.keys().filter(|key| namespace.is_none_or(|it| it == key.namespace));
        wanted.cloned().collect()
    }

    /// Number of groups.
    pub fn len(&self) -> usize {
        self.0.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// True when nothing was seen.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts an object in, and says whether that changed anything.
    pub fn put(&self, group: &Key, name: &str, object: T) -> bool {
        let mut groups = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let objects = groups.entry(group.clone()).or_default();
        if objects.get(name).is_some_and(|old| **old == object) {
            return false;
        }
        objects.insert(name.to_owned(), Arc::new(object));
        true
    }

    /// Takes an object out, and says whether it was there.
    pub fn remove(&self, group: &Key, name: &str) -> bool {
        let mut groups = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let Some(objects) = groups.get_mut(group) else { return false };
        let found = objects.remove(name).is_some();
        if objects.is_empty() {
            groups.remove(group);
        }
        found
    }

    /// Takes out all objects of `namespace` (or all) that are not among `listed`, and gives the groups
    /// that lost one.
    pub fn keep(&self, namespace: Option<&str>, listed: &[(Key, String)]) -> Vec<Key> {
        let listed: std::collections::BTreeSet<_> =
            listed.iter().map(|(group, name)| (group, name.as_str())).collect();
        let mut lost = Vec::new();
        let mut groups = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (group, objects) in groups.iter_mut() {
            if namespace.is_some_and(|it| it != group.namespace) {
                continue;
            }
            let before = objects.len();
            objects.retain(|name, _| listed.contains(&(group, name.as_str())));
            if objects.len() < before {
                lost.push(group.clone());
            }
        }
        groups.retain(|_, objects| !objects.is_empty());
        lost
    }
}

#[cfg(test)]
mod tests {
    use super::{Index, Key};

    #[test]
    fn objects_are_found_by_what_they_belong_to() {
        let index = Index::default();
        let (iris, wine) = (Key::new("a", "iris"), Key::new("b", "wine"));
        assert!(index.put(&iris, "iris-1", 1));
        assert!(!index.put(&iris, "iris-1", 1), "the same again is no news");
        assert!(index.put(&iris, "iris-2", 2));
        assert!(index.put(&wine, "wine-1", 3));
        assert_eq!(index.of(&iris).iter().map(|it| **it).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(index.groups(Some("b")), std::slice::from_ref(&wine));
        assert!(index.remove(&iris, "iris-1") && !index.remove(&iris, "iris-1"));
        // a list of one namespace says nothing of others
        assert_eq!(index.keep(Some("a"), &[]), std::slice::from_ref(&iris));
        assert_eq!(index.groups(None), std::slice::from_ref(&wine));
        assert!(index.keep(None, &[(wine.clone(), "wine-1".into())]).is_empty());
        assert_eq!(index.keep(None, &[]), [wine]);
        assert!(index.is_empty());
    }
}
