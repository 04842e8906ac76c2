//! API keys: which requests are let in, by a file that is read again when it changes.

use std::{
    fmt, io,
    path::PathBuf,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use prometheus_client::registry::Registry;
use ring::{
    digest::{SHA256, digest},
    rand::{SecureRandom, SystemRandom},
};
use subtle::ConstantTimeEq;

mod file;
mod metrics;

use self::file::Key;
use crate::{
    Error,
    reload::{self, Look, Reload},
};

/// The header of a key beside `authorization`.
const HEADER: &str = "x-api-key";

/// The keys that let requests in. Clones are handles to the same keys.
#[derive(Clone)]
pub struct ApiKeys(Arc<State>);

struct State {
    keys: Reload<Vec<Key>>,
    /// Requests refused, by [`Denial`].
    refused: [AtomicU64; 2],
}

/// Why a request is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// It has no key.
    Missing,
    /// It has a key that is not in the file.
    Unknown,
}

impl Denial {
    const ALL: [Self; 2] = [Self::Missing, Self::Unknown];

    /// What the caller may read.
    pub fn message(self) -> &'static str {
        match self {
            Self::Missing => {
                "an API key is needed; send it as `authorization: Bearer KEY` or `x-api-key: KEY`"
            }
            Self::Unknown => "the API key is not one of this server's; it may have been replaced",
        }
    }

    /// The `WWW-Authenticate` header (RFC 6750 §3).
    pub fn challenge(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Missing => "Bearer realm=\"longshore\"",
            Self::Unknown => "Bearer realm=\"longshore\", error=\"invalid_token\"",
        })
    }

    /// The label in metrics.
    fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unknown => "unknown",
        }
    }
}

impl ApiKeys {
    /// Reads the file: a line for each key, `NAME:SHA256`, the digest of the key in hexadecimal. Several keys may
    /// have one name. Blank lines and those that begin with `#` are passed over.
    ///
    /// # Errors
    /// [`Error`] that names the file and the line, and never what stands in it.
    pub fn open(path: PathBuf) -> Result<Self, Error> {
        let keys = Reload::open("file of API keys", vec![path.clone()], file::read)?;
        if keys.get().is_empty() {
            let fault = "holds no key, so that nobody could ask; add the line that `longshore api-key NAME` prints";
            return Err(Error::file(path, fault));
        }
        Ok(Self(Arc::new(State { keys, refused: Default::default() })))
    }

    /// Looks at the file every `every` from now on. A key that is added or taken away counts from the next
    /// request on; a file that cannot be read or has a wrong line leaves the keys as they are.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn follow(&self, every: Duration) -> io::Result<()> {
        let weak: Weak<State> = Arc::downgrade(&self.0);
        reload::follow(weak, every)
    }

    /// Looks at the file now.
    pub fn look(&self) {
        self.0.look();
    }

    /// Adds the metrics of the keys.
    pub fn register(&self, registry: &mut Registry) {
        registry.register_collector(Box::new(metrics::KeyMetrics(self.clone())));
    }

    /// The name of the key that a request has.
    ///
    /// # Errors
    /// [`Denial`], which is counted.
    pub fn identify(&self, headers: &HeaderMap) -> Result<Arc<str>, Denial> {
        let found = match presented(headers) {
            None => Err(Denial::Missing),
            Some(key) => self.find(key).ok_or(Denial::Unknown),
        };
        if let Err(denial) = found
            && let Some(counter) = self.0.refused.get(denial as usize)
        {
            counter.fetch_add(1, Relaxed);
        }
        found
    }

    /// The name of a key. Every digest is compared, to its last byte, so that the time that this
    /// takes tells nothing.
    fn find(&self, key: &[u8]) -> Option<Arc<str>> {
        let sought = digest(&SHA256, key);
        let mut found = None;
        for known in self.0.keys.get().iter() {
            if bool::from(known.digest.ct_eq(sought.as_ref())) {
                found = Some(known.name.clone());
            }
        }
        found
    }
}

impl Look for State {
    fn look(&self) {
        self.keys.look();
    }
}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ApiKeys").finish_non_exhaustive()
    }
}

/// The key in `x-api-key`, else in `authorization`, whose other schemes are for a proxy before us.
fn presented(headers: &HeaderMap) -> Option<&[u8]> {
    if let Some(key) = headers.get(HEADER) {
        return Some(key.as_bytes().trim_ascii());
    }
    let bearer = |value: &'_ HeaderValue| -> Option<usize> {
        let scheme = value.as_bytes().get(..7)?;
        scheme.eq_ignore_ascii_case(b"bearer ").then_some(7)
    };
    let mut values = headers.get_all(AUTHORIZATION).iter();
    values.find_map(|value| Some(value.as_bytes().get(bearer(value)?..)?.trim_ascii()))
}

/// A new key, and the line of the file that lets it in.
///
/// # Errors
/// When `name` cannot be one, or when the system gives no random bytes.
pub fn make(name: &str) -> Result<(String, String), Error> {
    /// Random bytes in a key. Nobody guesses 256 bits, so a plain digest hides the key.
    const LENGTH: usize = 32;
    if !file::is_name(name) {
        return Err(Error::KeyName { name: name.to_owned() });
    }
    let mut bytes = [0; LENGTH];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Error::Random)?;
    let key = format!("ls_{}", file::hex(&bytes));
    let line = format!("{name}:{}", file::hex(digest(&SHA256, key.as_bytes()).as_ref()));
    Ok((key, line))
}

#[cfg(test)]
mod tests;
