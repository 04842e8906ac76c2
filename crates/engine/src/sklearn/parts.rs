//! Files that hold several parts in a tuple, list or dict. A model runs, alone or as a pipeline with its
//! transformers; others are refused, with what can be done.

use super::{building::Building, not_a_model::package, pipeline, sampler};
use crate::{
    Error,
    estimator::{Estimator, Transform},
    quantity,
    read::{Cursor, Id, Kind},
};

mod beside;

/// Parts that are looked at.
const MOST: usize = 64;
/// Packages whose classes are estimators.
const LIBRARIES: &[&str] = &[
    "sklearn",
    "xgboost",
    "lightgbm",
    "catboost",
    "imblearn",
    "category_encoders",
    "feature_engine",
    "sklearn_pandas",
];

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

/// The parts of a file whose value is `root`, when it is a tuple, list or dict; with a word for it.
fn of(root: Cursor<'_>) -> Option<(&'static str, Vec<Part<'_>>)> {
    Some(match root.kind() {
        Kind::Tuple(ids) => ("a tuple", numbered(root, ids)),
        Kind::List(ids) => ("a list", numbered(root, ids)),
        Kind::Dict(pairs) => ("a dict", named(root, pairs)),
        Kind::Object(object) => match root.class()? {
            ("collections", "OrderedDict" | "defaultdict") => {
                ("a dict", named(root, &object.pairs))
            }
            _ => return None,
        },
        _ => return None,
    })
}

/// The estimators among the parts of `root`, each with how Python reaches it.
pub(crate) fn estimators(root: Cursor<'_>) -> Vec<(String, Cursor<'_>)> {
    let parts = of(root).map(|(_, parts)| parts).unwrap_or_default();
    let parts = parts.into_iter().take(MOST).filter(is_estimator);
    parts.map(|part| (part.index, part.value)).collect()
}

/// The pipeline of the parts of `root`, or why there is none; `None` when it has no parts.
pub(super) fn join(root: Cursor<'_>, building: &Building) -> Option<Result<Estimator, Error>> {
    of(root).map(|(container, parts)| several(container, &parts, building))
}

fn is_estimator(part: &Part<'_>) -> bool {
    let of_library = |(module, _): (&str, &str)| LIBRARIES.contains(&package(module));
    part.value.class().is_some_and(of_library)
        && !sampler::is_sampler(part.value)
        && !beside::is_labels(part.value)
}

/// What stands beside the estimators of `root` and is not used, as in "`threshold` 0.4".
pub(crate) fn unused(root: Cursor<'_>) -> Vec<String> {
    let parts = of(root).map(|(_, parts)| parts).unwrap_or_default();
    let others = parts.iter().take(MOST).filter(|part| !is_estimator(part));
    others.map(|part| format!("`{}` {}", part.index, beside::shown(part.value))).collect()
}

/// Whether encoders of labels stand beside the estimators of `root`.
pub(crate) fn has_labels(root: Cursor<'_>) -> bool {
    let parts = of(root).map(|(_, parts)| parts).unwrap_or_default();
    parts.iter().any(|part| beside::is_labels(part.value))
}

/// What can be done with the parts: a pipeline, or else an advice.
fn several(container: &str, parts: &[Part<'_>], building: &Building) -> Result<Estimator, Error> {
    if parts.is_empty() {
        return Err(Error::Unsupported {
            what: format!("a file with {container} that is empty"),
            reason: "it is no model".into(),
            hint: "Save the fitted estimator or pipeline itself".into(),
        });
    }
    let (mut transformers, mut predictors, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    let (mut steps, mut models) = (Vec::new(), Vec::new());
    let mut unknown = parts.get(MOST);
    for part in parts.iter().take(MOST) {
        if !is_estimator(part) {
            if !beside::is_data(part.value) {
                unknown = unknown.or(Some(part));
            }
            continue;
        }
        match building.build(part.value) {
            Ok(Estimator::Transformer(step)) => {
                transformers.push(part);
                steps.push((part.index.clone(), step));
            }
            Ok(Estimator::Predictor(model)) => {
                predictors.push(part);
                models.push(model);
            }
            Err(_) => refused.push(part),
        }
    }
    let mut reason = "a model is one estimator".to_owned();
    if let Some(part) = refused.first() {
        let class = part.value.class_name();
        reason = format!("{reason}, and `{class}` does not run natively");
    } else if let (Some(part), [_, ..]) = (unknown, &predictors[..]) {
        let what = part.value.describe();
        reason = format!("{reason}, and what `saved{}`, {what}, does is not known", part.index);
    } else if let ([only], Some(model)) = (&predictors[..], models.pop()) {
        let name = only.index.clone();
        let taken = model.inputs().columns;
        let by_hand = scaled_by_hand(parts, taken).filter(|_| steps.is_empty());
        match by_hand.or_else(|| fault(&transformers, &steps, &name, taken)) {
            None => return Ok(pipeline::join(steps, Some((name, model)))),
            Some(fault) => reason = format!("{reason}, and {fault}"),
        }
    }
    Err(Error::Unsupported {
        what: format!("a file with {container} of {}", list(parts)),
        reason,
        hint: advice(&transformers, &predictors, &refused),
    })
}

/// Why rows may not be what the model takes: numbers for each of its columns stand beside it.
fn scaled_by_hand(parts: &[Part<'_>], taken: Option<usize>) -> Option<String> {
    let columns = taken.filter(|&columns| columns > 1)?;
    let lists = |part: &Part<'_>| {
        if is_estimator(part) { 0 } else { beside::of_columns(part.value, columns) }
    };
    let first = parts.iter().find(|part| lists(part) > 0)?;
    let count: usize = parts.iter().map(lists).sum();
    (count > 1).then(|| {
        format!(
            "`saved{}` and others hold a number for each of its {columns} columns: if rows were scaled by \
             them, a `Pipeline` with a `StandardScaler` answers right",
            first.index
        )
    })
}

/// Why the steps are not what prepares rows for a model that was fitted on `taken` columns.
fn fault(
    parts: &[&Part<'_>],
    steps: &[(String, Box<dyn Transform>)],
    model: &str,
    taken: Option<usize>,
) -> Option<String> {
    for (at, part) in parts.iter().enumerate() {
        let class = part.value.class_name();
        if parts.iter().take(at).any(|other| other.value.class_name() == class) {
            return Some(format!("two parts are a `{class}`: which comes first is not known"));
        }
    }
    if steps.is_empty() {
        return None;
    }
    let (mut before, mut width): (Option<&str>, usize) = (None, 0);
    for (name, step) in steps {
        let inputs = step.inputs();
        let rows = inputs.documents || inputs.dicts;
        match (before, inputs.columns) {
            (Some(before), _) if rows => {
                return Some(format!("`saved{name}` does not take what `saved{before}` gives"));
            }
            (Some(before), Some(fitted)) if fitted != width => {
                return Some(unlike(before, width, name, fitted));
            }
            (Some(_), _) => {}
            (None, Some(columns)) => width = columns,
            (None, None) if rows => {}
            (None, None) => return Some(format!("`saved{name}` does not say its columns")),
        }
        width = step.outputs(width);
        before = Some(name);
    }
    match taken {
        Some(taken) if taken == width => None,
        Some(taken) => Some(unlike(before.unwrap_or_default(), width, model, taken)),
        None => Some(format!("`saved{model}` does not say its columns")),
    }
}

fn unlike(before: &str, width: usize, after: &str, fitted: usize) -> String {
    let width = quantity(width, "column");
    format!("`saved{before}` gives {width} while `saved{after}` was fitted on {fitted}")
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
