//! Files become the settings of TLS.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, SystemTime},
};

use tokio_rustls::rustls::{
    self, InconsistentKeys, RootCertStore, ServerConfig,
    crypto::{CryptoProvider, ring},
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
    sign::{CertifiedKey, SingleCertAndKey},
};

use super::{ClientCertificate, certificate};
use crate::{Error, reload::Content};

/// The protocols above TLS, the preferred one first (RFC 7301).
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// What the files say.
pub(super) struct Settings {
    pub(super) config: Arc<ServerConfig>,
    /// When the server's certificate expires.
    pub(super) expires: SystemTime,
    warned: AtomicBool,
}

impl Settings {
    /// Logs once that the certificate has expired, so that clients refuse it.
    pub(super) fn warn_when_over(&self) {
        if SystemTime::now() >= self.expires && !self.warned.swap(true, Relaxed) {
            tracing::error!("the TLS certificate has expired: clients refuse it; renew its file");
        }
    }
}

/// Reads the certificate, the key and, when there is a third file, the authorities of clients.
pub(super) fn read(content: &[Content], client: ClientCertificate) -> Result<Settings, Error> {
    let (certificate, key, authorities) = match content {
        [certificate, key] => (certificate, key, None),
        [certificate, key, authorities] => (certificate, key, Some(authorities)),
        _ => return Err(Error::file("", "has no certificate and key beside it")),
    };
    let provider = Arc::new(ring::default_provider());
    let (pair, expires) = certified(certificate, key, &provider)?;
    let verifier = match authorities {
        Some(file) => clients(file, client, &provider)?,
        None => WebPkiClientVerifier::no_client_auth(),
    };
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::file(&certificate.path, format!("cannot be served: {error}")))?;
    let mut config = config
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(pair)));
    config.alpn_protocols = ALPN.map(<[u8]>::to_vec).to_vec();
    Ok(Settings { config: Arc::new(config), expires, warned: AtomicBool::new(false) })
}

/// The certificate with its key, and when it expires.
fn certified(
    certificate: &Content,
    key: &Content,
    provider: &CryptoProvider,
) -> Result<(CertifiedKey, SystemTime), Error> {
    let chain = certificate::certificates(certificate)?;
    let first = chain.first().and_then(certificate::validity);
    let Some((begins, expires)) = first else {
        return Err(Error::file(&certificate.path, "holds a first certificate that is damaged"));
    };
    check_time(&certificate.path, begins, expires, SystemTime::now())?;
    let private = certificate::private_key(key)?;
    let pair = CertifiedKey::from_der(chain, private, provider);
    let pair = pair.map_err(|error| match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => Error::file(
            &key.path,
            format!(
                "is not the key of the first certificate in `{}`; name the pair that was made together, and \
                 put the server's certificate before those of its authorities",
                certificate.path.display()
            ),
        ),
        rustls::Error::InvalidCertificate(reason) => Error::file(
            &certificate.path,
            format!("holds a first certificate that cannot be used: {reason}"),
        ),
        other => Error::file(
            &key.path,
            format!(
                "holds a key that cannot be used ({other}); RSA of 2048 to 8192 bits, ECDSA of P-256 or P-384, \
                 and Ed25519 can"
            ),
        ),
    })?;
    Ok((pair, expires))
}

fn check_time(
    path: &Path,
    begins: SystemTime,
    expires: SystemTime,
    now: SystemTime,
) -> Result<(), Error> {
    if let Ok(over) = now.duration_since(expires) {
        let fault = format!("holds a certificate that expired {} ago; renew it", rough(over));
        return Err(Error::file(path, fault));
    }
    if let Ok(early) = begins.duration_since(now)
        && !early.is_zero()
    {
        let fault = format!(
            "holds a certificate that is valid only in {}; look at this machine's clock",
            rough(early)
        );
        return Err(Error::file(path, fault));
    }
    Ok(())
}

/// A length of time in its largest unit, for people to read.
fn rough(time: Duration) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    match time.as_secs() {
        seconds @ ..MINUTE => format!("{seconds} s"),
        seconds @ ..HOUR => format!("{} minutes", seconds / MINUTE),
        seconds @ ..DAY => format!("{} hours", seconds / HOUR),
        seconds => format!("{} days", seconds / DAY),
    }
}

/// The verifier that lets clients in when an authority of the file vouches for them.
fn clients(
    file: &Content,
    client: ClientCertificate,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, Error> {
    let mut roots = RootCertStore::empty();
    for authority in certificate::certificates(file)? {
        roots.add(authority).map_err(|error| {
            Error::file(&file.path, format!("holds an authority that cannot be used: {error}"))
        })?;
    }
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    let builder = match client {
        ClientCertificate::Required => builder,
        ClientCertificate::Optional => builder.allow_unauthenticated(),
    };
    builder
        .build()
        .map_err(|error| Error::file(&file.path, format!("cannot vouch for clients: {error}")))
}
