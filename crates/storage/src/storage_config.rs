//! KServe's `storage-config`: where a bucket is and who may read it, as JSON in the variables
//! `STORAGE_CONFIG` (a key of the Secret) and `STORAGE_OVERRIDE_CONFIG` (the manifest's
//! `storage.parameters`).
//!
//! Format: KServe's documentation of the storage spec, and its storage initializer.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{Environment, Error};

/// The variable with a key of KServe's Secret.
const CONFIG: &str = "STORAGE_CONFIG";

/// The variable with what a manifest changes of it.
const OVERRIDE: &str = "STORAGE_OVERRIDE_CONFIG";

/// The scheme of a manifest's `storage.path`, whose storage only the Secret knows.
const PLACEHOLDER: &str = "<scheme-placeholder>://";

/// Variables, and the fields for S3 that mean the same.
const S3: &[(&str, &str)] = &[
    ("AWS_ENDPOINT_URL_S3", "endpoint_url"),
    ("AWS_ENDPOINT_URL", "endpoint_url"),
    ("AWS_ACCESS_KEY_ID", "access_key_id"),
    ("AWS_SECRET_ACCESS_KEY", "secret_access_key"),
    ("AWS_REGION", "region"),
    ("AWS_DEFAULT_REGION", "region"),
    ("AWS_CA_BUNDLE", "ca_bundle"),
    ("S3_VERIFY_SSL", "verify_ssl"),
    ("awsAnonymousCredential", "anonymous"),
];

/// What both variables say together.
#[derive(Clone, Default)]
struct StorageConfig(BTreeMap<String, String>);

impl StorageConfig {
    fn read(environment: &Environment) -> Result<Self, Error> {
        let mut all = BTreeMap::new();
        for name in [CONFIG, OVERRIDE] {
            let Some(text) = environment.get(name) else { continue };
            let wrong = |reason: String| Error::Credentials { what: "the storage".into(), reason };
            // the text holds secrets, which the parser's message does not repeat
            let fields: BTreeMap<String, Value> = serde_json::from_str(&text).map_err(|error| {
                wrong(format!(
                    "`{name}` holds no JSON object such as `{{\"type\": \"s3\", …}}` (line {}, column {})",
                    error.line(),
                    error.column()
                ))
            })?;
            for (field, value) in fields {
                let value = match value {
                    Value::String(text) => text,
                    Value::Bool(_) | Value::Number(_) => value.to_string(),
                    Value::Null => continue,
                    Value::Array(_) | Value::Object(_) => {
                        return Err(wrong(format!("`{field}` of `{name}` is no text")));
                    }
                };
                all.insert(field, value);
            }
        }
        Ok(Self(all))
    }

    fn get(&self, field: &str) -> Option<&str> {
        self.0.get(field).map(|value| value.trim()).filter(|value| !value.is_empty())
    }
}

impl Environment {
    /// The same variables, with those that `STORAGE_CONFIG` and `STORAGE_OVERRIDE_CONFIG` of KServe
    /// stand for in front.
    ///
    /// # Errors
    /// [`Error::Credentials`] when one of them holds no JSON object of texts.
    pub fn with_storage_config(self) -> Result<Self, Error> {
        let config = StorageConfig::read(&self)?;
        if config.get("type") != Some("s3") {
            return Ok(self);
        }
        Ok(Self::new(move |name| {
            let field = S3.iter().find(|(variable, _)| *variable == name).map(|(_, field)| field);
            match field.and_then(|field| config.get(field)) {
                Some(value) => Some(value.to_owned()),
                // the token of other keys would spoil these
                None if name == "AWS_SESSION_TOKEN" && config.get("access_key_id").is_some() => {
                    None
                }
                None => self.get(name),
            }
        }))
    }

    /// A location as KServe's controller writes it: `<scheme-placeholder>://PATH` stands for the
    /// type and the bucket of `STORAGE_CONFIG`. Other texts stay as they are.
    ///
    /// # Errors
    /// [`Error::Location`] when the type or its bucket is not told, [`Error::Credentials`].
    pub fn placed(&self, location: &str) -> Result<String, Error> {
        let Some(path) = location.strip_prefix(PLACEHOLDER) else { return Ok(location.into()) };
        let config = StorageConfig::read(self)?;
        let path = path.trim_start_matches('/');
        let missing = |field: &str| Error::Location {
            uri: location.into(),
            reason: format!(
                "`{CONFIG}` has no `{field}`: write it into the key of the Secret `storage-config`, or into `storage.parameters`"
            ),
        };
        let kind = config.get("type").ok_or_else(|| missing("type"))?;
        // a Secret that serves several manifests has a bucket for those that name none
        match (kind, config.get("bucket").or_else(|| config.get("default_bucket"))) {
            ("s3" | "gs", Some(bucket)) => Ok(format!("{kind}://{bucket}/{path}")),
            ("s3" | "gs", None) => Err(missing("bucket")),
            _ => Ok(format!("{kind}://{path}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Environment;

    fn environment(config: &'static str, changed: &'static str) -> Environment {
        Environment::new(move |name| match name {
            "STORAGE_CONFIG" => Some(config.into()),
            "STORAGE_OVERRIDE_CONFIG" => Some(changed.into()),
            "AWS_ACCESS_KEY_ID" => Some("of the process".into()),
            "HOME" => Some("/home".into()),
            _ => None,
        })
    }

    const CONFIG: &str = r#"{"type": "s3", "access_key_id": "of the secret", "anonymous": false,
        "bucket": "models", "region": "eu-west-1", "cabundle_configmap": null}"#;

    #[test]
    fn the_secret_stands_for_variables_and_the_manifest_changes_it() {
        let all =
            environment(CONFIG, r#"{"region": "eu-central-1"}"#).with_storage_config().unwrap();
        assert_eq!(all.get("AWS_ACCESS_KEY_ID").unwrap(), "of the secret");
        assert_eq!(all.get("AWS_DEFAULT_REGION").unwrap(), "eu-central-1");
        assert_eq!(all.get("awsAnonymousCredential").unwrap(), "false");
        assert_eq!(all.get("HOME").unwrap(), "/home");
        assert_eq!(all.get("AWS_ENDPOINT_URL"), None);
        let other = environment(r#"{"type": "gs", "access_key_id": "x"}"#, "");
        let other = other.with_storage_config().unwrap();
        assert_eq!(other.get("AWS_ACCESS_KEY_ID").unwrap(), "of the process");
    }

    #[test]
    fn a_path_without_a_scheme_is_placed_into_the_bucket() {
        let placed = |config, text: &str| {
            environment(config, "").placed(text).map_err(|error| error.to_string())
        };
        let path = "<scheme-placeholder>://wine/1";
        assert_eq!(placed(CONFIG, path).unwrap(), "s3://models/wine/1");
        assert_eq!(placed(CONFIG, "gs://other/wine").unwrap(), "gs://other/wine");
        let default = r#"{"type": "gs", "default_bucket": "all"}"#;
        assert_eq!(placed(default, path).unwrap(), "gs://all/wine/1");
        assert!(placed(r#"{"type": "s3"}"#, path).unwrap_err().contains("has no `bucket`"));
        assert!(placed("{}", path).unwrap_err().contains("has no `type`"));
    }

    #[test]
    fn what_is_no_object_is_refused_without_its_secrets() {
        let error =
            |config| environment(config, "").with_storage_config().err().unwrap().to_string();
        for config in ["[\"s3cret\"]", "s3cret", "{\"secret_access_key\": \"s3cret\""] {
            assert!(error(config).contains("holds no JSON object"));
            assert!(!error(config).contains("s3cret"), "{}", error(config));
        }
        assert!(error(r#"{"bucket": ["a"]}"#).contains("`bucket` of `STORAGE_CONFIG` is no text"));
    }
}
