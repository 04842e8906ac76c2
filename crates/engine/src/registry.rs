//! Which reader and which builder a path needs.

use std::path::PathBuf;

use longshore_mlflow::MlModel;

use crate::{
    Error, Limits, Method, Model, Predictor, Source, lightgbm,
    read::{self, Document, Form, sniff},
    sklearn, xgboost,
};

mod folder;

pub(crate) use folder::{Found, find};

/// Reads the model that `source` holds: an MLflow folder, a KServe model directory, or a single
/// model file.
///
/// # Errors
/// Every [`Error`] that concerns a file; nothing of the file is ever executed.
pub fn load(source: &Source, limits: &Limits) -> Result<Model, Error> {
    let found = find(source, limits)?;
    let content = source.read(&found.file, limits)?;
    let file_bytes = content.len() as u64;
    let loaded = predictor(content, found.wrapper.as_deref(), limits)
        .map_err(|error| unrecognised(error, source, &found.file))?;
    let default_method = default_method(loaded.predictor.as_ref(), found.method.as_deref())?;
    let mut origin = loaded.origin;
    origin.extend(found.mlmodel.as_ref().and_then(written_by));
    Ok(Model {
        predictor: loaded.predictor,
        default_method,
        mlmodel: found.mlmodel,
        flavor: loaded.flavor,
        origin,
        file_bytes,
    })
}

/// What one file gives.
struct Loaded {
    predictor: Box<dyn Predictor>,
    flavor: &'static str,
    origin: Vec<String>,
}

/// Reads a single model file that is already in memory. `wrapper` is the class MLflow recorded for
/// a booster, such as `xgboost.sklearn.XGBClassifier`.
fn predictor(content: Vec<u8>, wrapper: Option<&str>, limits: &Limits) -> Result<Loaded, Error> {
    let form = sniff(&content);
    match form {
        Form::Json | Form::Ubjson | Form::XgboostBinary => {
            let (predictor, version) = xgboost::load(&content, wrapper, limits)?;
            let origin = vec![format!("XGBoost {version}")];
            Ok(Loaded { predictor, flavor: "xgboost", origin })
        }
        Form::LightgbmText => {
            let (predictor, version) = lightgbm::load(&content)?;
            let origin = vec![format!("LightGBM text {version}")];
            Ok(Loaded { predictor, flavor: "lightgbm", origin })
        }
        Form::Unknown | Form::Npy | Form::Catboost => Err(Error::Unrecognised {
            path: PathBuf::new(),
            reason: format!(
                "it is {form}; a pickle, joblib or skops file, an XGBoost model (UBJSON or JSON) or a \
                 LightGBM text model is expected"
            ),
        }),
        _ => {
            let document = read::document(content, limits)?;
            let origin = document_origin(&document);
            Ok(Loaded { predictor: sklearn::load(&document)?, flavor: "sklearn", origin })
        }
    }
}

fn document_origin(document: &Document) -> Vec<String> {
    let version = document.root().attr("_sklearn_version").and_then(read::Cursor::as_str);
    version.map(|version| format!("scikit-learn {version}")).into_iter().collect()
}

fn written_by(mlmodel: &MlModel) -> Option<String> {
    mlmodel.mlflow_version.as_ref().map(|version| format!("MLflow {version}"))
}

/// The method MLflow recorded as `predict_fn`, else the predictor's first.
fn default_method(predictor: &dyn Predictor, recorded: Option<&str>) -> Result<Method, Error> {
    let available = predictor.methods();
    let Some(asked) = recorded else {
        return available
            .first()
            .copied()
            .ok_or_else(|| Error::no_such_method("predict", available));
    };
    match asked.parse() {
        Ok(method) if available.contains(&method) => Ok(method),
        // a transformer logged as a model keeps MLflow's default `predict`, which it does not have
        _ if asked == "predict" => {
            available.first().copied().ok_or_else(|| Error::no_such_method(asked, available))
        }
        _ => Err(Error::no_such_method(asked, available)),
    }
}

/// An unknown form is a matter of the path: say which.
fn unrecognised(error: Error, source: &Source, file: &str) -> Error {
    match error {
        Error::Unrecognised { reason, .. } => {
            let path = match source {
                Source::File(path) => path.clone(),
                _ => source.shown().join(file),
            };
            Error::Unrecognised { path, reason }
        }
        other => other,
    }
}
