//! Folders of models: `DIR/NAME/…`, as KServe, Triton and MLflow lay them out.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use crate::{is_name, stem};

/// Files that stand beside models and are none, whatever their ending.
const COMPANIONS: &[&str] = &["models.json", "requirements.txt", "README.txt", "README.md"];

/// A folder whose folders are models.
#[derive(Clone, Debug)]
pub struct ModelDir(PathBuf);

impl ModelDir {
    /// The folder at a path; nothing is read yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Whether the folder is a model itself, not a folder of models: an MLflow folder, one with a
    /// model file, or one whose folders are versions. A path that is no folder counts as a model too,
    /// and so does a folder with files but without folders: loading it says what is wrong.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn is_one_model(&self) -> io::Result<bool> {
        if !self.0.is_dir() {
            return Ok(true);
        }
        let (mut versions, mut others, mut files) = (0, 0, 0);
        for entry in fs::read_dir(&self.0)? {
            let entry = entry?;
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

    /// The names of the models in the folder.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn names(&self) -> io::Result<BTreeSet<String>> {
        let mut names = BTreeSet::new();
        for entry in fs::read_dir(&self.0)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') || name == "lost+found" || !entry.path().is_dir() {
                continue;
            }
            if is_name(&name) {
                names.insert(name);
            } else {
                tracing::warn!(
                    "the folder `{}` is left out: a model's name has letters, digits, `-`, `_` and `.`",
                    entry.path().display()
                );
            }
        }
        Ok(names)
    }

    /// The folder of a model; `None` when there is none of that name.
    pub fn model(&self, name: &str) -> Option<PathBuf> {
        is_name(name).then(|| self.0.join(name)).filter(|folder| folder.is_dir())
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
            ModelDir::new(root.path()).is_one_model().unwrap()
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
        assert!(ModelDir::new("/no/such/folder").is_one_model().unwrap());
    }

    #[test]
    fn models_are_the_folders_with_a_name_for_urls() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["churn", "v1.2", ".hidden", "lost+found", "a model"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        fs::write(folder.path().join("file"), "").unwrap();
        let models = ModelDir::new(folder.path());
        assert_eq!(models.names().unwrap().into_iter().collect::<Vec<_>>(), ["churn", "v1.2"]);
        assert_eq!(models.model("churn"), Some(folder.path().join("churn")));
        for name in ["file", "none", "a model", ".hidden", ".."] {
            assert_eq!(models.model(name), None, "{name}");
        }
        assert!(ModelDir::new(folder.path().join("none")).names().is_err());
    }
}
