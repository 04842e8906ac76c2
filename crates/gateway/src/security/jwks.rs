//! The keys of an issuer of tokens, from a file or over HTTPS, read again when they change.

use std::{
    collections::HashMap,
    fmt, fs, io,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{self, RecvTimeoutError, SyncSender},
    },
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use arc_swap::ArcSwap;
use prometheus_client::registry::Registry;
use ring::digest::{SHA256, digest};
use ureq::{
    Agent,
    tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem},
};

use super::{
    jwt::{self, Claims, Expected, Fault, Key},
    metrics::JwksMetrics,
};
use crate::Error;

/// How often a file is looked at, and how often a URL is asked.
const LOOK: Duration = Duration::from_secs(2);
const ASK: Duration = Duration::from_mins(5);

/// The shortest pause between two requests to a URL, however many tokens have keys that are not known.
const PAUSE: Duration = Duration::from_secs(10);

/// How long a URL may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Most bytes of a set of keys.
const MOST_BYTES: u64 = 1 << 20;

/// Most tokens whose signatures are remembered as right.
const MOST_REMEMBERED: usize = 10_000;

/// Where a set of keys is (JWKS, RFC 7517).
#[derive(Clone, Debug)]
pub enum JwksSource {
    /// A file.
    File(PathBuf),
    /// An `https` URL.
    Url {
        /// The URL.
        url: String,
        /// The authorities to believe, in PEM form, instead of the usual ones.
        authorities: Option<PathBuf>,
    },
}

/// What JSON Web Tokens have to be. Clones are handles to the same keys.
#[derive(Clone)]
pub struct Tokens(Arc<State>);

struct State {
    source: JwksSource,
    agent: Option<Agent>,
    issuer: String,
    audience: String,
    keys: ArcSwap<Keys>,
    /// Asks the thread to read the keys now.
    ask: SyncSender<()>,
    /// By the digests of tokens and of the audience that each was verified for.
    verified: Mutex<HashMap<[u8; 32], Claims>>,
    failures: AtomicU64,
}

/// Keys, and the bytes that they were read from.
#[derive(Default)]
struct Keys {
    text: Vec<u8>,
    keys: Vec<Key>,
}

impl Tokens {
    /// Tokens of `issuer` for `audience`, where a service names no other. The keys are read now, and
    /// then again and again on a thread of their own.
    ///
    /// # Errors
    /// [`Error::Jwks`] when a file has no keys or a setting is wrong. A URL that does not answer is
    /// asked again: until then no token is let in.
    pub fn open(source: &JwksSource, issuer: String, audience: String) -> Result<Self, Error> {
        let wrong = |fault: String| Error::Jwks { source_name: source.to_string(), fault };
        let agent = match source {
            JwksSource::File(_) => None,
            JwksSource::Url { url, authorities } => {
                if !url.starts_with("https://") {
                    return Err(wrong("it is no `https` URL, and whoever can change what it gives could let anybody in".into()));
                }
                Some(agent(authorities.as_ref()).map_err(wrong)?)
            }
        };
        let (ask, asked) = mpsc::sync_channel(1);
        let state = Arc::new(State {
            source: source.clone(),
            agent,
            issuer,
            audience,
            keys: ArcSwap::default(),
            ask,
            verified: Mutex::default(),
            failures: AtomicU64::new(0),
        });
        match (state.read(), source) {
            (Ok(_), _) => {}
            (Err(fault), JwksSource::File(_)) => return Err(wrong(fault)),
            (Err(fault), JwksSource::Url { url, .. }) => {
                tracing::error!(url, fault, "no token is let in until the keys can be read");
            }
        }
        let weak = Arc::downgrade(&state);
        thread::Builder::new()
            .name("jwks".into())
            .spawn(move || follow(&weak, &asked))
            .map_err(|source| Error::Thread { source })?;
        Ok(Self(state))
    }

    /// Adds the metrics of the keys.
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register_collector(Box::new(JwksMetrics(self.clone())));
    }

    /// Keys that are known, and attempts to read them that failed.
    pub(super) fn counts(&self) -> (usize, u64) {
        (self.0.keys.load().keys.len(), self.0.failures.load(Relaxed))
    }

    /// What a token says, when it is one of the issuer for `audience`, or for the usual one.
    pub(super) fn verify(&self, token: &str, audience: Option<&str>) -> Result<Claims, Fault> {
        let State { issuer, keys, verified, ask, .. } = &*self.0;
        let audience = audience.unwrap_or(&self.0.audience);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let mut text = Vec::with_capacity(token.len() + audience.len() + 1);
        // no token has a line break
        text.extend_from_slice(token.as_bytes());
        text.push(b'\n');
        text.extend_from_slice(audience.as_bytes());
        let mut name = [0; 32];
        name.copy_from_slice(digest(&SHA256, &text).as_ref());
        let lock = || verified.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(claims) = lock().get(&name)
            && claims.expires > now
        {
            return Ok(claims.clone());
        }
        let keys = keys.load();
        let found = jwt::verify(token, &keys.keys, Expected { issuer, audience, now });
        match &found {
            Ok(claims) if claims.expires > now => {
                let mut verified = lock();
                if verified.len() >= MOST_REMEMBERED {
                    verified.retain(|_, claims| claims.expires > now);
                }
                // what was verified by keys that have changed since is not remembered
                if verified.len() < MOST_REMEMBERED && Arc::ptr_eq(&keys, &self.0.keys.load()) {
                    verified.insert(name, claims.clone());
                }
            }
            Err(Fault::UnknownKey) => {
                let _ = ask.try_send(());
            }
            _ => {}
        }
        found
    }
}

impl State {
    /// Reads the keys, and takes them over when they have changed.
    fn read(&self) -> Result<bool, String> {
        let text = match (&self.source, &self.agent) {
            (JwksSource::Url { url, .. }, Some(agent)) => fetch(agent, url)?,
            (JwksSource::File(path), _) => fs::read(path).map_err(|error| error.to_string())?,
            (JwksSource::Url { .. }, None) => return Err("it cannot be asked".into()),
        };
        if self.keys.load().text == text {
            return Ok(false);
        }
        let keys = jwt::keys(&text)?;
        self.keys.store(Arc::new(Keys { text, keys }));
        self.verified.lock().unwrap_or_else(PoisonError::into_inner).clear();
        Ok(true)
    }
}

/// Reads the keys again and again, until nobody holds them any more.
fn follow(state: &Weak<State>, asked: &mpsc::Receiver<()>) {
    let mut trouble = None;
    let mut last = Instant::now();
    loop {
        let Some(every) = state.upgrade().map(|state| match state.source {
            JwksSource::File(_) => LOOK,
            // a URL that failed is asked again soon
            JwksSource::Url { .. } if trouble.is_some() => PAUSE,
            JwksSource::Url { .. } => ASK,
        }) else {
            return;
        };
        match asked.recv_timeout(every) {
            Ok(()) => thread::sleep(PAUSE.min(every).saturating_sub(last.elapsed())),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let Some(state) = state.upgrade() else { return };
        last = Instant::now();
        match state.read() {
            Ok(changed) => {
                if changed {
                    tracing::info!(source = %state.source, "the keys of tokens were read again");
                }
                trouble = None;
            }
            Err(fault) => {
                state.failures.fetch_add(1, Relaxed);
                if trouble.as_ref() != Some(&fault) {
                    tracing::error!(source = %state.source, fault, "the keys of tokens stay as they were");
                }
                trouble = Some(fault);
            }
        }
    }
}

fn agent(authorities: Option<&PathBuf>) -> Result<Agent, String> {
    let mut tls = TlsConfig::builder();
    if let Some(path) = authorities {
        let named = |error: &dyn fmt::Display| format!("`{}`: {error}", path.display());
        let text = fs::read(path).map_err(|error: io::Error| named(&error))?;
        let items = parse_pem(&text).filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        });
        let certificates: Vec<Certificate<'static>> = items.collect();
        if certificates.is_empty() {
            return Err(named(&"it holds no certificate in PEM form"));
        }
        tls = tls.root_certs(RootCerts::from(certificates));
    }
    Ok(Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .max_redirects(0)
        .https_only(true)
        .user_agent(concat!("longshore/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls.build())
        .build()
        .into())
}

fn fetch(agent: &Agent, url: &str) -> Result<Vec<u8>, String> {
    let mut reply = agent.get(url).call().map_err(|error| error.to_string())?;
    let body = reply.body_mut().with_config().limit(MOST_BYTES).read_to_vec();
    body.map_err(|error| error.to_string())
}

impl fmt::Display for JwksSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Url { url, .. } => write!(f, "{url}"),
        }
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("source", &self.0.source).finish_non_exhaustive()
    }
}
