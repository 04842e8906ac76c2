//! Replicas that tell their address themselves, before Kubernetes lists it.
//!
//! Nothing that a replica says is believed: its token says which pod it is, the pod itself says which
//! revision it belongs to and where it is.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use k8s_openapi::api::{
    authentication::v1::{TokenReview, TokenReviewSpec, UserInfo},
    core::v1::Pod,
};
use kube::{Api, Client, api::PostParams};
use longshore_daemon::{Code, gate::Gate};
use longshore_platform::{Announcement, names};
use ring::digest::{SHA256, digest};
use tokio::time;

use super::{Kubernetes, objects::Key};

/// The audience of the tokens of replicas.
const AUDIENCE: &str = "longshore-gateway";

/// How long an announced address stays that no EndpointSlice names.
const STAYS: Duration = Duration::from_secs(10);

/// Announcements at a time. Each asks the API server twice.
const AT_A_TIME: usize = 64;

/// How many announcements one address may make in a while: a replica makes seven at most.
const MOST: u32 = 20;
const WHILE: Duration = Duration::from_secs(10);

/// How long the API server may take for both questions.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How long it is remembered whose a token is, and for how many.
const REMEMBERED: Duration = Duration::from_secs(30);
const MOST_REMEMBERED: usize = 4096;

/// Longest token. One of a ServiceAccount has about 1 KiB.
const LONGEST_TOKEN: usize = 16 << 10;

/// Why an announcement is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The kind of failure.
    pub(crate) code: Code,
    /// What the replica is told.
    pub(crate) message: String,
}

impl Refusal {
    fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// The pod that a token was made for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Identity {
    namespace: String,
    pod: String,
    uid: String,
}

/// What is remembered of announcements.
#[derive(Debug)]
pub(super) struct Desk {
    permits: Gate,
    /// Announcements of each address, and since when they are counted.
    asked: Mutex<HashMap<IpAddr, (Instant, u32)>>,
    /// By the digests of the tokens.
    identities: Mutex<HashMap<[u8; 32], (Instant, Identity)>>,
}

impl Desk {
    pub(super) fn new() -> Self {
        let (asked, identities) = (Mutex::default(), Mutex::default());
        Self { permits: Gate::new(AT_A_TIME), asked, identities }
    }

    /// Counts an announcement; false when its address has made too many.
    fn admits(&self, source: IpAddr, now: Instant) -> bool {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.len() > MOST_REMEMBERED {
            asked.retain(|_, (since, _)| now.duration_since(*since) < WHILE);
        }
        let (since, count) = asked.entry(source).or_insert((now, 0));
        if now.duration_since(*since) >= WHILE {
            (*since, *count) = (now, 0);
        }
        *count += 1;
        *count <= MOST
    }

    fn remembered(&self, token: &[u8; 32], now: Instant) -> Option<Identity> {
        let identities = self.identities.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, identity) = identities.get(token)?;
        (now.duration_since(*since) < REMEMBERED).then(|| identity.clone())
    }

    fn remember(&self, token: [u8; 32], identity: &Identity, now: Instant) {
        let mut identities = self.identities.lock().unwrap_or_else(PoisonError::into_inner);
        if identities.len() >= MOST_REMEMBERED {
            identities.retain(|_, (since, _)| now.duration_since(*since) < REMEMBERED);
        }
        if identities.len() < MOST_REMEMBERED {
            identities.insert(token, (now, identity.clone()));
        }
    }
}

impl Kubernetes {
    /// Takes the address of a replica, when its token and its pod bear it out. `source` is where the
    /// announcement came from.
    pub(crate) async fn announced(
        &self,
        announcement: Announcement,
        token: String,
        source: IpAddr,
    ) -> Result<(), Refusal> {
        let desk = &self.0.desk;
        let source = source.to_canonical();
        if !desk.admits(source, Instant::now()) {
            let message = format!(
                "this address has announced more than {MOST} times in {} s",
                WHILE.as_secs()
            );
            return Err(Refusal::new(Code::TooManyRequests, message));
        }
        let Some(_permit) = desk.permits.enter(1) else {
            return Err(Refusal::new(Code::Unavailable, "too many announcements at a time"));
        };
        let this = self.clone();
        // the client belongs to the runtime that it was made in
        let asking = self.0.deployments.runtime().spawn(async move {
            let asked = this.confirm(&announcement, &token, source);
            time::timeout(TIMEOUT, asked).await.unwrap_or_else(|_| {
                Err(Refusal::new(Code::Unavailable, "the Kubernetes API does not answer"))
            })
        });
        asking
            .await
            .unwrap_or_else(|_| Err(Refusal::new(Code::Unavailable, "the gateway is going")))
    }

    async fn confirm(
        &self,
        announcement: &Announcement,
        token: &str,
        source: IpAddr,
    ) -> Result<(), Refusal> {
        let Identity { namespace, pod: name, uid } = self.identity(token).await?;
        let denied = |message| Err(Refusal::new(Code::PermissionDenied, message));
        let watched = &self.0.namespaces;
        if !watched.is_empty() && !watched.contains(&namespace) {
            return denied(format!("this gateway does not route the namespace `{namespace}`"));
        }
        let pods = Api::<Pod>::namespaced(self.0.client.clone(), &namespace);
        let pod = pods.get(&name).await.map_err(|error| unanswered("the pod", &error))?;
        if pod.metadata.uid.as_ref() != Some(&uid) {
            return denied(format!("the token is of another pod than `{name}` is now"));
        }
        if pod.metadata.deletion_timestamp.is_some() {
            return denied(format!("the pod `{name}` is going"));
        }
        let label = pod.metadata.labels.as_ref().and_then(|labels| labels.get(names::REVISION));
        if label != Some(&announcement.revision) {
            return denied(format!(
                "the pod `{name}` does not belong to the revision `{}`: see its label `{}`",
                announcement.revision,
                names::REVISION
            ));
        }
        let address = announcement.address.to_canonical();
        if !addresses(&pod, source).contains(&address) {
            return denied(format!("the pod `{name}` is not at {address}"));
        }
        let key = Key::new(&namespace, &announcement.revision);
        if !self.learn_announced(&key, address, Instant::now() + STAYS) {
            let message = format!("the revision `{key}` is not known yet; try again");
            return Err(Refusal::new(Code::NotFound, message));
        }
        Ok(())
    }

    /// The pod that a token was made for, as the API server says.
    async fn identity(&self, token: &str) -> Result<Identity, Refusal> {
        if token.len() > LONGEST_TOKEN {
            return Err(Refusal::new(Code::Unauthenticated, "the token is too long for one"));
        }
        let mut key = [0; 32];
        key.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        if let Some(identity) = self.0.desk.remembered(&key, Instant::now()) {
            return Ok(identity);
        }
        let user = review(self.0.client.clone(), token).await?;
        let identity = identity(&user).ok_or_else(|| {
            Refusal::new(Code::PermissionDenied, "the token is not one that was made for a pod")
        })?;
        self.0.desk.remember(key, &identity, Instant::now());
        Ok(identity)
    }
}

/// Whose a token is.
async fn review(client: Client, token: &str) -> Result<UserInfo, Refusal> {
    let review = TokenReview {
        spec: TokenReviewSpec {
            token: Some(token.to_owned()),
            audiences: Some(vec![AUDIENCE.to_owned()]),
        },
        ..TokenReview::default()
    };
    let reviews = Api::<TokenReview>::all(client);
    let reviewed = reviews.create(&PostParams::default(), &review).await;
    let reviewed = reviewed.map_err(|error| unanswered("the token", &error))?;
    let status = reviewed.status.unwrap_or_default();
    let is_meant = status.audiences.iter().flatten().any(|audience| audience == AUDIENCE);
    match status.user {
        Some(user) if status.authenticated == Some(true) && is_meant => Ok(user),
        _ => {
            let message = format!(
                "the token is not one of this cluster for the audience `{AUDIENCE}`, or has expired"
            );
            Err(Refusal::new(Code::Unauthenticated, message))
        }
    }
}

/// The pod of a bound token. Kubernetes writes both into what it says of the user
/// (<https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/>).
fn identity(user: &UserInfo) -> Option<Identity> {
    let account = user.username.as_ref()?.strip_prefix("system:serviceaccount:")?;
    let (namespace, _) = account.split_once(':')?;
    let extra = |name: &str| user.extra.as_ref()?.get(name)?.first().cloned();
    Some(Identity {
        namespace: namespace.to_owned(),
        pod: extra("authentication.kubernetes.io/pod-name")?,
        uid: extra("authentication.kubernetes.io/pod-uid")?,
    })
}

/// Where a pod is; where the announcement came from, while Kubernetes does not know it yet.
fn addresses(pod: &Pod, source: IpAddr) -> Vec<IpAddr> {
    let status = pod.status.as_ref();
    let listed = status.and_then(|status| status.pod_ips.as_ref()).into_iter().flatten();
    let listed = listed.map(|listed| &listed.ip);
    let all = status.and_then(|status| status.pod_ip.as_ref()).into_iter().chain(listed);
    let found: Vec<IpAddr> = all.filter_map(|text| text.parse().ok()).collect();
    if found.is_empty() { vec![source] } else { found }
}

fn unanswered(what: &str, error: &kube::Error) -> Refusal {
    match error {
        kube::Error::Api(status) if status.code == 404 => {
            Refusal::new(Code::PermissionDenied, format!("{what} is not known to Kubernetes"))
        }
        _ => {
            tracing::warn!(%error, "an announcement cannot be checked");
            Refusal::new(Code::Unavailable, format!("{what} cannot be checked now"))
        }
    }
}

#[cfg(test)]
mod tests;
