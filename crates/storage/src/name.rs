//! Names of models, as they are taken from their files and folders.

/// Endings of archives and of compressed files, which model files are packed in.
const PACKED: &[&str] = &["gz", "tgz", "tar", "zip", "bz2", "xz", "lzma", "lz4", "zst", "z"];

/// Endings of model files.
const FORMATS: &[&str] = &[
    "pkl", "pickle", "joblib", "sav", "skops", "json", "ubj", "bst", "xgb", "txt", "lgb", "bin",
    "model", "dill", "cbm", "onnx",
];

/// A file's name without the endings of its packing and of its format.
pub fn stem(name: &str) -> &str {
    let without = |name: &str, endings: &[&str]| {
        let (stem, ending) = name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty())?;
        endings.iter().any(|known| ending.eq_ignore_ascii_case(known)).then_some(stem.len())
    };
    let mut end = name.len();
    while let Some(shorter) = without(&name[..end], PACKED) {
        end = shorter;
    }
    end = without(&name[..end], FORMATS).unwrap_or(end);
    &name[..end]
}

/// Whether a text can name a model in URLs.
pub fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('.')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::{is_name, stem};

    #[test]
    fn only_the_endings_of_models_are_cut_from_a_name() {
        for (file, name) in [
            ("churn-1.2.pkl", "churn-1.2"),
            ("churn-1.2", "churn-1.2"),
            ("churn.v2.tar.gz", "churn.v2"),
            ("churn.PKL.gz", "churn"),
            ("churn.model.joblib", "churn.model"),
            ("iris.bst", "iris"),
            (".pkl", ".pkl"),
            ("churn.zip", "churn"),
        ] {
            assert_eq!(stem(file), name);
        }
    }

    #[test]
    fn names_are_safe_in_a_url() {
        assert!(is_name("wine-2.v_1"));
        for name in ["", ".", "..", "a/b", "a b", "ä"] {
            assert!(!is_name(name), "{name}");
        }
    }
}
