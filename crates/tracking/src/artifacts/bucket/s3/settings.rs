//! What MLflow's variables say of a bucket. AWS's own are read by `object_store`.

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use serde_json::{Map, Value};

use crate::Error;

/// Further arguments of uploads, as an object of JSON.
const EXTRA: &str = "MLFLOW_S3_UPLOAD_EXTRA_ARGS";

/// Whether the bucket is in the path of an address or in its host.
const STYLE: &str = "MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE";

// what `object_store` calls the arguments of encryption
const ENCRYPTION: &str = "aws_server_side_encryption";
const KEY: &str = "aws_sse_kms_key_id";
const BUCKET_KEY: &str = "aws_sse_bucket_key_enabled";

/// Sets what the variables say.
///
/// # Errors
/// A refusal of what would change how files are kept, and cannot be done here.
pub(in crate::artifacts::bucket) fn apply(
    builder: AmazonS3Builder,
    bucket: &str,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<AmazonS3Builder, Error> {
    let told = |name: &str| variable(name).filter(|text| !text.trim().is_empty());
    let mut builder = match told("MLFLOW_S3_ENDPOINT_URL") {
        Some(endpoint) => builder.with_endpoint(endpoint),
        None => builder,
    };
    match told(STYLE).as_deref() {
        None | Some("auto" | "path") => {}
        Some("virtual") => builder = virtual_hosted(builder, bucket),
        Some(other) => {
            return Err(Error::invalid(format!(
                "`{STYLE}` is `{other}`; it may be `auto`, `path` or `virtual`"
            )));
        }
    }
    match told(EXTRA) {
        Some(text) => uploads(builder, &text),
        None => Ok(builder),
    }
}

/// Names the bucket in the host. An endpoint that is given is that of all buckets.
fn virtual_hosted(builder: AmazonS3Builder, bucket: &str) -> AmazonS3Builder {
    let builder = builder.with_virtual_hosted_style_request(true);
    let endpoint = [AmazonS3ConfigKey::S3Endpoint, AmazonS3ConfigKey::Endpoint];
    let endpoint = endpoint.iter().find_map(|key| builder.get_config_value(key));
    match endpoint.as_deref().and_then(|it| it.split_once("://")) {
        Some((scheme, host)) => {
            let endpoint = format!("{scheme}://{bucket}.{host}");
            builder
                .with_config(AmazonS3ConfigKey::S3Endpoint, &endpoint)
                .with_config(AmazonS3ConfigKey::Endpoint, endpoint)
        }
        None => builder,
    }
}

/// Sets how uploads are encrypted, by boto's names. Whoever gives an argument relies on it, so that none is
/// passed over.
fn uploads(mut builder: AmazonS3Builder, text: &str) -> Result<AmazonS3Builder, Error> {
    let extra: Map<String, Value> = serde_json::from_str(text)
        .map_err(|error| Error::invalid(format!("`{EXTRA}` is no object of JSON: {error}")))?;
    for (name, value) in extra {
        let key = match name.as_str() {
            "ServerSideEncryption" => ENCRYPTION,
            "SSEKMSKeyId" => KEY,
            "BucketKeyEnabled" => BUCKET_KEY,
            _ => {
                return Err(Error::invalid(format!(
                    "`{EXTRA}` has `{name}`, which cannot be asked for here; take it out, and let the bucket do it by its own defaults"
                )));
            }
        };
        let value = match value {
            Value::String(text) => text,
            Value::Bool(flag) => flag.to_string(),
            other => {
                return Err(Error::invalid(format!(
                    "`{name}` in `{EXTRA}` is {other}, but a text or a truth value is needed"
                )));
            }
        };
        let key: AmazonS3ConfigKey =
            key.parse().map_err(|_| Error::invalid(format!("`{name}` cannot be asked for")))?;
        builder = builder.with_config(key, value);
    }
    Ok(builder)
}

#[cfg(test)]
mod tests {
    use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};

    use super::{BUCKET_KEY, ENCRYPTION, EXTRA, KEY, STYLE, apply};
    use crate::Error;

    fn applied(variables: &[(&str, &str)]) -> Result<AmazonS3Builder, Error> {
        let variable = |name: &str| {
            variables.iter().find(|(it, _)| *it == name).map(|(_, text)| (*text).to_owned())
        };
        apply(AmazonS3Builder::new(), "b", variable)
    }

    #[test]
    fn a_bucket_is_reached_as_mlflow_reaches_it() {
        let at = |variables: &[(&str, &str)]| {
            let builder = applied(variables).unwrap();
            let of = |key| builder.get_config_value(&key);
            (of(AmazonS3ConfigKey::Endpoint), of(AmazonS3ConfigKey::VirtualHostedStyleRequest))
        };
        let endpoint = ("MLFLOW_S3_ENDPOINT_URL", "http://s3.local:9000");
        let said = |text: &str| Some(text.to_owned());
        assert_eq!(at(&[endpoint]), (said("http://s3.local:9000"), said("false")));
        let hosted = (said("http://b.s3.local:9000"), said("true"));
        assert_eq!(at(&[endpoint, (STYLE, "virtual")]), hosted);
        assert_eq!(at(&[(STYLE, "virtual")]), (None, said("true")));
        assert_eq!(at(&[(STYLE, "")]), (None, said("false")));
        assert!(applied(&[(STYLE, "other")]).unwrap_err().to_string().contains("`other`"));
    }

    #[test]
    fn uploads_are_encrypted_as_mlflow_asks_for_it() {
        let extra =
            r#"{"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "k", "BucketKeyEnabled": true}"#;
        let builder = applied(&[(EXTRA, extra)]).unwrap();
        let of = |key: &str| builder.get_config_value(&key.parse().unwrap());
        assert_eq!(of(ENCRYPTION).as_deref(), Some("aws:kms"));
        assert_eq!(of(KEY).as_deref(), Some("k"));
        assert_eq!(of(BUCKET_KEY).as_deref(), Some("true"));
        for (wrong, part) in [
            ("[]", "no object of JSON"),
            (r#"{"StorageClass": "GLACIER"}"#, "`StorageClass`"),
            (r#"{"SSEKMSKeyId": 1}"#, "a text"),
        ] {
            let error = applied(&[(EXTRA, wrong)]).unwrap_err().to_string();
            assert!(error.contains(part), "{wrong}: {error}");
        }
    }
}
