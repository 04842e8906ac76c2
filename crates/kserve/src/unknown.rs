//! Fields that nobody knows: kept, told, and taken for what they are near to.

use crate::{Fields, InferenceServiceSpec, Pod, Predictor, container};

/// A field that no release known here has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// Its path.
    pub path: String,
    /// The field that was meant, when one is near, or the place of this one, when it is elsewhere.
    pub meant: Option<String>,
}

/// The fields of a service.
const SPEC: [&str; 5] = ["predictor", "transformer", "explainer", "canary", "tracing"];

/// The fields of every component.
const COMPONENT: [&str; 15] = [
    "annotations",
    "autoScaling",
    "batcher",
    "canaryTrafficPercent",
    "containerConcurrency",
    "deploymentStrategy",
    "labels",
    "logger",
    "maxReplicas",
    "minReplicas",
    "scaleMetric",
    "scaleMetricType",
    "scaleTarget",
    "storageUris",
    "timeout",
];

/// What else a predictor has.
const PREDICTOR: [&str; 14] = [
    "huggingface",
    "lightgbm",
    "model",
    "name",
    "onnx",
    "paddle",
    "pmml",
    "pytorch",
    "sklearn",
    "storageContainerName",
    "tensorflow",
    "triton",
    "workerSpec",
    "xgboost",
];

/// What a model has beside its container.
const MODEL: [&str; 7] = [
    "confidential",
    "modelFormat",
    "protocolVersion",
    "runtime",
    "runtimeVersion",
    "storage",
    "storageUri",
];

/// Fields that older manifests have, or that people expect, with what says it today.
const OTHERS: [(&str, &str); 12] = [
    ("alibi", "containers"),
    ("concurrency", "containerConcurrency"),
    ("container", "containers"),
    ("custom", "containers"),
    ("framework", "model.modelFormat"),
    ("mlflow", "model` with the modelFormat `mlflow"),
    ("mlserver", "model` with its format in `modelFormat"),
    ("parallelism", "containerConcurrency"),
    ("podSpec", "serviceAccountName` or another field of the pod, beside `model"),
    ("replicas", "minReplicas` and `maxReplicas"),
    ("timeoutSeconds", "timeout"),
    ("vllm", "model` with the modelFormat `vLLM"),
];

/// Fields of a container that are no fields of a pod.
fn is_of_container(name: &str) -> bool {
    container::CONTAINER.contains(&name) && !container::POD.contains(&name) && name != "name"
}

/// Letters of a long name.
const LONG: usize = 8;

/// The fields of a service that no release known here has, in the order in which they are written.
pub fn fields(spec: &InferenceServiceSpec) -> Vec<Unknown> {
    let mut found = Found::default();
    found.keys("spec", &spec.unknown, &[&SPEC]);
    found.predictor("spec.predictor", &spec.predictor);
    for (at, canary) in spec.canary.iter().enumerate() {
        let path = format!("spec.canary[{at}]");
        found.keys(&path, &canary.unknown, &[&["predictor", "trafficPercent"]]);
        found.predictor(&format!("{path}.predictor"), &canary.predictor);
    }
    if let Some(transformer) = &spec.transformer {
        found.pod("spec.transformer", &transformer.component.pod, &[&COMPONENT]);
    }
    if let Some(explainer) = &spec.explainer {
        found.pod("spec.explainer", &explainer.component.pod, &[&COMPONENT, &["art"]]);
    }
    found.0
}

#[derive(Default)]
struct Found(Vec<Unknown>);

impl Found {
    fn predictor(&mut self, path: &str, predictor: &Predictor) {
        self.pod(path, &predictor.component.pod, &[&COMPONENT, &PREDICTOR]);
        let frameworks = predictor.frameworks.iter();
        let model = predictor.model.as_ref().map(|model| ("model", &model.framework));
        for (name, framework) in frameworks.chain(model) {
            let own = format!("{path}.{name}");
            let fields = &framework.container.0;
            let misplaced = |name: &str| {
                let is_beside = container::POD.contains(&name) || COMPONENT.contains(&name);
                is_beside.then(|| format!("{path}.{name}"))
            };
            self.told(&own, fields, &[&MODEL, &container::CONTAINER], misplaced);
        }
    }

    /// A pod whose fields stand beside others.
    fn pod(&mut self, path: &str, pod: &Pod, beside: &[&'static [&'static str]]) {
        let known: Vec<_> = beside.iter().copied().chain([&container::POD[..]]).collect();
        let misplaced = |name: &str| {
            let other = OTHERS.iter().find(|(other, _)| *other == name);
            if let Some((_, instead)) = other {
                return Some((*instead).to_owned());
            }
            let is_model = is_of_container(name) || (MODEL.contains(&name) && name != "storage");
            let has_model = beside.iter().any(|fields| fields.contains(&"model"));
            match (is_model, has_model) {
                (true, true) => Some(format!("model.{name}")),
                (true, false) if is_of_container(name) => Some(format!("containers[].{name}")),
                _ => None,
            }
        };
        self.told(path, &pod.0, &known, misplaced);
        let lists = [("containers", pod.containers()), ("initContainers", pod.init_containers())];
        for (list, containers) in lists {
            for (at, container) in containers.iter().enumerate() {
                let path = format!("{path}.{list}[{at}]");
                self.keys(&path, &container.0, &[&container::CONTAINER]);
            }
        }
    }

    fn keys(&mut self, path: &str, fields: &Fields, known: &[&'static [&'static str]]) {
        self.told(path, fields, known, |_| None);
    }

    /// Tells of fields that are not known here; `elsewhere` says where one belongs.
    fn told(
        &mut self,
        path: &str,
        fields: &Fields,
        known: &[&'static [&'static str]],
        elsewhere: impl Fn(&str) -> Option<String>,
    ) {
        let all = || known.iter().flat_map(|list| list.iter().copied());
        for name in fields.keys().filter(|name| all().all(|known| known != name.as_str())) {
            let path = format!("{path}.{name}");
            let meant = elsewhere(name).or_else(|| near(name, all()).map(str::to_owned));
            self.0.push(Unknown { path, meant });
        }
    }
}

/// The known name that differs least, when it differs in a letter, or in two of a long one. A newer
/// release's field differs in more: `schedulingGroup` is not meant to be `schedulingGates`.
fn near(name: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let lower = name.to_lowercase();
    let distance = |known: &str| strsim::damerau_levenshtein(&lower, &known.to_lowercase());
    let (least, best) = known.map(|known| (distance(known), known)).min()?;
    (least <= 1 + usize::from(name.len() >= LONG)).then_some(best)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::fields;

    #[test]
    fn unknown_fields_are_told_with_what_was_meant() {
        let spec = json!({
            "predictor": {
                "minReplica": 0,
                "serviceAccountName": "s3",
                "model": {"modelFormat": {"name": "sklearn"}, "storageURI": "s3://a", "resource": {}, "image": "a", "tolerations": [], "scaleTarget": 1},
                "containers": [{"name": "a", "comand": []}],
                "gpuSharing": {},
                "schedulingGroup": {},
                "env": [],
                "storageUri": "s3://a",
                "custom": {},
                "podSpec": {},
            },
            "transformer": {"containers": [{"name": "a"}], "scaleMetrics": "rps", "image": "a"},
            "canary": [{"predictor": {"name": "a"}, "trafficPercent": 1, "percent": 5}],
            "trafic": {},
        });
        let found = fields(&serde_json::from_value(spec).unwrap());
        let found: Vec<_> = found.iter().map(|it| (&*it.path, it.meant.as_deref())).collect();
        let expected = [
            ("spec.trafic", None),
            ("spec.predictor.custom", Some("containers")),
            ("spec.predictor.env", Some("model.env")),
            ("spec.predictor.gpuSharing", None),
            ("spec.predictor.minReplica", Some("minReplicas")),
            (
                "spec.predictor.podSpec",
                Some("serviceAccountName` or another field of the pod, beside `model"),
            ),
            ("spec.predictor.schedulingGroup", None),
            ("spec.predictor.storageUri", Some("model.storageUri")),
            ("spec.predictor.containers[0].comand", Some("command")),
            ("spec.predictor.model.resource", Some("resources")),
            ("spec.predictor.model.scaleTarget", Some("spec.predictor.scaleTarget")),
            ("spec.predictor.model.storageURI", Some("storageUri")),
            ("spec.predictor.model.tolerations", Some("spec.predictor.tolerations")),
            ("spec.canary[0].percent", None),
            ("spec.transformer.image", Some("containers[].image")),
            ("spec.transformer.scaleMetrics", Some("scaleMetric")),
        ];
        assert_eq!(found, expected);
    }
}
