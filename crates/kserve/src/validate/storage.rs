use super::Faults;
use crate::{Model, StorageUri};

/// Where files are put unless a manifest says otherwise.
const FOLDER: &str = "/mnt/models";

/// What holds for the format of a model that has none to inherit.
pub(super) fn format(faults: &mut Faults, path: &str, model: &Model) {
    if model.model_format.name.is_empty() {
        faults.add(
            format!("{path}.modelFormat.name"),
            "it is empty; write what the model was saved as, such as `sklearn`",
        );
    }
}

/// What holds for a model's own place.
pub(super) fn model(faults: &mut Faults, path: &str, model: &Model) {
    let framework = &model.framework;
    if framework.storage_uri.is_some()
        && framework.storage.as_ref().is_some_and(|it| it.path.is_some())
    {
        faults.add(
            path,
            "`storageUri` and `storage.path` each say where the model is; write one of them",
        );
    }
    if framework.storage_uri.as_deref().is_some_and(|uri| uri.trim().is_empty()) {
        faults.add(
            format!("{path}.storageUri"),
            "it is empty; write where the model is, such as s3://bucket/model",
        );
    }
    if let Some(confidential) = &framework.confidential
        && confidential.enabled
        && framework.storage_uri.is_none()
    {
        faults.add(format!("{path}.confidential"), "encrypted files need a `storageUri`");
    }
}

/// Several places go beside one another below one folder.
pub(super) fn places(faults: &mut Faults, path: &str, uri: Option<&str>, places: &[StorageUri]) {
    if uri.is_some() && !places.is_empty() {
        faults.add(format!("{path}.storageUris"), "`storageUri` is written too; write one of them");
    }
    let mut folders: Vec<(&str, bool)> = Vec::new();
    for (at, place) in places.iter().enumerate() {
        let path = format!("{path}.storageUris[{at}]");
        let folder = place.mount_path.as_deref().unwrap_or(FOLDER);
        if place.uri.is_empty() {
            faults.add(format!("{path}.uri"), "it is empty");
        }
        let wrong = if !folder.starts_with('/') {
            Some("is not absolute")
        } else if folder == "/" {
            Some("is the root of the container")
        } else if folder.split('/').any(|part| part == "..") {
            Some("has `..` in it")
        } else if folders.iter().any(|(other, _)| *other == folder) {
            Some("is another place's too")
        } else {
            None
        };
        if let Some(wrong) = wrong {
            let message =
                format!("`{folder}` {wrong}; write a folder of its own such as {FOLDER}/a");
            faults.add(format!("{path}.mountPath"), message);
        }
        folders.push((folder, place.uri.starts_with("pvc://")));
    }
    let copied: Vec<_> =
        folders.iter().filter(|(_, is_claim)| !is_claim).map(|(it, _)| *it).collect();
    let parent = |folder: &str| folder.split('/').nth(1).map(str::to_owned);
    if copied.len() > 1 && copied.iter().any(|folder| parent(folder) != parent(copied[0])) {
        let message = format!("the folders {} are not below one folder", copied.join(", "));
        faults.add(format!("{path}.storageUris"), message);
    }
}
