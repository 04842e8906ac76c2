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
}

impl Caller {
    /// Who asks a server that has no users: one who may do everything.
    pub fn anyone(workspace: &str) -> Self {
        Self { user: None, id: None, workspace: workspace.to_owned(), rights: Rights::All }
    }
}
