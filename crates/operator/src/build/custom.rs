use longshore_kserve::{Container, Extension, Pod};
use serde_json::{Value, json};

use super::{
    Refusal, container,
    context::refuse,
    draft::{Draft, SERVER},
};

/// What KServe asks for a container that says nothing: as requests and as limits.
const RESOURCES: [(&str, &str); 2] = [("cpu", "1"), ("memory", "2Gi")];

/// The port of containers that name none.
pub(super) const PORT: &str = "8080";

/// The pod of a component that is its containers: the one called `kserve-container`, or else the
/// first, serves.
pub(super) fn draft(pod: &Pod) -> Result<Draft, Refusal> {
    let mut draft = Draft::new(pod, SERVER);
    if !draft.containers.iter().any(|it| it.name() == Some(SERVER)) {
        let is_alone = draft.containers.len() == 1;
        let first =
            draft.containers.first_mut().ok_or_else(|| refuse("the pod has no container"))?;
        match first.name() {
            Some(name) if !is_alone => name.clone_into(&mut draft.server),
            _ => {
                first.0.insert("name".into(), SERVER.into());
            }
        }
    }
    ask_for_resources(draft.server()?);
    Ok(draft)
}

/// The flags that KServe gives to a transformer or an explainer, unless it has them.
pub(super) fn add_flags(
    container: &mut Container,
    extension: &Extension,
    model: &str,
    predictor_host: &str,
) {
    let workers = extension.container_concurrency.map(|most| most.to_string());
    let flags = [
        ("--model_name", Some(model)),
        ("--predictor_host", Some(predictor_host)),
        ("--http_port", Some(PORT)),
        ("--workers", workers.as_deref()),
    ];
    for (flag, value) in flags {
        if let Some(value) = value
            && !container::has_flag(container, flag)
        {
            container::push(container, "args", flag.into());
            container::push(container, "args", value.into());
        }
    }
}

/// Asks for what KServe asks for, where the manifest says neither a request nor a limit: one of them
/// alone would contradict what the manifest says of the other.
fn ask_for_resources(container: &mut Container) {
    container::default_field(container, "resources", json!({}));
    let Some(Value::Object(resources)) = container.0.get_mut("resources") else { return };
    for (name, quantity) in RESOURCES {
        let lists = ["requests", "limits"];
        if lists.iter().any(|list| resources.get(*list).is_some_and(|it| it.get(name).is_some())) {
            continue;
        }
        for list in lists {
            resources.entry(list).or_insert_with(|| json!({}))[name] = quantity.into();
        }
    }
}
