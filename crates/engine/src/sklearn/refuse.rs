//! What cannot be served, said so that the reader knows where it is and what to do.

use super::nearest::nearest;
use crate::{
    Error,
    catalogue::{self, Runs},
    read::{Cursor, Kind},
};

/// Where to read on: what runs natively is told there, whatever the release.
const LIST: &str = "the list of models in the documentation says what runs natively";

/// A function that prediction would have to call.
pub(crate) fn function(class: &str, attribute: &str, value: Cursor<'_>) -> Error {
    let advice = match class {
        "FunctionTransformer" if let Some(instead) = type_instead(value) => instead,
        "FunctionTransformer" => {
            "replace it by a numpy function (log1p, exp, clip …), by a built-in transformer, or \
             move that step before the request"
        }
        "CountVectorizer" | "TfidfVectorizer" | "HashingVectorizer" => {
            "use the built-in analyzers, `token_pattern`, `lowercase` and `strip_accents`, or \
             prepare the text before the request"
        }
        "SVC" | "NuSVC" | "SVR" | "NuSVR" | "OneClassSVM" => {
            "use `linear`, `poly`, `rbf` or `sigmoid`, or `precomputed` with the kernel's values as \
             rows"
        }
        "DataFrameMapper" => "write the names of the columns",
        _ => "replace it by one of the named options of this class",
    };
    let (what, reason) = described(value);
    Error::Unsupported {
        what: format!("`{class}.{attribute}`, {what},"),
        reason,
        hint: format!("Options: {advice}"),
    }
}

/// What to write in the place of a type that is called as a function.
fn type_instead(value: Cursor<'_>) -> Option<&'static str> {
    match value.kind() {
        Kind::Global("builtins", "float" | "int" | "bool") => Some(
            "use `numpy.float64`, `numpy.int64` or `numpy.bool_`: Python's own type takes one number",
        ),
        Kind::Global(module, name) if module.starts_with("numpy") => {
            let number = ["float", "int", "uint", "half", "byte", "short", "ubyte", "ushort"];
            number.iter().any(|start| name.starts_with(start)).then_some(
                "use `numpy.float64`, `numpy.float32`, `numpy.int64` or `numpy.int32`, the types that \
                 are carried from step to step",
            )
        }
        _ => None,
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
    if value.class() == Some(("builtins", "method_descriptor")) {
        return (
            "a method of a built-in type".into(),
            "skops does not keep its name: save the model with joblib or pickle".into(),
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

/// An estimator whose class has no native implementation.
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
    if let Some(Runs::Refused { reason, instead }) = catalogue::find(root, name).map(|it| it.runs) {
        let what = if root == "sklearn" { format!("`{name}`") } else { what };
        let hint = format!("Options: {instead}");
        return Error::Unsupported { what, reason: reason.into(), hint };
    }
    match root {
        "sklearn" => Error::Unsupported {
            what: format!("`{name}`"),
            reason: UNKNOWN.into(),
            hint: instead(name),
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
            hint: format!("Train a model of scikit-learn, XGBoost or LightGBM instead; {LIST}"),
        },
        _ => Error::Unsupported {
            what,
            reason: format!("it comes from the package `{root}`, whose code is not executed"),
            hint: match nearest(name) {
                Some(_) => instead(name),
                None => format!(
                    "Options: replace it by a class of scikit-learn that runs natively ({LIST}), \
                     or move that step before the request"
                ),
            },
        },
    }
}

/// Why a class of scikit-learn that is not known does not run.
pub(crate) const UNKNOWN: &str = "this class of scikit-learn has no native implementation";

/// What to train instead of a class.
fn instead(class: &str) -> String {
    match nearest(class) {
        Some(nearest) => format!("The nearest that runs natively: {nearest}; {LIST}"),
        None => format!("Replace it by a class that runs natively; {LIST}"),
    }
}
