//! What cannot be served, said so that the reader knows where it is and what to do.

use crate::{
    Error,
    read::{Cursor, Kind},
};

/// A function that prediction would have to call.
pub(crate) fn function(class: &str, attribute: &str, value: Cursor<'_>) -> Error {
    let advice = match class {
        "FunctionTransformer" => {
            "replace it by a numpy function (log1p, exp, clip …), by a built-in transformer, or \
             move that step before the request"
        }
        "CountVectorizer" | "TfidfVectorizer" | "HashingVectorizer" => {
            "use the built-in analyzers, `token_pattern`, `lowercase` and `strip_accents`, or \
             prepare the text before the request"
        }
        _ => "replace it by one of the named options of this class",
    };
    let (what, reason) = described(value);
    Error::Unsupported {
        what: format!("`{class}.{attribute}`, {what},"),
        reason,
        hint: format!("Options: {advice}"),
    }
}

/// What a function is, and why it cannot be called.
fn described(value: Cursor<'_>) -> (String, String) {
    if let Some(code) = value.code() {
        let line = code.line.map_or_else(String::new, |line| format!(" line {line}"));
        let place = format!(" ({}{line})", code.file);
        return (
            format!("the Python function `{}`{place}", code.name),
            "it is stored as bytecode, and code from model files is never executed".into(),
        );
    }
    match value.kind() {
        Kind::Global(module, name) => (
            format!("the function `{module}.{name}`"),
            "it is stored by name only, and has no native implementation".into(),
        ),
        _ => (value.describe(), "it has no native implementation".into()),
    }
}

/// An estimator whose class this build does not know.
pub(crate) fn class(estimator: Cursor<'_>) -> Error {
    if let Some(name) = estimator.carried_class() {
        return Error::Unsupported {
            what: format!("`{name}`, a class that the file carries as code,"),
            reason: "code from model files is never executed".into(),
            hint: "Options: replace it by a built-in transformer, or move that step before the \
                   request"
                .into(),
        };
    }
    let Some((module, name)) = estimator.class() else {
        return Error::Unsupported {
            what: estimator.describe(),
            reason: "an estimator is expected here".into(),
            hint: "save the fitted estimator or pipeline itself".into(),
        };
    };
    let root = module.split('.').next().unwrap_or_default();
    let what = format!("`{module}.{name}`");
    match root {
        "sklearn" => Error::Unsupported {
            what: format!("`{name}`"),
            reason: "this class of scikit-learn has no native implementation".into(),
            hint: "Replace it by a class that runs natively; docs/reference/models.md lists them"
                .into(),
        },
        "__main__" | "__mp_main__" => Error::Unsupported {
            what,
            reason: "the class was defined in the training script, and its code is not executed"
                .into(),
            hint: "Options: replace it by a built-in transformer, or move that step before the \
                   request"
                .into(),
        },
        "torch" | "tensorflow" | "keras" => Error::Unsupported {
            what,
            reason: format!("`{root}` models in a pickle need {root} itself"),
            hint: "Train a model of scikit-learn, XGBoost or LightGBM instead; \
                   docs/reference/models.md lists what runs natively"
                .into(),
        },
        _ => Error::Unsupported {
            what,
            reason: format!("it comes from the package `{root}`, whose code is not executed"),
            hint: "Options: replace it by a class of scikit-learn that runs natively \
                   (docs/reference/models.md lists them), or move that step before the request"
                .into(),
        },
    }
}
