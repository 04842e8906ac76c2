use longshore_mlflow::MlModel;

use crate::{Error, Method, Model, Predictor, classes, flavor::Loaded, predictor::Named};

/// A model file that was read.
pub(crate) struct Opened {
    /// Its name, for messages.
    pub(crate) name: String,
    /// Its name inside the folder; empty for a single file.
    pub(crate) file: String,
    /// What it is, such as `a pickle`.
    pub(crate) format: String,
    /// What it holds.
    pub(crate) loaded: Loaded,
    /// The flavor that read it.
    pub(crate) flavor: &'static str,
    /// Its bytes as stored.
    pub(crate) file_bytes: u64,
    pub(crate) content_bytes: u64,
    /// The `MLmodel` file beside it.
    pub(crate) mlmodel: Option<MlModel>,
    /// The method of MLflow's `predict_fn`.
    pub(crate) method: Option<String>,
}

impl Opened {
    /// The model, when what was read can run.
    ///
    /// # Errors
    /// Why it cannot run.
    pub(crate) fn into_model(self) -> Result<Model, Error> {
        let labels = self.loaded.document.as_ref().and_then(classes::of);
        let predictor = Named::new(self.loaded.estimator?.into_predictor(), labels);
        let default_method = default_method(&predictor, self.method.as_deref())?;
        let mut origin = self.loaded.origin;
        origin.extend(self.mlmodel.as_ref().and_then(written_by));
        Ok(Model {
            predictor: Box::new(predictor),
            default_method,
            mlmodel: self.mlmodel,
            flavor: self.flavor,
            origin,
            file_bytes: self.file_bytes,
            content_bytes: self.content_bytes,
        })
    }
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
