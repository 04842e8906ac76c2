//! Which ClusterStorageContainer fetches models.

use longshore_kserve::{StorageContainerSpec, WorkloadType};

use super::{Refusal, StorageContainer, context::refuse};

/// The one that is named, or the first for these places; none leaves it to our own image. Each place
/// is with its folder.
pub(super) fn choose<'s>(
    all: &[&'s StorageContainer],
    places: &[(String, String)],
    named: Option<&str>,
) -> Result<Option<&'s StorageContainerSpec>, Refusal> {
    let Some((uri, _)) = places.first() else { return Ok(None) };
    let found = match named {
        Some(name) => Some(self::named(all, name, uri)?),
        None => first(all, uri)?,
    };
    if let Some(found) = found
        && places.len() > 1
        && found.spec.supports_multi_model_download != Some(true)
    {
        let message =
            "it fetches from one place; write one, or set its `supportsMultiModelDownload`";
        return Err(within(found, message));
    }
    Ok(found.map(|found| &found.spec))
}

fn named<'s>(
    all: &[&'s StorageContainer],
    name: &str,
    uri: &str,
) -> Result<&'s StorageContainer, Refusal> {
    let Some(found) = all.iter().copied().find(|it| it.name == name) else {
        let names: Vec<_> = all.iter().map(|it| format!("`{}`", it.name)).collect();
        let known = if names.is_empty() { "none".into() } else { names.join(", ") };
        return Err(refuse(format!(
            "spec.predictor.storageContainerName: there is no ClusterStorageContainer `{name}`; there are {known}"
        )));
    };
    if !runs_in_pods(found) {
        return Err(within(found, "it does not run in pods; name one of the type initContainer"));
    }
    if !fetches(found, uri)? {
        let message = format!("it does not fetch `{uri}`; see its `supportedUriFormats`");
        return Err(within(found, &message));
    }
    Ok(found)
}

fn first<'s>(
    all: &[&'s StorageContainer],
    uri: &str,
) -> Result<Option<&'s StorageContainer>, Refusal> {
    for it in all.iter().copied().filter(|it| runs_in_pods(it)) {
        if fetches(it, uri)? {
            return Ok(Some(it));
        }
    }
    Ok(None)
}

fn runs_in_pods(container: &StorageContainer) -> bool {
    container.spec.workload_type.is_none_or(|kind| kind == WorkloadType::InitContainer)
}

fn fetches(container: &StorageContainer, uri: &str) -> Result<bool, Refusal> {
    container.spec.fetches(uri).map_err(|message| within(container, &message))
}

fn within(container: &StorageContainer, message: &str) -> Refusal {
    refuse(format!("ClusterStorageContainer `{}`: {message}", container.name))
}
