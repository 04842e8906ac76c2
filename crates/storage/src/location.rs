use std::{fmt, path::PathBuf, str::FromStr};

use longshore_mlflow::{ModelUri, RunUri};
use percent_encoding::percent_decode_str;

use crate::{Error, Place, http::Url, path};

/// Where a model is, as a user writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Location {
    /// A path on this machine, also written `file://…`.
    Local(PathBuf),
    /// `s3://BUCKET/KEY`: one object, or every object below a prefix.
    S3 {
        /// The bucket.
        bucket: String,
        /// The key or prefix, without a slash at its ends; can be empty.
        key: String,
    },
    /// `gs://BUCKET/NAME`: one object of Google Cloud Storage, or every object below a prefix.
    Gs {
        /// The bucket.
        bucket: String,
        /// The name or prefix, without a slash at its end; can be empty.
        name: String,
    },
    /// `https://ACCOUNT.blob.core.windows.net/CONTAINER/NAME`: one blob of Azure Blob Storage, or every
    /// blob below a prefix; also written `abfss://…` and `wasbs://…`.
    Azure(Place),
    /// `hf://OWNER/NAME[:REVISION]`: a repository of the Hugging Face Hub.
    Hf {
        /// `OWNER/NAME`.
        id: String,
        /// A branch, a tag or a commit.
        revision: String,
    },
    /// `https://…`: a file or an archive.
    Web(String),
    /// `models:/…`.
    Model(ModelUri),
    /// `runs:/ID/PATH`.
    Run(RunUri),
    /// `mlflow-artifacts:/PATH`: files behind the tracking server.
    Artifacts {
        /// Path below the server's artifact root.
        path: String,
    },
}

impl Location {
    /// Whether its files are on this machine already.
    pub fn is_local(&self) -> bool {
        matches!(self, Self::Local(_))
    }

    /// Whether it can point at something else later.
    pub fn can_change(&self) -> bool {
        match self {
            Self::Local(_) | Self::Run(_) => false,
            Self::Model(uri) => uri.moves(),
            // a branch and a tag can; a commit cannot
            Self::Hf { revision, .. } => {
                revision.len() != 40 || !revision.bytes().all(|byte| byte.is_ascii_hexdigit())
            }
            Self::S3 { .. }
            | Self::Gs { .. }
            | Self::Azure(_)
            | Self::Web(_)
            | Self::Artifacts { .. } => true,
        }
    }

    /// Whether a change is one step, not one file after another.
    pub fn changes_at_once(&self) -> bool {
        !matches!(self, Self::S3 { .. } | Self::Gs { .. } | Self::Azure(_) | Self::Artifacts { .. })
    }

    /// The scheme, for metrics and logs.
    pub fn scheme(&self) -> &'static str {
        match self {
            Self::Local(_) => "file",
            Self::S3 { .. } => "s3",
            Self::Gs { .. } => "gs",
            Self::Azure(_) => "azure",
            Self::Hf { .. } => "hf",
            Self::Web(_) => "https",
            Self::Model(_) => "models",
            Self::Run(_) => "runs",
            Self::Artifacts { .. } => "mlflow-artifacts",
        }
    }
}

impl FromStr for Location {
    type Err = Error;

    /// Reads what a user or an MLflow server writes.
    ///
    /// # Errors
    /// [`Error::Location`].
    fn from_str(text: &str) -> Result<Self, Error> {
        let bad = |reason: String| Error::Location { uri: without_user(text), reason };
        let Some((scheme, rest)) = split(text) else {
            return if text.is_empty() {
                Err(bad("it is empty".into()))
            } else {
                Ok(Self::Local(text.into()))
            };
        };
        match &*scheme {
            "file" => file(rest).map_err(bad),
            "s3" | "s3a" | "s3n" => s3(rest).map_err(bad),
            "gs" => gs(rest).map_err(bad),
            "abfs" | "abfss" | "wasb" | "wasbs" => {
                Place::of_hadoop(rest).map(Self::Azure).map_err(bad)
            }
            "hf" => hf(rest).map_err(bad),
            "https" | "http" => match Url::parse(text) {
                Ok(url) if url.userinfo().is_some() => Err(bad(
                    "credentials in a URL end up in logs; put them into `LONGSHORE_HTTP_AUTHORIZATION`".into(),
                )),
                Ok(url) => match Place::of_url(&url).map_err(bad)? {
                    Some(place) => Ok(Self::Azure(place)),
                    None => Ok(Self::Web(text.into())),
                },
                Err(reason) => Err(bad(reason)),
            },
            "models" => text.parse().map(Self::Model).map_err(|error: longshore_mlflow::Error| bad(error.to_string())),
            "runs" => text.parse().map(Self::Run).map_err(|error: longshore_mlflow::Error| bad(error.to_string())),
            "mlflow-artifacts" => artifacts(rest).map_err(bad),
            "pvc" => Err(bad(
                "a volume claim is mounted into the pod, which the operator does for a manifest's `storageUri`; elsewhere, name the path where it is mounted".into(),
            )),
            other => Err(bad(format!(
                "`{other}` is not read; there are paths, `file://`, `s3://`, `gs://`, `abfss://`, `hf://`, `https://`, `models:/` and `runs:/`"
            ))),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(path) => write!(f, "{}", path.display()),
            Self::S3 { bucket, key } => write!(f, "s3://{bucket}/{key}"),
            Self::Gs { bucket, name } => write!(f, "gs://{bucket}/{name}"),
            Self::Azure(place) => place.fmt(f),
            Self::Hf { id, revision } => write!(f, "hf://{id}:{revision}"),
            Self::Web(url) => f.write_str(url.split('?').next().unwrap_or(url)),
            Self::Model(uri) => uri.fmt(f),
            Self::Run(uri) => uri.fmt(f),
            Self::Artifacts { path } => write!(f, "mlflow-artifacts:/{path}"),
        }
    }
}

/// Scheme (lower case) and what follows its colon. A single letter is a drive, not a scheme.
fn split(text: &str) -> Option<(String, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let mut letters = scheme.bytes();
    let starts = letters.next().is_some_and(|b| b.is_ascii_alphabetic());
    let is_scheme = starts
        && scheme.len() > 1
        && letters.all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    (is_scheme && rest.starts_with('/')).then(|| (scheme.to_ascii_lowercase(), rest))
}

fn file(rest: &str) -> Result<Location, String> {
    let path = match rest.strip_prefix("//") {
        None => rest,
        Some(path) if path.starts_with('/') => path,
        Some(rest) => match rest.strip_prefix("localhost/") {
            Some(_) => rest.get("localhost".len()..).unwrap_or_default(),
            // people write `file://models/wine` and mean a relative path
            None if !rest.is_empty() => rest,
            None => return Err("it names no path".into()),
        },
    };
    let decoded = percent_decode_str(path);
    let decoded = decoded.decode_utf8().map_err(|_| "its percent-encoding is not UTF-8")?;
    if decoded.contains('\0') {
        return Err("a path has no NUL character".into());
    }
    Ok(Location::Local(decoded.into_owned().into()))
}

fn s3(rest: &str) -> Result<Location, String> {
    let rest = rest.strip_prefix("//").ok_or("write `s3://BUCKET/KEY`")?;
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    let fits = (3..=63).contains(&bucket.len())
        && bucket.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
        && !bucket.starts_with(['.', '-'])
        && !bucket.contains("..");
    if !fits {
        return Err(format!(
            "`{bucket}` is not a bucket's name: 3 to 63 letters, digits, `-`, `.` and `_`; write `s3://BUCKET/KEY`"
        ));
    }
    let key = key.trim_end_matches('/');
    if !key.is_empty() {
        // S3 would take a few more keys, which no file system could hold
        path::relative(key)?;
    }
    Ok(Location::S3 { bucket: bucket.into(), key: key.into() })
}

fn gs(rest: &str) -> Result<Location, String> {
    let rest = rest.strip_prefix("//").ok_or("write `gs://BUCKET/NAME`")?;
    let (bucket, name) = rest.split_once('/').unwrap_or((rest, ""));
    // a bucket that is named by a domain may be longer
    let fits = (3..=222).contains(&bucket.len())
        && bucket
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._".contains(&b));
    if !fits {
        return Err(format!(
            "`{bucket}` is not a bucket's name: 3 to 222 lower-case letters, digits, `-`, `.` and `_`; write `gs://BUCKET/NAME`"
        ));
    }
    let name = name.trim_end_matches('/');
    if !name.is_empty() {
        path::relative(name)?;
    }
    Ok(Location::Gs { bucket: bucket.into(), name: name.into() })
}

fn hf(rest: &str) -> Result<Location, String> {
    const FORM: &str = "write `hf://OWNER/NAME`, with `:REVISION` behind it for a branch, a tag or a commit other than `main`";
    let rest = rest.strip_prefix("//").ok_or(FORM)?.trim_end_matches('/');
    let (id, revision) = rest.split_once(':').unwrap_or((rest, "main"));
    let is_part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    let is_id = id.split_once('/').is_some_and(|(owner, name)| is_part(owner) && is_part(name));
    if !is_id || revision.is_empty() || revision.chars().any(char::is_control) {
        return Err(FORM.into());
    }
    Ok(Location::Hf { id: id.into(), revision: revision.into() })
}

fn artifacts(rest: &str) -> Result<Location, String> {
    // a host would be the artifact server's name; requests go to the tracking server all the same,
    // because credentials are for that one
    let path = match rest.strip_prefix("//") {
        Some(rest) => rest.split_once('/').map_or("", |(_, path)| path),
        None => rest,
    };
    let path = path.trim_matches('/');
    if !path.is_empty() {
        path::relative(path)?;
    }
    Ok(Location::Artifacts { path: path.into() })
}

fn without_user(text: &str) -> String {
    match text.split_once("://") {
        Some((scheme, rest)) => match rest.split('/').next().and_then(|host| host.rsplit_once('@'))
        {
            // there, a container stands before the `@`
            Some((user, _))
                if !matches!(scheme, "models" | "abfss" | "wasbs" | "abfs" | "wasb") =>
            {
                format!("{scheme}://{}", rest.get(user.len() + 1..).unwrap_or_default())
            }
            _ => text.to_owned(),
        },
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::Location;
    use proptest::prelude::*;

    fn read(text: &str) -> Location {
        text.parse().unwrap()
    }

    #[test]
    fn every_scheme_is_read() {
        assert_eq!(read("models/wine"), Location::Local("models/wine".into()));
        assert_eq!(read("file:///a%20b/c"), Location::Local("/a b/c".into()));
        assert_eq!(read("file:/a"), Location::Local("/a".into()));
        assert_eq!(read("file://models/wine"), Location::Local("models/wine".into()));
        assert_eq!(read("file://localhost/a"), Location::Local("/a".into()));
        let key = |bucket: &str, key: &str| Location::S3 { bucket: bucket.into(), key: key.into() };
        assert_eq!(read("s3://models/wine/1/"), key("models", "wine/1"));
        assert_eq!(read("S3://models"), key("models", ""));
        let gs = Location::Gs { bucket: "models".into(), name: "wine/1".into() };
        assert_eq!(read("gs://models/wine/1/"), gs);
        let hf = |revision: &str| Location::Hf { id: "a/b.c".into(), revision: revision.into() };
        assert_eq!(read("hf://a/b.c"), hf("main"));
        assert_eq!(read("hf://a/b.c:refs/pr/1"), hf("refs/pr/1"));
        assert!(hf("v1").can_change() && !hf(&"0a".repeat(20)).can_change());
        assert_eq!(read("models:/wine@champion").scheme(), "models");
        assert_eq!(read("runs:/ab12/model").scheme(), "runs");
        assert_eq!(read("mlflow-artifacts:/1/x"), Location::Artifacts { path: "1/x".into() });
        assert_eq!(
            read("mlflow-artifacts://host:80/1/x"),
            Location::Artifacts { path: "1/x".into() }
        );
        assert_eq!(read("c:/models"), Location::Local("c:/models".into()));
        assert_eq!(read("name:with:colons"), Location::Local("name:with:colons".into()));
    }

    #[test]
    fn what_is_not_read_says_what_is() {
        let error = |text: &str| text.parse::<Location>().unwrap_err().to_string();
        assert!(error("hdfs://bucket/x").contains("`s3://`"));
        assert!(error("pvc://claim/x").contains("is mounted"));
        assert!(error("gs://A/x").contains("3 to 222"));
        for text in ["hf://a", "hf://a/b/c", "hf://a/..", "hf:/a/b", "hf://a/b:", "hf://a b/c"] {
            assert!(error(text).contains("hf://OWNER/NAME"), "{text}");
        }
        assert!(error("gs:/bucket/x").contains("gs://BUCKET/NAME"));
        assert!(error("gs://bucket/../x").contains("leaves"));
        assert!(error("s3://a/x").contains("3 to 63"));
        assert!(error("s3:/bucket/x").contains("s3://BUCKET/KEY"));
        assert!(error("s3://bucket/../x").contains("leaves"));
        assert!(error("mlflow-artifacts:/../../etc").contains("leaves"));
        let message = error("https://me:secret@host/x");
        assert!(!message.contains("secret"), "{message}");
    }

    proptest! {
        #[test]
        fn no_text_panics_and_what_is_read_is_read_again(text in "(s3:/|gs:/|hf:/|abfss://abc@a\\.dfs\\.core\\.windows\\.net|https://a\\.blob\\.core\\.windows\\.net/|models:/|runs:/|file:/|https:/|mlflow-artifacts:/|)[/a-z0-9@%.:ä-]{0,40}") {
            if let Ok(location) = text.parse::<Location>() {
                let shown = location.to_string();
                if !matches!(location, Location::Local(_)) {
                    prop_assert_eq!(shown.parse::<Location>().ok(), Some(location));
                }
            }
        }
    }
}
