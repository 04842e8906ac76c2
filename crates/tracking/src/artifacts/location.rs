use std::path::{Component, Path, PathBuf};

use super::{ArtifactPath, bucket::Place};
use crate::{Error, uri::split_scheme};

/// What comes before the path in an address of the artifact proxy.
const PROXY: &str = "/api/2.0/mlflow-artifacts/artifacts";

/// Folders of the system, where nobody keeps artifacts.
const OF_SYSTEM: [&str; 12] = [
    "/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/proc", "/run", "/sbin", "/sys",
    "/usr",
];

/// Where artifacts are, as a URI that the database holds says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    /// Below the destination of the artifact proxy.
    Proxied(ArtifactPath),
    /// On a disk, by an absolute path.
    Disk(PathBuf),
    /// Below the artifacts of a run.
    Run(String, ArtifactPath),
    /// In a bucket.
    Bucket {
        /// The bucket.
        place: Place,
        /// The key, or the beginning of keys.
        key: ArtifactPath,
    },
    /// In a storage of this scheme, which clients use themselves.
    Elsewhere(String),
}

impl Location {
    /// Reads a URI. What does not belong to a place is refused: a fragment, and a path that climbs.
    ///
    /// # Errors
    /// A refusal that says what is wrong.
    pub(crate) fn parse(uri: &str) -> Result<Self, Error> {
        let wrong = |why: &str| Error::invalid(format!("the location `{uri}` {why}"));
        if uri.contains(['#', '\0']) {
            return Err(wrong("has a fragment"));
        }
        let Some((scheme, rest)) = split_scheme(uri) else { return disk(uri, uri) };
        let rest = rest.split('?').next().unwrap_or_default();
        let scheme = scheme.to_ascii_lowercase();
        // a host, when there is one, is the server's own or one that only clients know
        let path = rest
            .strip_prefix("//")
            .map_or(rest, |rest| rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default());
        let below = |path: &str| {
            ArtifactPath::parse(path.trim_start_matches('/'))
                .map_err(|_| wrong("has a path that leaves its root"))
        };
        match scheme.as_str() {
            "mlflow-artifacts" => Ok(Self::Proxied(below(path)?)),
            "http" | "https" => {
                let (_, path) = path.split_once(PROXY).ok_or_else(|| {
                    wrong("is no address of the artifact proxy, the only one that is read here")
                })?;
                Ok(Self::Proxied(below(path)?))
            }
            "runs" => {
                let (run, path) = match path.trim_start_matches('/').split_once('/') {
                    Some((run, path)) => (run, path),
                    None => (path.trim_start_matches('/'), ""),
                };
                Ok(Self::Run(run.to_owned(), below(path)?))
            }
            "file" => match rest.strip_prefix("//") {
                Some(rest) if !rest.starts_with('/') && !rest.starts_with("localhost/") => {
                    Err(wrong("names a host; a `file:` location has none"))
                }
                _ => {
                    let path = longshore_daemon::percent::decode(path);
                    disk(uri, &path.ok_or_else(|| wrong("is not valid percent-encoded text"))?)
                }
            },
            bucket if Place::is_of(bucket) => {
                let rest = rest.trim_start_matches('/');
                let (authority, key) = rest.split_once('/').unwrap_or((rest, ""));
                let place = Place::parse(bucket, authority).map_err(wrong)?;
                Ok(Self::Bucket { place, key: below(key)? })
            }
            _ => Ok(Self::Elsewhere(scheme)),
        }
    }

    /// Whether it is a folder of the system, or the whole disk.
    pub(crate) fn is_of_system(&self) -> bool {
        let Self::Disk(path) = self else { return false };
        path.parent().is_none() || OF_SYSTEM.iter().any(|folder| path.starts_with(folder))
    }

    /// The folder, when it is one that a server chose for the experiment with this id: below its artifact
    /// root, by the name of the id.
    pub(crate) fn of_experiment(&self, id: i64) -> Option<&Path> {
        match self {
            Self::Disk(path) if !self.is_of_system() => {
                Some(path.as_path()).filter(|it| it.ends_with(id.to_string()))
            }
            _ => None,
        }
    }

    /// The path of `other` below this place.
    pub(crate) fn join(&self, other: &ArtifactPath) -> Self {
        match self {
            Self::Proxied(path) => Self::Proxied(path.join(other)),
            Self::Disk(path) => Self::Disk(path.join(other.as_str())),
            Self::Run(run, path) => Self::Run(run.clone(), path.join(other)),
            Self::Bucket { place, key } => {
                Self::Bucket { place: place.clone(), key: key.join(other) }
            }
            Self::Elsewhere(scheme) => Self::Elsewhere(scheme.clone()),
        }
    }
}

fn disk(uri: &str, path: &str) -> Result<Location, Error> {
    let climbs = Path::new(path).components().any(|part| part == Component::ParentDir);
    let absolute = std::path::absolute(path).ok().filter(|_| !climbs && !path.contains('\0'));
    let words = || Error::invalid(format!("the location `{uri}` has a path that leaves its root"));
    absolute.map(Location::Disk).ok_or_else(words)
}

#[cfg(test)]
mod tests {
    use super::{ArtifactPath, Location, Place};

    fn path(text: &str) -> ArtifactPath {
        ArtifactPath::parse(text).unwrap()
    }

    #[test]
    fn a_location_is_read_once() {
        let proxied = |text| Location::Proxied(path(text));
        let bucket = |place| Location::Bucket { place, key: path("key") };
        let azure = || Place::Azure { account: "shore".into(), container: "files".into() };
        let cases = [
            ("mlflow-artifacts:/0/r/artifacts", proxied("0/r/artifacts")),
            ("mlflow-artifacts:0/r", proxied("0/r")),
            ("mlflow-artifacts://host:5000/0/r", proxied("0/r")),
            ("MLFLOW-ARTIFACTS:///0/r", proxied("0/r")),
            ("http://h:1/api/2.0/mlflow-artifacts/artifacts/0/r", proxied("0/r")),
            ("https://h/p/api/2.0/mlflow-artifacts/artifacts", proxied("")),
            ("runs:/abc/model/a", Location::Run("abc".into(), path("model/a"))),
            ("file:///srv/a%20b", Location::Disk("/srv/a b".into())),
            ("file://localhost/srv", Location::Disk("/srv".into())),
            ("/srv/a%20b", Location::Disk("/srv/a%20b".into())),
            ("S3://bucket/key", bucket(Place::S3("bucket".into()))),
            ("gs://bucket/key", bucket(Place::Gs("bucket".into()))),
            ("wasbs://files@shore.blob.core.windows.net/key", bucket(azure())),
            ("abfss://files@shore.dfs.core.windows.net/key", bucket(azure())),
            ("dbfs:/a/../b", Location::Elsewhere("dbfs".into())),
        ];
        for (uri, wanted) in cases {
            assert_eq!(Location::parse(uri).unwrap(), wanted, "{uri}");
        }
    }

    #[test]
    fn a_location_that_climbs_is_refused() {
        let wrong = [
            "mlflow-artifacts:/../../x",
            "mlflow-artifacts:/a/%2e%2e/%2e%2e/x",
            "mlflow-artifacts:/a/..%252f..%252fx",
            "mlflow-artifacts:/a#/../b",
            "http://h/etc/passwd",
            "http://h/api/2.0/mlflow-artifacts/artifacts/../../x",
            "runs:/abc/../../x",
            "s3://bucket/a/../../b",
            "gs://",
            "wasbs://files/key",
            "wasbs://files@shore.example.com/key",
            "file:///srv/../etc",
            "file:///srv/%2e%2e/etc",
            "file://host/etc",
            "file:///a%00b",
            "/srv/../etc",
            "../etc",
        ];
        for uri in wrong {
            assert!(Location::parse(uri).is_err(), "{uri}");
        }
    }
}
