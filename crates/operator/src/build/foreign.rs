//! Servers of others: what KServe tells each of them about its model.

use super::{container, storage::FOLDER};
use longshore_kserve::{
    Container, Model, Protocol,
    annotations::Annotations,
    select::{self, Runtime},
};

/// The labels that placeholders of a runtime's container may ask for.
pub(super) fn labels(runtime: &Runtime, model: &Model) -> Annotations {
    let label = |name: &str, value: &str| [(name.to_owned(), value.to_owned())].into();
    match select::server_type(runtime) {
        Some("mlserver") => {
            let class = match &*model.model_format.name {
                "xgboost" => "mlserver_xgboost.XGBoostModel",
                "lightgbm" => "mlserver_lightgbm.LightGBMModel",
                "mlflow" => "mlserver_mlflow.MLflowRuntime",
                _ => "mlserver_sklearn.SKLearnModel",
            };
            label("modelClass", class)
        }
        Some("torchserve") => {
            let is_v2 =
                matches!(model.framework.protocol_version, Some(Protocol::V2 | Protocol::GrpcV2));
            label("serviceEnvelope", if is_v2 { "kservev2" } else { "kserve" })
        }
        _ => Annotations::new(),
    }
}

/// Tells a server about its model, and takes the image that is for the resources it asks for.
pub(super) fn complete(server: &mut Container, runtime: &Runtime, model: &Model, service: &str) {
    let has_place = model.framework.storage_uri.is_some() || model.framework.storage.is_some();
    match select::server_type(runtime) {
        Some("mlserver") if has_place => {
            container::default_env(server, "MLSERVER_MODEL_NAME", service);
            container::default_env(server, "MLSERVER_MODEL_URI", FOLDER);
        }
        Some("mlserver") => {
            container::default_env(server, "MLSERVER_LOAD_MODELS_AT_STARTUP", "false");
        }
        Some("tritonserver") if !has_place => {
            container::push(server, "args", "--model-control-mode=explicit".into());
        }
        Some("torchserve") => {
            let protocol = model.framework.protocol_version.unwrap_or(Protocol::V1);
            container::default_env(server, "PROTOCOL_VERSION", protocol.name());
        }
        _ => {}
    }
    if model.framework.runtime_version.is_none()
        && let Some(image) = for_hardware(server, select::server_type(runtime))
    {
        server.0.insert("image".into(), image.into());
    }
}

/// The image of servers that have one for GPUs, and one without.
fn for_hardware(server: &Container, kind: Option<&str>) -> Option<String> {
    let image = server.image().filter(|image| !image.contains('@'))?;
    let (name, tag) = split(image);
    let tag = tag?;
    match kind? {
        "tensorflow-serving" | "torchserve" | "huggingfaceserver"
            if container::has_gpu(server) && !tag.ends_with("-gpu") =>
        {
            Some(format!("{image}-gpu"))
        }
        "vllmserver" if !container::has_gpu(server) && !name.ends_with("-cpu") => {
            Some(format!("{name}-cpu:{tag}"))
        }
        _ => None,
    }
}

/// Replaces the tag of a container's image; a digest stays.
pub(super) fn tag(server: &mut Container, version: &str) {
    let Some(image) = server.image().filter(|image| !image.contains('@')) else { return };
    let image = format!("{}:{version}", split(image).0);
    server.0.insert("image".into(), image.into());
}

/// An image's name and its tag. A colon before a slash is a registry's port.
fn split(image: &str) -> (&str, Option<&str>) {
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (image, None),
    }
}

#[cfg(test)]
mod tests {
    use longshore_kserve::Container;
    use serde_json::{Value, json};

    use super::{for_hardware, tag};

    fn container(image: &str, limits: &Value) -> Container {
        serde_json::from_value(json!({"image": image, "resources": {"limits": limits}})).unwrap()
    }

    #[test]
    fn tags_are_replaced_and_digests_are_not() {
        let cases = [
            ("registry.test:5000/a/b:1", "registry.test:5000/a/b:2"),
            ("registry.test:5000/a/b", "registry.test:5000/a/b:2"),
            ("a", "a:2"),
            ("a@sha256:0", "a@sha256:0"),
        ];
        for (image, expected) in cases {
            let mut container = container(image, &json!({}));
            tag(&mut container, "2");
            assert_eq!(container.image(), Some(expected));
        }
    }

    #[test]
    fn images_are_those_for_the_hardware() {
        let (gpu, mig, none) =
            (json!({"nvidia.com/gpu": 1}), json!({"nvidia.com/mig-1g.5gb": 1}), json!({"cpu": 1}));
        let cases = [
            ("torchserve", &gpu, "a:1", Some("a:1-gpu")),
            ("tensorflow-serving", &mig, "a:1-gpu", None),
            ("torchserve", &none, "a:1", None),
            ("vllmserver", &none, "r.test:5000/a:1", Some("r.test:5000/a-cpu:1")),
            ("vllmserver", &gpu, "a:1", None),
            ("vllmserver", &none, "a", None),
            ("mlserver", &gpu, "a:1", None),
        ];
        for (kind, limits, image, expected) in cases {
            let container = container(image, limits);
            assert_eq!(for_hardware(&container, Some(kind)).as_deref(), expected, "{kind} {image}");
        }
    }
}
