use std::{fs::File, io::Read, path::Path};

use crate::{Error, Limits};

/// The bytes of a model file, whose size is checked before they are read.
///
/// # Errors
/// [`Error::Io`], or [`Error::Limit`] for more than [`Limits::model_bytes`].
pub fn file(path: &Path, limits: &Limits) -> Result<Vec<u8>, Error> {
    let io = |source| Error::Io { path: path.to_owned(), source };
    let too_large = |size: u64| Error::Limit {
        what: format!("`{}` with {size} bytes", path.display()),
        limit: format!("{} bytes", limits.model_bytes),
        flag: "--max-model-bytes",
    };
    let file = File::open(path).map_err(io)?;
    let size = file.metadata().map_err(io)?.len();
    if size > limits.model_bytes {
        return Err(too_large(size));
    }
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(usize::try_from(size).unwrap_or(usize::MAX))
        .map_err(|_| io(std::io::Error::from(std::io::ErrorKind::OutOfMemory)))?;
    // it may grow while it is read, and pipes have no size
    file.take(limits.model_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > limits.model_bytes {
        return Err(too_large(bytes.len() as u64));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::file;
    use crate::Limits;

    #[test]
    fn the_size_is_checked_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.pkl");
        fs::write(&path, b"12345").unwrap();
        let limits = Limits { model_bytes: 4, ..Limits::default() };
        let error = file(&path, &limits).unwrap_err().to_string();
        assert!(error.contains("5 bytes") && error.contains("--max-model-bytes"), "{error}");
        assert_eq!(file(&path, &Limits::default()).unwrap(), b"12345");
        assert!(
            file(&folder.path().join("none"), &limits).unwrap_err().to_string().contains("none")
        );
    }
}
