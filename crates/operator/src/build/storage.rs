use longshore_kserve::{Container, Fields, Model, ModelStorage, Predictor, StorageUri, merge};
use serde_json::{Value, json};

use super::{
    Refusal, container,
    context::{Context, refuse},
    credentials,
    draft::{Draft, TRANSFORMER},
    fetcher, own, restricted,
};

/// Where servers look for models.
pub(super) const FOLDER: &str = "/mnt/models";

/// The init container that fetches models.
const INITIALIZER: &str = "storage-initializer";

/// The variable of a container that says where its model is.
pub(super) const STORAGE_URI: &str = "STORAGE_URI";

/// What KServe writes before an image that holds a model, one for each way to get at it. The node pulls
/// it and mounts it here, however KServe would.
const IMAGES: [&str; 3] = ["oci://", "oci+native://", "oci+fetch://"];

/// The variables that say which of a model's files are fetched.
const PATTERNS: [&str; 2] = ["STORAGE_ALLOW_PATTERNS", "STORAGE_IGNORE_PATTERNS"];

/// What KServe writes where a Secret's value says the scheme, and the bucket.
const SCHEME_PLACEHOLDER: &str = "<scheme-placeholder>";

/// `false` lets a model's container write into its folder.
const READ_ONLY: &str = "storage.kserve.io/readonly";

/// The user that fetches: one whose traffic a service mesh lets through before its proxy is there.
const INITIALIZER_USER: &str = "serving.kserve.io/storage-initializer-uid";

/// What is to be fetched for a pod.
#[derive(Default)]
pub(super) struct Wanted {
    /// Places, each with the folder it is put into.
    places: Vec<(String, String)>,
    /// The same, by a key of a Secret.
    storage: Option<ModelStorage>,
}

impl Wanted {
    /// What a model says.
    pub(super) fn of_model(predictor: &Predictor, model: &Model) -> Self {
        let mut places = several(&predictor.component.storage_uris);
        let framework = &model.framework;
        if let Some(uri) = &framework.storage_uri {
            places.push((uri.trim().to_owned(), FOLDER.to_owned()));
        }
        let told = |it: &&ModelStorage| it.path.is_some() || it.key.is_some();
        let storage = framework.storage.as_ref().filter(told).cloned();
        Self { places, storage }
    }

    /// What a container of its own says by a variable, which then names the folder.
    pub(super) fn of_container(container: &mut Container, uris: &[StorageUri]) -> Self {
        let mut places = several(uris);
        if let Some(Value::Array(variables)) = container.0.get_mut("env") {
            for variable in variables {
                if variable.get("name").is_none_or(|name| name != STORAGE_URI) {
                    continue;
                }
                if let Some(uri) = variable.get("value").and_then(Value::as_str)
                    && !uri.trim().is_empty()
                {
                    places.push((uri.trim().to_owned(), FOLDER.to_owned()));
                    variable["value"] = FOLDER.into();
                }
            }
        }
        Self { places, storage: None }
    }
}

impl Wanted {
    fn is_nothing(&self) -> bool {
        self.places.is_empty() && self.storage.is_none()
    }
}

fn several(uris: &[StorageUri]) -> Vec<(String, String)> {
    let folder = |it: &StorageUri| it.mount_path.clone().unwrap_or_else(|| FOLDER.to_owned());
    uris.iter().map(|it| (it.uri.clone(), folder(it))).collect()
}

/// Brings what is wanted into a pod: claims and images are mounted, our own server fetches itself, and
/// an init container fetches for others.
pub(super) fn bring(
    context: &Context<'_>,
    draft: &mut Draft,
    wanted: &Wanted,
    named: Option<&str>,
    server_fetches: bool,
) -> Result<(), Refusal> {
    let named = named.filter(|name| !name.is_empty());
    if server_fetches && wanted.is_nothing() && own::waits_for_model(draft.server()?) {
        return Err(refuse(
            "spec.predictor.model.storageUri: nothing says where the model is; write its place, such as s3://bucket/model",
        ));
    }
    let mut places = wanted.places.clone();
    if let Some(storage) = &wanted.storage {
        places.push((placed(storage), FOLDER.to_owned()));
    }
    let is_read_only =
        context.service.annotations.get(READ_ONLY).is_none_or(|value| value != "false");
    let mut fetched = Vec::new();
    for (at, (uri, folder)) in places.into_iter().enumerate() {
        if let Some(claim) = uri.strip_prefix("pvc://") {
            let volume = claimed(claim, at)?;
            mount(draft, volume, &folder, is_read_only)?;
        } else if let Some(image) = image(&uri) {
            let source = json!({"reference": image, "pullPolicy": "IfNotPresent"});
            let volume = Volume {
                name: format!("model-image-{at}"),
                source: ("image", source),
                sub_path: "models",
            };
            mount(draft, volume, &folder, true)?;
        } else {
            fetched.push((uri, folder));
        }
    }
    match &fetched[..] {
        [] => Ok(()),
        [(uri, folder)] if server_fetches && named.is_none() && folder == FOLDER => {
            let server = draft.server()?;
            own::serve_from(context, server, uri);
            let server = draft.server.clone();
            credentials::give(context, draft, &server, wanted.storage.as_ref())
        }
        several => {
            initialize(context, draft, several, wanted.storage.as_ref(), named, is_read_only)
        }
    }
}

/// The place that an entry of a Secret tells: its path, with what is said of scheme and bucket.
fn placed(storage: &ModelStorage) -> String {
    let parameter = |name: &str| {
        let parameters = storage.parameters.as_ref()?;
        parameters.get(name).map(String::as_str).filter(|value| !value.is_empty())
    };
    let path = storage.path.as_deref().unwrap_or_default().trim_start_matches('/');
    match (parameter("type"), parameter("bucket")) {
        (Some(scheme @ ("s3" | "gs")), Some(bucket)) => format!("{scheme}://{bucket}/{path}"),
        (Some(scheme), _) if !matches!(scheme, "s3" | "gs") => format!("{scheme}://{path}"),
        _ => format!("{SCHEME_PLACEHOLDER}://{path}"),
    }
}

/// A volume, and what of it is mounted.
struct Volume<'v> {
    name: String,
    source: (&'static str, Value),
    sub_path: &'v str,
}

/// The claim of `CLAIM/PATH`.
fn claimed(claim: &str, at: usize) -> Result<Volume<'_>, Refusal> {
    let (name, path) = claim.split_once('/').unwrap_or((claim, ""));
    let path = path.trim_matches('/');
    if name.is_empty() || path.split('/').any(|part| part == "..") {
        return Err(refuse(format!(
            "`pvc://{claim}` is no folder of a claim; write pvc://CLAIM/PATH"
        )));
    }
    let source = ("persistentVolumeClaim", json!({"claimName": name}));
    Ok(Volume { name: format!("model-claim-{at}"), source, sub_path: path })
}

/// The image that holds a model.
fn image(uri: &str) -> Option<&str> {
    IMAGES.iter().find_map(|scheme| uri.strip_prefix(scheme))
}

/// Mounts a volume in the containers that serve.
fn mount(
    draft: &mut Draft,
    volume: Volume<'_>,
    folder: &str,
    is_read_only: bool,
) -> Result<(), Refusal> {
    let Volume { name, source, sub_path } = volume;
    let mut mount = json!({"name": name, "mountPath": folder, "readOnly": is_read_only});
    if !sub_path.is_empty() {
        mount["subPath"] = sub_path.into();
    }
    mount_in_servers(draft, &mount)?;
    draft.add_volume(&name, source);
    Ok(())
}

fn mount_in_servers(draft: &mut Draft, mount: &Value) -> Result<(), Refusal> {
    container::mount(draft.server()?, mount.clone());
    let transformers = draft.containers.iter_mut().filter(|it| it.name() == Some(TRANSFORMER));
    transformers.for_each(|it| {
        container::mount(it, mount.clone());
    });
    Ok(())
}

/// An init container fetches into a folder that the containers share.
fn initialize(
    context: &Context<'_>,
    draft: &mut Draft,
    places: &[(String, String)],
    storage: Option<&ModelStorage>,
    named: Option<&str>,
    is_read_only: bool,
) -> Result<(), Refusal> {
    if draft.init_containers.iter().any(|it| it.name() == Some(INITIALIZER)) {
        return Ok(());
    }
    let over = fetcher::choose(context.around.storage_containers, places, named)?;
    let mut args = if over.is_some() { Vec::new() } else { vec!["fetch".to_owned()] };
    args.extend(places.iter().flat_map(|(uri, folder)| [uri.clone(), folder.clone()]));
    let initializer = json!({
        "name": INITIALIZER,
        "image": context.settings.image,
        "args": args,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "resources": {
            "requests": {"cpu": "100m", "memory": "100Mi"},
            "limits": {"cpu": "1", "memory": "1Gi"},
        },
    });
    let mut initializer = Container(fields(initializer));
    if let Some(over) = over {
        initializer = merge::container(&initializer, &over.container.known());
        initializer.0.insert("name".into(), INITIALIZER.into());
    } else {
        restricted::container(&mut initializer);
    }
    if let Some(user) = context.service.annotations.get(INITIALIZER_USER) {
        let user: u32 = user.parse().map_err(|_| {
            refuse(format!(
                "metadata.annotations[{INITIALIZER_USER}]: `{user}` is no user; write its number"
            ))
        })?;
        let context = initializer.0.entry("securityContext").or_insert_with(|| json!({}));
        context["runAsUser"] = user.into();
    }
    // which files are fetched is told where the model is
    let server = container::items(draft.server()?, "env");
    let is_pattern = |it: &&Value| {
        it.get("name").and_then(Value::as_str).is_some_and(|name| PATTERNS.contains(&name))
    };
    for pattern in server.iter().filter(is_pattern) {
        container::default_variable(&mut initializer, pattern.clone());
    }
    draft.init_containers.push(initializer);
    let folders: Vec<_> = places.iter().map(|(_, folder)| folder.as_str()).collect();
    let folder = common(&folders);
    let volume = "model-files";
    let read = json!({"name": volume, "mountPath": folder, "readOnly": is_read_only});
    mount_in_servers(draft, &read)?;
    draft.add_folder(INITIALIZER, volume, &folder);
    credentials::give(context, draft, INITIALIZER, storage)
}

/// The folder that all of these are in.
fn common(folders: &[&str]) -> String {
    let parts = |folder: &str| -> Vec<String> {
        folder.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    let mut shared = folders.first().map(|first| parts(first)).unwrap_or_default();
    for folder in folders {
        let same =
            shared.iter().zip(parts(folder)).take_while(|(one, other)| *one == other).count();
        shared.truncate(same);
    }
    format!("/{}", shared.join("/"))
}

fn fields(value: Value) -> Fields {
    match value {
        Value::Object(fields) => fields,
        _ => Fields::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::common;

    #[test]
    fn folders_have_a_folder_in_common() {
        assert_eq!(common(&["/mnt/models"]), "/mnt/models");
        assert_eq!(common(&["/mnt/models/a", "/mnt/models/b/"]), "/mnt/models");
        assert_eq!(common(&["/mnt/models", "/mnt/models/b"]), "/mnt/models");
        assert_eq!(common(&["/mnt/models", "/mnt/modelsb"]), "/mnt");
    }
}
