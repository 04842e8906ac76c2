//! InferenceServices, as JSON with `annotations` and `spec`, and how the operator calls their hosts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use longshore_kserve::{
    InferenceServiceSpec,
    address::{Hosts, ServiceHosts},
    annotations::{Annotations, DeploymentMode},
    defaults,
    template::Names,
    unknown, validate,
};
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let Ok(Value::Object(mut manifest)) = serde_json::from_slice(data) else { return };
    let mut field = |name| manifest.remove(name).unwrap_or_default();
    let mut annotations: Annotations =
        serde_json::from_value(field("annotations")).unwrap_or_default();
    let template = field("template");
    if let Some(template) = template.as_str() {
        hosts(template, &annotations);
    }
    let Ok(mut spec) = serde_json::from_value::<InferenceServiceSpec>(field("spec")) else {
        return;
    };
    defaults::complete(&mut annotations, &mut spec);
    let first = (annotations.clone(), spec.clone());
    defaults::complete(&mut annotations, &mut spec);
    assert!(first == (annotations.clone(), spec.clone()), "what is complete stays as it is");
    for fault in validate::validate("iris", &annotations, &spec) {
        assert!(!fault.to_string().is_empty());
    }
    unknown::fields(&spec);
});

fn hosts(template: &str, annotations: &Annotations) {
    let hosts = Hosts {
        domain: "example.com".into(),
        template: template.into(),
        path_template: Some(template.into()),
        scheme: "http".into(),
        cluster_domain: "cluster.local".into(),
    };
    let names =
        Names { name: "iris", namespace: "ml", domain: None, labels: annotations, annotations };
    for mode in [DeploymentMode::Knative, DeploymentMode::Standard] {
        let service = ServiceHosts { hosts: &hosts, mode, names, is_local: false };
        if let Ok(host) = service.host("iris-predictor") {
            assert!(host.len() <= 253 && host.split('.').all(|label| !label.is_empty()));
        }
        let _ = service.url();
    }
}
