use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use crate::{Error, Limits};

/// Where a model's files are.
#[derive(Clone, Debug)]
pub enum Source {
    /// A single model file.
    File(PathBuf),
    /// A model folder.
    Folder(PathBuf),
    /// Files compiled into the program.
    Embedded {
        /// The name to show, such as `example://wine`.
        name: &'static str,
        /// Path inside the folder, and content.
        files: &'static [(&'static str, &'static [u8])],
    },
}

impl Source {
    /// Tells a file from a folder.
    ///
    /// # Errors
    /// [`Error::Io`] when there is no such path or it cannot be reached.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let io = |source| Error::Io { path: path.to_owned(), source };
        let metadata = fs::metadata(path).map_err(io)?;
        Ok(if metadata.is_dir() {
            Self::Folder(path.to_owned())
        } else {
            Self::File(path.to_owned())
        })
    }

    /// The path or name to show in messages.
    pub fn shown(&self) -> PathBuf {
        match self {
            Self::File(path) | Self::Folder(path) => path.clone(),
            Self::Embedded { name, .. } => PathBuf::from(name),
        }
    }

    /// The names of the files directly inside, sorted; empty for a single file.
    ///
    /// # Errors
    /// [`Error::Io`] when the folder cannot be listed.
    pub fn names(&self) -> Result<Vec<String>, Error> {
        let mut names = match self {
            Self::File(_) => Vec::new(),
            Self::Embedded { files, .. } => files.iter().map(|(name, _)| (*name).into()).collect(),
            Self::Folder(path) => {
                let io = |source| Error::Io { path: path.clone(), source };
                let mut names = Vec::new();
                for entry in fs::read_dir(path).map_err(io)? {
                    let entry = entry.map_err(io)?;
                    if fs::metadata(entry.path()).is_ok_and(|metadata| metadata.is_file()) {
                        names.push(entry.file_name().to_string_lossy().into_owned());
                    }
                }
                names
            }
        };
        names.sort_unstable();
        Ok(names)
    }

    /// The whole content of one file: `name` inside a folder, or the single file itself.
    ///
    /// # Errors
    /// [`Error::Io`], or [`Error::Limit`] for a file beyond [`Limits::model_bytes`].
    pub fn read(&self, name: &str, limits: &Limits) -> Result<Vec<u8>, Error> {
        let path = match self {
            Self::File(path) => path.clone(),
            Self::Folder(path) => path.join(name),
            Self::Embedded { name: source, files } => {
                let found = files.iter().find(|(file, _)| *file == name);
                return found.map(|(_, content)| content.to_vec()).ok_or_else(|| Error::Io {
                    path: PathBuf::from(source).join(name),
                    source: std::io::ErrorKind::NotFound.into(),
                });
            }
        };
        let io = |source| Error::Io { path: path.clone(), source };
        let file = fs::File::open(&path).map_err(io)?;
        let size = file.metadata().map_err(io)?.len();
        let mut content =
            Vec::with_capacity(usize::try_from(size.min(limits.model_bytes)).unwrap_or(0));
        file.take(limits.model_bytes.saturating_add(1)).read_to_end(&mut content).map_err(io)?;
        if content.len() as u64 > limits.model_bytes {
            return Err(Error::Limit {
                what: format!("the size of `{}` ({size} bytes)", path.display()),
                limit: format!("{} bytes", limits.model_bytes),
                flag: "--max-model-bytes",
            });
        }
        Ok(content)
    }
}
