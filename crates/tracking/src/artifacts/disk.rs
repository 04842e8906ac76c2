//! A folder of this machine that keeps artifacts.

mod leftovers;

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use tempfile::NamedTempFile;

use super::{
    ArtifactPath,
    repository::{Entry, Extent, Found},
};
use crate::Error;

/// How the names of files begin that are not whole yet. It is MLflow's prefix, so that its server and this
/// one hide each other's.
pub(crate) const UNFINISHED: &str = ".artifact.uploading.";

/// A folder, below which everything stays: links that lead out of it are not followed.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    root: PathBuf,
}

/// A file that is being written. Nothing is seen of it until it is kept; dropped, it is gone.
#[derive(Debug)]
pub(crate) struct Staged {
    file: NamedTempFile,
    place: PathBuf,
}

impl Disk {
    /// Where it is.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The folder at `root`. It is made when the first file comes.
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Deletes, meanwhile, what is left of uploads that were cut off by the end of a server.
    pub(crate) fn sweep(&self) {
        leftovers::sweep(self.root.clone());
    }

    /// What is directly in a folder, by name; nothing when it is no folder.
    pub(crate) fn list(&self, path: &ArtifactPath) -> Result<Vec<Entry>, Error> {
        let folder = self.place(path)?;
        let inside = match fs::read_dir(&folder) {
            Ok(inside) => inside,
            Err(error) if is_absent(&error) => return Ok(Vec::new()),
            Err(error) => return Err(failed(path, &error)),
        };
        let mut entries = Vec::new();
        for entry in inside {
            let entry = entry.map_err(|error| failed(path, &error))?;
            // a name that is no text cannot be asked for
            let Ok(name) = entry.file_name().into_string() else { continue };
            let is_hidden = name.starts_with(UNFINISHED)
                || self.place(&path.join(&ArtifactPath::parse(&name)?)).is_err();
            let Some(about) = fs::metadata(entry.path()).ok().filter(|_| !is_hidden) else {
                continue;
            };
            let size = (!about.is_dir()).then_some(about.len());
            entries.push(Entry { name, size });
        }
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// Opens a file to read it.
    pub(crate) fn open(&self, path: &ArtifactPath) -> Result<Found<File>, Error> {
        let place = self.place(path)?;
        let about = fs::metadata(&place).map_err(|error| failed(path, &error))?;
        if !about.is_file() {
            return Err(Error::invalid(format!(
                "Artifact path refers to a directory, not a file: '{path}'"
            )));
        }
        let file = File::open(&place).map_err(|error| failed(path, &error))?;
        let modified = about.modified().ok();
        Ok(Found { file, size: about.len(), modified, tag: None })
    }

    /// Begins to write a file.
    pub(crate) fn stage(&self, path: &ArtifactPath) -> Result<Staged, Error> {
        let place = self.place(path)?;
        let folder = place.parent().unwrap_or(&self.root);
        let staged = || {
            fs::create_dir_all(folder)?;
            if place.is_dir() {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            leftovers::unfinished(folder)
        };
        let file = staged().map_err(|error| failed(path, &error))?;
        Ok(Staged { file, place })
    }

    /// Deletes a file, or a folder with all that is in it. What is not there is no failure.
    pub(crate) fn delete(&self, path: &ArtifactPath) -> Result<(), Error> {
        let place = self.place(path)?;
        let deleted = match fs::symlink_metadata(&place) {
            Ok(about) if about.is_dir() => fs::remove_dir_all(&place),
            Ok(_) => fs::remove_file(&place),
            Err(error) => Err(error),
        };
        match deleted {
            Err(error) if !is_absent(&error) => Err(failed(path, &error)),
            _ => Ok(()),
        }
    }

    /// What is in a folder, however deep. Links are not followed.
    pub(crate) fn measure(&self, path: &ArtifactPath) -> Result<Extent, Error> {
        let mut found = Extent::default();
        let mut waiting = vec![self.place(path)?];
        while let Some(folder) = waiting.pop() {
            let inside = match fs::read_dir(&folder) {
                Ok(inside) => inside,
                Err(error) if is_absent(&error) => continue,
                Err(error) => return Err(failed(path, &error)),
            };
            for entry in inside {
                let about = entry.and_then(|entry| Ok((entry.path(), entry.metadata()?)));
                match about {
                    Ok((place, about)) if about.is_dir() => waiting.push(place),
                    Ok((_, about)) => found.add(about.len(), about.modified().ok()),
                    Err(error) if is_absent(&error) => {}
                    Err(error) => return Err(failed(path, &error)),
                }
            }
        }
        Ok(found)
    }

    /// Removes the folder above a path when it is empty and not the root.
    pub(crate) fn prune(&self, path: &ArtifactPath) -> Result<(), Error> {
        let above = path.as_str().rsplit_once('/').map(|(above, _)| ArtifactPath::parse(above));
        let Some(above) = above.transpose()? else { return Ok(()) };
        fs::remove_dir(self.place(&above)?).map_err(|error| failed(&above, &error))
    }

    /// Where a path is, once the links on its way are followed.
    fn place(&self, path: &ArtifactPath) -> Result<PathBuf, Error> {
        if path.as_str().split('/').any(|part| part.starts_with(UNFINISHED)) {
            return Err(Error::invalid(format!(
                "Invalid artifact file name: '{path}'. Artifact names starting with '{UNFINISHED}' are reserved."
            )));
        }
        let wanted = self.root.join(path.as_str());
        // the deepest part that is there; a link that leads nowhere is there
        let there = wanted.ancestors().find(|part| part.symlink_metadata().is_ok());
        let Some(there) = there.filter(|there| there.starts_with(&self.root)) else {
            return Ok(wanted);
        };
        let canonical = |part: &Path| part.canonicalize().map_err(|error| failed(path, &error));
        let (root, real) = (canonical(&self.root)?, canonical(there)?);
        if !real.starts_with(&root) {
            return Err(Error::invalid("Invalid path"));
        }
        match wanted.strip_prefix(there) {
            Ok(rest) if !rest.as_os_str().is_empty() => Ok(real.join(rest)),
            _ => Ok(real),
        }
    }
}

impl Staged {
    /// Appends bytes.
    pub(crate) fn write(&mut self, parts: &[Bytes]) -> io::Result<()> {
        parts.iter().try_for_each(|part| self.file.write_all(part))
    }

    /// Makes the file seen, whole and on disk, in place of the one before.
    pub(crate) fn keep(self) -> io::Result<()> {
        self.file.as_file().sync_data()?;
        self.file.persist(&self.place)?;
        Ok(())
    }
}

/// Whether something is not there, or is no folder on the way to it.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Why a path cannot be read or written. The words of the system name files of this machine: they are for
/// the log.
pub(crate) fn failed(path: &ArtifactPath, error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            Error::missing(format!("No such artifact: '{path}'"))
        }
        io::ErrorKind::IsADirectory => {
            Error::invalid(format!("`{path}` is a folder; name a file in it"))
        }
        io::ErrorKind::InvalidFilename => {
            Error::invalid("a part of the path is longer than the disk takes")
        }
        _ => Error::Artifact { path: path.to_string(), reason: error.to_string() },
    }
}
