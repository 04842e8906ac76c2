//! Which file of a folder is the model.

use longshore_mlflow::MlModel;

use super::model_directory;
use crate::{Error, Limits, Source, flavor::Flavor};

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
    if source.has("MLmodel") {
        return mlflow(source, flavors, limits);
    }
    model_directory::model_file(source, &source.entries()?, flavors).map(plain)
}

fn plain(file: String) -> Found {
    Found { file, mlmodel: None, class: None, method: None }
}

fn mlflow(source: &Source, flavors: &[Flavor], limits: &Limits) -> Result<Found, Error> {
    let unreadable = |reason: String| Error::Unrecognised { path: source.shown(), reason };
    let content = source.read("MLmodel", limits)?;
    let text = str::from_utf8(&content)
        .map_err(|error| unreadable(format!("has an `MLmodel` file that is no text: {error}")))?;
    let wrong = |error| unreadable(format!("has an `MLmodel` file that is wrong: {error}"));
    let mlmodel = MlModel::parse(text).map_err(wrong)?;
    let pyfunc = mlmodel.flavors.get("python_function");
    for Flavor { name, mlmodel_key: key, .. } in flavors {
        let Some(settings) = mlmodel.flavors.get(*name) else { continue };
        let file = model_file(settings, key, pyfunc).map_err(wrong)?;
        let file = file.ok_or_else(|| {
            unreadable(format!(
                "has an `MLmodel` file with the flavor `{name}` without its `{key}`"
            ))
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
        reason: format!("it has the flavors {}, none of which runs natively", logged.join(", ")),
        hint: format!("log the model with one of the flavors {}", native.join(", ")),
    })
}

/// The value of the flavor's own key, or else the path that older and newer releases of MLflow keep
/// under `python_function`.
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

#[cfg(test)]
mod tests {
    use super::find;
    use crate::{Limits, Source, flavors::FLAVORS};

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
