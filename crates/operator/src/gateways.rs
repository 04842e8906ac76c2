//! The gateways: which there are, and what each of them says.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::{PoisonError, RwLock},
    time::Duration,
};

use futures_util::{StreamExt, future::join_all};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{StatusCode, body::Bytes};
use hyper_util::{
    client::legacy::{Client as Http, connect::HttpConnector},
    rt::TokioExecutor,
};
use k8s_openapi::api::{core::v1::Pod, discovery::v1::EndpointSlice};
use kube::{
    Api, Client,
    api::DeleteParams,
    runtime::{WatchStreamExt, watcher},
};
use longshore_platform::{
    OutcomeReport, Routed, Routes,
    names::{OUTCOMES_PATH, PEER_PORT, ROUTES_PATH},
};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

mod silence;

use silence::Silence;

use crate::cluster::{Key, Pauses, WATCH_SECONDS};

/// How long a gateway may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// Most bytes of an answer.
const LONGEST: usize = 16 << 20;

/// The gateways of the platform.
#[derive(Debug)]
pub struct Gateways {
    /// Those that are given.
    fixed: Vec<SocketAddr>,
    /// Those that Kubernetes lists.
    listed: RwLock<BTreeMap<SocketAddr, Listed>>,
    http: Http<HttpConnector, Empty<Bytes>>,
}

/// A gateway that Kubernetes lists.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Listed {
    /// One that is not ready may still have requests under way.
    is_ready: bool,
    /// Its pod.
    pod: Option<String>,
}

impl Gateways {
    /// The gateways at `fixed`, and those that [`Gateways::follow`] finds.
    pub fn new(fixed: Vec<SocketAddr>) -> Self {
        let http = Http::builder(TokioExecutor::new()).build_http();
        Self { fixed, listed: RwLock::default(), http }
    }

    /// The ports for peers of all gateways that are ready.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        let listed = self.listed.read().unwrap_or_else(PoisonError::into_inner);
        let ready = listed.iter().filter(|(_, it)| it.is_ready).map(|(address, _)| address);
        self.fixed.iter().chain(ready).copied().collect()
    }

    /// The ports for peers of all gateways that have requests, those that drain included.
    pub fn serving(&self) -> Vec<SocketAddr> {
        let listed = self.listed.read().unwrap_or_else(PoisonError::into_inner);
        self.fixed.iter().chain(listed.keys()).copied().collect()
    }

    /// Keeps the list true by the EndpointSlices of the headless Service of the gateways.
    pub async fn follow(&self, client: Client, peers: &Key) {
        let slices = Api::<EndpointSlice>::namespaced(client, &peers.namespace);
        let ours = format!("kubernetes.io/service-name={}", peers.name);
        let config = watcher::Config::default().labels(&ours).timeout(WATCH_SECONDS);
        let mut events = pin!(watcher::watcher(slices, config).backoff(Pauses::default()));
        let mut known = BTreeMap::new();
        let mut is_listing = true;
        while let Some(event) = events.next().await {
            match event {
                Ok(watcher::Event::Init) => {
                    known.clear();
                    is_listing = true;
                }
                Ok(watcher::Event::Apply(slice) | watcher::Event::InitApply(slice)) => {
                    let name = slice.metadata.name.clone().unwrap_or_default();
                    known.insert(name, serving(&slice));
                }
                Ok(watcher::Event::Delete(slice)) => {
                    known.remove(&slice.metadata.name.unwrap_or_default());
                }
                Ok(watcher::Event::InitDone) => is_listing = false,
                Err(error) => {
                    tracing::warn!(%error, "the watch of the gateways was interrupted");
                    continue;
                }
            }
            // a list that has only begun says nothing of those that it has not named yet
            if !is_listing {
                let all = known.values().flatten().cloned().collect();
                *self.listed.write().unwrap_or_else(PoisonError::into_inner) = all;
            }
        }
    }

    /// Deletes the pods of gateways that do not answer any more while others do, so that Kubernetes sends
    /// them no connections and starts others. It does not end.
    pub async fn replace_silent(&self, client: &Client, peers: Option<&Key>) -> Infallible {
        let Some(peers) = peers else { return std::future::pending().await };
        let pods = Api::<Pod>::namespaced(client.clone(), &peers.namespace);
        let mut silence = Silence::default();
        let mut ticks = interval(Duration::from_secs(1));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // what no gateway routes costs it nothing to answer
        let path = format!("{ROUTES_PATH}/-/-");
        loop {
            ticks.tick().await;
            let listed = self.listed.read().unwrap_or_else(PoisonError::into_inner).clone();
            let ready = listed.iter().filter(|(_, it)| it.is_ready);
            let asked = ready.map(async |(&address, _)| {
                (address, self.ask::<Routes>(address, &path).await.is_ok())
            });
            let answers = join_all(asked).await;
            let silent = silence.take(&answers, Instant::now());
            let silent = silent.and_then(|address| listed.get(&address)?.pod.as_deref());
            let Some(pod) = silent else { continue };
            tracing::warn!(pod, "a gateway does not answer while others do: its pod is replaced");
            if let Err(error) = pods.delete(pod, &DeleteParams::default()).await {
                tracing::warn!(pod, %error, "the pod cannot be deleted");
            }
        }
    }

    /// What the gateway at `address` answers at `path`; nothing when it says that there is no such
    /// thing.
    ///
    /// # Errors
    /// Why it does not answer.
    pub async fn ask<T: DeserializeOwned>(
        &self,
        address: SocketAddr,
        path: &str,
    ) -> Result<Option<T>, String> {
        let uri = format!("http://{address}{path}").parse().map_err(|error| format!("{error}"))?;
        let asked = async {
            let response = self.http.get(uri).await.map_err(|error| format!("{error}"))?;
            let status = response.status();
            if status == StatusCode::NOT_FOUND {
                return Ok(None);
            }
            let body = Limited::new(response.into_body(), LONGEST).collect().await;
            let body = body.map_err(|error| format!("{error}"))?.to_bytes();
            if status != StatusCode::OK {
                return Err(format!("it answers with status {status}"));
            }
            serde_json::from_slice(&body).map(Some).map_err(|error| format!("{error}"))
        };
        let answered = timeout(PATIENCE, asked).await;
        answered.unwrap_or_else(|_| Err("it does not answer in time".into()))
    }

    /// How the requests of a service have ended, at each gateway that answers.
    pub async fn outcomes(&self, service: &Key) -> Vec<OutcomeReport> {
        let path = format!("{OUTCOMES_PATH}/{service}");
        let answers = self.addresses().into_iter().map(|address| {
            let path = &path;
            async move {
                let answer = self.ask::<OutcomeReport>(address, path).await;
                answer.unwrap_or_else(|error| {
                    tracing::debug!(%address, error, "a gateway does not say how requests ended");
                    None
                })
            }
        });
        join_all(answers).await.into_iter().flatten().collect()
    }

    /// Whether every gateway routes the service as wanted.
    ///
    /// # Errors
    /// What a gateway does otherwise, or that there is none.
    pub async fn confirm(&self, service: &Key, wanted: &[Wanted]) -> Result<(), String> {
        let addresses = self.addresses();
        if addresses.is_empty() {
            return Err("no gateway is ready; see the pods of the gateway".into());
        }
        let path = format!("{ROUTES_PATH}/{service}");
        let answers = addresses.iter().map(async |&address| {
            let routes = self.ask::<Routes>(address, &path).await;
            let told = match routes {
                Ok(Some(routes)) => differs(&routes.revisions, wanted),
                Ok(None) => Some("does not know the service yet".to_owned()),
                Err(error) => Some(format!("cannot be asked: {error}")),
            };
            told.map(|told| format!("the gateway at {address} {told}"))
        });
        join_all(answers).await.into_iter().flatten().next().map_or(Ok(()), Err)
    }
}

/// A revision that is to get requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its component.
    pub component: &'static str,
    /// Its name.
    pub revision: String,
    /// Its share in percent.
    pub percent: u32,
    /// True when it has replicas, which a gateway then has to know.
    pub has_replicas: bool,
}

/// In what a gateway's routes differ from those that are wanted.
fn differs(routed: &[Routed], wanted: &[Wanted]) -> Option<String> {
    for Wanted { component, revision, percent, has_replicas } in wanted {
        let found = routed.iter().find(|it| it.component == *component && it.revision == *revision);
        match found {
            None if *percent == 0 => {}
            None => return Some(format!("does not route to `{revision}` yet")),
            Some(it) if it.percent != *percent => {
                let is = it.percent;
                return Some(format!("gives `{revision}` {is} % and not yet {percent} %"));
            }
            Some(it) if *has_replicas && *percent > 0 && it.replicas == 0 => {
                return Some(format!("knows no replica of `{revision}` yet"));
            }
            Some(_) => {}
        }
    }
    let others = routed.iter().filter(|it| it.percent > 0);
    let mut stale = others.filter(|it| {
        !wanted.iter().any(|want| want.component == it.component && want.revision == it.revision)
    });
    stale.next().map(|it| format!("still routes to `{}`", it.revision))
}

/// The gateways of a slice that take requests or end those that they have, by their addresses at the port
/// for peers.
fn serving(slice: &EndpointSlice) -> Vec<(SocketAddr, Listed)> {
    let ports = slice.ports.iter().flatten();
    let port = ports.filter_map(|port| port.port).find_map(|port| u16::try_from(port).ok());
    let port = port.unwrap_or(PEER_PORT);
    let endpoints = slice.endpoints.iter().filter_map(|endpoint| {
        let conditions = endpoint.conditions.clone().unwrap_or_default();
        let is_ready = conditions.ready != Some(false);
        let pod = endpoint.target_ref.as_ref().filter(|it| it.kind.as_deref() == Some("Pod"));
        let pod = pod.and_then(|it| it.name.clone());
        let is_serving = is_ready || conditions.serving == Some(true);
        is_serving.then_some((&endpoint.addresses, Listed { is_ready, pod }))
    });
    let addresses = endpoints.flat_map(|(addresses, listed)| {
        addresses.iter().map(move |address| (address, listed.clone()))
    });
    addresses
        .filter_map(|(address, listed)| Some((address.parse::<IpAddr>().ok()?, listed)))
        .map(|(ip, listed)| (SocketAddr::new(ip, port), listed))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use longshore_platform::Routed;
    use serde_json::json;

    use super::{Listed, Wanted, differs, serving};

    fn routed(revision: &str, percent: u32, replicas: u32) -> Routed {
        Routed { component: "predictor".into(), revision: revision.into(), percent, replicas }
    }

    #[test]
    fn a_gateway_agrees_only_when_it_routes_exactly_so() {
        let want = |revision: &str, percent, has_replicas| Wanted {
            component: "predictor",
            revision: revision.into(),
            percent,
            has_replicas,
        };
        let wanted = [want("b", 10, true), want("a", 90, false), want("c", 0, false)];
        assert_eq!(differs(&[routed("a", 90, 0), routed("b", 10, 1)], &wanted), None);
        let cases = [
            (vec![routed("a", 90, 1)], "does not route to `b`"),
            (vec![routed("b", 0, 1), routed("a", 90, 1)], "gives `b` 0 %"),
            (vec![routed("b", 10, 0), routed("a", 90, 1)], "no replica of `b`"),
            (
                vec![routed("b", 10, 1), routed("a", 90, 1), routed("d", 5, 1)],
                "still routes to `d`",
            ),
        ];
        for (routes, words) in cases {
            let told = differs(&routes, &wanted).unwrap_or_default();
            assert!(told.contains(words), "{told}");
        }
    }

    #[test]
    fn gateways_are_the_addresses_that_have_requests() {
        let slice = json!({
            "addressType": "IPv4",
            "ports": [{"name": "peers", "port": 9091}],
            "endpoints": [
                {"addresses": ["10.0.0.1"], "conditions": {"ready": true},
                 "targetRef": {"kind": "Pod", "name": "gateway-a"}},
                {"addresses": ["10.0.0.2"], "conditions": {"ready": false, "serving": false}},
                {"addresses": ["10.0.0.3"], "conditions": {}},
                {"addresses": ["10.0.0.4"],
                 "conditions": {"ready": false, "serving": true, "terminating": true}},
            ],
        });
        let found = serving(&serde_json::from_value(slice).unwrap());
        let shown = |(address, it): &(SocketAddr, Listed)| {
            format!("{address} {} {}", it.is_ready, it.pod.as_deref().unwrap_or("-"))
        };
        let expected =
            ["10.0.0.1:9091 true gateway-a", "10.0.0.3:9091 true -", "10.0.0.4:9091 false -"];
        assert_eq!(found.iter().map(shown).collect::<Vec<_>>(), expected);
    }
}
