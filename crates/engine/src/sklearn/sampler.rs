//! imbalanced-learn's samplers: they choose and make up rows for training, and do nothing in
//! predictions (`imblearn.pipeline`: steps with `fit_resample` are left out of them).

use crate::{Error, read::Cursor};

/// Packages of imbalanced-learn whose classes are samplers.
const PACKAGES: &[&str] = &["over_sampling", "under_sampling", "combine"];

/// Whether an object is a sampler. What is inside it, such as the function of a `FunctionSampler`,
/// does not matter.
pub(crate) fn is_sampler(c: Cursor<'_>) -> bool {
    let Some((module, name)) = c.class() else { return false };
    let mut path = module.split('.');
    path.next() == Some("imblearn")
        && (path.next().is_some_and(|package| PACKAGES.contains(&package))
            || name == "FunctionSampler")
}

/// Why a sampler is no model, and no last step of one.
pub(crate) fn refusal(sampler: Cursor<'_>) -> Error {
    Error::Unsupported {
        what: format!("the sampler `{}` as a model", sampler.class_name()),
        reason: "it changes rows of training, and has neither `predict` nor `transform`".into(),
        hint:
            "Save the fitted estimator, or a pipeline whose last step is one: samplers before it \
               are left out of predictions"
                .into(),
    }
}
