//! Uploads that were cut off by a kill or a power cut: files that nobody writes any more, and nobody sees.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, SystemTime},
};

use tempfile::NamedTempFile;

use super::UNFINISHED;

/// Letters that follow [`UNFINISHED`] in names of this server. MLflow's have more.
const LETTERS: usize = 6;

/// How old a file must be whose writer cannot be asked for by a lock.
const OLD: Duration = Duration::from_hours(24);

/// Most attempts to make a file while another server deletes leftovers.
const ATTEMPTS: usize = 8;

/// A new file that is locked as long as it is written: what is not locked is a leftover.
///
/// # Errors
/// Those of the disk.
pub(super) fn unfinished(folder: &Path) -> io::Result<NamedTempFile> {
    let mut made = make(folder)?;
    for _ in 1..ATTEMPTS {
        // another server may have taken it for a leftover just before it was locked
        if !matches!(made.as_file().try_lock(), Err(TryLockError::WouldBlock))
            && made.path().try_exists()?
        {
            break;
        }
        made = make(folder)?;
    }
    Ok(made)
}

fn make(folder: &Path) -> io::Result<NamedTempFile> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::Permissions::from_mode(0o666);
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED).rand_bytes(LETTERS).permissions(mode).tempfile_in(folder)
}

/// Deletes the leftovers below a folder, in a thread of its own: the folder may hold very many files.
pub(super) fn sweep(root: PathBuf) {
    let work = move || {
        let mut count = 0_usize;
        delete_below(&root, &mut count);
        if count > 0 {
            tracing::info!(count, "uploads that an earlier end had cut off are deleted");
        }
    };
    if let Err(error) = thread::Builder::new().name("leftovers".to_owned()).spawn(work) {
        tracing::warn!(%error, "uploads that an earlier end had cut off stay on the disk");
    }
}

fn delete_below(folder: &Path, count: &mut usize) {
    let Ok(inside) = fs::read_dir(folder) else { return };
    for entry in inside.flatten() {
        let Ok(kind) = entry.file_type() else { continue };
        let name = entry.file_name();
        let of_upload = name.to_str().and_then(|name| name.strip_prefix(UNFINISHED));
        match of_upload {
            // a link is neither a file nor a folder here, so that nothing outside is touched
            None if kind.is_dir() => delete_below(&entry.path(), count),
            Some(rest) if kind.is_file() && is_leftover(&entry.path(), rest.len() == LETTERS) => {
                *count += usize::from(fs::remove_file(entry.path()).is_ok());
            }
            _ => {}
        }
    }
}

/// Whether nobody writes a file any more. `is_ours` says whether its writer would hold a lock.
fn is_leftover(path: &Path, is_ours: bool) -> bool {
    let Ok(file) = File::open(path) else { return false };
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => return false,
        Ok(()) if is_ours => return true,
        _ => {}
    }
    let modified = file.metadata().and_then(|about| about.modified()).ok();
    let age = modified.and_then(|at| SystemTime::now().duration_since(at).ok());
    age.is_some_and(|age| age >= OLD)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_there(path: &Path) -> bool {
        path.try_exists().unwrap()
    }

    #[test]
    fn only_what_nobody_writes_is_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let (root, beside) = (folder.path().join("root"), folder.path().join("beside"));
        let deep = root.join("7/run/artifacts");
        for folder in [&deep, &beside] {
            fs::create_dir_all(folder).unwrap();
        }
        let leftover = deep.join(format!("{UNFINISHED}aB3dE6"));
        let old = root.join(format!("{UNFINISHED}0d5b6f3e-old"));
        let young = root.join(format!("{UNFINISHED}0d5b6f3e-young"));
        let outside = beside.join(format!("{UNFINISHED}aB3dE6"));
        let whole = deep.join("model.pkl");
        for path in [&leftover, &old, &young, &outside, &whole] {
            fs::write(path, "half").unwrap();
        }
        File::options()
            .append(true)
            .open(&old)
            .and_then(|file| file.set_modified(SystemTime::now() - 2 * OLD))
            .unwrap();
        std::os::unix::fs::symlink(&beside, root.join("link")).unwrap();
        let written = unfinished(&deep).unwrap();
        let mut count = 0;
        delete_below(&root, &mut count);
        assert_eq!(count, 2);
        assert!(!is_there(&leftover) && !is_there(&old));
        for path in [&young, &outside, &whole, &written.path().to_owned()] {
            assert!(is_there(path), "{}", path.display());
        }
        let kept = written.path().to_owned();
        drop(written.keep().unwrap());
        assert!(is_leftover(&kept, true), "its writer is gone");
    }
}
