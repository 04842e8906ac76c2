//! TLS to servers whose authority is believed.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
    },
};

use super::Failure;

/// Who is believed, and as whom a client shows itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Trust {
    /// A PEM file of authorities. Without one: those in `SSL_CERT_FILE`, else the system's.
    pub(super) authorities: Option<PathBuf>,
    /// The PEM files of a certificate and of its key.
    pub(super) pair: Option<(PathBuf, PathBuf)>,
}

/// How to speak TLS with a host.
#[derive(Clone, Debug)]
pub(crate) struct Tls {
    config: Arc<ClientConfig>,
    host: ServerName<'static>,
}

impl Tls {
    /// Reads the files of `trust`.
    pub(super) fn new(host: &str, trust: &Trust) -> Result<Self> {
        let provider = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots(trust.authorities.as_deref())?);
        let config = match &trust.pair {
            None => config.with_no_client_auth(),
            Some((certificate, key)) => {
                let read = PrivateKeyDer::from_pem_file(key);
                let read = read.with_context(|| {
                    format!("`{}` holds no private key in PEM form", key.display())
                })?;
                config.with_client_auth_cert(certificates(certificate)?, read).with_context(
                    || format!("`{}` is not the key of `{}`", key.display(), certificate.display()),
                )?
            }
        };
        let host = ServerName::try_from(host.to_owned());
        let host = host.with_context(|| "the host is no name that a certificate can have")?;
        Ok(Self { config: Arc::new(config), host })
    }

    /// Shakes hands.
    pub(super) async fn connect(&self, stream: TcpStream) -> Result<TlsStream<TcpStream>, Failure> {
        let connector = TlsConnector::from(Arc::clone(&self.config));
        let stream = connector.connect(self.host.clone(), stream).await;
        stream.map_err(|error| Failure::tls(&error))
    }
}

fn roots(file: Option<&Path>) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    if let Some(file) = file {
        for authority in certificates(file)? {
            let added = roots.add(authority);
            added.with_context(|| format!("`{}` holds no authority", file.display()))?;
        }
        return Ok(roots);
    }
    let found = rustls_native_certs::load_native_certs();
    if roots.add_parsable_certificates(found.certs).0 == 0 {
        let reasons: Vec<_> = found.errors.iter().map(ToString::to_string).collect();
        bail!(
            "no certificate authorities were found; name their PEM file by `--ca` or in `SSL_CERT_FILE` ({})",
            reasons.join("; ")
        );
    }
    Ok(roots)
}

/// The certificates of a PEM file; at least one.
fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let found =
        read.with_context(|| format!("failed to read certificates of `{}`", file.display()))?;
    if found.is_empty() {
        bail!("`{}` holds no certificate in PEM form", file.display());
    }
    Ok(found)
}
