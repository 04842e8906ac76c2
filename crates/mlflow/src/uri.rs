use std::{fmt, str::FromStr};

use crate::Error;

/// A model of the registry or of the tracking store: `models:/…`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ModelUri {
    /// `models:/NAME/VERSION`.
    Version {
        /// The registered model.
        name: String,
        /// Its version, from 1.
        version: u64,
    },
    /// `models:/NAME@ALIAS`.
    Alias {
        /// The registered model.
        name: String,
        /// The alias, which may move from version to version.
        alias: String,
    },
    /// `models:/NAME/STAGE`: the latest version in a stage (`Staging`, `Production`, …).
    Stage {
        /// The registered model.
        name: String,
        /// The stage as written.
        stage: String,
    },
    /// `models:/NAME/latest`: the highest version.
    Latest {
        /// The registered model.
        name: String,
    },
    /// `models:/m-ID`: a logged model of MLflow 3, registered or not.
    Logged {
        /// The id with its `m-`.
        id: String,
    },
}

/// Artifacts of a run: `runs:/ID/PATH`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RunUri {
    /// The run's id.
    pub run_id: String,
    /// Path below the run's artifacts, without slashes at its ends.
    pub path: String,
}

fn malformed(uri: &str, reason: impl Into<String>) -> Error {
    Error::Uri { uri: uri.into(), reason: reason.into() }
}

/// What follows the scheme, without its slashes. A host would name another registry.
fn path<'a>(uri: &'a str, scheme: &str) -> Result<&'a str, Error> {
    let rest = uri
        .strip_prefix(scheme)
        .ok_or_else(|| malformed(uri, format!("it does not begin with `{scheme}`")))?;
    let rest = match rest.strip_prefix("//") {
        Some(rest) if rest.starts_with('/') => rest,
        Some(rest) => {
            let host = rest.split('/').next().unwrap_or(rest);
            return Err(malformed(
                uri,
                format!(
                    "`{host}` would be another server's name; write `{scheme}/…` and name the server with `--tracking-uri`"
                ),
            ));
        }
        None => rest,
    };
    rest.strip_prefix('/').ok_or_else(|| malformed(uri, format!("write `{scheme}/…`")))
}

impl FromStr for ModelUri {
    type Err = Error;

    /// Reads the forms that MLflow's client reads.
    ///
    /// # Errors
    /// [`Error::Uri`].
    fn from_str(uri: &str) -> Result<Self, Error> {
        const FORMS: &str = "write `models:/NAME/VERSION`, `models:/NAME@ALIAS` or `models:/m-ID`";
        let path = path(uri, "models:")?.trim_end_matches('/');
        let bad = |reason: &str| malformed(uri, format!("{reason}; {FORMS}"));
        if path.contains(['?', '#']) || path.chars().any(char::is_control) {
            return Err(bad("names have no `?`, `#` or control characters"));
        }
        match path.split_once('/') {
            Some((_, rest)) if rest.contains('/') => Err(bad("it has too many parts")),
            Some((name, rest)) if name.trim().is_empty() || rest.trim().is_empty() => {
                Err(bad("a part is empty"))
            }
            Some((name, rest)) => Ok(Self::suffixed(name, rest)),
            None => match path.rsplit_once('@') {
                Some((name, alias)) if name.trim().is_empty() || alias.trim().is_empty() => {
                    Err(bad("a part is empty"))
                }
                Some((name, alias)) => Ok(Self::Alias { name: name.into(), alias: alias.into() }),
                None if path.starts_with("m-") => Ok(Self::Logged { id: path.into() }),
                None => Err(bad("it names neither a version nor an alias")),
            },
        }
    }
}

impl ModelUri {
    fn suffixed(name: &str, suffix: &str) -> Self {
        let name = name.to_owned();
        match suffix.parse::<u64>() {
            Ok(version) if suffix.bytes().all(|b| b.is_ascii_digit()) => {
                Self::Version { name, version }
            }
            _ if suffix.eq_ignore_ascii_case("latest") => Self::Latest { name },
            _ => Self::Stage { name, stage: suffix.into() },
        }
    }

    /// The registered model, or the logged model's id.
    pub fn name(&self) -> &str {
        match self {
            Self::Version { name, .. }
            | Self::Alias { name, .. }
            | Self::Stage { name, .. }
            | Self::Latest { name }
            | Self::Logged { id: name } => name,
        }
    }

    /// Whether it names a version of a registered model.
    pub fn is_registered(&self) -> bool {
        !matches!(self, Self::Logged { .. })
    }

    /// Whether what it names can change without its text changing.
    pub fn moves(&self) -> bool {
        matches!(self, Self::Alias { .. } | Self::Stage { .. } | Self::Latest { .. })
    }
}

impl fmt::Display for ModelUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version { name, version } => write!(f, "models:/{name}/{version}"),
            Self::Alias { name, alias } => write!(f, "models:/{name}@{alias}"),
            Self::Stage { name, stage } => write!(f, "models:/{name}/{stage}"),
            Self::Latest { name } => write!(f, "models:/{name}/latest"),
            Self::Logged { id } => write!(f, "models:/{id}"),
        }
    }
}

impl FromStr for RunUri {
    type Err = Error;

    /// Reads `runs:/ID/PATH`.
    ///
    /// # Errors
    /// [`Error::Uri`], also for a path that climbs out of the run.
    fn from_str(uri: &str) -> Result<Self, Error> {
        let path = path(uri, "runs:")?.trim_end_matches('/');
        let (run_id, path) = path.split_once('/').unwrap_or((path, ""));
        if run_id.is_empty() || !run_id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return Err(malformed(uri, "write `runs:/RUN_ID/PATH`"));
        }
        if path.split('/').any(|part| part == "..") || path.chars().any(char::is_control) {
            return Err(malformed(uri, "its path leaves the run"));
        }
        Ok(Self { run_id: run_id.into(), path: path.trim_start_matches('/').into() })
    }
}

impl fmt::Display for RunUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "runs:/{}/{}", self.run_id, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::{ModelUri, RunUri};

    #[test]
    fn every_form_is_read_and_written_back() {
        for (text, moves) in [
            ("models:/wine/3", false),
            ("models:/wine@champion", true),
            ("models:/wine/Production", true),
            ("models:/wine/latest", true),
            ("models:/m-0123456789abcdef0123456789abcdef", false),
            ("models:/red wine@a@b", true),
        ] {
            let uri: ModelUri = text.parse().unwrap();
            assert_eq!(uri.to_string(), text);
            assert_eq!(uri.moves(), moves, "{text}");
        }
        let uri: ModelUri = "models:///wine/LATEST".parse().unwrap();
        assert_eq!(uri, ModelUri::Latest { name: "wine".into() });
        let run: RunUri = "runs:/0a1b/model/".parse().unwrap();
        assert_eq!((&*run.run_id, &*run.path), ("0a1b", "model"));
    }

    #[test]
    fn what_is_malformed_says_how_to_write_it() {
        for text in [
            "models:wine/1",
            "models:/",
            "models:/wine",
            "models:/wine/1/2",
            "models:/wine@",
            "models://host/wine/1",
            "models:/@a",
            "models:/a?b/1",
        ] {
            let error = text.parse::<ModelUri>().unwrap_err().to_string();
            assert!(error.contains("write `"), "{error}");
        }
        for text in ["runs:/", "runs:/a/../b", "runs:/a b/model", "runs://host/a"] {
            assert!(text.parse::<RunUri>().is_err(), "{text}");
        }
    }
}
