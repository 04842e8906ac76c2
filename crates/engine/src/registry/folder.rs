//! Which file of a folder is the model.

use longshore_mlflow::{Flavor, MlModel};

use crate::{Error, Limits, Source};

/// Endings of model files in a folder without an `MLmodel`, as KServe's and MLServer's runtimes
/// look for them.
const ENDINGS: &[&str] =
    &["skops", "joblib", "pkl", "pickle", "ubj", "json", "bst", "txt", "lgb", "xgb", "model"];

/// Files that stand beside a model and are none.
const COMPANIONS: &[&str] = &[
    "model-settings.json",
    "settings.json",
    "config.json",
    "metadata.json",
    "input_example.json",
    "serving_input_example.json",
    "requirements.txt",
];

/// The model file of a source.
#[derive(Debug)]
pub(crate) struct Found {
    /// Its name inside the folder.
    pub(crate) file: String,
    /// The `MLmodel` file, when there is one.
    pub(crate) mlmodel: Option<MlModel>,
    /// The class of a booster's wrapper, when MLflow recorded it.
    pub(crate) wrapper: Option<String>,
    /// The method of MLflow's `predict_fn`.
    pub(crate) method: Option<String>,
}

pub(crate) fn find(source: &Source, limits: &Limits) -> Result<Found, Error> {
    if matches!(source, Source::File(_)) {
        return Ok(plain(String::new()));
    }
    let names = source.names()?;
    if names.iter().any(|name| name == "MLmodel") {
        return mlflow(source, limits);
    }
    model_directory(source, &names)
}

fn plain(file: String) -> Found {
    Found { file, mlmodel: None, wrapper: None, method: None }
}

fn mlflow(source: &Source, limits: &Limits) -> Result<Found, Error> {
    let unreadable = |reason: String| Error::Unrecognised { path: source.shown(), reason };
    let content = source.read("MLmodel", limits)?;
    let text =
        str::from_utf8(&content).map_err(|error| unreadable(format!("`MLmodel` {error}")))?;
    let mlmodel = MlModel::parse(text).map_err(|error| unreadable(error.to_string()))?;
    let pyfunc = mlmodel.flavors.get("python_function");
    let native = [("sklearn", "pickled_model"), ("xgboost", "data"), ("lightgbm", "data")];
    for (name, key) in native {
        let Some(flavor) = mlmodel.flavors.get(name) else { continue };
        let file = model_file(flavor, key, pyfunc).map_err(|e| unreadable(e.to_string()))?;
        let file = file.ok_or_else(|| {
            unreadable(format!("`MLmodel` has the flavor `{name}` without its `{key}`"))
        })?;
        let wrapper = flavor.text("model_class");
        let method = pyfunc.filter(|_| name == "sklearn").and_then(|f| f.text("predict_fn"));
        return Ok(Found { file, wrapper, method, mlmodel: Some(mlmodel) });
    }
    let flavors: Vec<_> = mlmodel.flavors.keys().map(|name| format!("`{name}`")).collect();
    let loader = pyfunc.and_then(|f| f.text("loader_module"));
    Err(Error::Unsupported {
        what: match loader {
            Some(module) => format!("an MLflow model loaded by `{module}`"),
            None => "an MLflow model of these flavors".into(),
        },
        reason: format!(
            "it has the flavors {}, none of which has a native engine",
            flavors.join(", ")
        ),
        hint: "log the model with the flavor `sklearn`, `xgboost` or `lightgbm`".into(),
    })
}

/// The flavor's own key, or the path that older and newer releases keep with `python_function`.
fn model_file(
    flavor: &Flavor,
    key: &str,
    pyfunc: Option<&Flavor>,
) -> Result<Option<String>, longshore_mlflow::Error> {
    if let Some(file) = flavor.file(key)? {
        return Ok(Some(file));
    }
    let Some(pyfunc) = pyfunc else { return Ok(None) };
    match pyfunc.file("model_path")? {
        Some(file) => Ok(Some(file)),
        None => pyfunc.file("data"),
    }
}

/// The only model file of a folder; one called `model` wins over others.
fn model_directory(source: &Source, names: &[String]) -> Result<Found, Error> {
    let ending = |name: &String| name.split_once('.').map(|(_, ending)| ending.to_owned());
    let is_model = |name: &&String| {
        let known = ending(name).is_some_and(|e| e.split('.').any(|part| ENDINGS.contains(&part)));
        known && !COMPANIONS.contains(&name.as_str()) && !name.starts_with('.')
    };
    let candidates: Vec<_> = names.iter().filter(is_model).collect();
    let called_model: Vec<_> =
        candidates.iter().copied().filter(|name| name.starts_with("model.")).collect();
    let reason = match (&called_model[..], &candidates[..]) {
        ([only], _) | ([], [only]) => return Ok(plain((*only).clone())),
        ([], []) => format!(
            "the folder has neither an `MLmodel` file nor a model file (`model.{}`)",
            ENDINGS.join("`, `model.")
        ),
        (several @ [_, ..], _) | ([], several) => {
            let listed: Vec<_> = several.iter().map(|name| format!("`{name}`")).collect();
            format!("it holds several model files, {}: name one of them", listed.join(", "))
        }
    };
    Err(Error::Unrecognised { path: source.shown(), reason })
}

#[cfg(test)]
mod tests {
    use super::find;
    use crate::{Limits, Source};

    fn embedded(files: &'static [(&'static str, &'static [u8])]) -> Source {
        Source::Embedded { name: "test://folder", files }
    }

    fn outcome(files: &'static [(&'static str, &'static [u8])]) -> String {
        match find(&embedded(files), &Limits::default()) {
            Ok(found) => found.file,
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_model_directory_has_one_model() {
        assert_eq!(outcome(&[("model.joblib", b""), ("requirements.txt", b"")]), "model.joblib");
        assert_eq!(outcome(&[("model.pkl.gz", b""), ("README.md", b"")]), "model.pkl.gz");
        assert_eq!(outcome(&[("iris.bst", b"")]), "iris.bst");
        assert_eq!(outcome(&[("a.pkl", b""), ("model.pkl", b"")]), "model.pkl");
    }

    #[test]
    fn none_or_several_are_named() {
        assert!(outcome(&[("README.md", b"")]).contains("neither an `MLmodel`"));
        let several = outcome(&[("a.pkl", b""), ("b.pkl", b"")]);
        assert!(several.contains("`a.pkl`, `b.pkl`: name one"), "{several}");
    }

    #[test]
    fn mlflow_folders_are_read_by_their_keys() {
        let new = b"flavors:\n  python_function:\n    model_path: m.skops\n  sklearn:\n    pickled_model: m.skops\n";
        assert_eq!(outcome(Box::leak(Box::new([("MLmodel", &new[..])]))), "m.skops");
        let old = b"flavors:\n  python_function:\n    data: model.xgb\n  xgboost:\n    xgb_version: 1.3.3\n";
        assert_eq!(outcome(Box::leak(Box::new([("MLmodel", &old[..])]))), "model.xgb");
        let torch =
            b"flavors:\n  python_function:\n    loader_module: mlflow.pytorch\n  pytorch: {}\n";
        let refused = outcome(Box::leak(Box::new([("MLmodel", &torch[..])])));
        assert!(refused.contains("`mlflow.pytorch`") && refused.contains("`pytorch`"), "{refused}");
        let hostile = b"flavors:\n  sklearn:\n    pickled_model: ../../etc/passwd\n";
        let refused = outcome(Box::leak(Box::new([("MLmodel", &hostile[..])])));
        assert!(refused.contains("outside the model folder"), "{refused}");
    }
}
