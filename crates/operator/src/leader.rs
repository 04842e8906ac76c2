//! Which of several operators acts: the one that holds a Lease.
//!
//! The holder renews it each [`RENEW`]; a holder that could not for [`GIVE_UP`] stops acting, and
//! only when nobody has renewed it for [`LEASE`] by one's own clock may another take it. Clocks of
//! machines are never compared.

use std::{future::Future, time::Duration};

use k8s_openapi::{
    api::coordination::v1::{Lease, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::MicroTime,
    jiff::Timestamp,
};
use kube::{
    Api, Client,
    api::{ObjectMeta, PostParams},
};
use tokio::time::{Instant, sleep, timeout};

use crate::{Error, cluster::Key};

/// How long a Lease holds that is not renewed.
pub(crate) const LEASE: Duration = Duration::from_secs(12);

/// How often it is renewed, and looked at.
pub(crate) const RENEW: Duration = Duration::from_secs(2);

/// When a holder stops acting that cannot renew it. The rest of [`LEASE`] is for what it has begun. An API
/// server that is busy answers late, and who stops acting for that begins all over again.
pub(crate) const GIVE_UP: Duration = Duration::from_secs(10);

/// A seat for which operators stand.
#[derive(Clone, Debug)]
pub(crate) struct Leadership {
    leases: Api<Lease>,
    name: String,
    identity: String,
}

/// What was last seen of the Lease, and since when by our own clock.
#[derive(Default)]
struct Watched {
    version: Option<String>,
    since: Option<Instant>,
}

impl Watched {
    /// True when a Lease has not changed for longer than it holds.
    fn is_over(&mut self, lease: &Lease, now: Instant) -> bool {
        let version = lease.metadata.resource_version.clone();
        if self.since.is_none() || self.version != version {
            self.version = version;
            self.since = Some(now);
        }
        self.since.is_some_and(|since| now.duration_since(since) >= LEASE)
    }
}

impl Leadership {
    /// Stands for the Lease of this key as `identity`.
    pub(crate) fn new(client: Client, lease: &Key, identity: String) -> Self {
        let leases = Api::namespaced(client, &lease.namespace);
        Self { leases, name: lease.name.clone(), identity }
    }

    /// Runs `act` whenever this operator holds the Lease, and drops it and calls `lost` when it does
    /// not any more, until `end`; then gives the Lease back.
    pub(crate) async fn lead<F: Future<Output = ()>>(
        &self,
        mut act: impl FnMut() -> F,
        mut lost: impl FnMut(),
        end: impl Future<Output = ()>,
    ) {
        tokio::pin!(end);
        loop {
            let lease = tokio::select! {
                lease = self.acquire() => lease,
                () = &mut end => return,
            };
            tracing::info!(lease = self.name, "leading");
            let is_end = tokio::select! {
                () = act() => false,
                () = self.keep(lease) => {
                    tracing::warn!(lease = self.name, "the Lease could not be kept: another operator may act now");
                    false
                }
                () = &mut end => true,
            };
            lost();
            if is_end {
                self.give_back().await;
                return;
            }
        }
    }

    /// Waits until the Lease is ours.
    async fn acquire(&self) -> Lease {
        let mut watched = Watched::default();
        loop {
            match self.try_acquire(&mut watched).await {
                Ok(Some(lease)) => return lease,
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "the Lease cannot be had"),
            }
            sleep(RENEW).await;
        }
    }

    async fn try_acquire(&self, watched: &mut Watched) -> Result<Option<Lease>, Error> {
        let doing = || format!("read the Lease `{}`", self.name);
        let found = self.leases.get_opt(&self.name).await.map_err(Error::api(doing()))?;
        let Some(found) = found else {
            let lease = Lease {
                metadata: ObjectMeta { name: Some(self.name.clone()), ..ObjectMeta::default() },
                spec: Some(self.spec(0)),
            };
            return self.won(self.leases.create(&PostParams::default(), &lease).await);
        };
        let spec = found.spec.clone().unwrap_or_default();
        let holder = spec.holder_identity.as_deref().unwrap_or_default();
        let is_free = holder.is_empty() || holder == self.identity;
        if !is_free && !watched.is_over(&found, Instant::now()) {
            return Ok(None);
        }
        let terms = spec.lease_transitions.unwrap_or(0) + i32::from(holder != self.identity);
        let lease = Lease { spec: Some(self.spec(terms)), ..found };
        self.won(self.leases.replace(&self.name, &PostParams::default(), &lease).await)
    }

    /// The Lease that was written, unless another operator was faster.
    fn won(&self, written: kube::Result<Lease>) -> Result<Option<Lease>, Error> {
        match written {
            Ok(lease) => Ok(Some(lease)),
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(None),
            Err(error) => Err(Error::api(format!("write the Lease `{}`", self.name))(error)),
        }
    }

    fn spec(&self, terms: i32) -> LeaseSpec {
        let now = MicroTime(Timestamp::now());
        LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            acquire_time: Some(now.clone()),
            renew_time: Some(now),
            lease_duration_seconds: Some(LEASE.as_secs() as i32),
            lease_transitions: Some(terms),
            ..LeaseSpec::default()
        }
    }

    /// Renews the Lease, until that fails.
    async fn keep(&self, mut lease: Lease) {
        let mut renewed = Instant::now();
        loop {
            sleep(RENEW).await;
            let begun = Instant::now();
            if let Some(spec) = &mut lease.spec {
                spec.renew_time = Some(MicroTime(Timestamp::now()));
            }
            let parameters = PostParams::default();
            let left = GIVE_UP.saturating_sub(renewed.elapsed());
            let written = timeout(left, self.leases.replace(&self.name, &parameters, &lease)).await;
            match written {
                Ok(Ok(written)) => {
                    lease = written;
                    renewed = begun;
                }
                Ok(Err(kube::Error::Api(status))) if status.code == 409 => {
                    // an answer to an earlier renewal may have been lost: the Lease itself tells
                    match timeout(left, self.leases.get(&self.name)).await {
                        Ok(Ok(found)) if self.holds(&found) => lease = found,
                        Ok(Ok(_)) => return,
                        Ok(Err(_)) | Err(_) => {}
                    }
                }
                Ok(Err(error)) => tracing::warn!(%error, "the Lease could not be renewed"),
                Err(_) => {}
            }
            if renewed.elapsed() >= GIVE_UP {
                return;
            }
        }
    }

    fn holds(&self, lease: &Lease) -> bool {
        let holder = lease.spec.as_ref().and_then(|spec| spec.holder_identity.as_deref());
        holder == Some(&*self.identity)
    }

    /// Lets another operator take the Lease at once.
    async fn give_back(&self) {
        let given = async {
            let mut lease = self.leases.get(&self.name).await?;
            if !self.holds(&lease) {
                return Ok(());
            }
            if let Some(spec) = &mut lease.spec {
                spec.holder_identity = Some(String::new());
            }
            self.leases.replace(&self.name, &PostParams::default(), &lease).await.map(|_| ())
        };
        match timeout(RENEW, given).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the Lease could not be given back"),
            Err(_) => tracing::warn!("the Lease could not be given back in time"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        sync::{
            Arc, Mutex,
            atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
        },
        time::Duration,
    };

    use http_body_util::BodyExt;
    use hyper::{Method, Request, Response};
    use kube::{Client, client::Body};
    use serde_json::{Value, json};
    use tokio::time::{Instant, sleep};

    use super::{LEASE, Leadership};
    use crate::cluster::Key;

    /// The Lease as the API server keeps it: whoever writes names the version that it has seen.
    #[derive(Clone, Default)]
    struct Api(Arc<Mutex<Option<Value>>>);

    impl Api {
        /// A client of it, which gets no answers while `is_cut` holds.
        fn client(&self, is_cut: Arc<AtomicBool>) -> Client {
            let api = self.clone();
            let service = tower::service_fn(move |request: Request<Body>| {
                let (api, is_cut) = (api.clone(), is_cut.clone());
                async move {
                    if is_cut.load(SeqCst) {
                        std::future::pending::<()>().await;
                    }
                    let (head, body) = request.into_parts();
                    let body = body.collect().await.unwrap().to_bytes();
                    let sent = serde_json::from_slice(&body).unwrap_or_default();
                    let (code, value) = api.answer(&head.method, sent);
                    let mut response = Response::new(Body::from(value.to_string().into_bytes()));
                    *response.status_mut() = code.try_into().unwrap();
                    Ok::<_, Infallible>(response)
                }
            });
            Client::new(service, "ml")
        }

        fn answer(&self, method: &Method, mut sent: Value) -> (u16, Value) {
            let fail = |code: u16, reason: &str| {
                let status = json!({
                    "kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": reason,
                });
                (code, status)
            };
            let mut lease = self.0.lock().unwrap();
            let version = |lease: &Value| lease["metadata"]["resourceVersion"].clone();
            match (method, &*lease) {
                (&Method::GET, None) => return fail(404, "NotFound"),
                (&Method::GET, Some(lease)) => return (200, lease.clone()),
                (&Method::POST, Some(_)) => return fail(409, "AlreadyExists"),
                (&Method::PUT, Some(lease)) if version(lease) != version(&sent) => {
                    return fail(409, "Conflict");
                }
                _ => {}
            }
            let number = lease.as_ref().and_then(|it| version(it).as_str()?.parse::<u32>().ok());
            sent["metadata"]["resourceVersion"] = (number.unwrap_or(0) + 1).to_string().into();
            *lease = Some(sent.clone());
            (200, sent)
        }
    }

    /// Operators that stand for one Lease.
    #[derive(Clone, Default)]
    struct Seats {
        api: Api,
        acting: Arc<AtomicUsize>,
        most: Arc<AtomicUsize>,
        log: Arc<Mutex<Vec<(&'static str, Duration)>>>,
    }

    impl Seats {
        async fn stand(
            self,
            name: &'static str,
            is_cut: Arc<AtomicBool>,
            end: impl Future<Output = ()>,
        ) {
            let begun = Instant::now();
            let client = self.api.client(is_cut);
            let leadership = Leadership::new(client, &Key::new("ml", "op"), name.to_owned());
            let act = || async {
                self.log.lock().unwrap().push((name, begun.elapsed()));
                let acting = self.acting.fetch_add(1, SeqCst) + 1;
                self.most.fetch_max(acting, SeqCst);
                std::future::pending::<()>().await;
            };
            let lost = || {
                self.acting.fetch_sub(1, SeqCst);
            };
            leadership.lead(act, lost, end).await;
        }

        /// Who led, in order.
        fn leaders(&self) -> Vec<&'static str> {
            self.log.lock().unwrap().iter().map(|(name, _)| *name).collect()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_leads_and_a_leader_that_goes_is_followed_at_once() {
        let seats = Seats::default();
        let here = Arc::new(AtomicBool::new(false));
        let first = seats.clone().stand("a", here.clone(), sleep(Duration::from_mins(1)));
        let second = async {
            sleep(Duration::from_secs(1)).await;
            seats.clone().stand("b", here.clone(), sleep(Duration::from_mins(2))).await;
        };
        tokio::join!(first, second);
        assert_eq!(seats.leaders(), ["a", "b"]);
        assert_eq!(seats.most.load(SeqCst), 1);
        let took_over = seats.log.lock().unwrap()[1].1;
        assert!(took_over < Duration::from_secs(62), "{took_over:?}: the Lease was given back");
    }

    #[tokio::test(start_paused = true)]
    async fn a_leader_that_is_cut_off_stops_before_another_begins() {
        let seats = Seats::default();
        let cut = Arc::new(AtomicBool::new(false));
        let here = Arc::new(AtomicBool::new(false));
        let first = seats.clone().stand("a", cut.clone(), sleep(Duration::from_secs(100)));
        let second = async {
            sleep(Duration::from_secs(1)).await;
            seats.clone().stand("b", here.clone(), sleep(Duration::from_secs(100))).await;
        };
        let cutting = async {
            sleep(Duration::from_secs(30)).await;
            cut.store(true, SeqCst);
        };
        tokio::join!(first, second, cutting);
        assert_eq!((seats.leaders(), seats.most.load(SeqCst)), (vec!["a", "b"], 1));
        let took_over = seats.log.lock().unwrap()[1].1;
        let latest = Duration::from_secs(30) + LEASE + Duration::from_secs(4);
        assert!(took_over < latest, "{took_over:?}");
    }
}
