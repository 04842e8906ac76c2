//! Brings the definitions of the cluster up to those of this program: Helm installs the chart's and
//! never changes them again.

use std::convert::Infallible;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api, Client,
    api::{Patch, PatchParams},
};
use longshore_platform::names::OPERATOR;
use serde_json::Value;

use super::{MADE_BY_KSERVE, each, found};
use crate::{Error, cluster::APPLIED, controller::Manifest};

/// Brings the definitions up to date, when they are to be kept. It does not end.
pub(crate) async fn keep(client: &Client, is_keeper: bool) -> Infallible {
    if is_keeper {
        update(client).await;
    }
    std::future::pending().await
}

/// Applies each definition that the cluster has. What fails is logged: the definitions that are there
/// go on to hold.
async fn update(client: &Client) {
    for definition in each() {
        let updated = match definition {
            Ok(definition) => one(client, definition).await,
            Err(error) => Err(Error::Definitions(error)),
        };
        if let Err(error) = updated {
            tracing::warn!(%error, "a definition stays as it is, so that newer fields may be unknown");
        }
    }
}

/// Applies a definition, unless there is none, it is KServe's own, or this was applied before: the API
/// server works for seconds on one of this size, and asks for as much memory.
async fn one(client: &Client, definition: Value) -> Result<(), Error> {
    let Manifest { name, hash, value } = Manifest::new(definition);
    let Some(found) = found(client, &name).await? else { return Ok(()) };
    let annotations = found.annotations.unwrap_or_default();
    if annotations.contains_key(MADE_BY_KSERVE) || annotations.get(APPLIED) == Some(&hash) {
        return Ok(());
    }
    let params = PatchParams::apply(OPERATOR).force();
    let definitions = Api::<CustomResourceDefinition>::all(client.clone());
    let applied = definitions.patch_metadata(&name, &params, &Patch::Apply(&value)).await;
    applied.map_err(Error::api(format!("update the definition `{name}`")))?;
    tracing::info!(name, "updated a definition");
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        sync::{Arc, Mutex},
    };

    use http_body_util::{BodyExt, Full};
    use hyper::{
        Method, Request, Response,
        body::{Bytes, Incoming},
        server::conn::http1,
        service::service_fn,
    };
    use hyper_util::rt::TokioIo;
    use kube::{Client, Config};
    use serde_json::{Value, json};
    use tokio::net::TcpListener;

    use super::update;

    type Requests = Arc<Mutex<Vec<(Method, String, Value)>>>;

    /// A cluster with an InferenceService's definition of ours, KServe's of ServingRuntimes, and no others.
    /// Ours has the annotations that were applied last.
    async fn answer(
        requests: Requests,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        let (method, uri) = (request.method().clone(), request.uri().to_string());
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&body).unwrap_or_default();
        let annotations = {
            let mut requests = requests.lock().unwrap();
            requests.push((method, uri.clone(), body));
            let mut applied = requests.iter().filter(|(method, ..)| method == Method::PATCH);
            let last = applied.next_back();
            last.map_or(json!({}), |(.., body)| body["metadata"]["annotations"].clone())
        };
        let name = uri.rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
        let metadata = match &*name {
            "inferenceservices.serving.kserve.io" => {
                json!({"name": name, "annotations": annotations})
            }
            "servingruntimes.serving.kserve.io" => {
                json!({"name": name, "annotations": {"controller-gen.kubebuilder.io/version": "v0.16.2"}})
            }
            _ => Value::Null,
        };
        let (status, object) = if metadata.is_null() {
            (
                404,
                json!({"kind": "Status", "status": "Failure", "reason": "NotFound", "message": "not found", "code": 404}),
            )
        } else {
            (
                200,
                json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": metadata}),
            )
        };
        let response =
            Response::builder().status(status).header("content-type", "application/json");
        Ok(response.body(Full::new(object.to_string().into())).unwrap())
    }

    #[tokio::test]
    async fn only_definitions_of_ours_are_brought_up_to_date() {
        let requests = Requests::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let serving = requests.clone();
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let requests = serving.clone();
                let service = service_fn(move |request| answer(requests.clone(), request));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), service));
            }
        });
        let client = Client::try_from(Config::new(uri)).unwrap();
        update(&client).await;
        // what was applied once is not applied again, whoever leads
        update(&client).await;
        let requests = requests.lock().unwrap();
        let looked = requests.iter().filter(|(method, ..)| method == Method::GET).count();
        assert_eq!(looked, 2 * super::each().count());
        let written: Vec<_> =
            requests.iter().filter(|(method, ..)| method != Method::GET).collect();
        let [(method, uri, body)] = &written[..] else { panic!("{written:?}") };
        assert_eq!(method, Method::PATCH);
        assert!(uri.contains("/inferenceservices.serving.kserve.io?"), "{uri}");
        assert!(
            uri.contains("force=true") && uri.contains("fieldManager=longshore-operator"),
            "{uri}"
        );
        assert_eq!(body["spec"]["names"]["kind"], "InferenceService");
    }
}
