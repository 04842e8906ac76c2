//! The bundled examples: models of this repository that are also paths, `example://NAME`.

use anyhow::{Result, bail};
use longshore_engine::Source;

/// One bundled example.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Example {
    /// Its name, which is also the served model's.
    pub(crate) name: &'static str,
    /// Its path.
    pub(crate) uri: &'static str,
    /// A V1 request body.
    pub(crate) request: &'static [u8],
    files: &'static [(&'static str, &'static [u8])],
}

/// All of them, sorted by name.
pub(crate) const ALL: &[Example] = include!(concat!(env!("OUT_DIR"), "/examples.rs"));

/// The scheme of their paths.
pub(crate) const SCHEME: &str = "example://";

impl Example {
    /// Where the engine reads its files.
    pub(crate) fn source(self) -> Source {
        Source::Embedded { name: self.uri, files: self.files }
    }
}

/// The example that a path such as `example://wine` names.
pub(crate) fn find(uri: &str) -> Result<Example> {
    if let Some(example) = ALL.iter().find(|example| example.uri == uri) {
        return Ok(*example);
    }
    let known: Vec<_> = ALL.iter().map(|example| example.uri).collect();
    bail!("there is no example `{uri}`; there are {}", known.join(", "))
}
