//! What an export holds already.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use anyhow::Result;

use super::folder::{Folder, Kind};

/// Digests of things by their ids.
#[derive(Debug, Default)]
pub(super) struct Known(HashMap<String, u64>);

impl Known {
    /// Reads a kind: `counted` are the names of lines that count for the thing that a line with the name `item` ends,
    /// and `id` reads its id from that.
    pub(super) fn of(
        folder: &Folder,
        kind: Kind,
        item: &str,
        counted: &[&str],
        id: impl Fn(&str) -> Result<String>,
    ) -> Result<Self> {
        let (mut known, mut hasher) = (HashMap::new(), DefaultHasher::new());
        folder.read(kind, |_, name, value| {
            if name == item {
                value.hash(&mut hasher);
                let digest = std::mem::replace(&mut hasher, DefaultHasher::new()).finish();
                known.insert(id(value)?, digest);
            } else if counted.contains(&name) {
                value.hash(&mut hasher);
            }
            Ok(())
        })?;
        Ok(Self(known))
    }

    /// Whether a thing is there with the same lines.
    pub(super) fn has(&self, id: &str, lines: &[&str]) -> bool {
        let mut hasher = DefaultHasher::new();
        for line in lines {
            line.hash(&mut hasher);
        }
        self.0.get(id) == Some(&hasher.finish())
    }
}
