//! What of a manifest this platform does not do, each with the field and what to do instead.

use longshore_kserve::{Component, Extension, Predictor, unknown};

use super::{Service, unread};

/// What is not done.
pub(super) fn of(service: &Service<'_>) -> Vec<String> {
    let spec = service.spec;
    let mut notes = Vec::new();
    for field in unknown::fields(spec).iter().filter(|field| field.meant.is_none()) {
        notes.push(format!("{}: this field is not known here; leave it out", field.path));
    }
    notes.extend(unread::of(service.annotations));
    encrypted("spec.predictor", &spec.predictor, &mut notes);
    let storage = spec.predictor.model.as_ref().and_then(|it| it.framework.storage.as_ref());
    if storage.is_some_and(|it| it.schema_path.is_some()) {
        notes.push(
            "spec.predictor.model.storage.schemaPath: nothing here reads it; leave it out"
                .to_owned(),
        );
    }
    for (component, own) in spec.components() {
        let path = format!("spec.{}", component.name());
        if component != Component::Predictor && own.extension.batcher.is_some() {
            notes.push(format!(
                "{path}.batcher: requests are joined where models run; write it at the predictor"
            ));
        }
    }
    for canary in &spec.canary {
        let path =
            format!("spec.canary ({})", canary.predictor.name.as_deref().unwrap_or_default());
        encrypted(&path, &canary.predictor, &mut notes);
    }
    let exporter = spec.tracing.as_ref().and_then(|it| it.exporter.as_deref());
    if let Some(exporter) = exporter.filter(|it| *it != "otlp") {
        notes.push(format!(
            "spec.tracing.exporter: Longshore's own server sends traces by OTLP over HTTP, not by `{exporter}`; write otlp"
        ));
    }
    notes
}

/// What the predictor's server does not do: ours has one version, that of the platform, and others
/// join no requests.
pub(super) fn of_server(predictor: &Predictor, is_own: bool) -> Option<String> {
    let version = predictor.model.as_ref().and_then(|it| it.framework.runtime_version.as_ref());
    match (is_own, version) {
        (true, Some(version)) => Some(format!(
            "spec.predictor.model.runtimeVersion: `{version}` is not taken, this runtime's server has the version of the platform; write `image` to run another"
        )),
        (false, _) if predictor.component.extension.batcher.is_some() => Some(
            "spec.predictor.batcher: this runtime joins no requests; use one of Longshore's, or the runtime's own settings"
                .to_owned(),
        ),
        _ => None,
    }
}

fn encrypted(path: &str, predictor: &Predictor, notes: &mut Vec<String>) {
    let model = predictor.model.as_ref();
    let confidential = model.and_then(|model| model.framework.confidential.as_ref());
    if confidential.is_some_and(|it| it.enabled) {
        notes.push(format!(
            "{path}.model.confidential: encrypted files are not decrypted; fetch them by a ClusterStorageContainer of yours, and name it in `storageContainerName`"
        ));
    }
}

/// What of a logger is not done: our own server sends requests and answers to an address, and others nothing.
pub(super) fn of_logger(path: &str, extension: &Extension, is_own: bool) -> Option<String> {
    let logger = extension.logger.as_ref()?;
    if !is_own {
        return Some(format!(
            "{path}.logger: only Longshore's own server records requests and answers; record them where they are sent"
        ));
    }
    if logger.url.is_none() || logger.storage.is_some() {
        return Some(format!(
            "{path}.logger: requests and answers are sent to an address, not written to a bucket; write `url`, and leave `storage` out"
        ));
    }
    None
}
