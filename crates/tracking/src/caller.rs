/// Who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// The name of the user; `None` where the server asks for none.
    pub user: Option<String>,
    /// The workspace of the request.
    pub workspace: String,
}
