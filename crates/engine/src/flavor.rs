//! What a kind of model file has to say of itself. `flavors.rs` lists the kinds.

use crate::{Error, Limits, Predictor, estimator::Estimator, read::Document};

/// A kind of model file: how it is found, recognised and loaded.
pub(crate) struct Flavor {
    /// Its name, as MLflow's `MLmodel` files spell it.
    pub(crate) name: &'static str,
    /// The library that makes such models, as it writes its own name.
    pub(crate) library: &'static str,
    /// The key that names the model file among the flavor's settings in an `MLmodel` file.
    pub(crate) mlmodel_key: &'static str,
    /// Endings of its files, by which a model is found in a folder without an `MLmodel` file.
    pub(crate) endings: &'static [&'static str],
    /// What a file is, such as `a pickle`, when its bytes are of this flavor. Both ends of a long
    /// file are enough.
    pub(crate) recognises: fn(&[u8]) -> Option<&'static str>,
    /// Reads a file that was recognised.
    ///
    /// # Errors
    /// Those of a file that cannot be read; what was read and cannot run is told in
    /// [`Loaded::estimator`].
    pub(crate) load: fn(ModelFile<'_>, &Limits) -> Result<Loaded, Error>,
}

/// A model file in memory.
pub(crate) struct ModelFile<'a> {
    /// Its bytes, decompressed.
    pub(crate) content: Vec<u8>,
    /// The class that MLflow recorded for a booster, such as `xgboost.sklearn.XGBClassifier`.
    pub(crate) class: Option<&'a str>,
}

/// What one file gives.
pub(crate) struct Loaded {
    /// What answers, or why it cannot.
    pub(crate) estimator: Result<Estimator, Error>,
    /// The releases that wrote the file, such as `scikit-learn 1.9.1`.
    pub(crate) origin: Vec<String>,
    /// The values of a file that holds named classes.
    pub(crate) document: Option<Document>,
}

impl Loaded {
    /// What a booster's own file gives, from its predictor and the release that wrote it, or from
    /// the reason why it cannot run.
    ///
    /// # Errors
    /// [`Error::Malformed`]: such a file was not read.
    pub(crate) fn booster(
        built: Result<(Box<dyn Predictor>, String), Error>,
    ) -> Result<Self, Error> {
        let (estimator, origin) = match built {
            Ok((predictor, origin)) => (Ok(Estimator::Predictor(predictor)), vec![origin]),
            Err(error @ Error::Malformed { .. }) => return Err(error),
            Err(error) => (Err(error), Vec::new()),
        };
        Ok(Self { estimator, origin, document: None })
    }
}
