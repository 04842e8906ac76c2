//! Which file of a folder is the model.

use longshore_mlflow::MlModel;

use crate::{Error, Limits, Source, flavor::Flavor};

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
    pub(crate) class: Option<String>,
    /// The method of MLflow's `predict_fn`.
    pub(crate) method: Option<String>,
}

/// Looks for the model file of one of `flavors`.
pub(crate) fn find(source: &Source, flavors: &[Flavor], limits: &Limits) -> Result<Found, Error> {
    if matches!(source, Source::File(_)) {
        return Ok(plain(String::new()));
    }
    let names = source.names()?;
    if names.iter().any(|name| name == "MLmodel") {
        return mlflow(source, flavors, limits);
    }
    model_directory(source, &names, flavors)
}

fn plain(file: String) -> Found {
    Found { file, mlmodel: None, class: None, method: None }
}

fn mlflow(source: &Source, flavors: &[Flavor], limits: &Limits) -> Result<Found, Error> {
    let unreadable = |reason: String| Error::Unrecognised { path: source.shown(), reason };
    let content = source.read("MLmodel", limits)?;
    let text =
        str::from_utf8(&content).map_err(|error| unreadable(format!("`MLmodel` {error}")))?;
    let mlmodel = MlModel::parse(text).map_err(|error| unreadable(error.to_string()))?;
    let pyfunc = mlmodel.flavors.get("python_function");
    for Flavor { name, mlmodel_key: key, .. } in flavors {
        let Some(settings) = mlmodel.flavors.get(*name) else { continue };
        let file = model_file(settings, key, pyfunc).map_err(|e| unreadable(e.to_string()))?;
        let file = file.ok_or_else(|| {
            unreadable(format!("`MLmodel` has the flavor `{name}` without its `{key}`"))
        })?;
        let class = settings.text("model_class");
        let method = pyfunc.and_then(|pyfunc| pyfunc.text("predict_fn"));
        return Ok(Found { file, class, method, mlmodel: Some(mlmodel) });
    }
    let native: Vec<_> = flavors.iter().map(|flavor| format!("`{}`", flavor.name)).collect();
    let logged: Vec<_> = mlmodel.flavors.keys().map(|name| format!("`{name}`")).collect();
    let loader = pyfunc.and_then(|f| f.text("loader_module"));
    Err(Error::Unsupported {
        what: match loader {
            Some(module) => format!("an MLflow model loaded by `{module}`"),
            None => "an MLflow model of these flavors".into(),
        },
        reason: format!(
            "it has the flavors {}, none of which has a native engine",
            logged.join(", ")
        ),
        hint: format!("log the model with one of the flavors {}", native.join(", ")),
    })
}

/// The flavor's own key, or the path that older and newer releases keep with `python_function`.
fn model_file(
    settings: &longshore_mlflow::Flavor,
    key: &str,
    pyfunc: Option<&longshore_mlflow::Flavor>,
) -> Result<Option<String>, longshore_mlflow::Error> {
    if let Some(file) = settings.file(key)? {
        return Ok(Some(file));
    }
    let Some(pyfunc) = pyfunc else { return Ok(None) };
    match pyfunc.file("model_path")? {
        Some(file) => Ok(Some(file)),
        None => pyfunc.file("data"),
    }
}

/// The only model file of a folder; one called `model` wins over others.
fn model_directory(source: &Source, names: &[String], flavors: &[Flavor]) -> Result<Found, Error> {
    // as KServe's and MLServer's runtimes look for their files
    let endings: Vec<_> = flavors.iter().flat_map(|flavor| flavor.endings).copied().collect();
    let ending = |name: &String| name.split_once('.').map(|(_, ending)| ending.to_owned());
    let is_model = |name: &&String| {
        let known = ending(name).is_some_and(|e| e.split('.').any(|part| endings.contains(&part)));
        known && !COMPANIONS.contains(&name.as_str()) && !name.starts_with('.')
    };
    let candidates: Vec<_> = names.iter().filter(is_model).collect();
    let called_model: Vec<_> =
        candidates.iter().copied().filter(|name| name.starts_with("model.")).collect();
    let reason = match (&called_model[..], &candidates[..]) {
        ([only], _) | ([], [only]) => return Ok(plain((*only).clone())),
        ([], []) => format!(
            "the folder has neither an `MLmodel` file nor a model file (`model.{}`)",
            endings.join("`, `model.")
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
    use crate::{Limits, Source, registry::FLAVORS};

    fn embedded(files: &'static [(&'static str, &'static [u8])]) -> Source {
        Source::Embedded { name: "test://folder", files }
    }

    fn outcome(files: &'static [(&'static str, &'static [u8])]) -> String {
        match find(&embedded(files), FLAVORS, &Limits::default()) {
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
