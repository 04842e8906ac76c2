use std::{fs, path::Path};

use serde::{Deserialize, Serialize};

use crate::digest::Checks;

/// The name of the manifest's file, which lies beside the content.
pub(super) const NAME: &str = "manifest.json";

/// What a cached model is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// Where it came from, for people.
    pub(crate) location: String,
    /// The version that a registry gave it.
    pub(crate) version: Option<String>,
    /// What the location pointed at.
    pub(crate) revision: String,
    /// The file or folder below the content that is the model; empty for the content itself.
    pub(crate) root: String,
    pub(crate) files: Vec<Entry>,
}

/// A file of a cached model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) path: String,
    pub(crate) size: u64,
    pub(crate) sha256: String,
}

impl Manifest {
    pub(super) fn read(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(folder.join(NAME)).ok()?).ok()
    }

    pub(super) fn text(&self) -> String {
        // strings and numbers always have a JSON form
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    /// Whether every file is there with the bytes it was written with, and nothing else.
    pub(super) fn verify(&self, content: &Path) -> Result<(), String> {
        for file in &self.files {
            let path = content.join(&file.path);
            let found =
                fs::symlink_metadata(&path).map_err(|error| format!("`{}`: {error}", file.path))?;
            if !found.is_file() || found.len() != file.size {
                return Err(format!("`{}` does not have its {} bytes", file.path, file.size));
            }
            let sum =
                Checks::default().verify(&path, &file.path).map_err(|error| error.to_string())?;
            if sum != file.sha256 {
                return Err(format!(
                    "the bytes of `{}` are not those that were fetched",
                    file.path
                ));
            }
        }
        let there = count(content);
        if there != self.files.len() {
            return Err(format!("there are {there} files instead of {}", self.files.len()));
        }
        Ok(())
    }
}

/// How many files are below a folder.
fn count(folder: &Path) -> usize {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    entries
        .flatten()
        .map(|entry| if entry.path().is_dir() { count(&entry.path()) } else { 1 })
        .sum()
}

/// How many bytes are below a folder.
pub(super) fn weigh(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(found) if found.is_dir() => weigh(&entry.path()),
            Ok(found) => found.len(),
            Err(_) => 0,
        })
        .sum()
}
