//! Folders of models: `DIR/NAME/…`, as KServe, Triton and MLflow lay them out.

use std::{
    collections::{BTreeSet, HashMap},
    fmt::Display,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context, Result};
use longshore_engine::{Method, Source};
use longshore_serve::{ModelSource, Origin};
use longshore_storage::{Location, Storage};

mod watch;

pub(crate) use watch::Watch;

use crate::{
    models::{Named, Place, is_name, stem},
    storage::fingerprint::Fingerprint,
};

/// Files that stand beside models, whatever they end in.
const COMPANIONS: &[&str] = &["models.json", "requirements.txt", "README.txt", "README.md"];

/// Whether the folder of `--model-dir` is a model itself, not a folder of models: an MLflow folder,
/// one with a model file, or one whose folders are versions. So is what is no folder of this machine
/// and what has files but no folders: to load it says what is wrong.
pub(crate) fn is_one_model(folder: &str) -> Result<bool> {
    let Location::Local(path) = folder.parse()? else { return Ok(true) };
    if !path.is_dir() {
        return Ok(true);
    }
    let (mut versions, mut others, mut files) = (0, 0, 0);
    for entry in fs::read_dir(&path).with_context(|| failed(&path))? {
        let entry = entry.with_context(|| failed(&path))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        if entry.path().is_dir() {
            let numbered = name.bytes().all(|byte| byte.is_ascii_digit());
            *(if numbered { &mut versions } else { &mut others }) += 1;
        } else if !COMPANIONS.contains(&&*name) {
            files += 1;
            if name == "MLmodel" || stem(&name) != name {
                return Ok(true);
            }
        }
    }
    Ok(others == 0 && versions + files > 0)
}

fn failed(path: &Path) -> String {
    format!("failed to read the folder of models `{}`", path.display())
}

/// Where models are that are loaded by name: those in folders, and those that the command line names.
#[derive(Debug)]
pub(crate) struct Catalog {
    folders: Vec<PathBuf>,
    named: HashMap<String, Place>,
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
        let named = named.iter().map(|named| (named.name.clone(), named.place.clone())).collect();
        Self { folders, named, storage, method, read: Mutex::default() }
    }

    pub(crate) fn has_folders(&self) -> bool {
        !self.folders.is_empty()
    }

    /// The names of the models in the folders; of one name in several, the first folder's counts.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub(crate) fn names(&self) -> Result<Vec<String>> {
        let mut names = BTreeSet::new();
        for folder in &self.folders {
            for entry in fs::read_dir(folder).with_context(|| failed(folder))? {
                let entry = entry.with_context(|| failed(folder))?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if name.starts_with('.') || name == "lost+found" || !entry.path().is_dir() {
                    continue;
                }
                if !is_name(&name) {
                    tracing::warn!(
                        "the folder `{}` is left out: a model's name has letters, digits, `-`, `_` and `.`",
                        entry.path().display()
                    );
                } else if !self.named.contains_key(&name) {
                    names.insert(name);
                }
            }
        }
        Ok(names.into_iter().collect())
    }

    /// The folder of a model.
    fn folder(&self, name: &str) -> Option<PathBuf> {
        let mut places = self.folders.iter().map(|folder| folder.join(name));
        places.find(|place| place.is_dir()).filter(|_| is_name(name))
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

fn text(error: impl Display) -> String {
    error.to_string()
}

impl longshore_serve::Catalog for Catalog {
    fn find(&self, name: &str) -> Result<Option<ModelSource>, String> {
        let Some(place) = self.named.get(name) else { return Ok(self.in_folder(name)) };
        Ok(Some(match place {
            Place::Example(example) => self.source(name, example.source()),
            Place::Local(paths) => self.source(name, paths.open().map_err(text)?),
            Place::Remote(location) => {
                let fetched = self.storage.fetch(location).map_err(text)?;
                let version = fetched.revision().version().map(str::to_owned);
                let source = self.source(name, Source::open(fetched.path()).map_err(text)?);
                ModelSource { version, lease: Some(Arc::new(fetched)), ..source }
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_told_from_a_folder_of_models() {
        let folder = tempfile::tempdir().unwrap();
        let is_one = |paths: &[&str]| {
            let root = tempfile::tempdir_in(folder.path()).unwrap();
            for path in paths {
                let path = root.path().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, "").unwrap();
            }
            is_one_model(root.path().to_str().unwrap()).unwrap()
        };
        assert!(is_one(&["MLmodel", "data/x"]));
        assert!(is_one(&["model.joblib"]));
        assert!(is_one(&["iris.pkl.gz", "code/x.py"]));
        assert!(is_one(&["1/model.pkl", "2/model.pkl", "config.pbtxt"]));
        assert!(!is_one(&["churn/MLmodel", "fraud/model.pkl"]));
        assert!(!is_one(&["churn/1/model.bst", "churn/config.pbtxt", "README.md", "models.json"]));
        assert!(!is_one(&["2024/model.pkl", "churn/model.pkl"]));
        assert!(!is_one(&[]) && !is_one(&["README.md"]));
        assert!(is_one(&["notes.dat"]));
        assert!(is_one_model("/no/such/folder").unwrap());
        assert!(is_one_model("s3://bucket/churn").unwrap());
    }
}
