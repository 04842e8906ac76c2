//! The formats that models are read from.

use longshore_mlflow::MlModel;

use crate::{
    Error, Limits, Method, Model, Predictor, Source,
    flavor::{Flavor, Loaded, ModelFile},
    lightgbm, other_formats, read, sklearn, xgboost,
};

mod folder;

/// Every format, the preferred one first: a model that MLflow logged in several is read from the
/// first of them. A format is added by a line here.
const FLAVORS: &[Flavor] = &[sklearn::FLAVOR, xgboost::FLAVOR, lightgbm::FLAVOR];

/// Reads the model that `source` holds: an MLflow folder, a KServe model directory, or a single
/// model file.
///
/// # Errors
/// Every [`Error`] that concerns a file; nothing of the file is ever executed.
pub fn load(source: &Source, limits: &Limits) -> Result<Model, Error> {
    open(source, limits)?.into_model()
}

/// A model file that was read.
pub(crate) struct Opened {
    /// Its name inside the folder; empty for a single file.
    pub(crate) file: String,
    /// What it is, such as `a pickle`.
    pub(crate) format: String,
    /// What it holds.
    pub(crate) loaded: Loaded,
    flavor: &'static str,
    file_bytes: u64,
    mlmodel: Option<MlModel>,
    method: Option<String>,
}

/// Finds the model file of `source` and reads it, once.
///
/// # Errors
/// Those of a file that cannot be read.
pub(crate) fn open(source: &Source, limits: &Limits) -> Result<Opened, Error> {
    let found = folder::find(source, FLAVORS, limits)?;
    let stored = source.read(&found.file, limits)?;
    let file_bytes = stored.len() as u64;
    let (content, stream) = read::decompressed(stored, limits)?;
    let (flavor, format) =
        recognise(&content).ok_or_else(|| unrecognised(source, &found.file, &content))?;
    let format = match stream {
        Some(stream) => format!("{format} in {stream}"),
        None => format.to_owned(),
    };
    let loaded = (flavor.load)(ModelFile { content, class: found.class.as_deref() }, limits)?;
    Ok(Opened {
        file: found.file,
        format,
        loaded,
        flavor: flavor.name,
        file_bytes,
        mlmodel: found.mlmodel,
        method: found.method,
    })
}

impl Opened {
    /// The model, when what was read can run.
    ///
    /// # Errors
    /// Why it cannot run.
    pub(crate) fn into_model(self) -> Result<Model, Error> {
        let predictor = self.loaded.estimator?.into_predictor();
        let default_method = default_method(predictor.as_ref(), self.method.as_deref())?;
        let mut origin = self.loaded.origin;
        origin.extend(self.mlmodel.as_ref().and_then(written_by));
        Ok(Model {
            predictor,
            default_method,
            mlmodel: self.mlmodel,
            flavor: self.flavor,
            origin,
            file_bytes: self.file_bytes,
        })
    }
}

/// The flavor of a file, and what the flavor calls it.
fn recognise(bytes: &[u8]) -> Option<(&'static Flavor, &'static str)> {
    FLAVORS.iter().find_map(|flavor| Some((flavor, (flavor.recognises)(bytes)?)))
}

fn unrecognised(source: &Source, file: &str, content: &[u8]) -> Error {
    let path = match source {
        Source::File(path) => path.clone(),
        _ => source.shown().join(file),
    };
    let what = other_formats::describe(content);
    Error::Unrecognised {
        path,
        reason: format!(
            "it is {what}; a pickle, joblib or skops file, an XGBoost model (UBJSON or JSON) or a \
             LightGBM text model is expected"
        ),
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

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::{FLAVORS, recognise};

    #[test]
    fn files_of_every_library_are_recognised() {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
        for flavor in FLAVORS {
            let mut seen = 0;
            for folder in fs::read_dir(&golden).unwrap().map(|entry| entry.unwrap().path()) {
                let name = folder.file_name().unwrap().to_str().unwrap();
                if !name.starts_with(flavor.name) {
                    continue;
                }
                for file in files(&folder) {
                    let Some(ending) = file.extension().and_then(|ending| ending.to_str()) else {
                        continue;
                    };
                    if file.ends_with("case.json") || !flavor.endings.contains(&ending) {
                        continue;
                    }
                    let (found, _) = recognise(&fs::read(&file).unwrap()).unwrap();
                    assert_eq!(found.name, flavor.name, "{}", file.display());
                    seen += 1;
                }
            }
            assert!(seen > 20, "{} files of {}", seen, flavor.name);
        }
    }

    fn files(folder: &Path) -> Vec<std::path::PathBuf> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
    }

    #[test]
    fn a_flavor_is_told_from_the_others() {
        for (bytes, name) in [
            (&b"\x80\x04N."[..], Some("sklearn")),
            (b"PK\x03\x04", Some("sklearn")),
            (b"{L\0\0", Some("xgboost")),
            (b" {\"learner\": {}}", Some("xgboost")),
            (b"binf", Some("xgboost")),
            (b"tree\nversion=v4", Some("lightgbm")),
            (b"CBM1", None),
            (b"hello", None),
            (b"", None),
        ] {
            assert_eq!(recognise(bytes).map(|(flavor, _)| flavor.name), name, "{bytes:?}");
        }
    }
}
