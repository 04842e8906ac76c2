//! An InferenceService as it is given: read, completed and validated.

use kube::core::DynamicObject;
use longshore_kserve::{
    InferenceServiceSpec,
    annotations::{Annotations, DeploymentMode},
    defaults,
    status::{FailureReason, InferenceServiceStatus},
    validate,
};

use longshore_platform::{Policy, Progressive, Sticky, names};

use crate::build::{Refusal, Service};

/// An InferenceService that can be planned.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    name: String,
    namespace: String,
    uid: String,
    labels: Annotations,
    annotations: Annotations,
    mode: Option<DeploymentMode>,
    pub(crate) spec: InferenceServiceSpec,
    pub(crate) progressive: Progressive,
}

impl Given {
    /// Reads an InferenceService whose status is `status`.
    ///
    /// # Errors
    /// What is wrong with its manifest.
    pub(crate) fn read(
        object: &DynamicObject,
        status: &InferenceServiceStatus,
    ) -> Result<Self, Refusal> {
        let refuse = |message| Refusal { reason: FailureReason::InvalidPredictorSpec, message };
        let spec = serde_json::from_value(object.data["spec"].clone());
        let mut spec: InferenceServiceSpec =
            spec.map_err(|error| refuse(format!("`spec` cannot be read: {error}")))?;
        let metadata = &object.metadata;
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let mut annotations = metadata.annotations.clone().unwrap_or_default();
        defaults::complete(&mut annotations, &mut spec);
        let name = text(&metadata.name);
        let mut faults = validate::validate(&name, &annotations, &spec);
        let mode = status.deployment_mode.as_deref();
        let asked = policies(&annotations);
        let predictor = &spec.predictor;
        faults.extend(validate::validate_change(mode, &annotations, predictor, predictor));
        let progressive = Progressive::of(&annotations).unwrap_or_default();
        let clash = progressive.clash(spec.splits_by());
        let clash = clash.map(|fault| fault.to_string());
        if !faults.is_empty() || !asked.is_empty() || clash.is_some() {
            let faults = faults.iter().map(ToString::to_string);
            let faults: Vec<_> = faults.chain(asked).chain(clash).collect();
            return Err(refuse(faults.join("; ")));
        }
        Ok(Self {
            name,
            namespace: text(&metadata.namespace),
            uid: text(&metadata.uid),
            labels: metadata.labels.clone().unwrap_or_default(),
            annotations,
            mode: mode.and_then(DeploymentMode::named),
            spec,
            progressive,
        })
    }

    /// The same for planning.
    pub(crate) fn service(&self) -> Service<'_> {
        Service {
            name: &self.name,
            namespace: &self.namespace,
            uid: &self.uid,
            labels: &self.labels,
            annotations: &self.annotations,
            mode: self.mode,
            spec: &self.spec,
        }
    }

    /// True when a Secret says how its storage is reached.
    pub(crate) fn has_storage_secret(&self) -> bool {
        let canaries = self.spec.canary.iter().map(|canary| &canary.predictor);
        let models = canaries.chain([&self.spec.predictor]).filter_map(|it| it.model.as_ref());
        models.into_iter().any(|model| model.framework.storage.is_some())
    }
}

/// What is wrong with the annotations that ask something of the gateway or of a rollout.
fn policies(annotations: &Annotations) -> Vec<String> {
    let asked = [Policy::of(annotations).err(), Progressive::of(annotations).err()];
    let mut faults: Vec<_> =
        asked.into_iter().flatten().flatten().map(|fault| fault.to_string()).collect();
    if let Some(Err(fault)) = annotations.get(names::STICKY).map(|text| text.parse::<Sticky>()) {
        faults.push(format!("annotation `{}`: {fault}", names::STICKY));
    }
    faults
}

/// The status that an InferenceService has; what cannot be read of it is as good as not there.
pub(crate) fn status(object: &DynamicObject) -> InferenceServiceStatus {
    let status = object.data.get("status").cloned().unwrap_or_default();
    serde_json::from_value(status).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use kube::core::DynamicObject;
    use serde_json::{Value, json};

    use super::{Given, status};

    fn object(annotations: &Value, spec: &Value, status: &Value) -> DynamicObject {
        let metadata =
            json!({"name": "iris", "namespace": "ml", "uid": "1", "annotations": annotations});
        let value = json!({
            "apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService",
            "metadata": metadata, "spec": spec, "status": status,
        });
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_its_place() {
        let model = json!({"predictor": {"sklearn": {"storageUri": "s3://a"}}});
        let cases = [
            (
                json!({}),
                json!({"predictor": {"minReplicas": "one"}}),
                json!({}),
                "`spec` cannot be read",
            ),
            (json!({}), json!({}), json!({}), "predictor"),
            (
                json!({"longshore.dev/shadow": "all"}),
                model.clone(),
                json!({}),
                "longshore.dev/shadow",
            ),
            (
                json!({"longshore.dev/rollout": "5%,100% every 1m"}),
                json!({"predictor": {"canaryTrafficPercent": 5, "sklearn": {"storageUri": "s3://a"}}}),
                json!({}),
                "says shares too",
            ),
            (
                json!({}),
                json!({"predictor": {"minReplicas": 3, "maxReplicas": 1, "sklearn": {}}}),
                json!({}),
                "Replicas",
            ),
            (
                json!({"serving.kserve.io/deploymentMode": "Standard"}),
                model.clone(),
                json!({"deploymentMode": "Knative"}),
                "cannot become",
            ),
            (
                json!({"longshore.dev/auth": "password"}),
                model.clone(),
                json!({}),
                "longshore.dev/auth",
            ),
            (
                json!({"longshore.dev/sticky": "luck"}),
                model.clone(),
                json!({}),
                "longshore.dev/sticky",
            ),
        ];
        for (annotations, spec, before, words) in cases {
            let object = object(&annotations, &spec, &before);
            let refused = Given::read(&object, &status(&object)).unwrap_err();
            assert!(refused.message.contains(words), "{spec}: {}", refused.message);
        }
        // a status that nobody understands hinders nothing
        let odd = object(&json!({}), &model, &json!({"conditions": 1}));
        assert!(Given::read(&odd, &status(&odd)).is_ok());
    }
}
