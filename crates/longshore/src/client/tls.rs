//! TLS to servers that an authority of the system vouches for.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName},
};

use super::Failure;

/// How to speak TLS with a host.
#[derive(Clone, Debug)]
pub(crate) struct Tls {
    config: Arc<ClientConfig>,
    host: ServerName<'static>,
}

impl Tls {
    /// Trusts the authorities of the file in `SSL_CERT_FILE`, else the system's.
    pub(crate) fn new(host: &str) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        if roots.add_parsable_certificates(found.certs).0 == 0 {
            let reasons: Vec<_> = found.errors.iter().map(ToString::to_string).collect();
            bail!(
                "no certificate authorities were found; name their PEM file in `SSL_CERT_FILE` ({})",
                reasons.join("; ")
            );
        }
        let provider = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
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
