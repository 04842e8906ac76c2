//! The models of `--model-dir`, beside those that the command line names.

use std::{
    collections::{BTreeSet, HashMap},
    io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context, Result};
use longshore_engine::{Method, Source};
use longshore_serve::{ModelSource, Origin};
use longshore_storage::{Environment, Fingerprint, Location, ModelDir, Storage};

mod watch;

pub(crate) use watch::Watch;

use crate::{
    examples,
    models::{ModelFiles, Named},
};

/// Whether what `--model-dir` names is a model itself, not a folder of models; an example and a remote
/// location are one.
pub(crate) fn is_one_model(folder: &str) -> Result<bool> {
    if folder.starts_with(examples::SCHEME) {
        return Ok(true);
    }
    let folder = Environment::process().placed(folder)?;
    let Location::Local(path) = folder.parse()? else { return Ok(true) };
    let folder = ModelDir::new(path);
    folder.is_one_model().with_context(|| failed(&folder))
}

fn failed(folder: &ModelDir) -> String {
    format!("failed to read the folder of models `{}`", folder.path().display())
}

/// Where to find models that are loaded by name: those in folders, and those that the command line names.
#[derive(Debug)]
pub(crate) struct Catalog {
    folders: Vec<ModelDir>,
    named: HashMap<String, ModelFiles>,
    storage: Arc<Storage>,
    method: Option<Method>,
    /// What the files of models in folders were when they were last read.
    read: Mutex<HashMap<String, Fingerprint>>,
}

impl Catalog {
    pub(crate) fn new(
        named: &[Named],
        folders: Vec<PathBuf>,
        storage: Arc<Storage>,
        method: Option<Method>,
    ) -> Self {
        let named = named.iter().map(|named| (named.name.clone(), named.files.clone())).collect();
        let folders = folders.into_iter().map(ModelDir::new).collect();
        Self { folders, named, storage, method, read: Mutex::default() }
    }

    pub(crate) fn has_folders(&self) -> bool {
        !self.folders.is_empty()
    }

    /// The names of the models in the folders. A name that several folders have means the first one's
    /// model.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub(crate) fn names(&self) -> Result<Vec<String>> {
        let mut names = BTreeSet::new();
        for folder in &self.folders {
            names.extend(folder.names().with_context(|| failed(folder))?);
        }
        Ok(names.into_iter().filter(|name| !self.named.contains_key(name)).collect())
    }

    /// The folder of a model.
    fn folder(&self, name: &str) -> Option<PathBuf> {
        self.folders.iter().find_map(|folder| folder.model(name))
    }

    /// What a model's files are now.
    fn fingerprint(&self, name: &str) -> Option<io::Result<Fingerprint>> {
        self.folder(name).map(|folder| Fingerprint::of(&[&folder]))
    }

    /// What a model's files were when they were last read.
    fn last_read(&self, name: &str) -> Option<Fingerprint> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).get(name).copied()
    }

    fn in_folder(&self, name: &str) -> Option<ModelSource> {
        let folder = self.folder(name)?;
        if let Ok(fingerprint) = Fingerprint::of(&[&folder]) {
            let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
            read.insert(name.to_owned(), fingerprint);
        }
        Some(self.source(name, Source::Folder(folder)))
    }

    fn source(&self, name: &str, files: Source) -> ModelSource {
        let (name, method) = (name.to_owned(), self.method);
        ModelSource { name, version: None, origin: Origin::Files(files), method, lease: None }
    }
}

impl longshore_serve::Catalog for Catalog {
    fn find(&self, name: &str) -> Result<Option<ModelSource>, String> {
        let Some(files) = self.named.get(name) else { return Ok(self.in_folder(name)) };
        files.bring(name, &self.storage, self.method).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_on_this_machine_is_one_model() {
        assert!(is_one_model("/no/such/folder").unwrap());
        assert!(is_one_model("s3://bucket/churn").unwrap());
        assert!(is_one_model("example://wine").unwrap());
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("churn")).unwrap();
        assert!(!is_one_model(folder.path().to_str().unwrap()).unwrap());
    }
}
