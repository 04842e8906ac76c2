use serde_json::{Value, json};

use super::{validate, validate_change};
use crate::{
    InferenceServiceSpec, Predictor,
    annotations::{AUTOSCALER_CLASS, Annotations, DEPLOYMENT_MODE},
    defaults,
};

fn annotations(pairs: &[(&str, &str)]) -> Annotations {
    pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The faults of a service `iris`, as paths and words.
fn faults(pairs: &[(&str, &str)], spec: Value) -> Vec<String> {
    let mut annotations = annotations(pairs);
    let mut spec: InferenceServiceSpec = serde_json::from_value(spec).unwrap();
    defaults::complete(&mut annotations, &mut spec);
    validate("iris", &annotations, &spec).iter().map(ToString::to_string).collect()
}

/// A predictor of scikit-learn with these fields beside the model.
fn predictor(fields: &Value) -> Value {
    let mut predictor =
        json!({"model": {"modelFormat": {"name": "sklearn"}, "storageUri": "s3://a/b"}});
    predictor.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    json!({"predictor": predictor})
}

#[test]
fn manifests_that_are_right_have_no_faults() {
    let containers = json!([{"name": "any", "image": "a:1"}]);
    let right = [
        predictor(&json!({})),
        predictor(
            &json!({"minReplicas": 0, "maxReplicas": 10, "scaleTarget": 5, "scaleMetric": "concurrency", "canaryTrafficPercent": 10}),
        ),
        predictor(&json!({"scaleMetric": "cpu", "scaleTarget": 80, "minReplicas": 1})),
        predictor(
            &json!({"logger": {"url": "http://a", "mode": "all"}, "batcher": {"maxBatchSize": 8}}),
        ),
        predictor(&json!({"containers": [{"name": "transformer-container", "image": "a"}]})),
        json!({"predictor": {"sklearn": {"storageUri": "gs://a"}}}),
        json!({"predictor": {"containers": containers}}),
        json!({"predictor": {"sklearn": {}}, "transformer": {"containers": containers}}),
        json!({"predictor": {"sklearn": {}}, "explainer": {"art": {"type": "SquareAttack"}}}),
    ];
    for spec in right {
        assert_eq!(faults(&[], spec.clone()), Vec::<String>::new(), "{spec}");
    }
    let external = json!({"autoScaling": {"metrics": [{"type": "External", "external": {
        "metric": {"backend": "prometheus", "query": "up"}, "target": {"type": "Value", "value": "5"},
    }}]}});
    assert_eq!(faults(&[(AUTOSCALER_CLASS, "keda")], predictor(&external)), Vec::<String>::new());
}

#[test]
fn the_name_of_the_warm_pool_is_taken() {
    let spec = serde_json::from_value(predictor(&json!({}))).unwrap();
    let faults = validate(super::POOL_NAME, &Annotations::new(), &spec);
    let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
    let said =
        "metadata.name: `longshore-pool` is the name of the namespace's warm pool; choose another";
    assert_eq!(faults, [said]);
}

#[test]
fn each_fault_names_its_field_and_what_to_write() {
    let cases = [
        (json!({"predictor": {}}), "spec.predictor: there is no model; write `model`"),
        (
            json!({"predictor": {"sklearn": {}, "xgboost": {}}}),
            "`sklearn`, `xgboost` each say what answers",
        ),
        (
            json!({"predictor": {"sklearn": {}, "containers": [{"name": "kserve-container"}]}}),
            "`model`, `containers` each say what answers",
        ),
        (
            json!({"predictor": {"sklearn": {"name": "a"}}}),
            "spec.predictor.model.name: a model's container has no name",
        ),
        (
            json!({"predictor": {"sklearn": {"env": [{"name": "PYTHONPATH", "value": "/a"}]}}}),
            "spec.predictor.model.env: the variable `PYTHONPATH` is not allowed",
        ),
        (
            json!({"predictor": {"sklearn": {}}, "transformer": {}}),
            "spec.transformer.containers: the transformer is its containers",
        ),
        (
            predictor(
                &json!({"containers": [{"name": "transformer-container", "env": [{"name": "STORAGE_URI"}]}]}),
            ),
            "spec.predictor.containers[transformer-container].env: a transformer beside the predictor has no `STORAGE_URI`",
        ),
        (
            predictor(&json!({"minReplica": 0})),
            "spec.predictor.minReplica: there is no such field; did you mean `minReplicas`?",
        ),
        (predictor(&json!({"minReplicas": -1})), "spec.predictor.minReplicas: -1 is less than 0"),
        (
            predictor(&json!({"minReplicas": 3, "maxReplicas": 2})),
            "spec.predictor.minReplicas: 3 is more than `maxReplicas`, 2",
        ),
        (
            predictor(&json!({"containerConcurrency": -1})),
            "spec.predictor.containerConcurrency: -1",
        ),
        (
            predictor(&json!({"canaryTrafficPercent": 101})),
            "spec.predictor.canaryTrafficPercent: 101 is no share",
        ),
        (
            predictor(&json!({"scaleMetric": "cpu", "scaleTarget": 101})),
            "spec.predictor.scaleTarget: 101 is no target for `cpu`",
        ),
        (
            predictor(&json!({"scaleMetric": "rps", "scaleTarget": 0})),
            "spec.predictor.scaleTarget: 0 is no target for `rps`",
        ),
        (
            predictor(&json!({"scaleMetric": "memory", "minReplicas": 0})),
            "a service that scales by `memory` cannot sleep",
        ),
        (
            predictor(&json!({"autoScaling": {"metrics": [{"type": "Resource"}]}})),
            "spec.predictor.autoScaling.metrics[0]: a metric of the type `Resource` has the field `resource`",
        ),
        (
            predictor(&json!({"autoScaling": {"metrics": [{"type": "Pods"}]}})),
            "`Pods` is no type of metric",
        ),
        (
            predictor(
                &json!({"autoScaling": {"metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "AverageValue", "averageValue": "1GB"}}}]}}),
            ),
            "`1GB` is no quantity",
        ),
        (
            predictor(&json!({"logger": {"storage": {"key": "a", "path": "b"}}})),
            "spec.predictor.logger.storage.parameters: it is missing",
        ),
        (predictor(&json!({"name": "A"})), "spec.predictor.name: `A` cannot be a name"),
        (
            predictor(&json!({"storageUris": [{"uri": "s3://a"}]})),
            "spec.predictor.storageUris: `storageUri` is written too",
        ),
        (
            json!({"predictor": {"sklearn": {}, "storageUris": [{"uri": "s3://a", "mountPath": "/mnt/../a"}]}}),
            "spec.predictor.storageUris[0].mountPath: `/mnt/../a` has `..` in it",
        ),
        (
            json!({"predictor": {"sklearn": {}, "storageUris": [{"uri": "s3://a", "mountPath": "/a/x"}, {"uri": "s3://b", "mountPath": "/b/x"}]}}),
            "the folders /a/x, /b/x are not below one folder",
        ),
        (
            json!({"predictor": {"model": {"modelFormat": {"name": ""}}}}),
            "spec.predictor.model.modelFormat.name: it is empty",
        ),
    ];
    for (spec, words) in cases {
        let found = faults(&[], spec.clone());
        assert!(found.iter().any(|fault| fault.contains(words)), "{spec}: {found:?}");
        assert_eq!(found.len(), 1, "{spec}: {found:?}");
    }
}

#[test]
fn annotations_are_held_against_what_there_is() {
    let cases = [
        ((DEPLOYMENT_MODE, "Fast"), json!({}), "`Fast` is no mode; write Knative or Standard"),
        ((DEPLOYMENT_MODE, "ModelMesh"), json!({}), "ModelMesh is not served"),
        ((AUTOSCALER_CLASS, "kpa"), json!({}), "write one of: hpa, external, keda, none"),
        ((AUTOSCALER_CLASS, "keda"), json!({"scaleMetric": "cpu"}), "leave `scaleMetric` out"),
    ];
    for (annotation, fields, words) in cases {
        let found = faults(&[annotation], predictor(&fields));
        assert!(found.len() == 1 && found[0].contains(words), "{annotation:?}: {found:?}");
    }
    // KServe reads the class `hpa` in the mode `Standard` only
    let by_requests = predictor(&json!({"scaleMetric": "rps"}));
    let (class, mode) = ((AUTOSCALER_CLASS, "hpa"), (DEPLOYMENT_MODE, "Standard"));
    assert_eq!(faults(&[class], by_requests.clone()), Vec::<String>::new());
    let found = faults(&[class, mode], by_requests);
    assert!(found[0].contains("the class `hpa` measures `cpu` or `memory`"), "{found:?}");
    assert_eq!(
        validate(
            "Iris",
            &Annotations::new(),
            &serde_json::from_value(predictor(&json!({}))).unwrap()
        )[0]
        .path,
        "metadata.name"
    );
}

#[test]
fn canaries_are_held_against_the_stable_predictor() {
    let spec = |canaries: Value| {
        let mut spec = predictor(&json!({}));
        spec["canary"] = canaries;
        spec
    };
    let canary = |name: &str, percent: i32| json!({"predictor": {"name": name, "model": {"modelFormat": {"name": "sklearn"}}}, "trafficPercent": percent});
    assert_eq!(faults(&[], spec(json!([canary("a", 60), canary("b", 40)]))), Vec::<String>::new());
    let by_place = json!({"predictor": {"name": "a", "model": {"storageUri": "s3://a/c"}}, "trafficPercent": 1});
    assert_eq!(faults(&[], spec(json!([by_place]))), Vec::<String>::new());
    let mut scaled = canary("a", 10);
    scaled["predictor"]["maxReplicas"] = json!(3);
    let mut many = canary("a", 10);
    many["predictor"]["minReplicas"] = json!(2);
    let cases = [
        (json!([canary("a", 60), canary("b", 50)]), "spec.canary: the shares are 110 percent"),
        (
            json!([canary("a", 10), canary("a", 10)]),
            "spec.canary[1] (a).predictor.name: another predictor",
        ),
        (json!([canary("a", 101)]), "spec.canary[0] (a).trafficPercent: 101"),
        (
            json!([{"predictor": {}, "trafficPercent": 1}]),
            "spec.canary[0].predictor.name: a canary has a name",
        ),
        (json!([scaled]), "predictor.maxReplicas: a canary scales as its stable predictor does"),
        (json!([many]), "predictor.minReplicas: 2 is more than the stable predictor's 1"),
    ];
    for (canaries, words) in cases {
        let found = faults(&[], spec(canaries.clone()));
        assert!(found.iter().any(|fault| fault.contains(words)), "{canaries}: {found:?}");
    }
}

#[test]
fn a_service_stays_in_its_mode() {
    let of = |uri: &str, name: Option<&str>| -> Predictor {
        serde_json::from_value(
            json!({"name": name, "model": {"modelFormat": {"name": "a"}, "storageUri": uri}}),
        )
        .unwrap()
    };
    let standard = annotations(&[(DEPLOYMENT_MODE, "Standard")]);
    let found = validate_change(Some("Serverless"), &standard, &of("a", None), &of("a", None));
    assert!(found[0].message.contains("cannot become one of the mode Standard"));
    assert_eq!(validate_change(None, &standard, &of("a", None), &of("a", None)), []);
    let found = validate_change(None, &standard, &of("a", None), &of("a", Some("v2")));
    assert_eq!(found[0].path, "spec.predictor.name");
    assert_eq!(validate_change(None, &standard, &of("a", None), &of("b", Some("v2"))), []);
}
