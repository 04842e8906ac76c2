//! What a caller may do: grants, and how several of them count together.
//!
//! The rules are those of MLflow 3.17. Of the grants for one object a denial wins, else the highest. An
//! object inside of another has the permission of its own kind where there is one, else that of the
//! other. A permission that is no denial is never below the default of the server.

mod scope;

use std::sync::Arc;

pub use crate::kind::Kind;
pub(crate) use scope::Scope;

use crate::permission::Level;

/// The pattern of a grant for every object of a kind.
pub(crate) const EVERY: &str = "*";

/// What a grant says, from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// Nothing, whatever others say.
    Deny,
    /// Nothing.
    None,
    /// [`Level::Read`].
    Read,
    /// [`Level::Use`].
    Use,
    /// [`Level::Edit`].
    Edit,
    /// [`Level::Manage`].
    Manage,
}

impl Permission {
    /// Every permission, as MLflow lists them.
    pub(crate) const ALL: [Self; 6] =
        [Self::Read, Self::Use, Self::Edit, Self::Manage, Self::None, Self::Deny];

    /// Its name in MLflow.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Deny => "DENY",
            Self::None => "NO_PERMISSIONS",
            Self::Read => "READ",
            Self::Use => "USE",
            Self::Edit => "EDIT",
            Self::Manage => "MANAGE",
        }
    }

    /// The permission with a name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// Whether it holds a level.
    pub(crate) fn holds(self, level: Level) -> bool {
        let least = match level {
            Level::Read => Self::Read,
            Level::Use => Self::Use,
            Level::Edit => Self::Edit,
            Level::Manage => Self::Manage,
        };
        self >= least
    }

    /// The same, but not below `floor` unless it forbids.
    fn above(self, floor: Self) -> Self {
        if self <= Self::None { self } else { self.max(floor) }
    }
}

/// One grant of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The kind of the objects.
    pub kind: Kind,
    /// The id of the object, or `*` for every one.
    pub pattern: String,
    /// What the user may do.
    pub permission: Permission,
}

/// What a user who is no administrator was granted in a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// The permission where no grant says anything.
    pub absent: Permission,
    /// The least permission where a grant allows anything.
    pub floor: Permission,
    /// Whether the server has workspaces: only who has a right of a whole one makes something in it then.
    pub workspaces: bool,
    /// All grants.
    pub grants: Vec<Grant>,
}

/// What a caller may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rights {
    /// Everything: an administrator, the holder of a key, or a server without users.
    All,
    /// What was granted.
    Granted(Arc<Granted>),
}

impl Rights {
    /// Whether the caller may do everything.
    pub(crate) fn is_all(&self) -> bool {
        matches!(self, Self::All)
    }

    /// What was granted; `None` when everything was: to administrators of the server and of the workspace.
    pub(crate) fn limited(&self) -> Option<&Granted> {
        match self {
            Self::All => None,
            Self::Granted(granted) => Some(granted).map(|it| &**it).filter(|it| !it.manages_all()),
        }
    }

    /// The objects of a kind whose versions the caller may read.
    pub(crate) fn readable_versions(&self, kind: Kind) -> Scope {
        let denied = |it: &Granted, kind| it.fold(kind, EVERY) == Some(Permission::Deny);
        match (self.limited(), kind.versions()) {
            (Some(granted), Some(versions)) if denied(granted, versions) => {
                Scope::Only(std::collections::BTreeSet::new())
            }
            _ => self.readable(kind),
        }
    }

    /// The objects of a kind that the caller may read.
    pub(crate) fn readable(&self, kind: Kind) -> Scope {
        self.limited().map_or(Scope::All, |it| Scope::of(it, kind))
    }
}

impl Granted {
    /// Whether the workspace itself is the user's to manage: no grant takes anything from that.
    pub(crate) fn manages_all(&self) -> bool {
        self.fold(Kind::Workspace, EVERY) == Some(Permission::Manage)
    }

    /// Whether the user may make something in the workspace.
    pub(crate) fn creates(&self) -> bool {
        let permission = self.fold(Kind::Workspace, EVERY).unwrap_or(self.absent);
        !self.workspaces || permission.holds(Level::Use)
    }

    /// What the grants for one object say.
    pub(crate) fn fold(&self, kind: Kind, id: &str) -> Option<Permission> {
        let of = |it: &&Grant| {
            it.kind == kind && (it.pattern == EVERY || (kind.takes_ids() && it.pattern == id))
        };
        let found = || self.grants.iter().filter(of).map(|it| it.permission);
        if found().any(|it| it == Permission::Deny) {
            Some(Permission::Deny)
        } else {
            found().max()
        }
    }

    /// The permission that counts for an object: that of the first of `chain` that a grant speaks of.
    pub(crate) fn permission(&self, chain: &[(Kind, &str)]) -> Permission {
        let spoken = chain.iter().find_map(|(kind, id)| self.fold(*kind, id));
        spoken.unwrap_or(self.absent).above(self.floor)
    }
}

#[cfg(test)]
mod tests;
