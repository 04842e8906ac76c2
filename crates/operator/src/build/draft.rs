use longshore_kserve::{Container, Fields, Pod, annotations::Annotations};
use serde_json::{Value, json};

use super::{Refusal, container, context::refuse, own};

/// The container that serves a model.
pub(super) const SERVER: &str = "kserve-container";

/// The container of a transformer in the predictor's pod: requests come to it.
pub(super) const TRANSFORMER: &str = "transformer-container";

/// A pod that is being made.
pub(super) struct Draft {
    pub containers: Vec<Container>,
    pub init_containers: Vec<Container>,
    pub volumes: Vec<Value>,
    /// The pod's other fields.
    pub rest: Fields,
    /// The name of the container that serves.
    pub server: String,
    /// True when that is our own server.
    pub is_own: bool,
    /// Labels and annotations that its runtime gives to pods.
    pub labels: Annotations,
    pub annotations: Annotations,
}

impl Draft {
    /// A pod of these fields; those that Kubernetes does not know are left out.
    pub(super) fn new(pod: &Pod, server: &str) -> Self {
        let Pod(mut rest) = pod.known();
        let containers = containers(rest.remove("containers"));
        let init_containers = containers_of(&mut rest, "initContainers");
        let volumes = match rest.remove("volumes") {
            Some(Value::Array(volumes)) => volumes,
            _ => Vec::new(),
        };
        Self {
            containers,
            init_containers,
            volumes,
            rest,
            server: server.to_owned(),
            is_own: false,
            labels: Annotations::new(),
            annotations: Annotations::new(),
        }
    }

    /// The container that serves.
    pub(super) fn server(&mut self) -> Result<&mut Container, Refusal> {
        let Self { containers, server, .. } = self;
        let missing = || refuse(format!("the pod has no container `{server}`"));
        let found = containers.iter_mut().find(|it| it.name() == Some(&**server));
        found.ok_or_else(missing)
    }

    /// The container that requests come to: the one that serves, or a transformer before it.
    pub(super) fn answering(&mut self) -> Result<&mut Container, Refusal> {
        match self.containers.iter().position(|it| it.name() == Some(TRANSFORMER)) {
            Some(at) => Ok(&mut self.containers[at]),
            None => self.server(),
        }
    }

    /// Sets a field of the pod, unless it is set.
    pub(super) fn default_field(&mut self, name: &str, value: impl Into<Value>) {
        self.rest.entry(name).or_insert_with(|| value.into());
    }

    /// Adds a volume, unless there is one of its name.
    pub(super) fn add_volume(&mut self, name: &str, source: (&str, Value)) {
        if !self.volumes.iter().any(|volume| volume.get("name").is_some_and(|it| it == name)) {
            let (kind, fields) = source;
            self.volumes.push(json!({"name": name, kind: fields}));
        }
    }

    /// Adds an empty folder to the pod, and mounts it in the container of this name, which may write.
    pub(super) fn add_folder(&mut self, container: &str, name: &str, path: &str) {
        let all = self.containers.iter_mut().chain(&mut self.init_containers);
        let mut is_mounted = false;
        for it in all.filter(|it| it.name() == Some(container)) {
            is_mounted |= container::mount(it, json!({"name": name, "mountPath": path}));
        }
        if is_mounted {
            self.add_volume(name, ("emptyDir", json!({})));
        }
    }

    /// Chooses nodes of Google's with this accelerator, when a container has GPUs.
    pub(super) fn choose_accelerator(&mut self, name: &str) {
        if !self.containers.iter().any(container::has_gpu) {
            return;
        }
        let selector = self.rest.entry("nodeSelector").or_insert_with(|| json!({}));
        if let Value::Object(selector) = selector {
            let key = "cloud.google.com/gke-accelerator";
            selector.entry(key).or_insert_with(|| name.into());
        }
    }

    /// Sets what every pod is to have: no rights at the API, and time to end.
    pub(super) fn complete(&mut self) {
        self.default_field("automountServiceAccountToken", false);
        self.default_field("enableServiceLinks", false);
        let seconds = own::GRACE + 2 * own::DRAIN_DELAY;
        self.default_field("terminationGracePeriodSeconds", seconds);
    }

    /// The pod's fields.
    pub(super) fn into_fields(self) -> Fields {
        let mut fields = self.rest;
        let list = |containers: Vec<Container>| {
            let containers = containers.into_iter().map(|mut it| {
                container::once_each(&mut it);
                Value::Object(it.0)
            });
            Value::Array(containers.collect())
        };
        fields.insert("containers".into(), list(self.containers));
        if !self.init_containers.is_empty() {
            fields.insert("initContainers".into(), list(self.init_containers));
        }
        if !self.volumes.is_empty() {
            fields.insert("volumes".into(), Value::Array(self.volumes));
        }
        fields
    }
}

fn containers_of(fields: &mut Fields, list: &str) -> Vec<Container> {
    containers(fields.remove(list))
}

fn containers(list: Option<Value>) -> Vec<Container> {
    let Some(Value::Array(list)) = list else { return Vec::new() };
    let fields = list.into_iter().filter_map(|it| match it {
        Value::Object(fields) => Some(Container(fields)),
        _ => None,
    });
    fields.collect()
}
