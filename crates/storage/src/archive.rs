//! Unpacks archives: no file lands outside of the target folder, and none unpacks to more than the
//! limits allow.

use std::{
    fmt,
    fs::{self, File},
    io::{self, BufReader, Read, Write},
    path::Path,
};

use flate2::read::MultiGzDecoder;

use crate::{
    Error, Limits,
    path::{Paths, relative},
};

/// Bytes that any archive may unpack to, whatever its ratio.
const SMALL: u64 = 16 << 20;

/// Bytes copied at once.
const CHUNK: usize = 128 << 10;

/// The kind of an archive, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ArchiveKind {
    Zip,
    Tar,
    TarGz,
}

impl ArchiveKind {
    pub(crate) fn of(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
        if ends(&[".zip"]) {
            Some(Self::Zip)
        } else if ends(&[".tar.gz", ".tgz"]) {
            Some(Self::TarGz)
        } else if ends(&[".tar"]) {
            Some(Self::Tar)
        } else {
            None
        }
    }

    /// The kind of a file: by its name, or by its bytes when all that is known of it is that it is
    /// compressed.
    pub(crate) fn of_file(name: &str, file: &Path) -> Result<Option<Self>, Error> {
        let kind = Self::of(name);
        if kind.is_some() || !name.to_ascii_lowercase().ends_with(".gz") {
            return Ok(kind);
        }
        let opened = File::open(file).map_err(Error::io("failed to read", file))?;
        let mut head = Vec::new();
        // what does not unpack is no archive, and whoever reads the model says what is wrong
        let read = MultiGzDecoder::new(BufReader::new(opened)).take(512).read_to_end(&mut head);
        // the magic of POSIX and of GNU's tar
        let is_tar = read.is_ok() && head.get(257..262) == Some(b"ustar");
        Ok(is_tar.then_some(Self::TarGz))
    }
}

/// An archive that is being unpacked, and the bytes that it may still unpack to.
struct Unpacking<'a> {
    what: &'a str,
    folder: &'a Path,
    limits: Limits,
    left: u64,
    paths: Paths,
}

/// Unpacks an archive into a folder that is made for it. `what` names it in messages.
pub(crate) fn unpack(
    kind: ArchiveKind,
    archive: &Path,
    folder: &Path,
    limits: Limits,
    what: &str,
) -> Result<(), Error> {
    let file = File::open(archive).map_err(Error::io("failed to read", archive))?;
    let size = file.metadata().map_err(Error::io("failed to read", archive))?.len();
    let left = size.saturating_mul(limits.ratio).max(SMALL);
    let mut unpacking = Unpacking { what, folder, limits, left, paths: Paths::default() };
    fs::create_dir_all(folder).map_err(Error::io("failed to make", folder))?;
    let reader = BufReader::new(file);
    match kind {
        ArchiveKind::Zip => unpacking.zip(reader),
        ArchiveKind::Tar => unpacking.tar(reader),
        ArchiveKind::TarGz => unpacking.tar(MultiGzDecoder::new(reader)),
    }?;
    if unpacking.paths.len() == 0 {
        return Err(unpacking.broken(&"it holds no files"));
    }
    Ok(())
}

impl Unpacking<'_> {
    fn broken(&self, reason: &dyn fmt::Display) -> Error {
        Error::Corrupt { what: format!("the archive {}", self.what), reason: reason.to_string() }
    }

    fn hostile(&self, reason: String) -> Error {
        Error::Hostile { what: format!("the archive {}", self.what), reason }
    }

    fn zip(&mut self, reader: BufReader<File>) -> Result<(), Error> {
        let mut archive = zip::ZipArchive::new(reader).map_err(|error| self.broken(&error))?;
        for at in 0..archive.len() {
            let mut entry = archive.by_index(at).map_err(|error| self.broken(&error))?;
            let name = entry.name().map_err(|error| self.broken(&error))?.into_owned();
            if entry.is_dir() {
                continue;
            }
            if entry.is_symlink() {
                return Err(self.hostile(format!("`{}` is a link", name.escape_debug())));
            }
            self.write(&name, &mut entry)?;
        }
        Ok(())
    }

    fn tar(&mut self, reader: impl Read) -> Result<(), Error> {
        let mut archive = tar::Archive::new(reader);
        let entries = archive.entries().map_err(|error| self.broken(&error))?;
        for entry in entries {
            let mut entry = entry.map_err(|error| self.broken(&error))?;
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            match entry.header().entry_type() {
                kind if kind.is_file() || kind.is_contiguous() => self.write(&name, &mut entry)?,
                tar::EntryType::Directory
                | tar::EntryType::XGlobalHeader
                | tar::EntryType::XHeader => {}
                _ => {
                    let reason =
                        format!("`{}` is neither a file nor a folder", name.escape_debug());
                    return Err(self.hostile(reason));
                }
            }
        }
        Ok(())
    }

    fn write(&mut self, name: &str, reader: &mut dyn Read) -> Result<(), Error> {
        let name = name.strip_prefix("./").unwrap_or(name);
        // what macOS adds to archives
        if name.starts_with("__MACOSX/")
            || name.rsplit('/').next().is_some_and(|n| n.starts_with("._"))
        {
            return Ok(());
        }
        let path = relative(name).map_err(|reason| self.hostile(reason))?;
        self.paths.add(&path).map_err(|reason| self.hostile(reason))?;
        if self.paths.len() > self.limits.files {
            return Err(self.limit(format!("{} files", self.limits.files)));
        }
        let target = self.folder.join(&path);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).map_err(Error::io("failed to make", parent))?;
        }
        let mut file = File::create_new(&target).map_err(Error::io("failed to write", &target))?;
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = match reader.read(&mut chunk) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read.map_err(|error| self.broken(&format!("`{path}`: {error}")))?,
            };
            let Some(bytes) = chunk.get(..read).filter(|bytes| !bytes.is_empty()) else {
                return Ok(());
            };
            self.left = self
                .left
                .checked_sub(bytes.len() as u64)
                .ok_or_else(|| self.limit(format!("{} times its size", self.limits.ratio)))?;
            file.write_all(bytes).map_err(Error::io("failed to write", &target))?;
        }
    }

    fn limit(&self, limit: String) -> Error {
        Error::Limit { what: format!("what is in the archive {}", self.what), limit, flag: "" }
    }
}

/// The name of the folder that is the only entry of `folder`: many archives hold all of their files
/// in one folder.
pub(crate) fn only_folder(folder: &Path) -> Option<String> {
    let mut entries = fs::read_dir(folder).ok()?.flatten();
    let only = entries.next()?;
    (entries.next().is_none() && only.file_type().ok()?.is_dir())
        .then(|| only.file_name().to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests;
