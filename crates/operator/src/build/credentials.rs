//! How the container that fetches models learns what it may fetch with: by what KServe recognises in
//! the Secrets of a pod's ServiceAccount. Values go from the Secret to the container, and through
//! nobody else.

use longshore_kserve::{ModelStorage, annotations::Annotations};
use serde_json::{Value, json};

use super::{
    DEFAULT_ACCOUNT, Refusal, Secret, container,
    context::{Context, refuse},
    draft::Draft,
};

mod bucket;

/// The annotation of a service that names the Secret, for all of its storage.
pub(super) const STORAGE_SECRET: &str = "serving.kserve.io/storageSecretName";

/// The Secret with entries for `storage.key`, unless the annotation names one.
pub(super) const STORAGE_CONFIG: &str = "storage-config";

/// The file of a Google service account, and where it is mounted.
const GOOGLE_FILE: &str = "gcloud-application-credentials.json";
const GOOGLE_FOLDER: &str = "/var/secrets";

/// The folder of HDFS's files.
const HDFS_FOLDER: &str = "/var/secrets/kserve-hdfscreds";

/// Azure's variables, and the older names of keys for the first of them.
const AZURE: [(&str, &str); 9] = [
    ("AZURE_SUBSCRIPTION_ID", "AZ_SUBSCRIPTION_ID"),
    ("AZURE_TENANT_ID", "AZ_TENANT_ID"),
    ("AZURE_CLIENT_ID", "AZ_CLIENT_ID"),
    ("AZURE_CLIENT_SECRET", "AZ_CLIENT_SECRET"),
    ("AZURE_STORAGE_ACCESS_KEY", ""),
    ("AZURE_ACCESS_TOKEN", ""),
    ("AZURE_ACCESS_EXPIRES_ON_SECONDS", ""),
    ("AZURE_ACCOUNT_NAME", ""),
    ("AZURE_SERVICE_URL", ""),
];

/// Variables that a Secret gives under their own names.
const TOKENS: [&str; 2] = ["HF_TOKEN", "MODELSCOPE_API_TOKEN"];

/// Gives the container of this name what it fetches with. What the manifest sets stays.
pub(super) fn give(
    context: &Context<'_>,
    draft: &mut Draft,
    to: &str,
    storage: Option<&ModelStorage>,
) -> Result<(), Refusal> {
    let mut given = Given::default();
    let is_told = match storage {
        Some(storage) => of_storage(context, storage, &mut given)?,
        None => false,
    };
    if !is_told {
        of_account(context, draft, &mut given);
    }
    for (name, value) in &context.settings.storage_env {
        given.env(name, value);
    }
    let all = draft.containers.iter_mut().chain(&mut draft.init_containers);
    if let Some(it) = all.into_iter().find(|it| it.name() == Some(to)) {
        for variable in given.variables {
            container::default_variable(it, variable);
        }
        for (name, path, _) in &given.volumes {
            container::mount(it, json!({"name": name, "mountPath": path, "readOnly": true}));
        }
    }
    for (name, _, source) in given.volumes {
        draft.add_volume(name, source);
    }
    Ok(())
}

/// What a container is given. Of two variables of one name, the first holds.
#[derive(Default)]
struct Given {
    variables: Vec<Value>,
    /// Secrets for web servers so far.
    web: usize,
    /// Names, paths and sources.
    volumes: Vec<(&'static str, String, (&'static str, Value))>,
}

impl Given {
    fn env(&mut self, name: &str, value: &str) {
        self.variables.push(json!({"name": name, "value": value}));
    }

    fn secret(&mut self, name: &str, secret: &Secret, key: &str) {
        let key = json!({"name": secret.name, "key": key});
        self.variables.push(json!({"name": name, "valueFrom": {"secretKeyRef": key}}));
    }
}

/// An entry of the Secret that `storage` names. True when there is one.
fn of_storage(
    context: &Context<'_>,
    storage: &ModelStorage,
    given: &mut Given,
) -> Result<bool, Refusal> {
    let parameters = storage.parameters.as_ref();
    let by_type = || match parameters.and_then(|it| it.get("type")) {
        Some(kind) => format!("default_{kind}"),
        None => "default".to_owned(),
    };
    let named = storage.key.as_ref().filter(|key| !key.is_empty());
    let key = named.cloned().unwrap_or_else(by_type);
    let secret = context.around.storage_secret;
    let holding = secret.filter(|secret| secret.keys.contains(&key));
    if let Some(secret) = holding {
        given.secret("STORAGE_CONFIG", secret, &key);
    } else if named.is_some() {
        let name = context.service.storage_secret();
        let message = match secret {
            None => format!("there is no Secret `{name}` in the namespace"),
            Some(_) => format!("the Secret `{name}` has no key `{key}`"),
        };
        return Err(refuse(format!(
            "spec.predictor.model.storage.key: {message}; make it, or write `storageUri`"
        )));
    }
    if let Some(parameters) = parameters.filter(|it| !it.is_empty()) {
        given.env("STORAGE_OVERRIDE_CONFIG", &json!(parameters).to_string());
    }
    Ok(holding.is_some())
}

/// What the pod's ServiceAccount says. An account that a cloud's own identity service knows needs
/// nothing: the pod runs as it.
fn of_account(context: &Context<'_>, draft: &Draft, given: &mut Given) {
    let name = ["serviceAccountName", "serviceAccount"]
        .iter()
        .find_map(|field| draft.rest.get(*field)?.as_str().filter(|name| !name.is_empty()));
    let account = context.around.accounts.get(name.unwrap_or(DEFAULT_ACCOUNT));
    if context.service.annotations.contains_key(STORAGE_SECRET) {
        context.around.storage_secret.into_iter().for_each(|secret| of_secret(secret, given));
    } else {
        let secrets = account.into_iter().flat_map(|account| &account.secrets);
        secrets.for_each(|secret| of_secret(secret, given));
    }
    if let Some(account) = account {
        bucket::settings(&account.annotations, None, given);
    }
}

/// What a Secret is for, by its keys.
fn of_secret(secret: &Secret, given: &mut Given) {
    let has = |key: &str| secret.keys.contains(key);
    if let Some((id, key)) = bucket::keys(secret) {
        given.secret("AWS_ACCESS_KEY_ID", secret, id);
        given.secret("AWS_SECRET_ACCESS_KEY", secret, key);
        if has("AWS_SESSION_TOKEN") {
            given.secret("AWS_SESSION_TOKEN", secret, "AWS_SESSION_TOKEN");
        }
        bucket::settings(&secret.annotations, Some(secret), given);
    } else if has(GOOGLE_FILE) {
        let source = ("secret", json!({"secretName": secret.name, "defaultMode": 0o444}));
        given.volumes.push(("user-gcp-sa", GOOGLE_FOLDER.to_owned(), source));
        given.env("GOOGLE_APPLICATION_CREDENTIALS", &format!("{GOOGLE_FOLDER}/{GOOGLE_FILE}"));
    } else if AZURE.iter().any(|(key, older)| has(key) || has(older)) {
        for (name, older) in AZURE {
            if let Some(key) = [older, name].into_iter().find(|key| has(key)) {
                given.secret(name, secret, key);
            }
        }
    } else if has("https-host") {
        // KServe names one variable by the host, which only the Secret knows
        let count = given.web;
        given.web += 1;
        let numbered = |name: &str| match count {
            0 => name.to_owned(),
            count => format!("{name}_{count}"),
        };
        given.secret(&numbered("LONGSHORE_HTTP_HOST"), secret, "https-host");
        if has("headers") {
            given.secret(&numbered("LONGSHORE_HTTP_HEADERS"), secret, "headers");
        }
    } else if has("HDFS_NAMENODE") {
        let source = ("secret", json!({"secretName": secret.name, "defaultMode": 0o444}));
        given.volumes.push(("hdfs-credentials", HDFS_FOLDER.to_owned(), source));
    } else {
        for name in TOKENS.into_iter().filter(|name| has(name)) {
            given.secret(name, secret, name);
        }
    }
}

/// True when an annotation of this name is there and says something.
fn told<'a>(annotations: &'a Annotations, name: &str) -> Option<&'a str> {
    annotations.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
}
