//! URIs of what experiments, runs and logged models keep, one below the other.

use crate::{Error, operation::Context, store::Connection, uri::split_scheme, workspaces::folder};

/// The URI with `path` appended to its path: the query stays where it is. What has no scheme is a path.
/// The rules are those of MLflow's `append_to_uri_path`, so that both servers find the same files.
pub(crate) fn below(uri: &str, path: &str) -> String {
    let Some((scheme, rest)) = split_scheme(uri) else { return join(uri, path) };
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let (place, query) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let is_bare_host =
        place.strip_prefix("//").is_some_and(|it| !it.is_empty() && !it.contains('/'));
    let place = if is_bare_host { format!("{place}/") } else { place.to_owned() };
    format!("{scheme}:{}{query}", join(&place, path))
}

/// The location below which experiments of the caller's workspace keep their artifacts.
///
/// # Errors
/// Those of the store.
pub(super) fn root(on: &mut dyn Connection, context: &Context<'_>) -> Result<String, Error> {
    let (settings, name) = (context.settings, &context.caller.workspace);
    let Some(folder) = folder(settings.workspaces, name) else {
        return Ok(settings.artifact_root.clone());
    };
    let sql = "SELECT default_artifact_root FROM workspaces WHERE name = ?";
    let row = on.first(sql, &[name.into()])?;
    let own = row.map(|mut row| row.take::<Option<String>>(0)).transpose()?.flatten();
    let own = own.filter(|root| !root.is_empty());
    Ok(own.unwrap_or_else(|| below(&settings.artifact_root, &folder)))
}

fn join(start: &str, path: &str) -> String {
    match start {
        "" => path.to_owned(),
        start if start.ends_with('/') => format!("{start}{path}"),
        start => format!("{start}/{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::below;

    #[test]
    fn a_path_is_appended_as_mlflow_does() {
        // answers of mlflow.utils.uri.append_to_uri_path
        let cases = [
            ("mlflow-artifacts:/", "mlflow-artifacts:/7/artifacts"),
            ("mlflow-artifacts:", "mlflow-artifacts:7/artifacts"),
            ("mlflow-artifacts://host:1/a", "mlflow-artifacts://host:1/a/7/artifacts"),
            ("s3://bucket", "s3://bucket/7/artifacts"),
            ("s3://bucket/", "s3://bucket/7/artifacts"),
            ("s3://bucket/a?b=c", "s3://bucket/a/7/artifacts?b=c"),
            ("file:///srv/a/", "file:///srv/a/7/artifacts"),
            ("file:rel", "file:rel/7/artifacts"),
            ("/srv/a", "/srv/a/7/artifacts"),
            ("", "7/artifacts"),
            ("./mlruns", "./mlruns/7/artifacts"),
            ("dbfs:/a", "dbfs:/a/7/artifacts"),
        ];
        for (uri, wanted) in cases {
            assert_eq!(below(uri, "7/artifacts"), wanted, "{uri}");
        }
    }
}
