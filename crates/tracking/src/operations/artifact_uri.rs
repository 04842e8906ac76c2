//! URIs of what experiments, runs and logged models keep, one below the other.

use crate::{Error, uri::split_scheme};

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

/// A location for an experiment as it is kept: a relative path becomes an absolute one.
///
/// # Errors
/// A refusal of a location with a fragment: nothing can be appended to it.
pub(super) fn chosen(location: &str) -> Result<String, Error> {
    if split_scheme(location).is_none() {
        let path = std::path::absolute(location).ok();
        let path = path.and_then(|path| path.into_os_string().into_string().ok());
        return path.ok_or_else(|| {
            Error::invalid(format!("`{location}` has no absolute path that is text; write a URI"))
        });
    }
    if location.contains('#') {
        let words = "'artifact_location' URL can't include fragments or params.";
        return Err(Error::invalid(words));
    }
    Ok(location.to_owned())
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
    use super::{below, chosen};

    #[test]
    fn a_relative_path_becomes_absolute() {
        let here = std::env::current_dir().unwrap();
        assert_eq!(chosen("my_location").unwrap(), here.join("my_location").to_str().unwrap());
        assert_eq!(chosen("/srv/a").unwrap(), "/srv/a");
        assert_eq!(chosen("s3://b/x").unwrap(), "s3://b/x");
        assert!(chosen("s3://b/x#f").is_err());
    }

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
