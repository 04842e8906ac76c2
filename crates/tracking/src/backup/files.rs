//! Artifacts in a backup, and back.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
};

use serde_json::{Value as Json, json};

use super::{ARTIFACTS, LIST, digest::Digest, failed, manifest::Part, unusable};
use crate::{Error, artifacts::UNFINISHED};

/// Copies all artifacts into a backup: the list of them, and their bytes.
///
/// A file that vanishes meanwhile is left out: its run was deleted.
pub(super) fn save(from: &Path, folder: &Path) -> Result<(Part, u64), Error> {
    let place = folder.join(LIST);
    let mut list = Digest::new(BufWriter::new(File::create(&place).map_err(failed(&place))?));
    let (mut files, mut total) = (0, 0);
    let mut waiting = vec![PathBuf::new()];
    while let Some(below) = waiting.pop() {
        let inside = match fs::read_dir(from.join(&below)) {
            Ok(inside) => inside,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(failed(&from.join(&below))(error)),
        };
        let mut names = Vec::new();
        for entry in inside {
            let entry = entry.map_err(failed(&from.join(&below)))?;
            let kind = entry.file_type().map_err(failed(&entry.path()))?;
            names.push((below.join(entry.file_name()), kind));
        }
        names.sort_unstable_by(|(a, _), (b, _)| b.cmp(a));
        for (path, kind) in names {
            // links are followed by nobody: where they lead is not the server's
            if kind.is_dir() {
                waiting.push(path);
                continue;
            }
            let text = path.to_str().filter(|_| kind.is_file() && !is_unfinished(&path));
            let Some(text) = text else { continue };
            let Some((bytes, sha256)) =
                copy(&from.join(&path), &folder.join(ARTIFACTS).join(&path))?
            else {
                continue;
            };
            let line = json!({ "path": text, "bytes": bytes, "sha256": sha256 });
            writeln!(list, "{line}").map_err(failed(&place))?;
            files += 1;
            total += bytes;
        }
    }
    let (list, _, sha256) = list.end();
    let file = list.into_inner().map_err(io::IntoInnerError::into_error);
    file.and_then(|file| file.sync_all()).map_err(failed(&place))?;
    Ok((Part { name: LIST.to_owned(), columns: Vec::new(), rows: files, sha256 }, total))
}

fn is_unfinished(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(UNFINISHED.as_bytes()))
}

/// A file of the list.
struct Listed {
    path: String,
    bytes: u64,
    sha256: String,
}

/// Does something with each file that a backup lists, once the list is known to be whole.
fn each(
    folder: &Path,
    list: &Part,
    mut act: impl FnMut(&Listed) -> Result<(), Error>,
) -> Result<(), Error> {
    let place = folder.join(LIST);
    let damaged = || unusable(&place, "it is damaged; take another backup");
    let mut digest = Digest::new(File::open(&place).map_err(failed(&place))?);
    io::copy(&mut digest, &mut io::sink()).map_err(failed(&place))?;
    if digest.end().2 != list.sha256 {
        return Err(damaged());
    }
    for line in BufReader::new(File::open(&place).map_err(failed(&place))?).lines() {
        let line: Json =
            serde_json::from_str(&line.map_err(failed(&place))?).map_err(|_| damaged())?;
        let text = |name| line.get(name).and_then(Json::as_str).map(str::to_owned);
        let bytes = line.get("bytes").and_then(Json::as_u64);
        let listed = text("path").zip(text("sha256")).zip(bytes);
        let ((path, sha256), bytes) = listed.ok_or_else(damaged)?;
        let is_below = Path::new(&path)
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_)));
        if !is_below {
            return Err(damaged());
        }
        act(&Listed { path, bytes, sha256 })?;
    }
    Ok(())
}

/// Reads all artifacts of a backup.
pub(super) fn check(folder: &Path, list: &Part) -> Result<(), Error> {
    each(folder, list, |listed| {
        let place = folder.join(ARTIFACTS).join(&listed.path);
        let mut digest = Digest::new(File::open(&place).map_err(failed(&place))?);
        io::copy(&mut digest, &mut io::sink()).map_err(failed(&place))?;
        let (_, bytes, sha256) = digest.end();
        same(&place, listed, (bytes, &sha256))
    })
}

/// Copies all artifacts of a backup to where a server keeps them.
pub(super) fn bring(folder: &Path, list: &Part, to: &Path) -> Result<(), Error> {
    each(folder, list, |listed| {
        let place = folder.join(ARTIFACTS).join(&listed.path);
        let copied = copy(&place, &to.join(&listed.path))?;
        let (bytes, sha256) =
            copied.ok_or_else(|| unusable(&place, "it is missing; take another backup"))?;
        same(&place, listed, (bytes, &sha256))
    })
}

fn same(place: &Path, listed: &Listed, (bytes, sha256): (u64, &str)) -> Result<(), Error> {
    if (listed.bytes, listed.sha256.as_str()) == (bytes, sha256) {
        return Ok(());
    }
    Err(unusable(
        place,
        "it is not the file that was backed up: its SHA-256 is another; take another backup",
    ))
}

/// Copies a file: its bytes and their SHA-256; `None` when it is not there.
fn copy(from: &Path, to: &Path) -> Result<Option<(u64, String)>, Error> {
    let source = match File::open(from) {
        Ok(source) => source,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(from)(error)),
    };
    let write = || {
        fs::create_dir_all(to.parent().unwrap_or(to))?;
        let mut target = File::create(to)?;
        let mut digest = Digest::new(source);
        io::copy(&mut digest, &mut target)?;
        target.sync_data()?;
        Ok(digest.end())
    };
    let (_, bytes, sha256) = write().map_err(failed(to))?;
    Ok(Some((bytes, sha256)))
}
