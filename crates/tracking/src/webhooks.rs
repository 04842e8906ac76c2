//! Webhooks: addresses that are told what happens in the registry, once it is on disk.
//!
//! A delivery is JSON. With a secret it is signed as <https://www.standardwebhooks.com> says, in headers of
//! MLflow's own names.

mod delivery;
mod fernet;
mod public;

use std::{
    fmt,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender},
    },
    thread,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::hmac::{self, HMAC_SHA256};
use ureq::{Agent, http::Uri, unversioned::transport::DefaultConnector};

pub use delivery::{Delivery, Event};
pub use fernet::Fernet;

use crate::{Error, clock::now, random};

/// Deliveries at a time.
const WORKERS: usize = 4;

/// Most deliveries that wait; further ones are dropped, which is logged.
const WAITING: usize = 10_000;

/// Most bytes of an answer that are read.
const MOST_BYTES: u64 = 64 << 10;

/// The first pause before a delivery is repeated; each is twice the one before.
const PAUSE: Duration = Duration::from_secs(1);

/// How long the addresses of a host may be looked for.
const LOOK_UP: Duration = Duration::from_secs(5);

/// What webhooks are and how they are called.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The schemes that their addresses may have.
    pub schemes: Vec<String>,
    /// Whether they may be on machines that are not on the public internet.
    pub allow_private: bool,
    /// What seals their secrets; `None` is that there cannot be any.
    pub key: Option<Fernet>,
    /// How long one may take to answer.
    pub timeout: Duration,
    /// How often a delivery is repeated.
    pub retries: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            schemes: vec!["https".to_owned()],
            allow_private: false,
            key: None,
            timeout: Duration::from_secs(30),
            retries: 3,
        }
    }
}

/// What came of a delivery: a status and the beginning of the answer, or why there is none.
pub type Outcome = Result<(u16, String), String>;

/// Sends deliveries.
pub(crate) struct Webhooks {
    caller: Arc<Caller>,
    /// `None` once no more are taken.
    queue: Mutex<Option<SyncSender<Delivery>>>,
    /// Deliveries that are neither made nor given up.
    open: Arc<AtomicUsize>,
    /// Closed once every thread that sends has ended.
    ended: Mutex<Receiver<()>>,
}

struct Caller {
    agent: Agent,
    settings: Settings,
}

impl Webhooks {
    /// Starts the threads that send. They end when this is dropped.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub(crate) fn start(settings: &Settings) -> Result<Self, Error> {
        let config = Agent::config_builder()
            .timeout_global(Some(settings.timeout))
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .user_agent(concat!("longshore/", env!("CARGO_PKG_VERSION")))
            .build();
        let resolver = public::Public { is_off: settings.allow_private };
        let agent = Agent::with_parts(config, DefaultConnector::default(), resolver);
        let caller = Arc::new(Caller { agent, settings: settings.clone() });
        let (queue, waiting) = mpsc::sync_channel::<Delivery>(WAITING);
        let waiting = Arc::new(Mutex::new(waiting));
        let open = Arc::new(AtomicUsize::new(0));
        let (running, ended) = mpsc::channel();
        for _ in 0..WORKERS {
            let (caller, waiting, open) = (caller.clone(), waiting.clone(), open.clone());
            let running = running.clone();
            let work = move || {
                let _running = running;
                loop {
                    let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(delivery) = next else { return };
                    caller.deliver(&delivery);
                    open.fetch_sub(1, Ordering::Relaxed);
                }
            };
            let started = thread::Builder::new().name("webhooks".to_owned()).spawn(work);
            started.map_err(|_| Error::Unavailable)?;
        }
        Ok(Self { caller, queue: Mutex::new(Some(queue)), open, ended: Mutex::new(ended) })
    }

    /// Sends deliveries soon.
    pub(crate) fn send(&self, deliveries: Vec<Delivery>) {
        if deliveries.is_empty() {
            return;
        }
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(queue) = &*queue else {
            tracing::error!(count = deliveries.len(), "webhooks are not called: the server ends");
            return;
        };
        for delivery in deliveries {
            self.open.fetch_add(1, Ordering::Relaxed);
            if let Err(error) = queue.try_send(delivery) {
                self.open.fetch_sub(1, Ordering::Relaxed);
                tracing::error!(%error, "a webhook is not called: too many calls wait");
            }
        }
    }

    /// Takes no more deliveries, and waits until those it has are made or given up, at most until `end`.
    pub(crate) fn finish(&self, end: Instant) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let left = end.saturating_duration_since(Instant::now());
        if ended.recv_timeout(left) == Err(RecvTimeoutError::Timeout) {
            let count = self.open.load(Ordering::Relaxed);
            tracing::error!(count, "webhooks were not told before the server ended");
        }
    }

    /// Sends a delivery once, and waits for what comes of it.
    pub(crate) async fn try_once(&self, delivery: Delivery) -> Outcome {
        let caller = self.caller.clone();
        let sent = tokio::task::spawn_blocking(move || caller.post(&delivery)).await;
        sent.unwrap_or_else(|error| Err(error.to_string()))
    }
}

impl Caller {
    fn deliver(&self, delivery: &Delivery) {
        let mut pause = PAUSE;
        for attempt in 0..=self.settings.retries {
            let outcome = self.post(delivery);
            let again = match &outcome {
                Ok((status, _)) => matches!(status, 429 | 500 | 502 | 503 | 504),
                Err(_) => true,
            };
            if !again {
                return;
            }
            let reason =
                outcome.map_or_else(|reason| reason, |(status, _)| format!("it answered {status}"));
            tracing::warn!(url = delivery.url, attempt, reason, "a webhook was not told");
            if attempt < self.settings.retries {
                thread::sleep(pause);
                pause *= 2;
            }
        }
    }

    fn post(&self, delivery: &Delivery) -> Outcome {
        let id = random::uuid().map_err(|error| error.to_string())?;
        let at = (now() / 1000).to_string();
        let mut request = self
            .agent
            .post(&delivery.url)
            .header("Content-Type", "application/json")
            .header("X-MLflow-Delivery-Id", &id)
            .header("X-MLflow-Timestamp", &at);
        if let Some(sealed) = &delivery.secret {
            let key = self.settings.key.as_ref();
            let secret = key.and_then(|key| key.open(sealed)).ok_or_else(|| {
                "its secret was sealed with another `MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY`; give the webhook a new secret".to_owned()
            })?;
            request =
                request.header("X-MLflow-Signature", signature(&secret, &id, &at, &delivery.body));
        }
        let mut response =
            request.send(delivery.body.as_bytes()).map_err(|error| error.to_string())?;
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(MOST_BYTES).lossy_utf8(true);
        Ok((status, body.read_to_string().unwrap_or_default()))
    }
}

/// The signature of a delivery.
fn signature(secret: &str, id: &str, at: &str, body: &str) -> String {
    let key = hmac::Key::new(HMAC_SHA256, secret.as_bytes());
    let signed = hmac::sign(&key, format!("{id}.{at}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(signed))
}

/// Checks the address of a webhook that is to be made.
///
/// # Errors
/// When the server would not call it.
pub(crate) async fn check_url(url: &str, settings: &Settings) -> Result<(), Error> {
    if url.trim().is_empty() {
        let words = format!("Webhook URL cannot be empty or just whitespace: '{url}'");
        return Err(Error::invalid(words));
    }
    let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme).to_ascii_lowercase();
    if !settings.schemes.contains(&scheme) {
        let words = format!(
            "Invalid webhook URL scheme: '{scheme}'. Allowed schemes are: {}.",
            settings.schemes.join(", ")
        );
        return Err(Error::invalid(words));
    }
    let uri: Option<Uri> = url.parse().ok();
    let host = uri.as_ref().and_then(Uri::host).filter(|host| !host.is_empty());
    let Some(host) = host else {
        return Err(Error::invalid(format!("Webhook URL must include a hostname: '{url}'")));
    };
    if settings.allow_private {
        return Ok(());
    }
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let found = tokio::time::timeout(LOOK_UP, tokio::net::lookup_host((bare, 443))).await;
    let found: Vec<SocketAddr> = match found {
        Ok(Ok(found)) => found.collect(),
        Ok(Err(error)) => {
            return Err(Error::invalid(format!(
                "Cannot resolve Webhook URL hostname '{bare}': {error}"
            )));
        }
        Err(_) => {
            let words =
                format!("Timed out resolving Webhook URL hostname '{bare}' after 5 seconds");
            return Err(Error::invalid(words));
        }
    };
    match found.iter().find(|it| !public::is_public(it.ip())) {
        Some(inner) => Err(Error::invalid(format!(
            "Webhook URL must not resolve to a non-public IP address. '{bare}' resolves to {}.",
            inner.ip()
        ))),
        None => Ok(()),
    }
}

impl fmt::Debug for Webhooks {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Webhooks")
            .field("settings", &self.caller.settings)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::signature;

    #[test]
    fn a_delivery_is_signed_as_mlflow_signs_it() {
        // by `hmac` of Python's library
        let body = r#"{"event_type":"ping","data":{"success":true}}"#;
        let signed =
            signature("plJ3nmyCDGBKInavdOK15jsl", "msg_loFOjxBNrRLzqYUf", "1731705121", body);
        assert_eq!(signed, "v1,9AK84Ohf52TdXseLAMJe4NT/Spc+D3e8ettjgi3gjKU=");
    }
}
