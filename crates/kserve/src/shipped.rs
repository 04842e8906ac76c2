//! What KServe ships runtimes for, so that a manifest without one can be told which to install.

/// The runtimes of KServe by the format that they serve, the one that is chosen first.
const RUNTIMES: [(&str, &str); 12] = [
    ("autogluon", "kserve-autogluonserver"),
    ("huggingface", "kserve-huggingfaceserver"),
    ("onnx", "kserve-tritonserver"),
    ("openvino", "kserve-openvino"),
    ("openvino_ir", "kserve-openvino"),
    ("paddle", "kserve-paddleserver"),
    ("pmml", "kserve-pmmlserver"),
    ("pytorch", "kserve-torchserve"),
    ("tensorflow", "kserve-tensorflow-serving"),
    ("tensorrt", "kserve-tritonserver"),
    ("triton", "kserve-tritonserver"),
    ("vLLM", "kserve-vllmserver"),
];

/// Other names that people give to formats.
const OTHER_NAMES: [(&str, &str); 16] = [
    ("hf", "huggingface"),
    ("keras", "tensorflow"),
    ("lgb", "lightgbm"),
    ("lgbm", "lightgbm"),
    ("ml-flow", "mlflow"),
    ("savedmodel", "tensorflow"),
    ("scikit", "sklearn"),
    ("scikit-learn", "sklearn"),
    ("scikit_learn", "sklearn"),
    ("scikitlearn", "sklearn"),
    ("tf", "tensorflow"),
    ("torch", "pytorch"),
    ("torchscript", "pytorch"),
    ("torchserve", "pytorch"),
    ("transformers", "huggingface"),
    ("xgb", "xgboost"),
];

/// The formats that the server of this project reads.
const NATIVE: [&str; 5] = ["catboost", "lightgbm", "mlflow", "sklearn", "xgboost"];

/// KServe's runtime for a format.
pub(crate) fn runtime_for(format: &str) -> Option<&'static str> {
    RUNTIMES.iter().find(|(name, _)| *name == format).map(|(_, runtime)| *runtime)
}

/// True for the name of a runtime that KServe ships, for a format that is not read here.
pub(crate) fn is_runtime(name: &str) -> bool {
    RUNTIMES.iter().any(|(_, runtime)| *runtime == name)
}

/// The format that is meant by a name that is none: another name of it, or one that differs in a
/// letter or in the case.
pub(crate) fn meant(format: &str) -> Option<&'static str> {
    let lower = format.to_lowercase();
    if let Some((_, meant)) = OTHER_NAMES.iter().find(|(name, _)| *name == lower) {
        return Some(meant);
    }
    let known = NATIVE.into_iter().chain(RUNTIMES.iter().map(|(name, _)| *name));
    nearest(format, known)
}

/// The name that differs least, when it differs in no more than two letters of six and the case.
pub(crate) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    const LONG: usize = 6;
    let lower = name.to_lowercase();
    let distance = |known: &str| strsim::damerau_levenshtein(&lower, &known.to_lowercase());
    let (least, best) = known.map(|known| (distance(known), known)).min()?;
    (best != name && least <= 1 + usize::from(name.len() >= LONG)).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::{is_runtime, meant, nearest, runtime_for};

    #[test]
    fn a_format_has_a_runtime_and_other_names() {
        assert_eq!(runtime_for("tensorflow"), Some("kserve-tensorflow-serving"));
        assert_eq!(runtime_for("sklearn"), None);
        assert!(is_runtime("kserve-pmmlserver") && !is_runtime("kserve-sklearnserver"));
        let cases = [
            ("scikit-learn", Some("sklearn")),
            ("SKLearn", Some("sklearn")),
            ("sklearns", Some("sklearn")),
            ("XGBoost", Some("xgboost")),
            ("CatBoost", Some("catboost")),
            ("vllm", Some("vLLM")),
            ("sklearn", None),
            ("my-format", None),
        ];
        for (name, expected) in cases {
            assert_eq!(meant(name), expected, "{name}");
        }
        assert_eq!(nearest("longshor", ["longshore", "other"].into_iter()), Some("longshore"));
        assert_eq!(nearest("any", ["other"].into_iter()), None);
    }
}
