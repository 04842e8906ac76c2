//! What a name of a filter means.

use super::{refused, token::Token};
use crate::Error;

/// What is compared or sorted by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) kind: Kind,
    pub(super) key: String,
}

/// What kinds of fields there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Attribute,
    Metric,
    Param,
    Tag,
    Dataset,
    Metadata,
    Span,
    Feedback,
    Expectation,
    Issue,
}

impl Kind {
    /// As errors of MLflow call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Attribute => "attribute",
            Self::Metric => "metric",
            Self::Param => "parameter",
            Self::Tag => "tag",
            Self::Dataset => "dataset",
            Self::Metadata => "request_metadata",
            Self::Span => "span",
            Self::Feedback => "feedback",
            Self::Expectation => "expectation",
            Self::Issue => "issue",
        }
    }
}

/// The names of one kind of search.
pub(super) struct Names {
    /// The words before the dot, with their kinds.
    pub(super) prefixes: &'static [(&'static str, Kind)],
    /// What an error says of a word that is none of them.
    pub(super) known: &'static str,
    /// The attributes.
    pub(super) attributes: &'static [&'static str],
}

impl Names {
    /// What the name at the left of a comparison means.
    ///
    /// # Errors
    /// [`Error::Refused`] in MLflow's words.
    pub(super) fn of(&self, name: &Token<'_>) -> Result<Field, Error> {
        self.find(name.text).map_err(|words| refused(&words, name.at))
    }

    /// What a field to sort by means.
    ///
    /// # Errors
    /// [`Error::Refused`] in MLflow's words.
    pub(super) fn sorted(&self, name: &str) -> Result<Field, Error> {
        self.find(name).map_err(Error::invalid)
    }

    fn find(&self, name: &str) -> Result<Field, String> {
        let (kind, key) = match name.split_once('.') {
            None => (Kind::Attribute, name),
            Some((prefix, key)) => {
                let prefix = bare(prefix, '`');
                let found = self.prefixes.iter().find(|(it, _)| *it == prefix);
                let (_, kind) = found
                    .ok_or_else(|| format!("Invalid entity type '{prefix}'. {}", self.known))?;
                (*kind, key)
            }
        };
        let unquoted = bare(bare(key, '\''), '"');
        let key = bare(unquoted, '`').to_owned();
        if kind == Kind::Attribute && !self.attributes.contains(&&*key) {
            let valid = list(self.attributes);
            return Err(format!(
                "Invalid attribute key '{key}' specified. Valid keys are '{valid}'"
            ));
        }
        if kind == Kind::Dataset && !DATASET.contains(&&*key) {
            let valid = list(DATASET);
            return Err(format!("Invalid dataset key '{key}' specified. Valid keys are '{valid}'"));
        }
        Ok(Field { kind, key })
    }
}

/// What can be asked of a dataset.
const DATASET: &[&str] = &["context", "digest", "name"];

/// A text without the quotes around it.
pub(super) fn bare(text: &str, quote: char) -> &str {
    let inner = text.strip_prefix(quote).and_then(|it| it.strip_suffix(quote));
    inner.unwrap_or(text)
}

/// Words as Python lists them.
pub(super) fn list(words: &[&str]) -> String {
    let words: Vec<_> = words.iter().map(|it| format!("'{it}'")).collect();
    format!("[{}]", words.join(", "))
}
