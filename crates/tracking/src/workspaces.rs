//! Which workspace a request is of, and where the artifacts of a workspace are.

use hyper::HeaderMap;
use longshore_mlflow::rest::{DEFAULT_WORKSPACE, ErrorCode, WORKSPACE_HEADER, workspace_name};

use crate::{
    Error,
    store::{Connection, Store},
};

/// The folder below a root of artifacts that holds a folder for each workspace.
const FOLDER: &str = "workspaces";

/// The refusal where a server has no workspaces.
///
/// # Errors
/// Always, unless they are enabled.
pub(crate) fn need(enabled: bool) -> Result<(), Error> {
    if enabled {
        return Ok(());
    }
    Err(Error::refused(
        ErrorCode::FeatureDisabled,
        "Workspace APIs are not available: workspaces are not enabled on this server; start it with `--enable-workspaces`",
    ))
}

/// The workspace that the header of a request names.
///
/// # Errors
/// Refusals of what is no name, and of any name where the server has no workspaces.
pub(crate) fn requested(headers: &HeaderMap, enabled: bool) -> Result<String, Error> {
    let mut named = headers.get_all(WORKSPACE_HEADER).iter();
    let name = named.next().map(|it| String::from_utf8_lossy(it.as_bytes()).trim().to_owned());
    if named.next().is_some() {
        return Err(Error::invalid(format!("`{WORKSPACE_HEADER}` is there twice; send it once")));
    }
    let Some(name) = name.filter(|it| !it.is_empty()) else {
        return Ok(DEFAULT_WORKSPACE.to_owned());
    };
    need(enabled)?;
    if name != DEFAULT_WORKSPACE {
        workspace_name(&name)?;
    }
    Ok(name)
}

/// Checks that a workspace is there. `default` always is.
///
/// # Errors
/// A refusal, and those of the store.
pub(crate) async fn check(store: &Store, name: &str) -> Result<(), Error> {
    if name == DEFAULT_WORKSPACE {
        return Ok(());
    }
    let name = name.to_owned();
    store.read(move |on| exists(on, &name)).await
}

/// As [`check`], in a transaction.
///
/// # Errors
/// A refusal, and those of the store.
pub(crate) fn exists(on: &mut dyn Connection, name: &str) -> Result<(), Error> {
    let found = on.first("SELECT 1 FROM workspaces WHERE name = ?", &[name.into()])?;
    found.map(|_| ()).ok_or_else(|| Error::missing(format!("Workspace '{name}' not found")))
}

/// The path of the folder of a workspace below the server's root of artifacts; none where there is but one.
pub(crate) fn folder(enabled: bool, name: &str) -> Option<String> {
    enabled.then(|| format!("{FOLDER}/{name}"))
}

/// The folder that a path below the artifact proxy has to be put below, so that no workspace sees the
/// files of another. What was there before workspaces belongs to `default`.
///
/// # Errors
/// A refusal of a path that names another workspace.
pub(crate) fn prefix(enabled: bool, name: &str, path: &str) -> Result<Option<String>, Error> {
    if !enabled {
        return Ok(None);
    }
    let mut parts = path.split('/');
    if parts.next() == Some(FOLDER) {
        return match parts.next() {
            Some(found) if found == name => Ok(None),
            Some(found) => Err(Error::invalid(format!(
                "Artifact path targets workspace '{found}' but the workspace specified in the request is '{name}'."
            ))),
            None => Err(Error::invalid(
                "Artifact paths prefixed with 'workspaces/' must include a workspace name.",
            )),
        };
    }
    Ok(folder_of(enabled, name, path))
}

/// As [`prefix`], for a path that the store holds: what belongs to a workspace stays where it is when the
/// workspace is removed.
pub(crate) fn folder_of(enabled: bool, name: &str, path: &str) -> Option<String> {
    let is_whole = path.split('/').next() == Some(FOLDER);
    folder(enabled && !is_whole && name != DEFAULT_WORKSPACE, name)
}

/// The part below the folder of a workspace of a path below the server's root of artifacts; `None` where that is
/// another workspace's. What was there before workspaces belongs to `default`.
pub(crate) fn of_place<'p>(enabled: bool, name: &str, path: &'p str) -> Option<&'p str> {
    let mut parts = path.split('/');
    let is_own = match parts.next() {
        Some(FOLDER) if enabled => parts.next() == Some(name),
        _ => !enabled || name == DEFAULT_WORKSPACE,
    };
    is_own.then(|| inner(enabled, path))
}

/// The part of a path of the artifact proxy below the folder of its workspace.
pub(crate) fn inner(enabled: bool, path: &str) -> &str {
    let below = path.strip_prefix(FOLDER).and_then(|it| it.strip_prefix('/'));
    match below.filter(|_| enabled) {
        Some(below) => below.split_once('/').map_or("", |(_, rest)| rest),
        None => path,
    }
}

#[cfg(test)]
mod tests {
    use hyper::{HeaderMap, header::HeaderValue};

    use super::{inner, of_place, prefix, requested};

    fn told(values: &[&'static str], enabled: bool) -> Result<String, String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("x-mlflow-workspace", HeaderValue::from_static(value));
        }
        requested(&headers, enabled).map_err(|error| error.told().0.name().to_owned())
    }

    #[test]
    fn a_header_names_the_workspace() {
        for enabled in [true, false] {
            assert_eq!(told(&[], enabled), Ok("default".to_owned()));
            assert_eq!(told(&[" "], enabled), Ok("default".to_owned()));
        }
        assert_eq!(told(&[" team-a "], true), Ok("team-a".to_owned()));
        assert_eq!(told(&["default"], true), Ok("default".to_owned()));
        assert_eq!(told(&["team-a"], false), Err("FEATURE_DISABLED".to_owned()));
        for wrong in [&["../a"][..], &["Team"], &["workspaces"], &["ab", "cd"]] {
            assert_eq!(told(wrong, true), Err("INVALID_PARAMETER_VALUE".to_owned()), "{wrong:?}");
        }
    }

    #[test]
    fn no_path_leads_into_another_workspace() {
        let below = |name, path| prefix(true, name, path).map_err(|error| error.to_string());
        assert_eq!(below("default", "0/a"), Ok(None));
        assert_eq!(below("default", ""), Ok(None));
        assert_eq!(below("default", "workspaces/default/0"), Ok(None));
        assert_eq!(below("team-a", ""), Ok(Some("workspaces/team-a".to_owned())));
        assert_eq!(below("team-a", "7/a"), Ok(Some("workspaces/team-a".to_owned())));
        assert_eq!(below("team-a", "workspaces/team-a/7"), Ok(None));
        assert_eq!(prefix(false, "default", "workspaces/x").unwrap(), None);
        for (name, path) in [
            ("default", "workspaces"),
            ("default", "workspaces/team-a/7"),
            ("team-a", "workspaces/team-ab/7"),
            ("team-a", "workspaces/default"),
        ] {
            assert!(below(name, path).is_err(), "{name} {path}");
        }
        assert_eq!(inner(true, "workspaces/team-a/7/b"), "7/b");
        assert_eq!((inner(true, "7/b"), inner(false, "workspaces/a/7")), ("7/b", "workspaces/a/7"));
        assert_eq!(inner(true, "workspaces/team-a"), "");
    }

    #[test]
    fn a_place_belongs_to_one_workspace() {
        for (enabled, name, path, inner) in [
            (true, "team-a", "workspaces/team-a/7/b", Some("7/b")),
            (true, "team-a", "workspaces/team-b/7", None),
            (true, "team-a", "7/b", None),
            (true, "default", "7/b", Some("7/b")),
            (true, "default", "workspaces", None),
            (false, "default", "workspaces/team-a/7", Some("workspaces/team-a/7")),
        ] {
            assert_eq!(of_place(enabled, name, path), inner, "{name} {path}");
        }
    }
}
