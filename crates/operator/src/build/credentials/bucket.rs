//! S3: keys, and how a bucket is reached.

use longshore_kserve::annotations::Annotations;
use serde_json::json;

use super::{Given, told};
use crate::build::Secret;

/// The prefix of annotations of a Secret or a ServiceAccount.
const PREFIX: &str = "serving.kserve.io/s3-";

/// Annotations, variables, and the keys of a Secret that say the same.
const SETTINGS: [(&str, &str, &str); 5] = [
    ("verifyssl", "S3_VERIFY_SSL", "S3_VERIFY_SSL"),
    ("useanoncredential", "awsAnonymousCredential", "awsAnonymousCredential"),
    ("region", "AWS_DEFAULT_REGION", "AWS_DEFAULT_REGION"),
    ("usevirtualbucket", "S3_USER_VIRTUAL_BUCKET", "S3_USER_VIRTUAL_BUCKET"),
    ("useaccelerate", "S3_USE_ACCELERATE", "S3_USE_ACCELERATE"),
];

/// The folder of certificates of a ConfigMap, and the file in it.
const CERTIFICATES: &str = "/etc/ssl/custom-certs";
const BUNDLE: &str = "cabundle.crt";

/// The keys of a Secret's access key and its secret: those that KServe is shipped with, or those of
/// its code.
pub(super) fn keys(secret: &Secret) -> Option<(&'static str, &'static str)> {
    let names =
        [("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), ("awsAccessKeyID", "awsSecretAccessKey")];
    names.into_iter().find(|(_, key)| secret.keys.contains(*key))
}

/// How buckets are reached: by annotations, or else by keys of the Secret.
pub(super) fn settings(annotations: &Annotations, secret: Option<&Secret>, given: &mut Given) {
    let annotation = |name: &str| told(annotations, &format!("{PREFIX}{name}"));
    let held = |key: &str| secret.filter(|secret| secret.keys.contains(key));
    if let Some(endpoint) = annotation("endpoint") {
        let (is_https, host) = endpoint_of(endpoint, annotation("usehttps"));
        let scheme = if is_https { "https" } else { "http" };
        given.env("S3_USE_HTTPS", if is_https { "1" } else { "0" });
        given.env("S3_ENDPOINT", host);
        given.env("AWS_ENDPOINT_URL", &format!("{scheme}://{host}"));
    } else {
        for key in ["S3_ENDPOINT", "AWS_ENDPOINT_URL", "S3_USE_HTTPS"] {
            if let Some(secret) = held(key) {
                given.secret(key, secret, key);
            }
        }
    }
    for (name, variable, key) in SETTINGS {
        if let Some(value) = annotation(name) {
            given.env(variable, value);
        } else if let Some(secret) = held(key) {
            given.secret(variable, secret, key);
        }
    }
    certificates(annotation("cabundle"), annotation("cabundle-configmap"), given);
}

/// Whether an endpoint is asked by HTTPS, and the endpoint without a scheme.
fn endpoint_of<'e>(endpoint: &'e str, use_https: Option<&str>) -> (bool, &'e str) {
    match endpoint.split_once("://") {
        Some((scheme, host)) => (!scheme.eq_ignore_ascii_case("http"), host),
        None => (use_https != Some("0"), endpoint),
    }
}

fn certificates(file: Option<&str>, map: Option<&str>, given: &mut Given) {
    let Some(map) = map else {
        return file.into_iter().for_each(|file| given.env("AWS_CA_BUNDLE", file));
    };
    let default = format!("{CERTIFICATES}/{BUNDLE}");
    let file = file.unwrap_or(&default);
    let folder = file.rsplit_once('/').map_or(CERTIFICATES, |(folder, _)| folder);
    given.env("AWS_CA_BUNDLE", file);
    given.env("AWS_CA_BUNDLE_CONFIGMAP", map);
    given.volumes.push(("ca-bundle", folder.to_owned(), ("configMap", json!({"name": map}))));
}
