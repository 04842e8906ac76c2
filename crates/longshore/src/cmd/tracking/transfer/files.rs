//! The files of runs, logged models, versions and traces: how an export keeps them.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
};

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

/// What has files.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Owner {
    /// A run, by its id.
    Run(String),
    /// A logged model, by its id.
    LoggedModel(String),
    /// A version of a registered model whose files are of no run and no logged model.
    Version(String, String),
    /// A trace, by its id.
    Trace(String),
}

/// The files of an owner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Files {
    pub(super) owner: Owner,
    /// Where they were.
    pub(super) uri: String,
    #[serde(rename = "files")]
    pub(super) all: Vec<One>,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct One {
    /// Its path below the artifacts of the owner.
    pub(super) path: String,
    pub(super) size: u64,
    pub(super) sha256: String,
}

impl Owner {
    /// The folder of its files below that of the export.
    pub(super) fn folder(&self) -> PathBuf {
        let (kind, name) = match self {
            Self::Run(id) => ("runs", plain(id)),
            Self::LoggedModel(id) => ("logged-models", plain(id)),
            Self::Trace(id) => ("traces", plain(id)),
            Self::Version(name, version) => {
                ("model-versions", format!("{}/{}", plain(name), plain(version)))
            }
        };
        Path::new("artifacts").join(kind).join(name)
    }

    /// How it is told to people.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Run(id) => format!("the run `{id}`"),
            Self::LoggedModel(id) => format!("the logged model `{id}`"),
            Self::Trace(id) => format!("the trace `{id}`"),
            Self::Version(name, version) => format!("version {version} of the model `{name}`"),
        }
    }
}

/// A name that a file can have: what a path could read otherwise is written as `%` and two digits.
fn plain(name: &str) -> String {
    let is_dots = !name.is_empty() && name.bytes().all(|byte| byte == b'.');
    let mut text = String::new();
    for letter in name.chars() {
        let is_safe =
            !letter.is_ascii() || letter.is_ascii_alphanumeric() || "-_ .".contains(letter);
        if is_safe && !is_dots {
            text.push(letter);
        } else {
            // writing to a text does not fail
            let _ = write!(text, "%{:02X}", u32::from(letter));
        }
    }
    text
}

/// A path of a listing, when it stays below where it is put.
pub(super) fn relative<'p>(path: &'p str, owner: &Owner) -> Result<&'p str> {
    let is_wrong = |part: &str| matches!(part, "" | "." | "..");
    if path.split('/').any(is_wrong) || path.contains(['\\', '\0']) {
        bail!(
            "{} has a file with the path `{}`, which no folder can have",
            owner.shown(),
            path.escape_debug()
        );
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::{Files, Owner, plain, relative};

    #[test]
    fn names_stay_in_the_folder() {
        assert_eq!(plain("a b.c"), "a b.c");
        assert_eq!(plain(".."), "%2E%2E");
        assert_eq!(plain("a/b%ü"), "a%2Fb%25ü");
        let owner = Owner::Run("r".to_owned());
        for wrong in ["../a", "/a", "a//b", "a/.", "a\\b", ""] {
            assert!(relative(wrong, &owner).is_err(), "{wrong}");
        }
        assert_eq!(relative("a/b c.txt", &owner).unwrap(), "a/b c.txt");
    }

    #[test]
    fn a_list_of_files_is_one_line() {
        let files = Files { owner: Owner::Run("r".into()), uri: "s3://a".into(), all: vec![] };
        let text = serde_json::to_string(&files).unwrap();
        assert_eq!(text, r#"{"owner":{"run":"r"},"uri":"s3://a","files":[]}"#);
        assert_eq!(serde_json::from_str::<Files>(&text).unwrap(), files);
    }
}
