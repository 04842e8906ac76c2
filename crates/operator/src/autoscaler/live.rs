use std::{net::SocketAddr, sync::Arc};

use hyper::{Request, header::CONTENT_TYPE};
use k8s_openapi::api::core::v1::ObjectReference;
use kube::{
    Client,
    runtime::events::{Event, EventType, Recorder, Reporter},
};
use longshore_platform::{
    LoadReport,
    names::{AUTOSCALER, LOAD_PATH, SCALING},
};
use serde_json::json;

use super::{Change, News, Platform, Replicas};
use crate::{
    Error,
    cluster::{Cluster, Key},
    gateways::Gateways,
};

/// The platform on a real cluster.
pub struct Live {
    client: Client,
    cluster: Arc<Cluster>,
    gateways: Arc<Gateways>,
    recorder: Recorder,
}

impl Live {
    /// The platform as `cluster` and `gateways` see it, changed through `client`.
    pub fn new(
        client: Client,
        cluster: Arc<Cluster>,
        gateways: Arc<Gateways>,
        identity: String,
    ) -> Self {
        let reporter = Reporter { controller: AUTOSCALER.into(), instance: Some(identity) };
        let recorder = Recorder::new(client.clone(), reporter);
        Self { client, cluster, gateways, recorder }
    }
}

impl Platform for Live {
    fn gateways(&self) -> Vec<SocketAddr> {
        self.gateways.serving()
    }

    async fn report(&self, gateway: SocketAddr) -> Option<LoadReport> {
        match self.gateways.ask(gateway, LOAD_PATH).await {
            Ok(report) => report,
            Err(error) => {
                tracing::debug!(%gateway, error, "a gateway does not report its load");
                None
            }
        }
    }

    fn replicas(&self, service: &Key, revision: &str) -> Option<Replicas> {
        let deployed = self.cluster.deployments.get(service, revision)?;
        let count = |replicas: u32| i32::try_from(replicas).unwrap_or(i32::MAX);
        Some(Replicas {
            wanted: count(deployed.wanted),
            ready: count(deployed.ready),
            is_explained: deployed.is_explained,
        })
    }

    async fn scale(&self, change: Change) -> Result<(), Error> {
        let Change { revision: Key { namespace, name }, from, to, reason } = &change;
        // one write for the number and the reason; the first step refuses it when another number is
        // there than the one that was decided on
        let steps = json!([
            {"op": "test", "path": "/spec/replicas", "value": from},
            {"op": "replace", "path": "/spec/replicas", "value": to},
            {"op": "add", "path": format!("/metadata/annotations/{}", pointer(SCALING)), "value": reason},
        ]);
        let path = format!(
            "/apis/apps/v1/namespaces/{namespace}/deployments/{name}?fieldManager={AUTOSCALER}"
        );
        let doing = || format!("scale the Deployment `{name}` from {from} to {to}");
        let request = Request::patch(path)
            .header(CONTENT_TYPE, "application/json-patch+json")
            .body(steps.to_string().into_bytes())
            .map_err(|error| Error::api(doing())(kube::Error::HttpError(error)))?;
        self.client.request_text(request).await.map(drop).map_err(Error::api(doing()))
    }

    async fn tell(&self, news: News) {
        let reference = ObjectReference {
            api_version: Some("serving.kserve.io/v1beta1".to_owned()),
            kind: Some("InferenceService".to_owned()),
            namespace: Some(news.service.namespace),
            name: Some(news.service.name),
            uid: Some(news.uid),
            ..ObjectReference::default()
        };
        let event = Event {
            type_: if news.is_warning { EventType::Warning } else { EventType::Normal },
            reason: news.reason.to_owned(),
            note: Some(news.message),
            action: "Scale".to_owned(),
            secondary: None,
        };
        if let Err(error) = self.recorder.publish(&event, &reference).await {
            tracing::debug!(%error, "an Event could not be published");
        }
    }
}

/// A name as a part of a JSON pointer.
fn pointer(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
