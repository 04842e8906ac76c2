use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{Error, Signature};

/// The `MLmodel` file at the root of a model folder.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MlModel {
    /// What can load the model, by name (`python_function`, `sklearn`, …).
    pub flavors: BTreeMap<String, Flavor>,
    /// Inputs, outputs and parameters, when they were recorded.
    pub signature: Option<Signature>,
    /// The MLflow release that wrote it.
    pub mlflow_version: Option<String>,
    /// The run it came from.
    pub run_id: Option<String>,
    /// The logged model it is (3.x).
    pub model_id: Option<String>,
    /// When it was saved, as written.
    pub utc_time_created: Option<String>,
}

/// The settings of one flavor.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Flavor(Map<String, Value>);

#[derive(Deserialize)]
struct Raw {
    #[serde(default)]
    flavors: BTreeMap<String, Option<Map<String, Value>>>,
    #[serde(default)]
    signature: Option<RawSignature>,
    #[serde(default)]
    mlflow_version: Option<Value>,
    #[serde(default)]
    run_id: Option<Value>,
    #[serde(default)]
    model_id: Option<Value>,
    #[serde(default)]
    utc_time_created: Option<Value>,
}

#[derive(Deserialize)]
struct RawSignature {
    #[serde(default)]
    inputs: Option<String>,
    #[serde(default)]
    outputs: Option<String>,
    #[serde(default)]
    params: Option<String>,
}

impl MlModel {
    /// Reads the text of an `MLmodel` file.
    ///
    /// # Errors
    /// [`Error::Yaml`] with line and column, [`Error::Signature`] for a signature that is not
    /// MLflow's.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let raw: Raw = serde_saphyr::from_str(text)
            .map_err(|error| Error::Yaml { reason: error.to_string() })?;
        let signature = match raw.signature {
            None => None,
            Some(parts) => Some(Signature::parse(
                parts.inputs.as_deref(),
                parts.outputs.as_deref(),
                parts.params.as_deref(),
            )?),
        };
        Ok(Self {
            flavors: raw
                .flavors
                .into_iter()
                .map(|(name, settings)| (name, Flavor(settings.unwrap_or_default())))
                .collect(),
            signature,
            mlflow_version: scalar(raw.mlflow_version),
            run_id: scalar(raw.run_id),
            model_id: scalar(raw.model_id),
            utc_time_created: scalar(raw.utc_time_created),
        })
    }
}

impl Flavor {
    /// A setting as text; numbers are printed, since YAML reads an unquoted version as a number.
    pub fn text(&self, key: &str) -> Option<String> {
        scalar(self.0.get(key).cloned())
    }

    /// A setting that names a file inside the model folder, relative to it.
    ///
    /// # Errors
    /// [`Error::Outside`] for an absolute path or one that climbs out of the folder.
    pub fn file(&self, key: &str) -> Result<Option<String>, Error> {
        let Some(path) = self.text(key) else { return Ok(None) };
        let inside = !path.is_empty()
            && !path.contains(['\\', '\0'])
            && path.split('/').all(|part| !part.is_empty() && part != "..");
        if inside { Ok(Some(path)) } else { Err(Error::Outside { path }) }
    }
}

fn scalar(value: Option<Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::MlModel;
    use crate::{ColumnType, Error, Schema};

    const WRITTEN_BY_3_17: &str = "\
flavors:
  python_function:
    loader_module: mlflow.sklearn
    model_path: model.skops
    predict_fn: predict_proba
  sklearn:
    code: null
    pickled_model: model.skops
    sklearn_version: 1.9
mlflow_version: 3.17.2
model_id: null
signature:
  inputs: '[{\"type\": \"double\", \"name\": \"alcohol\", \"required\": true}, {\"type\": \"long\",
    \"name\": \"hue\", \"required\": false}]'
  outputs: '[{\"type\": \"tensor\", \"tensor-spec\": {\"dtype\": \"int64\", \"shape\": [-1]}}]'
  params: null
utc_time_created: '2026-11-21 06:19:08.268456'
";

    #[test]
    fn a_folder_of_3_17_is_understood() {
        let model = MlModel::parse(WRITTEN_BY_3_17).unwrap();
        let sklearn = &model.flavors["sklearn"];
        assert_eq!(sklearn.file("pickled_model").unwrap().as_deref(), Some("model.skops"));
        assert_eq!(sklearn.text("sklearn_version").as_deref(), Some("1.9"));
        let signature = model.signature.unwrap();
        let Some(Schema::Columns(columns)) = signature.inputs else { panic!("columns expected") };
        assert_eq!(columns[1].name.as_deref(), Some("hue"));
        assert_eq!(columns[1].kind, ColumnType::Long);
        assert!(!columns[1].required);
        let Some(Schema::Tensors(tensors)) = signature.outputs else { panic!("tensors expected") };
        assert_eq!((tensors[0].dtype.as_str(), &tensors[0].shape[..]), ("int64", &[-1][..]));
    }

    #[test]
    fn a_file_outside_the_folder_is_refused() {
        for path in ["/etc/passwd", "../model.pkl", "a/../../b", "a\\\\..\\\\b", ""] {
            let text = format!("flavors:\n  sklearn:\n    pickled_model: \"{path}\"\n");
            let model = MlModel::parse(&text).unwrap();
            let refused = model.flavors["sklearn"].file("pickled_model");
            assert!(matches!(refused, Err(Error::Outside { .. })), "{path}: {refused:?}");
        }
    }

    #[test]
    fn broken_yaml_says_where() {
        let error = MlModel::parse("flavors:\n  sklearn: [1, 2\n").unwrap_err().to_string();
        assert!(error.contains("line"), "{error}");
    }
}
