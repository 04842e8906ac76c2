use super::Faults;
use crate::{Component, Container, Pod, Predictor};

/// The container of a model's server.
const SERVER: &str = "kserve-container";

/// The container of a transformer in the predictor's pod.
const TRANSFORMER: &str = "transformer-container";

/// There is one model, or a container that is one.
pub(super) fn one_model(faults: &mut Faults, path: &str, predictor: &Predictor) {
    let mut models: Vec<_> = predictor.frameworks.iter().map(|(name, _)| name).collect();
    models.extend(predictor.model.as_ref().map(|_| "model"));
    let containers = predictor.component.pod.containers();
    let has_server = containers.iter().any(|container| container.name() == Some(SERVER));
    if has_server || (models.is_empty() && !containers.is_empty()) {
        models.push("containers");
    }
    let known = "`model`, or `containers` with one called `kserve-container`";
    match &models[..] {
        [_] => {}
        [] => faults.add(path, format!("there is no model; write {known}")),
        several => {
            let several = several.join("`, `");
            faults.add(
                path,
                format!("`{several}` each say what answers; write one of them: {known}"),
            );
        }
    }
}

/// What holds for a predictor's containers.
pub(super) fn of_predictor(faults: &mut Faults, path: &str, predictor: &Predictor) {
    let named = predictor.frameworks.iter().map(|(name, framework)| (name, &framework.container));
    let model = predictor.model.as_ref().map(|model| ("model", &model.framework.container));
    for (name, container) in named.chain(model) {
        let path = format!("{path}.{name}");
        if container.name().is_some() {
            faults.add(
                format!("{path}.name"),
                "a model's container has no name of its own; leave `name` out, or write it beside the model to name this variant",
            );
        }
        variables(faults, &path, container);
    }
    of_pod(faults, path, &predictor.component.pod);
    for container in predictor.component.pod.containers() {
        if container.name() == Some(TRANSFORMER)
            && container.env().any(|name| name == "STORAGE_URI")
        {
            faults.add(
                format!("{path}.containers[{TRANSFORMER}].env"),
                "a transformer beside the predictor has no `STORAGE_URI`; the predictor's model is the pod's",
            );
        }
    }
    if let Some(workers) = &predictor.worker_spec {
        of_pod(faults, &format!("{path}.workerSpec"), &workers.pod);
    }
}

/// A component that is its containers.
pub(super) fn own(faults: &mut Faults, path: &str, component: Component, pod: &Pod) {
    if pod.containers().is_empty() {
        let name = component.name();
        faults.add(
            format!("{path}.containers"),
            format!("the {name} is its containers; write at least one"),
        );
    }
    of_pod(faults, path, pod);
}

fn of_pod(faults: &mut Faults, path: &str, pod: &Pod) {
    for (list, containers) in
        [("containers", pod.containers()), ("initContainers", pod.init_containers())]
    {
        for (at, container) in containers.iter().enumerate() {
            variables(faults, &format!("{path}.{list}[{at}]"), container);
        }
    }
}

/// `PYTHONPATH` would let a manifest put code into a runtime.
pub(super) fn variables(faults: &mut Faults, path: &str, container: &Container) {
    if container.env().any(|name| name == "PYTHONPATH") {
        faults.add(
            format!("{path}.env"),
            "the variable `PYTHONPATH` is not allowed; put the code into the image",
        );
    }
}
