//! Which models the command line names: `[NAME=]PATH[+PATH…]`.

use std::{collections::HashMap, fmt::Display, path::Path, sync::Arc};

use anyhow::{Result, bail};
use longshore_engine::{Limits, Method, Source};
use longshore_serve::{ModelSource, Origin};
use longshore_storage::{Environment, Location, Storage, is_name, stem};

use crate::{cli::ReadingArgs, examples, examples::Example};

mod paths;

pub(crate) use paths::Paths;

/// A model to load and the name to serve it under.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    /// The name in URLs.
    pub(crate) name: String,
    /// Where its files are, as the user wrote it.
    pub(crate) path: String,
    /// Where its files are.
    pub(crate) files: ModelFiles,
}

/// Where a model's files are.
#[derive(Clone, Debug)]
pub(crate) enum ModelFiles {
    /// In the program.
    Example(Example),
    /// On this machine.
    Local(Paths),
    /// To be fetched first.
    Remote(Location),
}

impl ModelFiles {
    /// The model with its files on this machine. Blocks while they are fetched.
    ///
    /// # Errors
    /// Why they cannot be had, in words for a caller.
    pub(crate) fn bring(
        &self,
        name: &str,
        storage: &Storage,
        method: Option<Method>,
    ) -> Result<ModelSource, String> {
        let text = |error: &dyn Display| error.to_string();
        let source = |source| Local { name: name.to_owned(), source }.serve(method);
        Ok(match self {
            Self::Example(example) => source(example.source()),
            Self::Local(paths) => source(paths.open().map_err(|error| text(&error))?),
            Self::Remote(location) => {
                let fetched = storage.fetch(location).map_err(|error| text(&error))?;
                let version = fetched.revision().version().map(str::to_owned);
                let files = Source::open(fetched.path()).map_err(|error| text(&error))?;
                ModelSource { version, lease: Some(Arc::new(fetched)), ..source(files) }
            }
        })
    }
}

impl Named {
    /// Reads `[NAME=]PATH[+PATH…]`. Without a name, the model has the name of the last part of the
    /// (last) path, without its ending.
    pub(crate) fn parse(argument: &str) -> Result<Self> {
        match argument.split_once('=') {
            // a path may have a `=` in it, but what is no path was meant to have a name
            Some((name, path))
                if is_name(name)
                    || (!name.contains("://")
                        && !exists(argument)
                        && (path.contains("://") || exists(path))) =>
            {
                Self::new(name, path)
            }
            _ => Self::new(&default_name(paths::naming(argument)), argument),
        }
    }

    /// A model under a given name.
    pub(crate) fn new(name: &str, path: &str) -> Result<Self> {
        if !is_name(name) {
            bail!(
                "`{name}` is not a model name: use letters, digits, `-`, `_` and `.`, as in `NAME={path}`"
            );
        }
        Ok(Self { name: name.into(), path: path.into(), files: files(path)? })
    }
}

/// Refuses models of one name: the second would take the place of the first.
pub(crate) fn check_distinct(named: &[Named]) -> Result<()> {
    let mut paths = HashMap::new();
    for Named { name, path, .. } in named {
        if let Some(other) = paths.insert(name.as_str(), path) {
            bail!(
                "`{other}` and `{path}` would both be served as `{name}`: give one of them a name \
                 of its own, as in `NAME={path}`"
            );
        }
    }
    Ok(())
}

/// A model whose files are on this machine.
#[derive(Clone, Debug)]
pub(crate) struct Local {
    /// The name in URLs.
    pub(crate) name: String,
    /// Its files.
    pub(crate) source: Source,
}

impl Local {
    /// The model as the server takes it.
    pub(crate) fn serve(self, method: Option<Method>) -> ModelSource {
        let origin = Origin::Files(self.source);
        ModelSource { name: self.name, version: None, origin, method, lease: None }
    }
}

/// The method of a flag.
pub(crate) fn method(name: &str) -> Result<Method> {
    name.parse().map_err(|()| {
        let known: Vec<_> = Method::ALL.iter().map(|method| method.name()).collect();
        anyhow::anyhow!("`{name}` is not a method; there are {}", known.join(", "))
    })
}

/// The engine's limits under the command line's names.
pub(crate) fn limits(reading: ReadingArgs) -> Limits {
    Limits {
        model_bytes: reading.max_model_bytes,
        compression_ratio: reading.max_compression_ratio,
        ..Limits::default()
    }
}

fn files(path: &str) -> Result<ModelFiles> {
    if path.starts_with(examples::SCHEME) {
        return Ok(ModelFiles::Example(examples::find(path)?));
    }
    let path = &Environment::process().placed(path)?;
    if let Some(chain) = Paths::chain(path)? {
        return Ok(ModelFiles::Local(chain));
    }
    Ok(match path.parse()? {
        Location::Local(path) => ModelFiles::Local(Paths::one(path)),
        location => ModelFiles::Remote(location),
    })
}

fn exists(path: &str) -> bool {
    Path::new(path).try_exists().unwrap_or(true)
}

/// The name for a path that was given none: the name that a registry knows the model by, else the last
/// part of the path, of a file without its ending.
fn default_name(path: &str) -> String {
    let name = match path.parse() {
        Ok(Location::Model(uri)) => uri.name().to_owned(),
        Ok(Location::Local(path)) => {
            let last = if path.is_file() { file_stem(&path) } else { folder(&path) };
            last.unwrap_or_default()
        }
        _ => {
            let path = path.split('?').next().unwrap_or(path).trim_end_matches('/');
            stem(path.rsplit('/').next().unwrap_or(path)).to_owned()
        }
    };
    if is_name(&name) { name } else { "model".into() }
}

fn file_stem(path: &Path) -> Option<String> {
    Some(stem(path.file_name()?.to_str()?).to_owned())
}

/// A folder's own name, even when the path is `.` or ends in `..`.
fn folder(path: &Path) -> Option<String> {
    let named = |path: &Path| Some(path.file_name()?.to_str()?.to_owned());
    named(path).or_else(|| named(&path.canonicalize().ok()?))
}

#[cfg(test)]
mod tests {
    use super::{Named, check_distinct, default_name};

    #[test]
    fn a_name_is_taken_from_the_path_when_none_is_given() {
        assert_eq!(default_name("models/wine/"), "wine");
        assert_eq!(default_name("example://wine"), "wine");
        assert_eq!(default_name("."), "longshore");
        assert_eq!(default_name("./"), "longshore");
        assert_eq!(default_name("src/.."), "longshore");
        assert_eq!(default_name("/"), "model");
        assert_eq!(default_name("a folder"), "model");
        assert_eq!(default_name("s3://bucket/models/wine/"), "wine");
        assert_eq!(default_name("s3://bucket/wine.tar.gz"), "wine");
        assert_eq!(default_name("https://host/wine.pkl?token=x/y"), "wine");
        assert_eq!(default_name("models:/wine@champion"), "wine");
        assert_eq!(default_name("models:/wine/3"), "wine");
        assert_eq!(default_name("runs:/0a1b/wine"), "wine");
    }

    #[test]
    fn only_a_file_has_an_ending_to_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("churn-1.2.sav");
        std::fs::write(&path, "").unwrap();
        assert_eq!(default_name(path.to_str().unwrap()), "churn-1.2");
        // a folder has no ending
        let path = folder.path().join("churn-1.2.bin");
        std::fs::create_dir(&path).unwrap();
        assert_eq!(default_name(path.to_str().unwrap()), "churn-1.2.bin");
        assert_eq!(default_name("s3://bucket/churn-1.2"), "churn-1.2");
    }

    #[test]
    fn two_models_of_one_name_are_refused() {
        let check = |arguments: &[&str]| {
            let named = arguments.iter().map(|argument| Named::parse(argument).unwrap());
            check_distinct(&named.collect::<Vec<_>>()).map_err(|error| error.to_string())
        };
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| {
            let path = folder.path().join(name).join("model.pkl");
            std::fs::create_dir(folder.path().join(name)).unwrap();
            std::fs::write(&path, "").unwrap();
            path.display().to_string()
        };
        let (a, b) = (file("a"), file("b"));
        let expected = format!(
            "`{a}` and `{b}` would both be served as `model`: give one of them a name of its own, \
             as in `NAME={b}`"
        );
        assert_eq!(check(&[&a, &b]), Err(expected));
        // one would replace the other each time that it changes
        assert!(check(&["models:/wine/1", "models:/wine/2"]).unwrap_err().contains("`wine`"));
        assert!(check(&["x=a", "x=b"]).unwrap_err().contains("NAME=b"));
        assert_eq!(check(&[&format!("x={a}"), &b, "wine"]), Ok(()));
    }

    #[test]
    fn a_scheme_that_nobody_knows_is_refused() {
        let error = |argument| Named::parse(argument).unwrap_err().to_string();
        assert!(error("hdfs://bucket/wine").contains("`s3://`"));
        assert!(error("example://beer").contains("example://wine"));
    }
}
