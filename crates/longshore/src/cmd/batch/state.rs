//! What tells one state of a model from another.

use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use longshore_engine::Source;
use ring::digest::{Context, SHA256};

use crate::cmd::advice::Unreadable;

/// A digest of the names and bytes of a model's files.
pub(super) fn of(source: &Source) -> Result<String> {
    let mut digest = Context::new(&SHA256);
    add(&mut digest, source)?;
    let bytes = digest.finish();
    Ok(bytes.as_ref().iter().take(16).fold(String::new(), |hex, byte| hex + &format!("{byte:02x}")))
}

fn add(digest: &mut Context, source: &Source) -> Result<()> {
    match source {
        Source::File(path) => file(digest, path),
        Source::Folder(path) => {
            let mut files = Vec::new();
            walk(path, &mut files)
                .with_context(|| format!("failed to read `{}`", path.display()))?;
            files.sort();
            files.iter().try_for_each(|path| file(digest, path))
        }
        Source::Embedded { files, .. } => {
            for (name, bytes) in *files {
                digest.update(name.as_bytes());
                digest.update(bytes);
            }
            Ok(())
        }
        Source::Chain(links) => links.iter().try_for_each(|link| add(digest, link)),
    }
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            walk(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn file(digest: &mut Context, path: &Path) -> Result<()> {
    let failed = || format!("failed to read `{}`", path.display());
    digest.update(path.file_name().unwrap_or_default().as_encoded_bytes());
    let mut file =
        File::open(path).map_err(|source| Unreadable { path: path.to_owned(), source })?;
    let mut buffer = vec![0; 256 << 10];
    loop {
        let count = file.read(&mut buffer).with_context(failed)?;
        if count == 0 {
            return Ok(());
        }
        digest.update(buffer.get(..count).unwrap_or_default());
    }
}
