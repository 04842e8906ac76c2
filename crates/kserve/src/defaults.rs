//! What a manifest leaves out, as KServe's defaulting webhook fills it in.

use crate::{
    Framework, Frameworks, InferenceServiceSpec, Model, ModelFormat, Predictor, Protocol,
    annotations::{Annotations, DEPLOYMENT_MODE, DeploymentMode, MODEL_FORMAT},
};

/// Fills in what a manifest leaves out, and turns what has an older form into today's.
pub fn complete(annotations: &mut Annotations, spec: &mut InferenceServiceSpec) {
    if let Some(mode) = annotations.get_mut(DEPLOYMENT_MODE)
        && let Some(known) = DeploymentMode::named(mode)
    {
        known.name().clone_into(mode);
    }
    complete_predictor(&mut spec.predictor);
    for canary in &mut spec.canary {
        complete_predictor(&mut canary.predictor);
    }
    if let Some(model) = &spec.predictor.model {
        let format = &model.model_format.name;
        if !format.is_empty() && !annotations.contains_key(MODEL_FORMAT) {
            annotations.insert(MODEL_FORMAT.to_owned(), format.clone());
        }
    }
}

fn complete_predictor(predictor: &mut Predictor) {
    if predictor.model.is_none() {
        predictor.model = take_framework(&mut predictor.frameworks);
    }
    if let Some(model) = &mut predictor.model {
        // clients of the SDK send an empty name, which is none
        model.framework.container.0.retain(|key, value| key != "name" || value != "");
        let by_format = matches!(&*model.model_format.name, "triton" | "vLLM");
        if by_format {
            model.framework.protocol_version.get_or_insert(Protocol::V2);
        }
    }
}

/// The model that is named by its framework, when there is exactly one.
fn take_framework(frameworks: &mut Frameworks) -> Option<Model> {
    let mut named = frameworks.iter();
    let (name, framework) = match (named.next(), named.next()) {
        (Some((name, framework)), None) => (name, framework.clone()),
        _ => return None,
    };
    drop(named);
    *frameworks = Frameworks::default();
    let always_v2 = matches!(name, "triton" | "onnx" | "huggingface");
    let protocol_version = framework.protocol_version.or(always_v2.then_some(Protocol::V2));
    Some(Model {
        model_format: ModelFormat { name: name.to_owned(), version: None },
        runtime: None,
        framework: Framework { protocol_version, ..framework },
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::complete;
    use crate::{
        InferenceServiceSpec, Protocol,
        annotations::{Annotations, DEPLOYMENT_MODE, MODEL_FORMAT},
    };

    fn completed(annotations: &[(&str, &str)], spec: Value) -> (Annotations, InferenceServiceSpec) {
        let pairs = annotations.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
        let mut annotations = pairs.collect();
        let mut spec = serde_json::from_value(spec).unwrap();
        complete(&mut annotations, &mut spec);
        (annotations, spec)
    }

    #[test]
    fn a_framework_becomes_a_model() {
        let cases = [
            ("sklearn", None),
            ("xgboost", None),
            ("lightgbm", None),
            ("triton", Some(Protocol::V2)),
            ("onnx", Some(Protocol::V2)),
            ("huggingface", Some(Protocol::V2)),
        ];
        for (name, protocol) in cases {
            let body = json!({"storageUri": "s3://a", "env": [{"name": "A", "value": "1"}]});
            let (annotations, spec) = completed(&[], json!({"predictor": {name: body}}));
            let model = spec.predictor.model.unwrap();
            assert_eq!(model.model_format.name, name);
            assert_eq!(model.framework.storage_uri.as_deref(), Some("s3://a"));
            assert_eq!(model.framework.container.env_value("A"), Some("1"));
            assert_eq!(model.framework.protocol_version, protocol, "{name}");
            assert_eq!(spec.predictor.frameworks.iter().count(), 0);
            assert_eq!(annotations.get(MODEL_FORMAT).map(String::as_str), Some(name));
        }
    }

    #[test]
    fn two_frameworks_stay_for_validation_to_refuse() {
        let (_, spec) = completed(&[], json!({"predictor": {"sklearn": {}, "xgboost": {}}}));
        assert!(spec.predictor.model.is_none());
        assert_eq!(spec.predictor.frameworks.iter().count(), 2);
    }

    #[test]
    fn old_names_of_modes_become_the_new_ones() {
        let model = json!({"predictor": {"model": {"modelFormat": {"name": "a"}, "name": ""}}});
        for (old, new) in
            [("Serverless", "Knative"), ("RawDeployment", "Standard"), ("Other", "Other")]
        {
            let (annotations, spec) = completed(&[(DEPLOYMENT_MODE, old)], model.clone());
            assert_eq!(annotations[DEPLOYMENT_MODE], new);
            assert!(spec.predictor.model.unwrap().framework.container.0.is_empty());
        }
    }
}
