//! Estimators that hold others.

use super::{Built, transformer};
use crate::{
    Error,
    estimator::Estimator,
    read::Cursor,
    sklearn::{
        building::Building, columns::ColumnTransformer, part, pipeline::Pipeline,
        union::FeatureUnion,
    },
};

pub(super) fn of_class(name: &str, c: Cursor<'_>, building: &Building) -> Option<Built> {
    Some(match name {
        "Pipeline" => Pipeline::build(c, building),
        "ColumnTransformer" => transformer(ColumnTransformer::build(c, building)),
        "FeatureUnion" => transformer(FeatureUnion::build(c, building)),
        "GridSearchCV" | "RandomizedSearchCV" | "HalvingGridSearchCV" | "HalvingRandomSearchCV" => {
            best(c, building)
        }
        // it labels rows by itself in training, and hands questions on
        "SelfTrainingClassifier" => {
            // `base_estimator_` up to 1.5
            let new = c.attr("estimator_").is_some();
            model(c, if new { "estimator_" } else { "base_estimator_" }, building)
        }
        "RANSACRegressor" => model(c, "estimator_", building),
        "FrozenEstimator" => inner(c, "estimator", building),
        _ => return None,
    })
}

/// The estimator a search settled on; how it searched does not matter any more.
fn best(c: Cursor<'_>, building: &Building) -> Built {
    if c.attr("best_estimator_").is_none() {
        return Err(Error::attribute(
            c.class_name(),
            "best_estimator_",
            "is missing: fit the search with `refit=True`, which trains the best candidate on \
             all rows",
        ));
    }
    inner(c, "best_estimator_", building)
}

fn inner(c: Cursor<'_>, name: &str, building: &Building) -> Built {
    building.build(c.require(name)?).map_err(|error| error.at(name))
}

/// The estimator inside, which must have `predict`.
fn model(c: Cursor<'_>, name: &str, building: &Building) -> Built {
    let built = part::predictor(c.require(name)?, building);
    built.map(Estimator::Predictor).map_err(|error| error.at(name))
}
