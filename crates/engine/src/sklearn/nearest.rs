//! For classes that do not run natively, the nearest that do.

/// Endings that names share when their classes take and give the same kinds of values, and which of
/// these classes run. A vectorizer is not among them: one takes texts, another dicts.
const KINDS: &[(&str, &str)] = &[
    ("Classifier", "`LogisticRegression` or `HistGradientBoostingClassifier`"),
    ("Regressor", "`Ridge` or `HistGradientBoostingRegressor`"),
    ("Scaler", "`StandardScaler`"),
    ("Imputer", "`SimpleImputer`"),
    ("Encoder", "`OneHotEncoder` or `OrdinalEncoder`"),
];

/// The nearest classes that run, with "and" or "or" between them.
pub(super) fn nearest(class: &str) -> Option<&'static str> {
    KINDS.iter().copied().find(|(end, _)| class.ends_with(end)).map(|(_, nearest)| nearest)
}

#[cfg(test)]
mod tests {
    use super::{KINDS, nearest};
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
        for refused in KINDS.iter().map(|(end, _)| format!("X{end}")) {
            assert!(is_refused(&refused), "{refused}");
            let text = nearest(&refused).unwrap();
            let classes: Vec<_> = text.split('`').skip(1).step_by(2).collect();
            assert!(!classes.is_empty(), "{text}");
            for class in classes.into_iter().filter(|class| !class.contains('.')) {
                assert!(!is_refused(class), "{class} for {refused}");
            }
        }
    }

    #[test]
    fn a_class_that_takes_other_values_is_not_near() {
        for class in ["XVectorizer", "XBinarizer"] {
            assert_eq!(nearest(class), None, "{class}");
        }
    }
}
