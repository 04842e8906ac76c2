//! Names from a listing or an archive, made safe to write below a folder.

use std::collections::HashSet;

/// Longest file or folder name, in bytes, that common file systems take.
const NAME: usize = 255;

/// Longest path, in bytes. S3's own limit on keys.
const PATH: usize = 1024;

/// A relative path that stays below where it is put, or why it does not.
pub(crate) fn relative(text: &str) -> Result<String, String> {
    let shown = || text.chars().take(80).collect::<String>().escape_debug().to_string();
    if text.is_empty() {
        return Err("a file has no name".into());
    }
    if text.len() > PATH {
        return Err(format!("the path `{}…` is longer than {PATH} bytes", shown()));
    }
    if text.starts_with('/') {
        return Err(format!("the path `{}` is absolute", shown()));
    }
    if text.contains('\\') || text.chars().any(char::is_control) {
        return Err(format!("the path `{}` has a backslash or a control character", shown()));
    }
    for part in text.split('/') {
        match part {
            "" => return Err(format!("the path `{}` has an empty part", shown())),
            "." | ".." => return Err(format!("the path `{}` leaves the model's folder", shown())),
            _ if part.len() > NAME => {
                return Err(format!("the path `{}` has a part longer than {NAME} bytes", shown()));
            }
            _ => {}
        }
    }
    Ok(text.to_owned())
}

/// The paths of one model: each once, and none both a file and a folder.
#[derive(Debug, Default)]
pub(crate) struct Paths {
    files: HashSet<String>,
    folders: HashSet<String>,
}

impl Paths {
    /// Adds a path that [`relative`] returned.
    pub(crate) fn add(&mut self, path: &str) -> Result<(), String> {
        let clash = || format!("`{path}` is there twice, or is both a file and a folder");
        if self.folders.contains(path) || !self.files.insert(path.to_owned()) {
            return Err(clash());
        }
        for (at, _) in path.match_indices('/') {
            let folder = path.get(..at).unwrap_or_default();
            if self.files.contains(folder) {
                return Err(clash());
            }
            if !self.folders.contains(folder) {
                self.folders.insert(folder.to_owned());
            }
        }
        Ok(())
    }

    /// How many files there are.
    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }
}

#[cfg(test)]
mod tests {
    use super::{Paths, relative};

    #[test]
    fn a_path_that_leaves_its_folder_is_refused() {
        for bad in [
            "",
            "/etc/passwd",
            "..",
            "../x",
            "a/../../x",
            "a/..",
            "./a",
            "a//b",
            "a/",
            "a\\..\\b",
            "a\0b",
            "a\nb",
        ] {
            assert!(relative(bad).is_err(), "{bad:?}");
        }
        assert!(relative(&"a".repeat(256)).is_err());
        assert!(relative(&"a/".repeat(600)).is_err());
        for good in ["MLmodel", "a/b/c.pkl", "..a/b..", "white wine.pkl", "größe.json"] {
            assert_eq!(relative(good).unwrap(), good);
        }
    }

    #[test]
    fn a_name_is_a_file_or_a_folder() {
        let mut paths = Paths::default();
        paths.add("a/b").unwrap();
        paths.add("a/c/d").unwrap();
        assert!(paths.add("a/b").is_err());
        assert!(paths.add("a/c").is_err());
        assert!(paths.add("a/b/x").is_err());
        assert!(paths.add("a").is_err());
    }
}
