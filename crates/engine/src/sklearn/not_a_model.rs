//! What files hold in place of a model: several parts, data, functions.

use crate::{
    Error,
    estimator::Estimator,
    read::{Cursor, Id, Kind},
    sklearn::building::Building,
};

/// Parts that are looked at.
const MOST: usize = 12;
/// Packages whose classes are estimators.
const LIBRARIES: &[&str] = &["sklearn", "xgboost", "lightgbm"];

/// Why a file whose value is `root` is no model; `None` when it may be one.
pub(super) fn error(root: Cursor<'_>, building: &Building) -> Option<Error> {
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
        Kind::Tuple(ids) => Some(several("a tuple", &numbered(root, ids), building)),
        Kind::List(ids) => Some(several("a list", &numbered(root, ids), building)),
        Kind::Dict(pairs) => Some(several("a dict", &named(root, pairs), building)),
        Kind::Global(module, name) => of(
            format!("the class or function `{module}.{name}`, stored by name alone,"),
            "a name holds nothing that was fitted",
            "Save the fitted estimator: an instance, after `fit`",
        ),
        Kind::Object(object) => match root.class()? {
            (module, name) if is_data(module) => of(
                format!("a `{name}` of {}", package(module)),
                "it holds data, not a model",
                "Save the fitted estimator; rows belong in a request",
            ),
            ("collections", "OrderedDict" | "defaultdict") => {
                Some(several("a dict", &named(root, &object.pairs), building))
            }
            _ => None,
        },
        _ => of(
            root.describe(),
            "it holds data, not a model",
            "Save the fitted estimator or pipeline itself",
        ),
    }
}

fn package(module: &str) -> &str {
    module.split('.').next().unwrap_or_default()
}

fn is_data(module: &str) -> bool {
    matches!(package(module), "pandas" | "polars" | "pyarrow" | "numpy")
        || module.starts_with("scipy.sparse")
}

/// A part of a tuple, list or dict.
struct Part<'a> {
    /// How Python reaches it, such as `[0]` or `["scaler"]`.
    index: String,
    /// A name for its file.
    name: String,
    value: Cursor<'a>,
}

fn numbered<'a>(root: Cursor<'a>, ids: &[Id]) -> Vec<Part<'a>> {
    let parts = ids.iter().take(MOST + 1).enumerate().map(|(at, &id)| {
        let value = root.go(id);
        Part { index: format!("[{at}]"), name: plain(value.class_name()), value }
    });
    told_apart(parts.collect())
}

fn named<'a>(root: Cursor<'a>, pairs: &[(Id, Id)]) -> Vec<Part<'a>> {
    let parts = pairs.iter().take(MOST + 1).map(|&(key, value)| {
        let key = root.go(key);
        let text: Option<String> = key.as_str().map(|key| key.chars().take(40).collect());
        let (index, name) = match text {
            Some(key) => (format!("[{key:?}]"), plain(&key)),
            None => (format!("[{}]", key.as_i64().unwrap_or_default()), String::new()),
        };
        Part { index, name, value: root.go(value) }
    });
    told_apart(parts.collect())
}

/// Gives every part a file of its own.
fn told_apart(mut parts: Vec<Part<'_>>) -> Vec<Part<'_>> {
    let names: Vec<_> = parts.iter().map(|part| part.name.clone()).collect();
    for (at, part) in parts.iter_mut().enumerate() {
        let again = names.iter().filter(|name| **name == part.name).count() > 1;
        if again || part.name.is_empty() {
            part.name = format!("{}{}", part.name, at + 1);
        }
    }
    parts
}

/// A key or class as the name of a file.
fn plain(key: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    key.chars().take(30).map(letter).collect()
}

/// What can be done with the parts decides what is advised.
fn several(container: &str, parts: &[Part<'_>], building: &Building) -> Error {
    if parts.is_empty() {
        return Error::Unsupported {
            what: format!("a file with {container} that is empty"),
            reason: "it is no model".into(),
            hint: "Save the fitted estimator or pipeline itself".into(),
        };
    }
    let (mut transformers, mut predictors, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for part in parts.iter().take(MOST) {
        let Some((module, _)) = part.value.class() else { continue };
        if !LIBRARIES.contains(&package(module)) {
            continue;
        }
        match building.build(part.value) {
            Ok(Estimator::Transformer(_)) => transformers.push(part),
            Ok(Estimator::Predictor(_)) => predictors.push(part),
            Err(_) => refused.push(part),
        }
    }
    let reason = match refused.first() {
        Some(part) => format!(
            "a model is one estimator, and `{}` does not run natively",
            part.value.class_name()
        ),
        None => "a model is one estimator".into(),
    };
    Error::Unsupported {
        what: format!("a file with {container} of {}", list(parts)),
        reason,
        hint: advice(&transformers, &predictors, &refused),
    }
}

fn advice(transformers: &[&Part<'_>], predictors: &[&Part<'_>], refused: &[&Part<'_>]) -> String {
    let dump =
        |part: &Part<'_>| format!("`joblib.dump(saved{}, \"{}.joblib\")`", part.index, part.name);
    match (transformers, predictors, refused) {
        ([], [only], []) => format!("Save the model alone: {}", dump(only)),
        ([_, ..], [only], []) => {
            let chain = transformers.iter().chain([only]);
            let files: Vec<_> = chain.clone().map(|part| format!("{}.joblib", part.name)).collect();
            let dumps: Vec<_> = chain.map(|part| dump(part)).collect();
            format!(
                "Save each part in a file of its own, {}, and serve them as `NAME={}`; or save one \
                 `Pipeline` of them",
                dumps.join(", "),
                files.join("+")
            )
        }
        (_, [_, _, ..], _) => {
            "Save each model in a file of its own, and serve each under a name of its own".into()
        }
        _ => "Save the fitted estimator or pipeline itself".into(),
    }
}

/// The parts, as in "a `StandardScaler` and a list".
fn list(parts: &[Part<'_>]) -> String {
    let one = |part: &Part<'_>| {
        let what = match part.value.class_name() {
            "" => part.value.describe(),
            class => format!("a `{class}`"),
        };
        if part.index.starts_with("[\"") {
            format!("{what} at `{}`", part.index.trim_matches(['[', ']']))
        } else {
            what
        }
    };
    let mut shown: Vec<_> = parts.iter().take(5).map(one).collect();
    if let [first, _, _, ..] = &shown[..]
        && shown.iter().all(|other| other == first)
    {
        return format!("many parts, the first of which is {first}");
    }
    if parts.len() > 5 {
        shown.push("more".into());
    }
    match shown.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}
