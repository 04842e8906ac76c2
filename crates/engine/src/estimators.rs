//! From the class that a file names to the function that builds it. An estimator is added by a line
//! here.

use crate::{
    Error, Predictor,
    estimator::{Estimator, Transform},
    lightgbm,
    read::Cursor,
    sklearn::{
        building::Building,
        columns::ColumnTransformer,
        encode::{LabelBinarizer, LabelEncoder, OneHotEncoder, OrdinalEncoder},
        forest::{ForestClassifier, ForestRegressor},
        function::FunctionTransformer,
        gradient_boosting::{BoostingClassifier, BoostingRegressor},
        hist_gradient_boosting::{HistClassifier, HistRegressor},
        impute::{MissingIndicator, SimpleImputer},
        linear::{LinearClassifier, LinearRegressor},
        normalizer::Normalizer,
        pipeline::Pipeline,
        polynomial::PolynomialFeatures,
        refuse,
        scaler::Scaler,
        svm::{OutlierDetector, SupportVectorClassifier, SupportVectorRegressor},
        text::{CountVectorizer, HashingVectorizer, TfidfTransformer},
        union::FeatureUnion,
    },
    xgboost,
};

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
        "lightgbm" => Some(lightgbm::build(c).map(Estimator::Predictor)),
        _ => None,
    };
    built.unwrap_or_else(|| Err(refuse::class(c)))
}

type Built = Result<Estimator, Error>;

fn sklearn(name: &str, c: Cursor<'_>, building: &Building) -> Option<Built> {
    compose(name, c, building)
        .or_else(|| preprocess(name, c))
        .or_else(|| text(name, c))
        .or_else(|| linear(name, c))
        .or_else(|| support_vectors(name, c))
        .or_else(|| trees(name, c, building))
}

/// Estimators that hold others.
fn compose(name: &str, c: Cursor<'_>, building: &Building) -> Option<Built> {
    Some(match name {
        "Pipeline" => Pipeline::build(c, building),
        "ColumnTransformer" => transformer(ColumnTransformer::build(c, building)),
        "FeatureUnion" => transformer(FeatureUnion::build(c, building)),
        "GridSearchCV" | "RandomizedSearchCV" | "HalvingGridSearchCV" | "HalvingRandomSearchCV" => {
            best(c, building)
        }
        "RANSACRegressor" => inner(c, "estimator_", building),
        "FrozenEstimator" => inner(c, "estimator", building),
        _ => return None,
    })
}

fn preprocess(name: &str, c: Cursor<'_>) -> Option<Built> {
    Some(match name {
        "StandardScaler" => transformer(Scaler::standard(c)),
        "MinMaxScaler" => transformer(Scaler::min_max(c)),
        "RobustScaler" => transformer(Scaler::robust(c)),
        "MaxAbsScaler" => transformer(Scaler::max_abs(c)),
        "Normalizer" => transformer(Normalizer::build(c)),
        "PolynomialFeatures" => transformer(PolynomialFeatures::build(c)),
        "FunctionTransformer" => transformer(FunctionTransformer::build(c)),
        "SimpleImputer" => transformer(SimpleImputer::build(c)),
        "MissingIndicator" => transformer(MissingIndicator::build(c)),
        "OneHotEncoder" => transformer(OneHotEncoder::build(c)),
        "OrdinalEncoder" => transformer(OrdinalEncoder::build(c)),
        "LabelEncoder" => predictor(LabelEncoder::build(c)),
        "LabelBinarizer" => predictor(LabelBinarizer::build(c)),
        _ => return None,
    })
}

fn text(name: &str, c: Cursor<'_>) -> Option<Built> {
    Some(match name {
        "CountVectorizer" => transformer(CountVectorizer::build(c)),
        "TfidfVectorizer" => transformer(CountVectorizer::tfidf(c)),
        "TfidfTransformer" => transformer(TfidfTransformer::build(c)),
        "HashingVectorizer" => transformer(HashingVectorizer::build(c)),
        _ => return None,
    })
}

fn linear(name: &str, c: Cursor<'_>) -> Option<Built> {
    Some(match name {
        "LinearRegression"
        | "Ridge"
        | "RidgeCV"
        | "Lasso"
        | "LassoCV"
        | "ElasticNet"
        | "ElasticNetCV"
        | "MultiTaskLasso"
        | "MultiTaskLassoCV"
        | "MultiTaskElasticNet"
        | "MultiTaskElasticNetCV"
        | "BayesianRidge"
        | "ARDRegression"
        | "HuberRegressor"
        | "TheilSenRegressor"
        | "QuantileRegressor"
        | "Lars"
        | "LarsCV"
        | "LassoLars"
        | "LassoLarsCV"
        | "LassoLarsIC"
        | "OrthogonalMatchingPursuit"
        | "OrthogonalMatchingPursuitCV" => predictor(LinearRegressor::build(c)),
        "SGDRegressor" | "PassiveAggressiveRegressor" | "LinearSVR" => {
            predictor(LinearRegressor::flat(c))
        }
        "PoissonRegressor"
        | "GammaRegressor"
        | "TweedieRegressor"
        | "GeneralizedLinearRegressor" => predictor(LinearRegressor::generalized(c)),
        "LogisticRegression" | "LogisticRegressionCV" => predictor(LinearClassifier::logistic(c)),
        "SGDClassifier" => predictor(LinearClassifier::gradient_descent(c)),
        "LinearDiscriminantAnalysis" => predictor(LinearClassifier::discriminant(c)),
        "Perceptron"
        | "PassiveAggressiveClassifier"
        | "RidgeClassifier"
        | "RidgeClassifierCV"
        | "LinearSVC" => predictor(LinearClassifier::plain(c)),
        _ => return None,
    })
}

fn support_vectors(name: &str, c: Cursor<'_>) -> Option<Built> {
    Some(match name {
        "SVC" | "NuSVC" => predictor(SupportVectorClassifier::build(c)),
        "SVR" | "NuSVR" => predictor(SupportVectorRegressor::build(c)),
        "OneClassSVM" => predictor(OutlierDetector::build(c)),
        _ => return None,
    })
}

fn trees(name: &str, c: Cursor<'_>, building: &Building) -> Option<Built> {
    Some(match name {
        "DecisionTreeClassifier"
        | "ExtraTreeClassifier"
        | "RandomForestClassifier"
        | "ExtraTreesClassifier" => predictor(ForestClassifier::build(c, building)),
        "DecisionTreeRegressor"
        | "ExtraTreeRegressor"
        | "RandomForestRegressor"
        | "ExtraTreesRegressor" => predictor(ForestRegressor::build(c, building)),
        "GradientBoostingClassifier" => predictor(BoostingClassifier::build(c, building)),
        "GradientBoostingRegressor" => predictor(BoostingRegressor::build(c, building)),
        "HistGradientBoostingClassifier" => predictor(HistClassifier::build(c, building)),
        "HistGradientBoostingRegressor" => predictor(HistRegressor::build(c, building)),
        _ => return None,
    })
}

fn transformer(built: Result<impl Transform + 'static, Error>) -> Built {
    built.map(|transform| Estimator::Transformer(Box::new(transform)))
}

fn predictor(built: Result<impl Predictor + 'static, Error>) -> Built {
    built.map(|predictor| Estimator::Predictor(Box::new(predictor)))
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
