use std::{
    fs,
    io::{Read, Seek, SeekFrom},
    os::unix::fs::FileTypeExt,
    path::{Path, PathBuf},
};

use crate::{Error, Limits};

/// Files of one folder that are looked at; folders of models stay far below.
const MOST_FILES: usize = 10_000;
/// Bytes at the beginning of a file by which it is recognised.
const HEAD: u64 = 4 << 10;
/// Bytes at the end of a file, where an archive has its index.
const TAIL: u64 = 128 << 10;

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
    /// Transformers that were saved apart, and a model at the end: rows go through them in this
    /// order, as through the steps of a pipeline.
    Chain(Vec<Source>),
}

/// What is directly inside a folder, sorted.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    pub(crate) files: Vec<String>,
    pub(crate) folders: Vec<String>,
}

impl Source {
    /// Tells a file from a folder.
    ///
    /// # Errors
    /// [`Error::Io`] when there is no such path or it cannot be reached, [`Error::Unrecognised`]
    /// for devices, pipes and sockets.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let io = |source| Error::Io { path: path.to_owned(), source };
        let kind = fs::metadata(path).map_err(io)?.file_type();
        if kind.is_dir() {
            Ok(Self::Folder(path.to_owned()))
        } else {
            regular(path, kind)?;
            Ok(Self::File(path.to_owned()))
        }
    }

    /// The path or name to show in messages.
    pub fn shown(&self) -> PathBuf {
        match self {
            Self::File(path) | Self::Folder(path) => path.clone(),
            Self::Embedded { name, .. } => PathBuf::from(name),
            Self::Chain(links) => {
                let links: Vec<_> =
                    links.iter().map(|link| link.shown().display().to_string()).collect();
                PathBuf::from(links.join("+"))
            }
        }
    }

    /// What is directly inside; nothing for a single file or a chain.
    ///
    /// # Errors
    /// [`Error::Io`] when the folder cannot be listed, [`Error::Unrecognised`] when it holds too
    /// many files to be a model's.
    pub(crate) fn entries(&self) -> Result<Entries, Error> {
        let mut entries = Entries::default();
        match self {
            Self::File(_) | Self::Chain(_) => {}
            Self::Embedded { files, .. } => {
                entries.files.extend(files.iter().map(|(name, _)| (*name).to_owned()));
            }
            Self::Folder(path) => {
                let io = |source| Error::Io { path: path.clone(), source };
                for entry in fs::read_dir(path).map_err(io)? {
                    let entry = entry.map_err(io)?;
                    let name = entry.file_name().to_string_lossy().into_owned();
                    match fs::metadata(entry.path()) {
                        Ok(metadata) if metadata.is_file() => entries.files.push(name),
                        Ok(metadata) if metadata.is_dir() => entries.folders.push(name),
                        _ => {}
                    }
                    if entries.files.len() + entries.folders.len() > MOST_FILES {
                        return Err(Error::Unrecognised {
                            path: path.clone(),
                            reason: format!(
                                "holds more than {MOST_FILES} files, and no `MLmodel`: name the \
                                 model's file"
                            ),
                        });
                    }
                }
            }
        }
        entries.files.sort_unstable();
        entries.folders.sort_unstable();
        Ok(entries)
    }

    /// Whether a folder holds the file `name`.
    pub(crate) fn has(&self, name: &str) -> bool {
        match self {
            Self::File(_) | Self::Chain(_) => false,
            Self::Folder(path) => path.join(name).is_file(),
            Self::Embedded { files, .. } => files.iter().any(|(file, _)| *file == name),
        }
    }

    /// The whole content of one file: `name` inside a folder, or the single file itself.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Unrecognised`] for what is no file, or [`Error::Limit`] for a file
    /// beyond [`Limits::model_bytes`].
    pub fn read(&self, name: &str, limits: &Limits) -> Result<Vec<u8>, Error> {
        let path = self.path(name);
        if let Some(content) = self.embedded(name) {
            return Ok(content.to_vec());
        }
        let io = |source| Error::Io { path: path.clone(), source };
        let file = open(&path)?;
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

    /// The first `HEAD` and the last `TAIL` bytes of a file, one after the other; the whole file
    /// when it is not longer than both.
    ///
    /// # Errors
    /// As for [`Source::read`].
    pub(crate) fn ends(&self, name: &str) -> Result<Vec<u8>, Error> {
        if let Some(content) = self.embedded(name) {
            return Ok(content.to_vec());
        }
        let path = self.path(name);
        let io = |source| Error::Io { path: path.clone(), source };
        let mut file = open(&path)?;
        let size = file.metadata().map_err(io)?.len();
        let mut ends = Vec::new();
        let head = if size > HEAD + TAIL { HEAD } else { HEAD + TAIL };
        file.by_ref().take(head).read_to_end(&mut ends).map_err(io)?;
        if size > HEAD + TAIL {
            file.seek(SeekFrom::Start(size - TAIL)).map_err(io)?;
            file.take(TAIL).read_to_end(&mut ends).map_err(io)?;
        }
        Ok(ends)
    }

    /// The path of a file to show, and to open when it is in the file system.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        match self {
            Self::File(path) => path.clone(),
            _ => self.shown().join(name),
        }
    }

    fn embedded(&self, name: &str) -> Option<&'static [u8]> {
        let Self::Embedded { files, .. } = self else { return None };
        files.iter().find(|(file, _)| *file == name).map(|(_, content)| *content)
    }
}

/// Opens a file and refuses anything else: opening a pipe would wait for whoever writes to it.
fn open(path: &Path) -> Result<fs::File, Error> {
    let io = |source| Error::Io { path: path.to_owned(), source };
    regular(path, fs::metadata(path).map_err(io)?.file_type())?;
    fs::File::open(path).map_err(io)
}

fn regular(path: &Path, kind: fs::FileType) -> Result<(), Error> {
    if kind.is_file() {
        return Ok(());
    }
    Err(Error::Unrecognised { path: path.to_owned(), reason: special(kind) })
}

fn special(kind: fs::FileType) -> String {
    if kind.is_dir() {
        "is a folder, where a file is expected".into()
    } else if kind.is_fifo() {
        "is a pipe: write what comes out of it to a file, and name that".into()
    } else if kind.is_socket() {
        "is a socket: name the model's file or folder".into()
    } else {
        "is a device: name the model's file or folder".into()
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write, os::unix::net::UnixListener, path::Path, process::Command};

    use super::{HEAD, Source, TAIL};
    use crate::{Limits, load};

    fn refusal(path: &Path) -> String {
        let direct = load(&Source::File(path.to_owned()), &Limits::default()).unwrap_err();
        let opened = Source::open(path).unwrap_err().to_string();
        assert_eq!(direct.to_string(), opened);
        opened
    }

    #[test]
    fn what_is_no_file_is_refused_at_once() {
        assert!(refusal(Path::new("/dev/zero")).contains("`/dev/zero` is a device"));
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe.pkl");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert!(refusal(&pipe).contains("is a pipe"));
        let socket = folder.path().join("socket.pkl");
        let _listener = UnixListener::bind(&socket).unwrap();
        assert!(refusal(&socket).contains("is a socket"));
    }

    #[test]
    fn both_ends_of_a_file_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long");
        let mut file = fs::File::create(&path).unwrap();
        file.write_all(b"begin").unwrap();
        file.set_len(1 << 20).unwrap();
        fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"end").unwrap();
        let ends = Source::File(path).ends("").unwrap();
        assert_eq!(ends.len() as u64, HEAD + TAIL);
        assert!(ends.starts_with(b"begin") && ends.ends_with(b"end"));
    }
}
