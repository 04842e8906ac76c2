//! The explainer that KServe ships: the Adversarial Robustness Toolbox as a container.

use longshore_kserve::{Art, Pod};
use serde_json::json;

use super::{container, draft::SERVER, storage};

/// Its image, as KServe's ConfigMap names it.
const IMAGE: &str = "kserve/art-explainer";

/// The pod of a component with this explainer as its container.
pub(super) fn pod(art: &Art, pod: &Pod) -> Pod {
    let tag = art.runtime_version.as_deref().unwrap_or("latest");
    let mut args = vec!["--adversary_type".to_owned(), art.kind.clone()];
    if art.storage_uri.is_some() {
        args.extend(["--storage_uri".to_owned(), storage::FOLDER.to_owned()]);
    }
    let config = art.config.iter().flatten();
    args.extend(config.flat_map(|(name, value)| [format!("--{name}"), value.clone()]));
    args.extend(art.container.args().map(str::to_owned));
    let mut container = art.container.known();
    container::default_field(&mut container, "image", format!("{IMAGE}:{tag}"));
    container.0.insert("name".into(), SERVER.into());
    container.0.insert("args".into(), args.into());
    if let Some(uri) = &art.storage_uri {
        container::default_env(&mut container, storage::STORAGE_URI, uri);
    }
    let mut fields = pod.0.clone();
    fields.insert("containers".into(), json!([container.0]));
    Pod(fields)
}
