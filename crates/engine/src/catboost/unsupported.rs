//! What CatBoost has and the engine does not.

use crate::Error;

fn unsupported(what: impl Into<String>, reason: impl Into<String>) -> Error {
    Error::Unsupported {
        what: what.into(),
        reason: reason.into(),
        hint: "Train it with columns of numbers and of categories: make numbers of texts by a \
               vectorizer before it, or pass them as categories"
            .into(),
    }
}

/// Columns of a kind that is not native: `text`, `embedding`, or `estimated` from these.
pub(super) fn features(kind: &str) -> Error {
    unsupported(
        format!("a CatBoost model with {kind} features"),
        "how their numbers are made is not native",
    )
}

/// A part of a file.
pub(super) fn part(name: &str) -> Error {
    match name {
        "text_processing_collection" => features("text"),
        "embedding_processing_collection" => features("embedding"),
        _ => unsupported(
            format!("a CatBoost model with the part `{name}`"),
            "what the part means is not known here",
        ),
    }
}
