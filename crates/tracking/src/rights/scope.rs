//! Which objects of a kind are seen, for searches that see no others.

use std::collections::BTreeSet;

use super::{EVERY, Granted, Kind};
use crate::permission::Level;

/// Some of the objects of a kind, by their ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All of them.
    All,
    /// These only.
    Only(BTreeSet<String>),
    /// All but these.
    But(BTreeSet<String>),
}

impl Scope {
    /// Those that may be read.
    pub(super) fn of(granted: &Granted, kind: Kind) -> Self {
        let reads = |id: &str| granted.permission(&[(kind, id)]).holds(Level::Read);
        let named = granted.grants.iter().filter(|it| it.kind == kind && it.pattern != EVERY);
        let (seen, hidden): (BTreeSet<_>, BTreeSet<_>) =
            named.map(|it| it.pattern.clone()).partition(|id| reads(id));
        match reads(EVERY) {
            true if hidden.is_empty() => Self::All,
            true => Self::But(hidden),
            false => Self::Only(seen),
        }
    }

    /// Whether an object is among them.
    pub(crate) fn has(&self, id: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(ids) => ids.contains(id),
            Self::But(ids) => !ids.contains(id),
        }
    }
}
