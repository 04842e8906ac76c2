//! What to do about an error, where its own words do not say it.

use std::{
    error::Error as Cause,
    fmt, io,
    path::{Path, PathBuf},
};

use longshore_daemon::Error as DaemonError;
use longshore_engine::Error as EngineError;
use longshore_serve::Error as ServeError;
use longshore_storage::Error as StorageError;

use crate::client::{Failure, Kind};

/// A file that a command was given cannot be read.
#[derive(Debug)]
pub(crate) struct Unreadable {
    pub(crate) path: PathBuf,
    pub(crate) source: io::Error,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to read `{}`: {}", self.path.display(), self.source)
    }
}

impl Cause for Unreadable {}

/// What an error means to a command, in words that say what to do as well.
#[derive(Debug)]
pub(crate) struct Advised(pub(crate) String);

impl fmt::Display for Advised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The next step after an error, when there is one to tell.
pub(crate) fn of(error: &anyhow::Error) -> Option<String> {
    if error.is::<Advised>() {
        return None;
    }
    error.chain().find_map(|cause| {
        if let Some(Unreadable { path, source }) = cause.downcast_ref() {
            return file(path, source);
        }
        let boxed = || cause.downcast_ref::<Box<EngineError>>().map(|boxed| &**boxed);
        if let Some(EngineError::Io { path, source }) = cause.downcast_ref().or_else(boxed) {
            return file(path, source);
        }
        match cause.downcast_ref() {
            Some(StorageError::Location { uri, .. }) => return scheme(uri),
            Some(StorageError::Unavailable { .. }) => {
                return Some(
                    "check the address, whether the server runs, and the way there (network, proxy); the same command \
                     may succeed later"
                        .into(),
                );
            }
            _ => {}
        }
        // an error of the server that is one of the daemon stands for it in the chain
        let served = || match cause.downcast_ref() {
            Some(ServeError::Server(error)) => Some(error),
            _ => None,
        };
        if let Some(DaemonError::Listen { address, source }) = cause.downcast_ref().or_else(served) {
            return listen(address.port(), source.kind());
        }
        if let Some(error) = cause.downcast_ref::<io::Error>() {
            return place(error.kind());
        }
        match cause.downcast_ref::<Failure>()?.kind {
            Kind::Refused => Some(
                "nothing listens there: `longshore serve PATH` starts a server on port 8080, `longshore demo` one with \
                 models"
                    .into(),
            ),
            Kind::Resolve => Some("check the name of the host".into()),
            _ => None,
        }
    })
}

/// What a location may be meant to begin with.
#[cfg(feature = "cli")]
fn scheme(uri: &str) -> Option<String> {
    const KNOWN: [&str; 10] =
        ["example", "file", "s3", "gs", "abfss", "hf", "http", "https", "models", "runs"];
    let (scheme, rest) = uri.split_once(':').filter(|(scheme, _)| !KNOWN.contains(scheme))?;
    let near = KNOWN.iter().find(|known| strsim::osa_distance(scheme, known) == 1)?;
    Some(format!("did you mean `{near}:{rest}`?"))
}

#[cfg(not(feature = "cli"))]
fn scheme(_: &str) -> Option<String> {
    None
}

fn listen(port: u16, kind: io::ErrorKind) -> Option<String> {
    match kind {
        io::ErrorKind::AddrInUse => Some(format!(
            "another program listens on port {port}: end it, or take another port, as in `--port {}`; `--port 0` takes \
             a free one",
            port.checked_add(1).unwrap_or(8080)
        )),
        io::ErrorKind::PermissionDenied => {
            Some("ports below 1024 are for the system: take a higher one with `--port`".into())
        }
        io::ErrorKind::AddrNotAvailable => Some(
            "this machine has no such address: `--host 0.0.0.0` listens on all that it has".into(),
        ),
        _ => None,
    }
}

fn file(path: &Path, source: &io::Error) -> Option<String> {
    match source.kind() {
        io::ErrorKind::NotFound => Some(missing(path)),
        io::ErrorKind::PermissionDenied => {
            // a folder is read by whoever may enter it too
            let rights = if path.is_dir() { "rx" } else { "r" };
            Some(format!("let this user read it, as in `chmod u+{rights} {}`", path.display()))
        }
        _ => None,
    }
}

/// What to do about a place that the system refuses.
fn place(kind: io::ErrorKind) -> Option<String> {
    let advice = match kind {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "make room there, or name a place on another disk"
        }
        io::ErrorKind::ReadOnlyFilesystem => "nothing can be written there: name another place",
        io::ErrorKind::PermissionDenied => {
            "this user may not do that there: name another place, or have the right to it granted"
        }
        _ => return None,
    };
    Some(advice.into())
}

/// What may be meant by a path that leads nowhere.
fn missing(path: &Path) -> String {
    let folder =
        path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return format!("there is no folder `{}` either: check the path", folder.display());
    }
    if let Some(near) = near(path, folder) {
        return format!("did you mean `{}`?", path.with_file_name(near).display());
    }
    match std::env::current_dir() {
        Ok(here) if path.is_relative() => format!("relative paths begin at `{}`", here.display()),
        _ => format!("`{}` holds nothing of that name", folder.display()),
    }
}

/// The nearest name in a folder.
#[cfg(feature = "cli")]
fn near(path: &Path, folder: &Path) -> Option<String> {
    let entries = std::fs::read_dir(folder).ok()?.take(1000);
    let paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    // models have the same few endings, which would make all of them near
    let stem = |path: &Path| Some(path.file_stem()?.to_str()?.to_owned());
    let wanted = stem(path)?;
    let paths: Vec<_> = paths
        .into_iter()
        .filter(|other| {
            other.extension() == path.extension() || stem(other).as_ref() == Some(&wanted)
        })
        .collect();
    let stems: Vec<_> = paths.iter().filter_map(|path| stem(path)).collect();
    let nearest = super::near::nearest(&wanted, &stems)?;
    let found = paths.iter().find(|path| stem(path).as_deref() == Some(nearest))?;
    Some(found.file_name()?.to_str()?.to_owned())
}

#[cfg(not(feature = "cli"))]
fn near(_: &Path, _: &Path) -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_leads_nowhere_is_told_what_is_near_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("churn.joblib"), "").unwrap();
        let at = |name: &str| missing(&folder.path().join(name));
        #[cfg(feature = "cli")]
        assert!(at("chrun.joblib").contains("churn.joblib`?"));
        assert!(at("chrun.csv").contains("holds nothing"));
        assert!(at("x").contains("holds nothing"));
        assert!(at("nope.joblib").contains("holds nothing"));
        assert!(at("no/x").contains("no folder"));
        assert!(missing(Path::new("no-such-file-here")).contains("begin at"));
    }

    #[cfg(feature = "cli")]
    #[test]
    fn a_scheme_that_is_near_is_told() {
        assert_eq!(scheme("model:/wine/1").unwrap(), "did you mean `models:/wine/1`?");
        assert_eq!(scheme("exmaple://wine").unwrap(), "did you mean `example://wine`?");
        assert_eq!(scheme("s3a://bucket/wine").unwrap(), "did you mean `s3://bucket/wine`?");
        assert_eq!(scheme("models:/wine"), None);
        assert_eq!(scheme("hdfs://a/b"), None);
    }

    #[test]
    fn a_port_that_is_taken_is_told_which_is_free() {
        assert!(listen(8080, io::ErrorKind::AddrInUse).unwrap().contains("`--port 8081`"));
        assert!(listen(80, io::ErrorKind::PermissionDenied).unwrap().contains("1024"));
    }
}
