//! Where a client may say that an experiment keeps its artifacts.

use longshore_mlflow::rest::checks;

use crate::{
    Error,
    allow::allow,
    artifacts::{ArtifactPath, Location, reach},
    operation::{Context, Level, Need, Object},
    operations::version_source,
    state::Settings,
    store::Connection,
    uri::split_scheme,
};

/// Schemes whose last part can have parameters behind a semicolon (RFC 3986 §3.3); the empty one is a path.
const WITH_PARAMS: [&str; 5] = ["", "ftp", "http", "https", "sftp"];

/// A location as it is kept: a relative path becomes an absolute one.
///
/// # Errors
/// A refusal of what leads out of its place, of a host that the server would have to ask, of a fragment,
/// since nothing can be appended to it, and of folders of the system.
pub(in crate::operations) fn checked(location: &str, settings: &Settings) -> Result<String, Error> {
    checks::artifact_location(location)?;
    let (scheme, rest) = split_scheme(location).unwrap_or(("", location));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let last = rest.rsplit('/').next().unwrap_or_default();
    let has_params =
        last.contains(';') && WITH_PARAMS.iter().any(|it| it.eq_ignore_ascii_case(scheme));
    if location.contains('#') || has_params {
        let words = "'artifact_location' URL can't include fragments or params.";
        return Err(Error::invalid(words));
    }
    if version_source::forms(query).is_none_or(|forms| forms.iter().any(|it| it.contains(".."))) {
        return Err(Error::invalid("Invalid query string"));
    }
    version_source::not_of_host("artifact_location", location, settings)?;
    match Location::parse(location)? {
        Location::Disk(_) if scheme.is_empty() => absolute(location),
        Location::Elsewhere(_) if ArtifactPath::parse(rest.trim_start_matches('/')).is_err() => {
            let words = format!("the location `{location}` has a path that leaves its root");
            Err(Error::invalid(words))
        }
        place if place.is_of_system() => Err(Error::invalid(format!(
            "`{location}` is in a folder of the system; name another location for the artifacts"
        ))),
        _ => Ok(location.to_owned()),
    }
}

/// Refuses a folder that is in the folder of an experiment which the caller may not change: what is logged to the new
/// one would be among its files.
///
/// # Errors
/// A refusal.
pub(super) fn not_of_others(
    on: &mut dyn Connection,
    context: &Context<'_>,
    location: &str,
) -> Result<(), Error> {
    let own = reach::own(context.settings, &Location::parse(location)?);
    match own.as_ref().and_then(ArtifactPath::experiment) {
        Some(id) => allow(on, context.caller, &[Need::of(Level::Edit, Object::Experiment(id))]),
        None => Ok(()),
    }
}

/// Refuses a folder that is called like the experiment in it: those are of a server's own choice, and what
/// is below them is read even when the server keeps its artifacts elsewhere by now.
///
/// # Errors
/// A refusal.
pub(super) fn not_as_chosen(location: &str, id: i64, settings: &Settings) -> Result<(), Error> {
    let Ok(place) = Location::parse(location) else { return Ok(()) };
    match place.of_experiment(id) {
        Some(folder) if reach::root(settings, folder).is_none() => Err(Error::invalid(format!(
            "`{location}` ends with the id of its experiment; name a location that does not"
        ))),
        _ => Ok(()),
    }
}

fn absolute(path: &str) -> Result<String, Error> {
    let absolute = std::path::absolute(path).ok();
    let absolute = absolute.filter(|path| !Location::Disk(path.clone()).is_of_system());
    let absolute = absolute.and_then(|path| path.into_os_string().into_string().ok());
    absolute.ok_or_else(|| {
        Error::invalid(format!(
            "`{path}` cannot keep artifacts: it is in a folder of the system, or its absolute path is no text; name another location"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::{checked, not_as_chosen};
    use crate::state::Settings;

    #[test]
    fn a_relative_path_becomes_absolute() {
        let settings = Settings::default();
        let here = std::env::current_dir().unwrap();
        let wanted = here.join("my_location");
        assert_eq!(checked("my_location", &settings).unwrap(), wanted.to_str().unwrap());
        let same = [
            "/srv/a",
            "file:///srv/a",
            "s3://b/x;y?region=eu",
            "gs://b/x",
            "dbfs:/a",
            "mlflow-artifacts:/x",
            "wasbs://c@a.blob.core.windows.net/x",
        ];
        for location in same {
            assert_eq!(checked(location, &settings).unwrap(), location);
        }
    }

    #[test]
    fn what_leads_elsewhere_is_refused() {
        let settings = Settings::default();
        let wrong = [
            "s3://b/x#f",
            "/srv/a;b",
            "http://h/api/2.0/mlflow-artifacts/artifacts/a",
            "https://169.254.169.254/latest",
            "ftp://h/a",
            "sftp://h/a",
            "hdfs://h/a",
            "mlflow-artifacts://h/a",
            "mlflow-artifacts:/../../x",
            "mlflow-artifacts:/a/%2e%2e/%2e%2e/x",
            "s3://b/a?x=../../y",
            "s3://b/a?x=%2e%2e/y",
            "gs://b/../c",
            "dbfs:/a/..%252f../b",
            "file://host/a",
            "file:///etc",
            "file:///%65tc/ssl",
            "FILE:/etc/passwd",
            "/etc",
            "//etc/ssl",
            "/proc/self/root",
            "/",
            "/srv/../etc",
            "../../../../../../../../etc",
            "runs:/abc/x",
        ];
        for location in wrong {
            assert!(checked(location, &settings).is_err(), "{location}");
        }
        let longest = format!("s3://b/{}", "x".repeat(2041));
        assert!(checked(&longest, &settings).is_ok());
        assert!(checked(&format!("{longest}x"), &settings).is_err());
    }

    #[test]
    fn a_client_cannot_choose_as_a_server_does() {
        let mut settings = Settings::default();
        for (location, id, is_right) in [
            ("/srv/a/7", 7, false),
            ("file:///srv/a/7/", 7, false),
            ("/srv/a/7", 8, true),
            ("/srv/a/7/x", 7, true),
            ("s3://b/7", 7, true),
        ] {
            assert_eq!(not_as_chosen(location, id, &settings).is_ok(), is_right, "{location}");
        }
        settings.artifact_root = "/srv/a".to_owned();
        assert!(not_as_chosen("/srv/a/7", 7, &settings).is_ok());
    }
}
