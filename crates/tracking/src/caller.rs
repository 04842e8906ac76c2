use std::{collections::BTreeSet, fmt};

use crate::rights::Rights;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The name of the user; `None` where the server asks for none.
    pub user: Option<String>,
    /// The number of the user in the database of users.
    pub id: Option<i64>,
    /// The workspace of the request.
    pub workspace: String,
    /// What the caller may do in it.
    pub rights: Rights,
    /// How the caller is known.
    pub means: Means,
    /// The numbers of the roles that the user has by groups that an issuer of tokens says it is in.
    pub roles: Vec<i64>,
    /// The workspaces that the user has a right in, where there are workspaces; administrators see all.
    pub workspaces: BTreeSet<String>,
}

/// How a caller is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Means {
    /// Not at all.
    Nothing,
    /// By an API key.
    Key,
    /// By a password.
    Password,
    /// By a token of the user.
    Token {
        /// Its name.
        name: String,
        /// Whether it only lets look.
        is_read_only: bool,
    },
    /// By a token of an issuer.
    Jwt,
}

impl Means {
    /// Whether the caller may change nothing.
    pub(crate) fn is_read_only(&self) -> bool {
        matches!(self, Self::Token { is_read_only: true, .. })
    }
}

impl fmt::Display for Means {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => out.write_str("nothing"),
            Self::Key => out.write_str("key"),
            Self::Password => out.write_str("password"),
            Self::Token { name, .. } => write!(out, "token {name}"),
            Self::Jwt => out.write_str("jwt"),
        }
    }
}

impl Caller {
    /// Whether the caller has a right in the workspace of the request. To others one that is not there looks as one
    /// that they have nothing in.
    pub(crate) fn knows_workspace(&self) -> bool {
        match &self.rights {
            Rights::All => true,
            Rights::Granted(granted) => {
                !granted.grants.is_empty() || self.workspaces.contains(&self.workspace)
            }
        }
    }

    /// Who asks a server that has no users: one who may do everything.
    pub fn anyone(workspace: &str) -> Self {
        Self {
            user: None,
            id: None,
            workspace: workspace.to_owned(),
            rights: Rights::All,
            means: Means::Nothing,
            roles: Vec::new(),
            workspaces: BTreeSet::new(),
        }
    }
}
