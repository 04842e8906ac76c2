//! Which models the command line names: `[NAME=]PATH`.

use std::path::Path;

use anyhow::{Result, bail};
use longshore_engine::{Limits, Method, Source};
use longshore_serve::{ModelSource, Origin};
use longshore_storage::Location;

use crate::{cli::ReadingArgs, examples};

/// A model to load and the name to serve it under.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    /// The name in URLs.
    pub(crate) name: String,
    /// Where its files are.
    pub(crate) place: Place,
}

/// Where a model's files are.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// On this machine.
    Here(Source),
    /// To be fetched first.
    Elsewhere(Location),
}

impl Named {
    /// Reads `[NAME=]PATH`. Without a name, the last part of the path without its ending is one.
    pub(crate) fn parse(argument: &str) -> Result<Self> {
        match argument.split_once('=') {
            Some((name, path)) if is_name(name) => Self::new(name, path),
            _ => Self::new(&default_name(argument), argument),
        }
    }

    /// A model under a given name.
    pub(crate) fn new(name: &str, path: &str) -> Result<Self> {
        if !is_name(name) {
            bail!(
                "`{name}` is not a model name: use letters, digits, `-`, `_` and `.`, as in `NAME={path}`"
            );
        }
        Ok(Self { name: name.into(), place: place(path)? })
    }
}

/// A model on this machine.
#[derive(Clone, Debug)]
pub(crate) struct Here {
    /// The name in URLs.
    pub(crate) name: String,
    /// Its files.
    pub(crate) source: Source,
}

impl Here {
    /// The same for the server.
    pub(crate) fn serve(self, method: Option<Method>) -> ModelSource {
        let origin = Origin::Files(self.source);
        ModelSource { name: self.name, version: None, origin, method }
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

fn place(path: &str) -> Result<Place> {
    if path.starts_with(examples::SCHEME) {
        return Ok(Place::Here(examples::find(path)?.source()));
    }
    match path.parse()? {
        Location::Local(path) => Ok(Place::Here(Source::open(&path)?)),
        location => Ok(Place::Elsewhere(location)),
    }
}

/// The last part of a path without its ending; the name that a registry knows a model by.
fn default_name(path: &str) -> String {
    let last = if let Ok(Location::Model(uri)) = path.parse() {
        uri.name().to_owned()
    } else {
        let trimmed = path.split('?').next().unwrap_or(path).trim_end_matches('/');
        trimmed.rsplit('/').next().unwrap_or(trimmed).to_owned()
    };
    let is_file = path.contains("://") || Path::new(path).is_file();
    let stem = match last.split_once('.') {
        Some((stem, _)) if !stem.is_empty() && is_file => stem,
        _ => &last,
    };
    if is_name(stem) { stem.into() } else { "model".into() }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('.')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::{Named, default_name, is_name};

    #[test]
    fn a_name_is_taken_from_the_path_when_none_is_given() {
        assert_eq!(default_name("models/wine/"), "wine");
        assert_eq!(default_name("example://wine"), "wine");
        assert_eq!(default_name("./"), "model");
        assert_eq!(default_name("a folder"), "model");
        assert_eq!(default_name("s3://bucket/models/wine/"), "wine");
        assert_eq!(default_name("s3://bucket/wine.tar.gz"), "wine");
        assert_eq!(default_name("https://host/wine.pkl?token=x/y"), "wine");
        assert_eq!(default_name("models:/wine@champion"), "wine");
        assert_eq!(default_name("models:/wine/3"), "wine");
        assert_eq!(default_name("runs:/0a1b/wine"), "wine");
    }

    #[test]
    fn names_are_safe_in_a_url() {
        assert!(is_name("wine-2.v_1"));
        for name in ["", ".", "..", "a/b", "a b", "ä"] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn what_cannot_be_reached_says_so() {
        let error = |argument| Named::parse(argument).unwrap_err().to_string();
        assert!(error("wine=/no/such/folder").contains("`/no/such/folder`"));
        assert!(error("gs://bucket/wine").contains("`s3://`"));
        assert!(error("example://beer").contains("example://wine"));
    }
}
