//! TLS: certificates that are read again when they change, and handshakes that tell why they fail.

use std::{
    fmt, io,
    path::PathBuf,
    sync::{Arc, Weak},
    time::Duration,
};

use prometheus_client::registry::Registry;
use tokio_rustls::rustls::ServerConfig;

mod certificate;
mod handshake;
mod metrics;
mod settings;

use self::{handshake::Tally, settings::Settings};
use crate::{
    Error,
    reload::{self, Look, Reload},
};

/// Where the certificates are, all in PEM form.
#[derive(Clone, Debug)]
pub struct Files {
    /// The server's certificate, followed by those of the authorities between it and the root.
    pub certificate: PathBuf,
    /// Its private key: PKCS #8, PKCS #1 or SEC 1, not encrypted.
    pub key: PathBuf,
    /// The authorities whose clients are let in; without it no client is asked for a certificate.
    pub client_ca: Option<PathBuf>,
    /// What is asked of clients when there is a `client_ca`.
    pub client: ClientCertificate,
}

/// Whether a client has to show a certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientCertificate {
    /// A client without one is refused.
    #[default]
    Required,
    /// A client may have none; one that is shown has to be right.
    Optional,
}

/// TLS 1.2 and 1.3 for a listener. Clones are handles to the same certificates.
#[derive(Clone)]
pub struct Tls(Arc<State>);

struct State {
    settings: Reload<Settings>,
    tally: Tally,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// [`Error`] that names the file and says how to mend it: one that cannot be read, holds no certificate or key, an
    /// encrypted key, a key of another certificate, an expired certificate.
    pub fn open(files: &Files) -> Result<Self, Error> {
        let paths = [&files.certificate, &files.key].into_iter().chain(&files.client_ca);
        let paths = paths.cloned().collect();
        let client = files.client;
        let parse = move |content: &[_]| settings::read(content, client);
        let settings = Reload::open("TLS certificate", paths, parse)?;
        Ok(Self(Arc::new(State { settings, tally: Tally::default() })))
    }

    /// Looks at the files every `every` from now on, and takes over what is right: connections that are open keep
    /// what they have, new ones get the new certificate.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn follow(&self, every: Duration) -> io::Result<()> {
        let weak: Weak<State> = Arc::downgrade(&self.0);
        reload::follow(weak, every)
    }

    /// Looks at the files now.
    pub fn look(&self) {
        self.0.look();
    }

    /// Adds the metrics of the certificate and of handshakes.
    pub fn register(&self, registry: &mut Registry) {
        registry.register_collector(Box::new(metrics::TlsMetrics(self.clone())));
    }

    fn config(&self) -> Arc<ServerConfig> {
        self.0.settings.get().config.clone()
    }
}

impl Look for State {
    fn look(&self) {
        self.settings.look();
        self.settings.get().warn_when_over();
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Tls").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
