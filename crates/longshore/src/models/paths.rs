//! Where a model's files are on this machine: one path, or several of a chain, `SCALER+MODEL`.

use std::{
    convert::Infallible,
    io,
    path::{Path, PathBuf},
};

use anyhow::{Result, bail};
use longshore_engine::Source;
use longshore_storage::Location;

/// One path, or those of a chain in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Paths(Vec<PathBuf>);

impl Paths {
    /// A single path.
    pub(crate) fn one(path: PathBuf) -> Self {
        Self(vec![path])
    }

    /// The paths of a chain; `None` when `argument` is no chain. A `+` may also be part of a name:
    /// a path that exists as it is written is not cut, and when no part exists there is no chain.
    ///
    /// # Errors
    /// A link that is not on this machine.
    pub(crate) fn chain(argument: &str) -> Result<Option<Self>> {
        if !argument.contains('+') || exists(argument) {
            return Ok(None);
        }
        let links = cut(argument);
        // one remote location may have a `+` in its name
        let of_remote =
            argument.split('+').skip(1).any(is_remote) || links.iter().any(|link| exists(link));
        if let Some(link) = links.iter().find(|link| is_remote(link)).filter(|_| of_remote) {
            bail!(
                "`{link}` in the chain `{argument}` is not on this machine: the files of a chain are \
                 read from paths; download it, or save one `Pipeline`"
            );
        }
        let is_chain = links.len() > 1 && links.iter().any(|link| exists(link));
        Ok(is_chain.then(|| Self(links.into_iter().map(path).collect())))
    }

    /// The paths, in order.
    pub(crate) fn all(&self) -> &[PathBuf] {
        &self.0
    }

    /// The files there.
    ///
    /// # Errors
    /// When there is nothing at a path or it cannot be reached.
    pub(crate) fn open(&self) -> Result<Source, longshore_engine::Error> {
        self.each(Source::open)
    }

    /// The files there. A path that leads nowhere is no error yet: loading it fails.
    pub(crate) fn source(&self) -> Source {
        let file =
            |path: &Path| Ok(Source::open(path).unwrap_or_else(|_| Source::File(path.to_owned())));
        let Ok(source) = self.each::<Infallible>(file);
        source
    }

    fn each<E>(&self, open: impl Fn(&Path) -> Result<Source, E>) -> Result<Source, E> {
        match &self.0[..] {
            [only] => open(only),
            links => {
                links.iter().map(|link| open(link)).collect::<Result<_, _>>().map(Source::Chain)
            }
        }
    }
}

/// The part of an argument that gives the model its name: a chain has the name of its last link.
pub(super) fn naming(argument: &str) -> &str {
    match Paths::chain(argument) {
        Ok(Some(_)) => cut(argument).last().copied().unwrap_or(argument),
        _ => argument,
    }
}

/// Cuts after the shortest path that exists, else at the next `+`.
fn cut(argument: &str) -> Vec<&str> {
    let mut links = Vec::new();
    let mut rest = argument;
    loop {
        let ends = rest.match_indices('+').map(|(at, _)| at).chain([rest.len()]);
        let end = ends.clone().find(|&end| rest.get(..end).is_some_and(exists));
        let end = end.or_else(|| ends.min()).unwrap_or(rest.len());
        links.push(rest.get(..end).unwrap_or_default());
        match rest.get(end + 1..) {
            Some(behind) => rest = behind,
            None => return links,
        }
    }
}

/// The path of a local link, which may be written with `file://`.
fn path(link: &str) -> PathBuf {
    match link.parse() {
        Ok(Location::Local(path)) => path,
        _ => link.into(),
    }
}

fn exists(link: &str) -> bool {
    // a path that may not be looked at counts as existing: loading it says why it cannot be read
    let hidden = |error: io::Error| error.kind() == io::ErrorKind::PermissionDenied;
    !link.is_empty() && path(link).try_exists().unwrap_or_else(hidden)
}

fn is_remote(link: &str) -> bool {
    link.parse::<Location>().is_ok_and(|location| !location.is_local())
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use longshore_engine::Source;

    use super::{Paths, naming};

    fn chain(argument: &str) -> Result<Option<Vec<PathBuf>>, String> {
        let paths = Paths::chain(argument).map_err(|error| error.to_string())?;
        Ok(paths.map(|paths| paths.all().to_vec()))
    }

    #[test]
    fn a_chain_is_cut_where_its_files_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| {
            let path = folder.path().join(name).display().to_string();
            fs::write(&path, b"").unwrap();
            path
        };
        let (scaler, model, plus) = (path("scaler.pkl"), path("model.pkl"), path("c++.pkl"));
        let two = |first: &str, second: &str| Ok(Some(vec![first.into(), second.into()]));
        let argument = format!("{scaler}+{model}");
        assert_eq!(chain(&argument), two(&scaler, &model));
        assert_eq!(naming(&argument), model);
        assert_eq!(chain(&plus), Ok(None));
        assert_eq!(naming(&plus), plus);
        assert_eq!(chain(&format!("{plus}+{model}")), two(&plus, &model));
        assert_eq!(chain(&path("a+b")), Ok(None));
        assert_eq!(chain(&format!("file://{scaler}+{model}")), two(&scaler, &model));
        // what is missing is the failure of this model, when it is loaded
        let missing = format!("{scaler}+{model}x");
        assert_eq!(chain(&missing), two(&scaler, &format!("{model}x")));
        let paths = Paths::chain(&missing).unwrap().unwrap();
        assert!(paths.open().unwrap_err().to_string().contains("model.pklx"));
        assert!(matches!(paths.source(), Source::Chain(links) if links.len() == 2));
        // no file at all: one path that leads nowhere
        assert_eq!(chain("/no/scaler.pkl+/no/model.pkl"), Ok(None));
    }

    #[test]
    fn only_paths_are_chained() {
        for remote in ["s3://bucket/a+b", "models:/wine+red/3", "https://host/a+b?x=1+2"] {
            assert_eq!(chain(remote), Ok(None), "{remote}");
        }
        let folder = tempfile::tempdir().unwrap();
        let scaler = folder.path().join("scaler.pkl").display().to_string();
        fs::write(&scaler, b"").unwrap();
        for argument in [
            "s3://bucket/scaler.pkl+s3://bucket/model.pkl",
            &format!("{scaler}+s3://bucket/model.pkl"),
            &format!("s3://bucket/model.pkl+{scaler}"),
        ] {
            let error = chain(argument).unwrap_err();
            assert!(error.contains("is not on this machine"), "{error}");
        }
    }
}
