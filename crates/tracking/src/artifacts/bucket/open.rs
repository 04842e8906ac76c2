//! The clients of the providers, by what the environment says of each.

use std::sync::Arc;

use object_store::{
    aws::{AmazonS3, AmazonS3Builder},
    azure::{AzureConfigKey, MicrosoftAzure, MicrosoftAzureBuilder},
    gcp::{GoogleCloudStorage, GoogleCloudStorageBuilder},
};

use super::{Place, http::Hyper, s3::settings};
use crate::Error;

/// A bucket of S3: by AWS's names and MLflow's.
///
/// # Errors
/// A refusal of an environment that cannot be used; so below.
pub(super) fn s3(place: &Place, bucket: &str) -> Result<Arc<AmazonS3>, Error> {
    let builder = settings::apply(AmazonS3Builder::from_env(), bucket, variable)?;
    // whoever configures an endpoint without TLS means it
    let builder = builder.with_allow_http(true).with_bucket_name(bucket);
    let built = builder.with_http_connector(Hyper("S3")).build();
    built.map(Arc::new).map_err(|error| wrong(place, &error))
}

/// A bucket of Google Cloud Storage: by Google's names, `STORAGE_EMULATOR_HOST` of its client libraries
/// included.
pub(super) fn gs(place: &Place, bucket: &str) -> Result<Arc<GoogleCloudStorage>, Error> {
    let mut builder = GoogleCloudStorageBuilder::from_env().with_bucket_name(bucket);
    if let Some(host) = variable("STORAGE_EMULATOR_HOST") {
        let url = if host.contains("://") { host } else { format!("http://{host}") };
        // an emulator asks for no token, but writes are not sent without one
        builder = builder.with_base_url(url.trim_end_matches('/')).with_bearer_token("emulator");
    }
    let built = builder.with_http_connector(Hyper("GCS")).build();
    built.map(Arc::new).map_err(|error| wrong(place, &error))
}

/// A container of Azure Blob Storage: by the names of Azure's client libraries, and what
/// `AZURE_STORAGE_CONNECTION_STRING` says.
pub(super) fn azure(
    place: &Place,
    account: &str,
    container: &str,
) -> Result<Arc<MicrosoftAzure>, Error> {
    let mut builder = MicrosoftAzureBuilder::from_env();
    if let Some(text) = variable("AZURE_STORAGE_CONNECTION_STRING") {
        for (name, value) in text.split(';').filter_map(|pair| pair.split_once('=')) {
            builder = match name.trim() {
                "AccountKey" => builder.with_access_key(value),
                "BlobEndpoint" => builder.with_endpoint(value.trim_end_matches('/').to_owned()),
                "SharedAccessSignature" => builder.with_config(AzureConfigKey::SasKey, value),
                _ => builder,
            };
        }
    }
    if let Some(url) = variable("AZURE_SERVICE_URL") {
        builder = builder.with_endpoint(url.trim_end_matches('/').to_owned());
    }
    let builder = builder.with_account(account).with_container_name(container);
    let built = builder.with_allow_http(true).with_http_connector(Hyper("Azure")).build();
    built.map(Arc::new).map_err(|error| wrong(place, &error))
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn wrong(place: &Place, error: &object_store::Error) -> Error {
    Error::invalid(format!("`{place}` cannot keep artifacts: {error}"))
}
