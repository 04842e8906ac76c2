//! What files hold in place of a model: data, functions.

use crate::{
    Error,
    read::{Cursor, Kind},
};

/// Why a file whose value is `root` is no model; `None` when it may be one.
pub(super) fn error(root: Cursor<'_>) -> Option<Error> {
    let of = |what: String, reason: &str, hint: &str| {
        let what = format!("a file with {what}");
        Some(Error::Unsupported { what, reason: reason.into(), hint: hint.into() })
    };
    if let Some(code) = root.code() {
        return of(
            format!("the Python function `{}` ({})", code.name, code.file),
            "code from model files is never executed",
            "Save the fitted estimator that the function calls",
        );
    }
    match root.kind() {
        Kind::Global(module, name) => of(
            format!("the class or function `{module}.{name}`, stored by name alone,"),
            "a name holds nothing that was fitted",
            "Save the fitted estimator: an instance, after `fit`",
        ),
        Kind::Object(_) => match root.class()? {
            (module, name) if is_data(module) => of(
                format!("a `{name}` of {}", package(module)),
                "it holds data, not a model",
                "Save the fitted estimator; rows belong in a request",
            ),
            _ => None,
        },
        _ => of(
            root.describe(),
            "it holds data, not a model",
            "Save the fitted estimator or pipeline itself",
        ),
    }
}

pub(super) fn package(module: &str) -> &str {
    module.split('.').next().unwrap_or_default()
}

pub(super) fn is_data(module: &str) -> bool {
    matches!(package(module), "pandas" | "polars" | "pyarrow" | "numpy")
        || module.starts_with("scipy.sparse")
}
