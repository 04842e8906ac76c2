//! JSON Web Tokens of an issuer: its keys, from a file or over HTTPS, read again when they change, and what
//! a token says that one of them has signed.

mod fetch;
mod jwt;
mod metrics;

use std::{
    collections::HashMap,
    fmt, fs,
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
use ureq::Agent;

pub use self::jwt::{Claims, Fault, presented, subject};
use self::jwt::{Expected, Key};
use crate::Error;

/// How often a file is looked at, and how often a URL is asked.
const LOOK: Duration = Duration::from_secs(2);
const ASK: Duration = Duration::from_mins(5);

/// The shortest pause between two requests to a URL, however many tokens have keys that are not known.
const PAUSE: Duration = Duration::from_secs(10);

/// Most tokens whose signatures are remembered as right.
const MOST_REMEMBERED: usize = 10_000;

/// Where a set of keys is (JWKS, RFC 7517).
#[derive(Clone, Debug)]
pub enum JwksSource {
    /// A file.
    File(PathBuf),
    /// An `https` URL, or an `http` one of this machine.
    Url {
        /// The URL.
        url: String,
        /// The authorities to believe, in PEM form, instead of the usual ones.
        authorities: Option<PathBuf>,
    },
    /// Where the issuer says that it is (`OpenID` Connect Discovery 1.0). The issuer is such a URL.
    Issuer {
        /// The issuer.
        issuer: String,
        /// The authorities to believe, in PEM form, instead of the usual ones.
        authorities: Option<PathBuf>,
    },
}

impl JwksSource {
    /// The file or the URL that a text names.
    pub fn at(place: &str, authorities: Option<PathBuf>) -> Self {
        if place.contains("://") {
            Self::Url { url: place.to_owned(), authorities }
        } else {
            Self::File(place.into())
        }
    }
}

/// What tokens have to say, and what of it is kept.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Who has made them (`iss`).
    pub issuer: String,
    /// For whom (`aud`), where a request does not name somebody else.
    pub audience: String,
    /// The claim that names the caller.
    pub subject: String,
    /// Other claims to keep.
    pub kept: Vec<String>,
}

impl Wanted {
    /// Tokens of `issuer` for `audience` that name the caller in `sub`.
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        let (issuer, audience) = (issuer.into(), audience.into());
        Self { issuer, audience, subject: "sub".to_owned(), kept: Vec::new() }
    }
}

/// What JSON Web Tokens have to be. Clones are handles to the same keys.
#[derive(Clone)]
pub struct Tokens(Arc<State>);

struct State {
    source: JwksSource,
    agent: Option<Agent>,
    wanted: Wanted,
    keys: ArcSwap<Keys>,
    /// Asks the thread to read the keys now.
    ask: SyncSender<()>,
    /// By the digests of tokens and of the audience that each was verified for.
    verified: Mutex<HashMap<[u8; 32], Claims>>,
    /// How often the keys were read, in vain or not.
    reads: AtomicU64,
    failures: AtomicU64,
}

/// Keys, and the bytes that they were read from.
#[derive(Default)]
struct Keys {
    text: Vec<u8>,
    keys: Vec<Key>,
}

impl Tokens {
    /// Tokens that are as they are `wanted`. The keys are read now, and then again and again on a thread of
    /// their own.
    ///
    /// # Errors
    /// [`Error::Jwks`] when a file has no keys or a setting is wrong. A URL that does not answer is
    /// asked again: until then no token is let in.
    pub fn open(source: &JwksSource, wanted: Wanted) -> Result<Self, Error> {
        let wrong = |fault: String| Error::Jwks { source_name: source.to_string(), fault };
        let agent = match source {
            JwksSource::File(_) => None,
            JwksSource::Url { url, authorities }
            | JwksSource::Issuer { issuer: url, authorities } => {
                fetch::check(url).map_err(wrong)?;
                Some(fetch::agent(authorities.as_ref()).map_err(wrong)?)
            }
        };
        let (ask, asked) = mpsc::sync_channel(1);
        let state = Arc::new(State {
            source: source.clone(),
            agent,
            wanted,
            keys: ArcSwap::default(),
            ask,
            verified: Mutex::default(),
            reads: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        });
        match (state.read(), source) {
            (Ok(_), _) => {}
            (Err(fault), JwksSource::File(_)) => return Err(wrong(fault)),
            (Err(fault), _) => {
                tracing::error!(%source, fault, "no token is let in until the keys can be read");
            }
        }
        let weak = Arc::downgrade(&state);
        thread::Builder::new()
            .name("jwks".into())
            .spawn(move || follow(&weak, &asked))
            .map_err(|source| Error::Thread { source })?;
        Ok(Self(state))
    }

    /// Adds the metrics of the keys; `role` begins their names.
    pub fn register(&self, registry: &mut Registry, role: &'static str) {
        registry.register_collector(Box::new(metrics::JwksMetrics { tokens: self.clone(), role }));
    }

    /// Keys that are known, and attempts to read them that failed.
    fn counts(&self) -> (usize, u64) {
        (self.0.keys.load().keys.len(), self.0.failures.load(Relaxed))
    }

    /// How often the keys were read. After a [`Fault::UnknownKey`] they are read again, so that whoever waits
    /// for this to grow may verify the token again.
    pub fn reads(&self) -> u64 {
        self.0.reads.load(Relaxed)
    }

    /// What a token says, when it is one of the issuer for `audience`, or for the usual one.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn verify(&self, token: &str, audience: Option<&str>) -> Result<Claims, Fault> {
        let State { wanted, keys, verified, ask, .. } = &*self.0;
        let audience = audience.unwrap_or(&wanted.audience);
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
        let found = jwt::verify(token, &keys.keys, Expected { wanted, audience, now });
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
            (JwksSource::File(path), _) => fs::read(path).map_err(|error| error.to_string())?,
            (JwksSource::Url { url, .. }, Some(agent)) => fetch::read(agent, url)?,
            (JwksSource::Issuer { issuer, .. }, Some(agent)) => {
                fetch::read(agent, &fetch::discover(agent, issuer)?)?
            }
            (_, None) => return Err("it cannot be asked".into()),
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
    // the first token with a new key is not made to wait
    let mut last: Option<Instant> = None;
    loop {
        let Some(every) = state.upgrade().map(|state| match state.source {
            JwksSource::File(_) => LOOK,
            // a URL that failed is asked again soon
            _ if trouble.is_some() => PAUSE,
            _ => ASK,
        }) else {
            return;
        };
        match asked.recv_timeout(every) {
            Ok(()) => {
                let since = last.map_or(PAUSE, |it| it.elapsed());
                thread::sleep(PAUSE.min(every).saturating_sub(since));
                last = Some(Instant::now());
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let Some(state) = state.upgrade() else { return };
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
        state.reads.fetch_add(1, Relaxed);
    }
}

impl fmt::Display for JwksSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Url { url, .. } | Self::Issuer { issuer: url, .. } => write!(f, "{url}"),
        }
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("source", &self.0.source).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
