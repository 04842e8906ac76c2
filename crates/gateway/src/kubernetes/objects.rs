//! Objects of Kubernetes, as far as a gateway reads them.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fmt,
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use k8s_openapi::{
    NamespaceResourceScope, api::discovery::v1::EndpointSlice,
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::Resource;
use longshore_kserve::{
    Component,
    annotations::wants_no_pool,
    status::{ComponentStatus, Traffic},
};
use longshore_platform::{Policy, Revision, Sticky, names, progressive::Shadow};
use serde::Deserialize;

use crate::description::{Endpoint, Part, Service, Share};

/// A namespace and a name in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key {
    pub(super) namespace: String,
    pub(super) name: String,
}

impl Key {
    pub(super) fn new(namespace: &str, name: &str) -> Self {
        Self { namespace: namespace.to_owned(), name: name.to_owned() }
    }

    /// The key of an object; what lies in no namespace has none.
    pub(super) fn of(meta: &ObjectMeta) -> Option<Self> {
        Some(Self { namespace: meta.namespace.clone()?, name: meta.name.clone()? })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// An InferenceService. Its specification is the operator's to read; its status is kept as it came, so
/// that one that cannot be understood does not end the list that it came in.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct InferenceService {
    pub(super) metadata: ObjectMeta,
    #[serde(default)]
    pub(super) status: serde_json::Value,
}

impl Resource for InferenceService {
    type DynamicType = ();
    type Scope = NamespaceResourceScope;

    fn kind((): &()) -> Cow<'_, str> {
        "InferenceService".into()
    }

    fn group((): &()) -> Cow<'_, str> {
        "serving.kserve.io".into()
    }

    fn version((): &()) -> Cow<'_, str> {
        "v1beta1".into()
    }

    fn plural((): &()) -> Cow<'_, str> {
        "inferenceservices".into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

/// What of a status is routed. A newer operator may say more, which is no reason not to route.
#[derive(Default, Deserialize)]
struct Status {
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    components: BTreeMap<Component, ComponentStatus>,
    #[serde(default)]
    conditions: Vec<Condition>,
}

#[derive(Deserialize)]
struct Condition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
}

/// How an InferenceService is routed; `None` while it is not to be: nothing is said of it yet, or it
/// is stopped.
pub(super) fn service(object: InferenceService) -> Result<Option<Service>, String> {
    let InferenceService { metadata, status } = object;
    let Some(Key { namespace, name }) = Key::of(&metadata) else { return Ok(None) };
    let status: Option<Status> = serde_json::from_value(status)
        .map_err(|error| format!("its status is not understood: {error}"))?;
    let status = status.unwrap_or_default();
    let mut conditions = status.conditions.iter();
    let is_stopped = conditions.any(|it| it.kind == "Stopped" && it.status == "True");
    if is_stopped || status.components.is_empty() {
        return Ok(None);
    }
    let annotations = metadata.annotations.unwrap_or_default();
    let sticky = annotations.get(names::STICKY).map(|text| Sticky::from_str(text)).transpose();
    let sticky = sticky.map_err(|fault| format!("annotation `{}`: {fault}", names::STICKY))?;
    let shadow = annotations.get(names::SHADOW).map(|text| Shadow::parse(text)).transpose();
    let shadow = shadow.map_err(|fault| format!("annotation `{}`: {fault}", names::SHADOW))?;
    // what was rolled back is not tried again
    let mut conditions = status.conditions.iter();
    let is_back = conditions.any(|it| it.kind == "RolloutProgressing" && it.status == "False");
    let shadow = shadow.filter(|_| !is_back);
    let policy = Policy::of(&annotations).map_err(|faults| {
        let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
        faults.join("; ")
    })?;
    let mut service = Service {
        namespace,
        name,
        at: status.url.into_iter().collect(),
        sticky,
        policy,
        no_pool: wants_no_pool(&annotations),
        ..Service::default()
    };
    for (component, said) in status.components {
        let mut part = Part { at: said.url.into_iter().collect(), traffic: Vec::new() };
        let has_previous = said.traffic.iter().any(|it| !is_new(it, true));
        for traffic in said.traffic {
            let copies = shadow.filter(|_| is_new(&traffic, has_previous));
            let Some(revision) = traffic.revision_name else { continue };
            let percent = u32::try_from(traffic.percent.unwrap_or(0)).unwrap_or(u32::MAX);
            let known = part.traffic.iter_mut().find(|share| share.revision == revision);
            match known {
                // a revision may have a share of its own and a tag beside it
                Some(share) => {
                    share.percent = share.percent.saturating_add(percent);
                    share.at.extend(traffic.url);
                }
                None => part.traffic.push(Share {
                    revision,
                    percent,
                    at: traffic.url.into_iter().collect(),
                    copies,
                }),
            }
        }
        service.components.insert(component, part);
    }
    Ok(Some(service))
}

/// True for a revision that is to take requests over: a predictor of `spec.canary`, or the latest one while
/// the one before it serves.
fn is_new(traffic: &Traffic, has_previous: bool) -> bool {
    let is_canary = traffic.tag.as_ref().is_some_and(|tag| tag.starts_with(names::CANARY_TAG));
    is_canary || (has_previous && traffic.latest_revision == Some(true))
}

/// The revision of a Service, and what the Service says of it.
pub(super) fn facts(metadata: &ObjectMeta) -> Result<Option<(String, Revision)>, String> {
    let Some(revision) = metadata.labels.as_ref().and_then(|all| all.get(names::REVISION)) else {
        return Ok(None);
    };
    let annotations = metadata.annotations.as_ref();
    let Some(text) = annotations.and_then(|all| all.get(names::REVISION_FACTS)) else {
        return Ok(None);
    };
    serde_json::from_str(text)
        .map(|facts| Some((revision.clone(), facts)))
        .map_err(|error| format!("annotation `{}`: {error}", names::REVISION_FACTS))
}

/// The addresses that one EndpointSlice has of a revision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Slice {
    /// Replicas that are ready.
    pub(super) ready: Vec<IpAddr>,
    /// Replicas that are going.
    pub(super) leaving: Vec<IpAddr>,
}

/// The revision of an EndpointSlice, and the addresses in it.
pub(super) fn slice(object: &EndpointSlice) -> Option<(String, Slice)> {
    let revision = object.metadata.labels.as_ref()?.get(names::REVISION)?.clone();
    Some((revision, addresses(object)))
}

/// The replicas of a warm pool in an EndpointSlice that take requests, by its ports.
pub(super) fn pool(object: &EndpointSlice) -> Vec<Endpoint> {
    let port = |name: &str| {
        let mut ports = object.ports.iter().flatten();
        let port = ports.find(|port| port.name.as_deref() == Some(name))?.port?;
        u16::try_from(port).ok()
    };
    let Some(http) = port("http") else { return Vec::new() };
    let grpc = port("grpc");
    let endpoint = |address: IpAddr| Endpoint {
        address: SocketAddr::new(address, http),
        grpc: grpc.map(|port| SocketAddr::new(address, port)),
    };
    let ready = addresses(object).ready;
    // one that is going takes requests until its successor is ready, for as long as its drain delays
    let all = if ready.is_empty() { going(object) } else { ready };
    all.into_iter().map(endpoint).collect()
}

/// The gateways in an EndpointSlice, by their ports for peers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Gateways {
    /// Those that take requests.
    pub(super) ready: Vec<SocketAddr>,
    /// Those that begin or go down.
    pub(super) others: Vec<SocketAddr>,
}

/// The gateways in an EndpointSlice, with `port` as their ports for peers.
pub(super) fn gateways(object: &EndpointSlice, port: u16) -> Gateways {
    let mut gateways = Gateways::default();
    let ready = addresses(object).ready;
    for endpoint in &object.endpoints {
        let address = endpoint.addresses.first().and_then(|text| text.parse::<IpAddr>().ok());
        let Some(address) = address else { continue };
        let is_ready = ready.contains(&address);
        let list = if is_ready { &mut gateways.ready } else { &mut gateways.others };
        list.push(SocketAddr::new(address, port));
    }
    gateways
}

/// The addresses that are going and still take requests.
fn going(object: &EndpointSlice) -> Vec<IpAddr> {
    let going = object.endpoints.iter().filter(|it| {
        let conditions = it.conditions.as_ref();
        conditions.is_some_and(|it| it.terminating == Some(true) && it.serving == Some(true))
    });
    going.filter_map(|it| it.addresses.first()?.parse().ok()).collect()
}

/// The addresses that one EndpointSlice has.
fn addresses(object: &EndpointSlice) -> Slice {
    let mut slice = Slice::default();
    for endpoint in &object.endpoints {
        let conditions = endpoint.conditions.as_ref();
        let is_ready = conditions.and_then(|it| it.ready).unwrap_or(true);
        let is_leaving = conditions.and_then(|it| it.terminating).unwrap_or(false);
        // the addresses of an endpoint are those of one pod, and the first is as good as any
        let Some(address) = endpoint.addresses.first().and_then(|text| text.parse().ok()) else {
            continue;
        };
        if is_leaving {
            slice.leaving.push(address);
        } else if is_ready {
            slice.ready.push(address);
        }
    }
    slice
}

#[cfg(test)]
mod tests;
