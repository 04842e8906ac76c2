use longshore_mlflow::{MlModel, Signature};

use crate::{Inputs, Method, Predictor};

/// A loaded model: its predictor and what is known about it.
#[derive(Debug)]
pub struct Model {
    /// Answers.
    pub predictor: Box<dyn Predictor>,
    /// The method a request means when it names none.
    pub default_method: Method,
    /// The `MLmodel` file beside the model.
    pub mlmodel: Option<MlModel>,
    /// The kind of model, as MLflow names it: `sklearn`, `xgboost`, `lightgbm`.
    pub flavor: &'static str,
    /// The file format and the releases that wrote the model, such as `scikit-learn 1.9.1`.
    pub origin: Vec<String>,
    /// Bytes of the model file as stored.
    pub file_bytes: u64,
    /// Bytes of the model file once decompressed; its values take about as much memory.
    pub content_bytes: u64,
}

impl Model {
    /// The recorded signature.
    pub fn signature(&self) -> Option<&Signature> {
        self.mlmodel.as_ref()?.signature.as_ref()
    }

    /// What the rows must look like.
    pub fn inputs(&self) -> Inputs {
        self.predictor.inputs()
    }
}
