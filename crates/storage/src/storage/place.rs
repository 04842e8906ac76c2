//! Puts a model into a folder where another program reads it.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use super::Fetched;
use crate::Error;

/// Deepest nesting of folders that are copied: links may lead in a circle.
const DEPTH: usize = 64;

/// What becomes of the files that were fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placing {
    /// They stay where they are, and are copied.
    Copy,
    /// They are moved, when that is possible without copying. Only for a cache that nobody else uses
    /// and nobody uses later.
    Move,
}

impl Fetched {
    /// The names that [`Fetched::place`] puts into a folder: those in the model's folder, or that of the
    /// only file.
    ///
    /// # Errors
    /// [`Error::Io`], also when a location on this machine leads nowhere.
    pub fn entries(&self) -> Result<Vec<OsString>, Error> {
        let failed = || Error::io("failed to read", &self.path);
        if !fs::metadata(&self.path).map_err(failed())?.is_dir() {
            return Ok(self.path.file_name().map(OsString::from).into_iter().collect());
        }
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(failed())? {
            let name = entry.map_err(failed())?.file_name();
            // Kubernetes keeps the states of mounted files in folders with such names
            if !name.as_encoded_bytes().starts_with(b"..") {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Puts the model's files into `folder`, where each takes the place of what has its name. Every
    /// file and folder at the top appears complete, by one rename out of `staging`, which is a folder of
    /// the same file system that nobody else uses.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn place(&self, folder: &Path, staging: &Path, placing: Placing) -> Result<(), Error> {
        let is_folder = self.path.is_dir();
        for name in self.entries()? {
            let from = if is_folder { self.path.join(&name) } else { self.path.clone() };
            let ready = fresh(staging, "new")?;
            let is_moved = placing == Placing::Move && fs::rename(&from, &ready).is_ok();
            if !is_moved {
                copy(&from, &ready, DEPTH)?;
            }
            exchange(&ready, &folder.join(&name), staging)?;
        }
        Ok(())
    }
}

/// A path below `staging` at which nothing is.
fn fresh(staging: &Path, name: &str) -> Result<PathBuf, Error> {
    fs::create_dir_all(staging).map_err(Error::io("failed to make", staging))?;
    let path = staging.join(name);
    remove(&path).map_err(Error::io("failed to remove", &path))?;
    Ok(path)
}

/// Renames `ready` to `target`. A folder that is there goes out of the way first: no rename replaces it.
fn exchange(ready: &Path, target: &Path, staging: &Path) -> Result<(), Error> {
    let failed = || Error::io("failed to write", target);
    let is_file = |path: &Path| fs::symlink_metadata(path).is_ok_and(|found| !found.is_dir());
    if is_file(ready) && is_file(target) {
        return fs::rename(ready, target).map_err(failed());
    }
    let old = fresh(staging, "old")?;
    match fs::rename(target, &old) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed()(error)),
        _ => {}
    }
    fs::rename(ready, target).map_err(failed())?;
    remove(&old).map_err(Error::io("failed to remove", &old))
}

/// Copies a file, or a folder with all that is in it. Links are followed.
fn copy(from: &Path, to: &Path, depth: usize) -> Result<(), Error> {
    let failed = || Error::io("failed to copy", from);
    if depth == 0 {
        let reason = format!("there are folders in more than {DEPTH} folders; is a link a circle?");
        return Err(failed()(io::Error::other(reason)));
    }
    if !fs::metadata(from).map_err(failed())?.is_dir() {
        return fs::copy(from, to).map(drop).map_err(failed());
    }
    fs::create_dir(to).map_err(Error::io("failed to make", to))?;
    for entry in fs::read_dir(from).map_err(failed())? {
        let entry = entry.map_err(failed())?;
        copy(&entry.path(), &to.join(entry.file_name()), depth - 1)?;
    }
    Ok(())
}

fn remove(path: &Path) -> io::Result<()> {
    let gone = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match gone {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink, path::Path};

    use super::Placing;
    use crate::{Config, Fetched, Storage};

    fn fetched(path: &Path) -> Fetched {
        let storage = Storage::new(Config::new("/nowhere"));
        storage.fetch(&path.to_str().unwrap().parse().unwrap()).unwrap()
    }

    #[test]
    fn a_folder_takes_the_place_of_what_has_its_names() {
        let root = tempfile::tempdir().unwrap();
        let (model, target) = (root.path().join("model"), root.path().join("target"));
        for (path, text) in [("1/a/b", "new"), ("1/c", "new"), ("file", "new"), ("..2026/x", "y")] {
            let path = model.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        symlink("1/c", model.join("link")).unwrap();
        fs::create_dir_all(target.join("1")).unwrap();
        for path in ["1/old", "file", "other"] {
            fs::write(target.join(path), "old").unwrap();
        }
        let read = |path: &str| fs::read_to_string(target.join(path)).ok();
        let staging = target.join(".staging");
        for placing in [Placing::Copy, Placing::Move] {
            let fetched = fetched(&model);
            assert_eq!(fetched.entries().unwrap(), ["1", "file", "link"]);
            fetched.place(&target, &staging, placing).unwrap();
            for path in ["1/a/b", "1/c", "file", "link"] {
                assert_eq!(read(path).as_deref(), Some("new"), "{path}");
            }
            assert_eq!(read("other").as_deref(), Some("old"));
            assert_eq!(read("1/old"), None);
            assert_eq!(model.join("file").try_exists().unwrap(), placing == Placing::Copy);
        }
        assert_eq!(fs::read_dir(staging).unwrap().count(), 0);
    }

    #[test]
    fn a_file_keeps_its_name_and_may_replace_a_folder() {
        let root = tempfile::tempdir().unwrap();
        let (model, target) = (root.path().join("wine.pkl"), root.path().join("target"));
        fs::write(&model, "new").unwrap();
        fs::create_dir_all(target.join("wine.pkl/folder")).unwrap();
        fetched(&model).place(&target, &target.join(".s"), Placing::Copy).unwrap();
        assert_eq!(fs::read_to_string(target.join("wine.pkl")).unwrap(), "new");
        let error = fetched(&root.path().join("none")).entries().unwrap_err().to_string();
        assert!(error.contains("none"), "{error}");
    }

    #[test]
    fn links_in_a_circle_end() {
        let root = tempfile::tempdir().unwrap();
        let (model, target) = (root.path().join("model"), root.path().join("target"));
        fs::create_dir_all(model.join("a")).unwrap();
        symlink("..", model.join("a/up")).unwrap();
        fs::create_dir(&target).unwrap();
        let placed = fetched(&model).place(&target, &target.join(".s"), Placing::Copy);
        let error = placed.unwrap_err().to_string();
        assert!(error.contains("circle") || error.contains("symbolic links"), "{error}");
    }
}
