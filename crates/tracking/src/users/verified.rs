//! Passwords that were found right before: a hash of one costs as much as a thousand requests.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use ring::{
    hmac::{self, Key},
    rand::SystemRandom,
};

use crate::Error;

/// Most that are kept.
const MOST: usize = 10_000;

/// How long one is kept.
const LASTS: Duration = Duration::from_hours(1);

/// The passwords, by digests under a secret that ends with the process. A digest holds the stored hash
/// too: a password that is changed, by whomever, is no longer known.
pub(super) struct Verified {
    key: Key,
    /// With the moments when they were found right.
    known: Mutex<HashMap<[u8; 32], Instant>>,
}

impl Verified {
    /// None yet.
    pub(super) fn new() -> Result<Self, Error> {
        let key = Key::generate(hmac::HMAC_SHA256, &SystemRandom::new());
        let key = key.map_err(|_| Error::Random)?;
        Ok(Self { key, known: Mutex::default() })
    }

    /// The digest of a password beside its stored hash.
    pub(super) fn digest(&self, password: &str, stored: &str) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(&(stored.len() as u64).to_le_bytes());
        context.update(stored.as_bytes());
        context.update(password.as_bytes());
        let mut digest = [0; 32];
        digest.copy_from_slice(context.sign().as_ref());
        digest
    }

    /// Whether it was found right.
    pub(super) fn has(&self, digest: &[u8; 32]) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(digest).is_some_and(|since| since.elapsed() < LASTS)
    }

    /// Remembers one.
    pub(super) fn add(&self, digest: [u8; 32]) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(digest, Instant::now());
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Verified")
    }
}
