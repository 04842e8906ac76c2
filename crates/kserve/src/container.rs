//! What Kubernetes itself defines: kept as it is written, read where it matters.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Fields by name.
pub type Fields = Map<String, Value>;

/// The fields of a container (Kubernetes 1.35).
pub(crate) const CONTAINER: [&str; 25] = [
    "args",
    "command",
    "env",
    "envFrom",
    "image",
    "imagePullPolicy",
    "lifecycle",
    "livenessProbe",
    "name",
    "ports",
    "readinessProbe",
    "resizePolicy",
    "resources",
    "restartPolicy",
    "restartPolicyRules",
    "securityContext",
    "startupProbe",
    "stdin",
    "stdinOnce",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "tty",
    "volumeDevices",
    "volumeMounts",
    "workingDir",
];

/// The fields of a pod (Kubernetes 1.35).
pub(crate) const POD: [&str; 42] = [
    "activeDeadlineSeconds",
    "affinity",
    "automountServiceAccountToken",
    "containers",
    "dnsConfig",
    "dnsPolicy",
    "enableServiceLinks",
    "ephemeralContainers",
    "hostAliases",
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "hostUsers",
    "hostname",
    "hostnameOverride",
    "imagePullSecrets",
    "initContainers",
    "nodeName",
    "nodeSelector",
    "os",
    "overhead",
    "preemptionPolicy",
    "priority",
    "priorityClassName",
    "readinessGates",
    "resourceClaims",
    "resources",
    "restartPolicy",
    "runtimeClassName",
    "schedulerName",
    "schedulingGates",
    "securityContext",
    "serviceAccount",
    "serviceAccountName",
    "setHostnameAsFQDN",
    "shareProcessNamespace",
    "subdomain",
    "terminationGracePeriodSeconds",
    "tolerations",
    "topologySpreadConstraints",
    "volumes",
    "workloadRef",
];

/// A container's fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Container(pub Fields);

/// A pod's fields, where they stand beside a component's own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pod(pub Fields);

impl Container {
    /// The container without fields that Kubernetes does not know, and without those that say nothing
    /// (`null`).
    pub fn known(&self) -> Self {
        Self(known(&self.0, &CONTAINER))
    }

    /// Its name.
    pub fn name(&self) -> Option<&str> {
        self.0.get("name")?.as_str().filter(|name| !name.is_empty())
    }

    /// Its image.
    pub fn image(&self) -> Option<&str> {
        self.0.get("image")?.as_str()
    }

    /// Its arguments.
    pub fn args(&self) -> impl Iterator<Item = &str> {
        list(&self.0, "args").iter().filter_map(Value::as_str)
    }

    /// The names of its variables.
    pub fn env(&self) -> impl Iterator<Item = &str> {
        list(&self.0, "env").iter().filter_map(|variable| variable.get("name")?.as_str())
    }

    /// The value of a variable that has one written out.
    pub fn env_value(&self, name: &str) -> Option<&str> {
        let variables = list(&self.0, "env").iter();
        let mut found =
            variables.filter(|variable| variable.get("name").is_some_and(|it| it == name));
        found.next_back()?.get("value")?.as_str()
    }
}

impl Pod {
    /// The pod without fields that Kubernetes does not know, and without those that say nothing
    /// (`null`); its containers likewise.
    pub fn known(&self) -> Self {
        let mut fields = known(&self.0, &POD);
        for list in ["containers", "initContainers"] {
            let Some(Value::Array(containers)) = fields.get_mut(list) else { continue };
            for container in containers {
                if let Value::Object(container) = container {
                    *container = known(container, &CONTAINER);
                }
            }
        }
        Self(fields)
    }

    /// Its containers.
    pub fn containers(&self) -> Vec<Container> {
        self.list_of("containers")
    }

    /// Its init containers.
    pub fn init_containers(&self) -> Vec<Container> {
        self.list_of("initContainers")
    }

    /// The ServiceAccount it runs as.
    pub fn service_account(&self) -> Option<&str> {
        let name = self.0.get("serviceAccountName").or_else(|| self.0.get("serviceAccount"));
        name?.as_str().filter(|name| !name.is_empty())
    }

    fn list_of(&self, name: &str) -> Vec<Container> {
        let fields = list(&self.0, name).iter().filter_map(Value::as_object);
        fields.cloned().map(Container).collect()
    }
}

fn known(fields: &Fields, names: &[&str]) -> Fields {
    let is_known =
        |(name, value): &(&String, &Value)| names.contains(&name.as_str()) && !value.is_null();
    fields.iter().filter(is_known).map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn list<'f>(fields: &'f Fields, name: &str) -> &'f [Value] {
    fields.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Container, Pod};

    #[test]
    fn what_is_asked_of_a_container_is_read() {
        let container = json!({
            "name": "kserve-container", "image": "a:1", "args": ["--a", "--b"],
            "env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}, {"name": "B"}],
        });
        let container: Container = serde_json::from_value(container).unwrap();
        assert_eq!(container.name(), Some("kserve-container"));
        assert_eq!(container.image(), Some("a:1"));
        assert_eq!(container.args().collect::<Vec<_>>(), ["--a", "--b"]);
        assert_eq!(container.env_value("A"), Some("2"));
        assert_eq!(container.env_value("B"), None);
    }

    #[test]
    fn what_kubernetes_does_not_know_is_left_out() {
        let pod = json!({
            "serviceAccountName": "s3", "grpcEndpoint": "port:8085", "hostIPC": null,
            "containers": [{"name": "a", "comand": [], "image": null}],
        });
        let pod: Pod = serde_json::from_value(pod).unwrap();
        let known = json!({"serviceAccountName": "s3", "containers": [{"name": "a"}]});
        assert_eq!(serde_json::to_value(pod.known()).unwrap(), known);
    }

    #[test]
    fn what_is_asked_of_a_pod_is_read() {
        let pod = json!({"serviceAccountName": "s3", "containers": [{"name": "a"}]});
        let pod: Pod = serde_json::from_value(pod).unwrap();
        assert_eq!(pod.service_account(), Some("s3"));
        assert_eq!(pod.containers()[0].name(), Some("a"));
    }
}
