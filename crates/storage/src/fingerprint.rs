//! Tells whether the files of a local model have changed, without reading them.

use std::{
    fmt, fs,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    os::unix::fs::MetadataExt,
    path::Path,
};

/// Most files and folders of a model that is watched.
const ENTRIES: usize = 10_000;

/// Deepest folder in a model that is watched; links can lead in a circle.
const DEPTH: usize = 8;

/// What the file system says of files, and of folders with all that is in them: names, sizes, times
/// of change, inodes. While it stays the same, so do the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// Asks the file system; reads no file.
    ///
    /// # Errors
    /// When there is nothing at a path, it cannot be reached, or it holds too much for a model. The
    /// message names the path.
    pub fn of(paths: &[impl AsRef<Path>]) -> io::Result<Self> {
        let mut hasher = DefaultHasher::new();
        let mut left = ENTRIES;
        for path in paths {
            let path = path.as_ref();
            add(path, DEPTH, &mut left, &mut hasher).map_err(|error| {
                let message = format!("failed to read `{}`: {error}", path.display());
                io::Error::new(error.kind(), message)
            })?;
        }
        Ok(Self(hasher.finish()))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "revision {:016x}", self.0)
    }
}

fn add(path: &Path, depth: usize, left: &mut usize, hasher: &mut DefaultHasher) -> io::Result<()> {
    if *left == 0 || depth == 0 {
        return Err(io::Error::other(format!(
            "it holds more than {ENTRIES} files or folders more than {DEPTH} deep, too much to watch"
        )));
    }
    *left -= 1;
    let found = fs::metadata(path)?;
    (path.file_name(), found.dev(), found.ino(), found.len()).hash(hasher);
    (found.mtime(), found.mtime_nsec(), found.ctime(), found.ctime_nsec()).hash(hasher);
    if found.is_dir() {
        let mut inside: Vec<_> =
            fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
        inside.sort_unstable();
        for path in inside {
            match add(&path, depth - 1, left, hasher) {
                // a link that leads nowhere, or a file that was just removed
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                done => done?,
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_replace_a_file_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("inside/model.pkl");
        fs::create_dir(folder.path().join("inside")).unwrap();
        fs::write(&file, "one").unwrap();
        let mut before = Fingerprint::of(&[folder.path()]).unwrap();
        assert_eq!(before, Fingerprint::of(&[folder.path()]).unwrap());
        let mut is_seen = |what: &str| {
            let now = Fingerprint::of(&[folder.path()]).unwrap();
            assert_ne!(before, now, "{what}");
            before = now;
        };
        fs::write(&file, "longer").unwrap();
        is_seen("another size");
        let times = fs::metadata(&file).unwrap().modified().unwrap();
        let other = folder.path().join("other");
        fs::write(&other, "letter").unwrap();
        fs::File::options().write(true).open(&other).unwrap().set_modified(times).unwrap();
        fs::rename(&other, &file).unwrap();
        is_seen("another inode of the same size and time");
        fs::write(folder.path().join("inside/MLmodel"), "").unwrap();
        is_seen("a new file");
        fs::remove_file(&file).unwrap();
        is_seen("a file less");
    }

    #[test]
    fn circles_end_and_nothing_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(folder.path(), folder.path().join("circle")).unwrap();
        assert!(Fingerprint::of(&[folder.path()]).unwrap_err().to_string().contains("too much"));
        let missing = Fingerprint::of(&[folder.path().join("none")]).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        assert!(missing.to_string().contains("/none`: "), "{missing}");
    }
}
