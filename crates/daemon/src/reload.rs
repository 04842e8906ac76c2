//! Values that are read from files, and read again when the files change.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use arc_swap::{ArcSwap, Guard};
use ring::digest::{SHA256, digest};

use crate::Error;

/// How often the files are looked at.
pub const EVERY: Duration = Duration::from_secs(2);

/// Most bytes of a file: certificates and keys are far smaller.
const MOST_BYTES: u64 = 16 << 20;

/// A file with what it holds.
pub(crate) struct Content {
    pub(crate) path: PathBuf,
    pub(crate) bytes: Vec<u8>,
}

/// Makes the value from the files, in the order in which they were named.
type Parse<T> = dyn Fn(&[Content]) -> Result<T, Error> + Send + Sync;

/// A value made of files. A change of the files is found by their content, so that it does not matter how
/// they are replaced: in place, by renaming, or by a symbolic link that points elsewhere, as Kubernetes does.
pub(crate) struct Reload<T> {
    /// What the value is, for the log and the metrics.
    what: &'static str,
    paths: Vec<PathBuf>,
    parse: Box<Parse<T>>,
    current: ArcSwap<T>,
    /// The state of the files at the last look, so that a fault is told once.
    seen: Mutex<State>,
    reloads: AtomicU64,
    failures: AtomicU64,
}

/// The files at one look: the digest of their content, or why they could not be read.
#[derive(Debug, PartialEq, Eq)]
enum State {
    Read(Vec<u8>),
    Unreadable(String),
}

impl<T: Send + Sync + 'static> Reload<T> {
    /// Reads the files for the first time.
    pub(crate) fn open(
        what: &'static str,
        paths: Vec<PathBuf>,
        parse: impl Fn(&[Content]) -> Result<T, Error> + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let content = read_all(&paths)?;
        let value = parse(&content)?;
        Ok(Self {
            what,
            paths,
            parse: Box::new(parse),
            current: ArcSwap::from_pointee(value),
            seen: Mutex::new(State::Read(fingerprint(&content))),
            reloads: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        })
    }

    /// The value of the files when they were last right.
    pub(crate) fn get(&self) -> Guard<Arc<T>> {
        self.current.load()
    }

    /// Changes that were taken over, and changes that were refused.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.reloads.load(Relaxed), self.failures.load(Relaxed))
    }

    /// Reads the files again when they have changed. When no value can be made from them, the one
    /// before stays.
    pub(crate) fn look(&self) {
        let content = read_all(&self.paths);
        let state = match &content {
            Ok(content) => State::Read(fingerprint(content)),
            Err(error) => State::Unreadable(error.to_string()),
        };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == state {
            return;
        }
        *seen = state;
        drop(seen);
        match content.and_then(|content| (self.parse)(&content)) {
            Ok(value) => {
                self.current.store(Arc::new(value));
                self.reloads.fetch_add(1, Relaxed);
                tracing::info!(what = self.what, "the {} was read again", self.what);
            }
            Err(error) => {
                self.failures.fetch_add(1, Relaxed);
                tracing::error!(what = self.what, %error, "the {} stays as it was", self.what);
            }
        }
    }
}

/// What is looked at from time to time.
pub(crate) trait Look: Send + Sync + 'static {
    /// Looks once.
    fn look(&self);
}

/// Looks at `what` every `every`, in a thread of its own, for as long as somebody else holds it.
///
/// A file system that hangs then holds up no event loop.
pub(crate) fn follow(what: Weak<dyn Look>, every: Duration) -> io::Result<()> {
    let follow = move || {
        loop {
            thread::sleep(every);
            let Some(what) = what.upgrade() else { return };
            what.look();
        }
    };
    thread::Builder::new().name("reload".into()).stack_size(256 << 10).spawn(follow).map(drop)
}

fn read_all(paths: &[PathBuf]) -> Result<Vec<Content>, Error> {
    let read = |path: &PathBuf| Ok(Content { path: path.clone(), bytes: read(path)? });
    paths.iter().map(read).collect()
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    let metadata = fs::metadata(path).map_err(failed)?;
    if metadata.is_dir() {
        return Err(Error::file(path, "is a folder; name the file in it"));
    }
    // a pipe would block, and a device may never end
    if !metadata.is_file() {
        return Err(Error::file(path, "is no regular file; it is read again and again"));
    }
    if metadata.len() > MOST_BYTES {
        return Err(Error::file(
            path,
            "is larger than 16 MiB, so it is another file than was meant",
        ));
    }
    fs::read(path).map_err(failed)
}

fn fingerprint(content: &[Content]) -> Vec<u8> {
    content.iter().flat_map(|file| digest(&SHA256, &file.bytes).as_ref().to_vec()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(path: &Path) -> Result<Reload<u32>, Error> {
        Reload::open("number", vec![path.to_owned()], |content| {
            let file = &content[0];
            let text = String::from_utf8_lossy(&file.bytes);
            text.trim().parse().map_err(|_| Error::file(&file.path, "is no number"))
        })
    }

    #[test]
    fn a_change_is_taken_over_and_a_fault_leaves_the_value() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("n");
        fs::write(&path, "1").unwrap();
        let value = number(&path).unwrap();
        value.look();
        assert_eq!((**value.get(), value.counts()), (1, (0, 0)));
        // the same length within the same second
        fs::write(&path, "2").unwrap();
        value.look();
        assert_eq!((**value.get(), value.counts()), (2, (1, 0)));
        fs::write(&path, "two").unwrap();
        value.look();
        value.look();
        assert_eq!((**value.get(), value.counts()), (2, (1, 1)), "a fault is counted once");
        fs::remove_file(&path).unwrap();
        value.look();
        value.look();
        assert_eq!((**value.get(), value.counts()), (2, (1, 2)));
        fs::write(&path, "3").unwrap();
        value.look();
        assert_eq!((**value.get(), value.counts()), (3, (2, 2)));
    }

    #[test]
    #[cfg(unix)]
    fn a_link_that_points_elsewhere_is_a_change() {
        use std::os::unix::fs::symlink;
        // as kubelet lays out a Secret: `n` → `..data/n`, `..data` → a folder of each state
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (state, text) in [("..1", "1"), ("..2", "2")] {
            fs::create_dir(at(state)).unwrap();
            fs::write(at(state).join("n"), text).unwrap();
        }
        symlink("..1", at("..data")).unwrap();
        symlink("..data/n", at("n")).unwrap();
        let value = number(&at("n")).unwrap();
        assert_eq!(**value.get(), 1);
        symlink("..2", at("..data_tmp")).unwrap();
        fs::rename(at("..data_tmp"), at("..data")).unwrap();
        value.look();
        assert_eq!(**value.get(), 2);
    }

    #[test]
    fn what_is_no_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = |path: &Path| number(path).err().unwrap().to_string();
        assert!(error(folder.path()).contains("is a folder"));
        assert!(error(Path::new("/dev/zero")).contains("no regular file"));
        assert!(error(&folder.path().join("none")).contains("failed to read"));
    }
}
