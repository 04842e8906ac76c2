//! For classes that do not run natively, the nearest that do.

/// Class, and what to train in its place.
const NEAREST: &[(&str, &str)] = &[
    ("AdaBoostClassifier", "`GradientBoostingClassifier`"),
    ("AdaBoostRegressor", "`GradientBoostingRegressor`"),
    ("BaggingClassifier", "`RandomForestClassifier` or `ExtraTreesClassifier`"),
    ("BaggingRegressor", "`RandomForestRegressor` or `ExtraTreesRegressor`"),
    ("BernoulliNB", "`LogisticRegression`"),
    ("CalibratedClassifierCV", "`LogisticRegression`"),
    ("CatBoostClassifier", "`HistGradientBoostingClassifier`"),
    ("CatBoostRegressor", "`HistGradientBoostingRegressor`"),
    ("CategoricalNB", "`LogisticRegression` after `OneHotEncoder`"),
    ("ComplementNB", "`LogisticRegression`"),
    ("GaussianNB", "`LinearDiscriminantAnalysis`"),
    ("GaussianProcessRegressor", "`GradientBoostingRegressor`"),
    ("IsotonicRegression", "`HistGradientBoostingRegressor`"),
    ("IterativeImputer", "`SimpleImputer`"),
    ("KBinsDiscretizer", "`OneHotEncoder`"),
    ("KNNImputer", "`SimpleImputer`"),
    ("KNeighborsClassifier", "`RandomForestClassifier`"),
    ("KNeighborsRegressor", "`RandomForestRegressor`"),
    ("KernelRidge", "`Ridge` after `PolynomialFeatures`"),
    ("MLPClassifier", "`HistGradientBoostingClassifier`"),
    ("MLPRegressor", "`HistGradientBoostingRegressor`"),
    ("MultiOutputClassifier", "`RandomForestClassifier`"),
    ("MultiOutputRegressor", "`RandomForestRegressor`"),
    ("MultinomialNB", "`LogisticRegression`"),
    ("NearestCentroid", "`LinearDiscriminantAnalysis`"),
    ("NuSVC", "`LinearSVC` or `SGDClassifier`"),
    ("NuSVR", "`LinearSVR` or `SGDRegressor`"),
    ("OneVsOneClassifier", "`LogisticRegression`"),
    ("OneVsRestClassifier", "`LogisticRegression`"),
    ("PowerTransformer", "`FunctionTransformer` of `numpy.log1p`, then `StandardScaler`"),
    ("QuadraticDiscriminantAnalysis", "`LinearDiscriminantAnalysis`"),
    ("QuantileTransformer", "`RobustScaler`"),
    ("SVC", "`LinearSVC` or `SGDClassifier`"),
    ("SVR", "`LinearSVR` or `SGDRegressor`"),
    ("SelectFromModel", "`ColumnTransformer` of the chosen columns"),
    ("SelectKBest", "`ColumnTransformer` of the chosen columns"),
    ("SelectPercentile", "`ColumnTransformer` of the chosen columns"),
    ("SplineTransformer", "`PolynomialFeatures`"),
    ("StackingClassifier", "`HistGradientBoostingClassifier`"),
    ("StackingRegressor", "`HistGradientBoostingRegressor`"),
    ("TargetEncoder", "`OrdinalEncoder`"),
    ("TransformedTargetRegressor", "`PoissonRegressor` or `GammaRegressor`"),
    ("VarianceThreshold", "`ColumnTransformer` of the chosen columns"),
    ("VotingClassifier", "`RandomForestClassifier`"),
    ("VotingRegressor", "`RandomForestRegressor`"),
];

/// The nearest classes that run, with "and" or "or" between them.
pub(super) fn nearest(class: &str) -> Option<&'static str> {
    if let Some((_, nearest)) = NEAREST.iter().find(|(refused, _)| *refused == class) {
        return Some(nearest);
    }
    let kinds = [
        ("Classifier", "`LogisticRegression` or `HistGradientBoostingClassifier`"),
        ("Regressor", "`Ridge` or `HistGradientBoostingRegressor`"),
        ("Scaler", "`StandardScaler`"),
        ("Imputer", "`SimpleImputer`"),
        ("Encoder", "`OneHotEncoder` or `OrdinalEncoder`"),
        ("Vectorizer", "`TfidfVectorizer`"),
    ];
    kinds.into_iter().find(|(end, _)| class.ends_with(end)).map(|(_, nearest)| nearest)
}

#[cfg(test)]
mod tests {
    use super::{NEAREST, nearest};
    use crate::{Error, Limits, estimators, read};

    /// Whether an instance of the class is refused for its class.
    fn is_refused(class: &str) -> bool {
        let named = format!("csklearn.anything\n{class}\n");
        let bytes = [b"\x80\x02", named.as_bytes(), b")\x81."].concat();
        let document = read::document(bytes, &Limits::default()).unwrap();
        let built = estimators::building().build(document.root());
        matches!(built, Err(Error::Unsupported { .. }))
    }

    #[test]
    fn the_nearest_classes_run_and_those_they_stand_for_do_not() {
        let ends = ["XClassifier", "XRegressor", "XScaler", "XImputer", "XEncoder", "XVectorizer"];
        let advice = NEAREST.iter().map(|(refused, _)| *refused).chain(ends);
        for refused in advice {
            assert!(is_refused(refused), "{refused}");
            let text = nearest(refused).unwrap();
            let classes: Vec<_> = text.split('`').skip(1).step_by(2).collect();
            assert!(!classes.is_empty(), "{text}");
            for class in classes.into_iter().filter(|class| !class.contains('.')) {
                assert!(!is_refused(class), "{class} for {refused}");
            }
        }
    }
}
