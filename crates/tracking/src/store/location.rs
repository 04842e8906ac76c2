use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use crate::Error;

/// Where the location of a database is written. It may hold a password, so it is never shown.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// Here.
    Text(String),
    /// In a file, which is read again for every new connection to Postgres: the password in it may change.
    File(PathBuf),
}

impl Location {
    /// The location, as MLflow writes it.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(&self) -> Result<String, Error> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::File(path) => {
                let text = fs::read_to_string(path).map_err(|error| {
                    Error::invalid(format!(
                        "the location of the database cannot be read from `{}`: {error}",
                        path.display()
                    ))
                })?;
                Ok(text.trim().to_owned())
            }
        }
    }
}

impl From<&str> for Location {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Location {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<&Path> for Location {
    fn from(path: &Path) -> Self {
        Self::File(path.to_owned())
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => out.write_str("Text(…)"),
            Self::File(path) => out.debug_tuple("File").field(path).finish(),
        }
    }
}
