//! The `CustomResourceDefinition`s of KServe's kinds: the files of `deploy/crds`.

use flate2::read::GzDecoder;
use k8s_openapi::{
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::{Api, Client};
use serde_json::{Deserializer, Value};

use crate::Error;

mod update;

pub(crate) use update::keep;

/// The annotation by which the definitions of KServe's own installation are told from ours.
pub(crate) const MADE_BY_KSERVE: &str = "controller-gen.kubebuilder.io/version";

/// The files one after another, compressed by `build.rs`.
const FILES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/crds.gz"));

/// The metadata of the cluster's definition of this name; none when it has none.
pub(crate) async fn found(client: &Client, name: &str) -> Result<Option<ObjectMeta>, Error> {
    let definitions = Api::<CustomResourceDefinition>::all(client.clone());
    let found = definitions.get_metadata_opt(name).await;
    let found = found.map_err(Error::api(format!("read the definition `{name}`")))?;
    Ok(found.map(|found| found.metadata))
}

/// Each definition in turn, in the order of their names: one takes megabytes while it is a value.
pub(crate) fn each() -> impl Iterator<Item = serde_json::Result<Value>> {
    Deserializer::from_reader(GzDecoder::new(FILES)).into_iter()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::each;

    #[test]
    fn the_definitions_are_the_files_of_the_chart() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/crds");
        let definitions: Vec<_> = each().map(Result::unwrap).collect();
        assert_eq!(definitions.len(), fs::read_dir(folder).unwrap().count());
        for definition in definitions {
            let name = definition["metadata"]["name"].as_str().unwrap();
            let file = fs::read_to_string(format!("{folder}/{name}.json")).unwrap();
            assert!(file == format!("{definition}\n"), "{name}");
        }
    }
}
