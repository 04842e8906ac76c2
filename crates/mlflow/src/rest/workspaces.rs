//! Workspaces: each holds experiments, models and datasets of its own.

use super::{
    Done,
    call::calls,
    message::{empty, messages, names},
};
use crate::{Error, rest::checks};

/// The header that names the workspace of a request.
pub const WORKSPACE_HEADER: &str = "x-mlflow-workspace";

/// The workspace of requests that name none, and of what was there before workspaces.
pub const DEFAULT_WORKSPACE: &str = "default";

/// Names that addresses need for themselves.
const RESERVED: [&str; 4] = ["workspaces", "api", "ajax-api", "static-files"];

messages! {
    /// A workspace.
    pub struct Workspace {
        /// Its name.
        name: String,
        /// For people.
        description: Option<String>,
        /// Where its experiments keep their artifacts; below the server's root when it is not said.
        default_artifact_root: Option<String>,
        /// Where its old traces go.
        trace_archival_config: Option<TraceArchivalConfig>,
    }

    /// Where old traces go, and when.
    pub struct TraceArchivalConfig {
        /// A URI.
        location: Option<String>,
        /// Such as `30d`.
        retention: Option<String>,
    }

    /// Makes a workspace. Answered with 201.
    pub struct CreateWorkspace {
        /// Its name.
        name: String,
        /// For people.
        description: Option<String>,
        /// Where its experiments keep their artifacts.
        default_artifact_root: Option<String>,
        /// Where its old traces go.
        trace_archival_config: Option<TraceArchivalConfig>,
    }

    /// Asks for a workspace.
    pub struct GetWorkspace {
        /// Its name.
        workspace_name: String,
    }

    /// Changes what is said of a workspace. An empty text takes the value away.
    pub struct UpdateWorkspace {
        /// Its name.
        workspace_name: String,
        /// For people.
        description: Option<String>,
        /// Where experiments that are made from now on keep their artifacts.
        default_artifact_root: Option<String>,
        /// Where its old traces go.
        trace_archival_config: Option<TraceArchivalConfig>,
    }

    /// The answer to [`CreateWorkspace`], [`GetWorkspace`] and [`UpdateWorkspace`].
    pub struct WorkspaceReply {
        /// The workspace.
        workspace: Workspace,
    }

    /// Removes a workspace. Answered with 204.
    pub struct DeleteWorkspace {
        /// Its name.
        workspace_name: String,
        /// What becomes of what is in it; it must be empty when this is not said. The query holds it.
        mode: Option<String>,
    }

    /// The answer to [`ListWorkspaces`].
    pub struct ListWorkspacesReply {
        /// All of them, by name.
        workspaces: Vec<Workspace>,
    }
}

empty! {
    /// Asks for all workspaces.
    pub struct ListWorkspaces;
}

names! {
    /// What becomes of what is in a workspace that is removed.
    pub enum WorkspaceDeletionMode {
        /// The workspace stays unless it is empty.
        Restrict = ("RESTRICT", 0),
        /// It goes too.
        Cascade = ("CASCADE", 1),
        /// It moves to the workspace `default`.
        SetDefault = ("SET_DEFAULT", 2),
    }
}

calls! {
    ListWorkspaces: Get "3.0/mlflow/workspaces" -> ListWorkspacesReply;
    CreateWorkspace: Post "3.0/mlflow/workspaces" -> WorkspaceReply;
    GetWorkspace: Get "3.0/mlflow/workspaces/{workspace_name}" -> WorkspaceReply;
    UpdateWorkspace: Patch "3.0/mlflow/workspaces/{workspace_name}" -> WorkspaceReply;
    DeleteWorkspace: Delete "3.0/mlflow/workspaces/{workspace_name}" -> Done;
}

/// Checks the name of a workspace: a label of DNS of two characters at least.
///
/// # Errors
/// [`Error::Rule`] in MLflow's words.
pub fn workspace_name(name: &str) -> Result<(), Error> {
    let wrong = |what: &str| Err(Error::rule(format!("Workspace name '{name}' {what}")));
    if !(2..=63).contains(&name.chars().count()) {
        return wrong("must be between 2 and 63 characters.");
    }
    let is_inner = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
    if !name.bytes().all(is_inner) || name.starts_with('-') || name.ends_with('-') {
        return wrong(
            "must match the pattern ^[a-z0-9]([-a-z0-9]*[a-z0-9])?$ (lowercase alphanumeric with optional internal hyphens).",
        );
    }
    if RESERVED.contains(&name) {
        return wrong("is reserved and cannot be used.");
    }
    Ok(())
}

/// Reads where the experiments of a workspace keep their artifacts; an empty text stays one.
///
/// # Errors
/// [`Error::Rule`] for what is no URI and no absolute path, has a fragment or a part behind `;`, or climbs.
pub fn workspace_root(root: &str) -> Result<&str, Error> {
    let root = root.trim();
    if root.is_empty() {
        return Ok(root);
    }
    let path = root.split('?').next().unwrap_or_default();
    if root.contains('#') || path.rsplit('/').next().is_some_and(|it| it.contains(';')) {
        let words = "'default_artifact_root' URL can't include fragments or params.";
        return Err(Error::rule(words));
    }
    checks::artifact_location(root)?;
    let has_scheme = root.split_once(':').is_some_and(|(scheme, _)| scheme.len() > 1);
    if !has_scheme && !root.starts_with('/') {
        return Err(Error::rule(format!(
            "Invalid value for 'default_artifact_root'. Expected a URI (for example 's3://bucket/prefix' or 'mlflow-artifacts:/prefix') or an absolute path, got '{root}'."
        )));
    }
    Ok(root)
}

/// Checks when old traces go; an empty text takes that away.
///
/// # Errors
/// [`Error::Rule`] for what is no number of minutes, hours or days.
pub fn trace_retention(retention: &str) -> Result<&str, Error> {
    let text = retention.trim();
    let number = text.strip_suffix(['m', 'h', 'd']).unwrap_or_default();
    if text.chars().count() > 32 {
        return Err(Error::rule(
            "Invalid value for 'trace_archival_config.retention'. Maximum length is 32 characters.",
        ));
    }
    let is_number = !number.is_empty() && number.bytes().all(|it| it.is_ascii_digit());
    if text.is_empty() || (is_number && !number.starts_with('0')) {
        return Ok(text);
    }
    Err(Error::rule(
        "Invalid value for 'trace_archival_config.retention'. Expected a duration in the form `<int><unit>`, where unit is one of 'm', 'h', or 'd' (for example '30d' or '12h').",
    ))
}

/// Checks where old traces go; an empty text takes that away.
///
/// # Errors
/// [`Error::Rule`] for what is no URI, and for one of the artifact proxy.
pub fn trace_location(location: &str) -> Result<&str, Error> {
    let text = location.trim();
    let scheme = text.split_once(':').map(|(scheme, _)| scheme).unwrap_or_default();
    match scheme {
        "mlflow-artifacts" => Err(Error::rule(
            "Invalid value for 'trace_archival_config.location'. Trace archival location cannot use the proxy-only `mlflow-artifacts:` scheme.",
        )),
        "" if !text.is_empty() => Err(Error::rule(
            "Invalid value for 'trace_archival_config.location'. Expected a URI string.",
        )),
        _ => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::{trace_location, trace_retention, workspace_name, workspace_root};

    #[test]
    fn a_name_is_a_label_of_dns() {
        for name in ["ab", "team-a", "0a", &"a".repeat(63)] {
            assert_eq!(workspace_name(name).map_err(|it| it.to_string()), Ok(()), "{name}");
        }
        let wrong =
            ["", "a", "A1", "-ab", "ab-", "a_b", "a.b", "a b", "ab\n", "ä1", "api", "workspaces"];
        for name in wrong {
            assert!(workspace_name(name).is_err(), "{name}");
        }
        assert!(workspace_name(&"a".repeat(64)).is_err());
    }

    #[test]
    fn a_root_is_a_place_for_everybody() {
        for root in ["s3://b/p", " /srv/a ", "mlflow-artifacts:/team-a", "", "  "] {
            assert!(workspace_root(root).is_ok(), "{root}");
        }
        for root in ["a/b", "./a", "s3://b/p#f", "s3://b/p;x", "runs:/a", "C:team"] {
            assert!(workspace_root(root).is_err(), "{root}");
        }
    }

    #[test]
    fn traces_go_after_a_time_to_a_place() {
        assert_eq!(trace_retention(" 30d ").map_err(|it| it.to_string()), Ok("30d"));
        for text in ["30", "d", "0d", "-1d", "1.5h", "30 d", &format!("{}d", "1".repeat(40))] {
            assert!(trace_retention(text).is_err(), "{text}");
        }
        assert!(trace_location("s3://b/t").is_ok() && trace_location("").is_ok());
        assert!(trace_location("/a").is_err() && trace_location("mlflow-artifacts:/a").is_err());
    }
}
