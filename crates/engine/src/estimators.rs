//! From the class that a file names to the function that builds it. An estimator is added by a line
//! in the file of its family.

use crate::{
    Error, Predictor, catboost,
    estimator::{Estimator, Transform},
    lightgbm,
    read::Cursor,
    sklearn::{building::Building, refuse},
    xgboost,
};

mod bayes;
mod cluster;
mod compose;
mod decomposition;
mod ensembles;
mod foreign;
mod gaussian;
mod imblearn;
mod linear;
mod meta;
mod neighbors;
mod neural;
mod preprocess;
mod select;
mod svm;
mod text;
mod trees;

/// What builds the estimators of a file one by one.
pub(crate) fn building() -> Building {
    Building::new(of_class)
}

/// Builds an estimator by the last name of its class, so that the module paths of old releases work
/// too; but only for the libraries whose classes these are.
fn of_class(c: Cursor<'_>, building: &Building) -> Built {
    let Some((module, name)) = c.class() else { return Err(refuse::class(c)) };
    let built = match module.split('.').next().unwrap_or_default() {
        "sklearn" => sklearn(name, c, building),
        "xgboost" => Some(xgboost::build(c).map(Estimator::Predictor)),
        "catboost" => Some(catboost::build(c).map(Estimator::Predictor)),
        "lightgbm" => Some(lightgbm::build(c).map(Estimator::Predictor)),
        "imblearn" => imblearn::of_class(name, c, building)
            .or_else(|| foreign::of_class(module, name, c, building)),
        _ => foreign::of_class(module, name, c, building),
    };
    built.unwrap_or_else(|| Err(refuse::class(c)))
}

type Built = Result<Estimator, Error>;

fn sklearn(name: &str, c: Cursor<'_>, building: &Building) -> Option<Built> {
    compose::of_class(name, c, building)
        .or_else(|| preprocess::of_class(name, c, building))
        .or_else(|| text::of_class(name, c))
        .or_else(|| linear::of_class(name, c))
        .or_else(|| svm::of_class(name, c))
        .or_else(|| trees::of_class(name, c, building))
        .or_else(|| bayes::of_class(name, c, building))
        .or_else(|| neighbors::of_class(name, c, building))
        .or_else(|| cluster::of_class(name, c, building))
        .or_else(|| decomposition::of_class(name, c, building))
        .or_else(|| select::of_class(name, c, building))
        .or_else(|| ensembles::of_class(name, c, building))
        .or_else(|| meta::of_class(name, c, building))
        .or_else(|| neural::of_class(name, c, building))
        .or_else(|| gaussian::of_class(name, c, building))
}

fn transformer(built: Result<impl Transform + 'static, Error>) -> Built {
    built.map(|transform| Estimator::Transformer(Box::new(transform)))
}

fn predictor(built: Result<impl Predictor + 'static, Error>) -> Built {
    built.map(|predictor| Estimator::Predictor(Box::new(predictor)))
}
