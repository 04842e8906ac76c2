//! Handshakes: a reason in the log when one fails, and a reply to peers that speak plain HTTP.

use std::{
    io,
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, rustls, server::TlsStream};

use super::Tls;

/// The first byte of a handshake: the content type of its record (RFC 8446 §5.1).
const HANDSHAKE: u8 = 22;

/// How long a peer that is turned away has to read why.
const PARTING: Duration = Duration::from_millis(500);

/// The reply to plain HTTP.
const USE_TLS: &str = "{\"error\":\"this port speaks TLS; ask it by `https://`\"}";

/// What became of a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// A connection.
    Ok,
    /// The peer spoke plain HTTP.
    PlainHttp,
    /// The peer took too long.
    Timeout,
    /// The peer closed the connection.
    Closed,
    /// The peer has no certificate, and needs one.
    NoClientCertificate,
    /// The peer's certificate is refused.
    ClientCertificate,
    /// The peer does not accept the server's certificate, or something else about the server.
    Rejected,
    /// Anything else, such as no version or cipher in common.
    Protocol,
}

impl Outcome {
    pub(super) const ALL: [Self; 8] = [
        Self::Ok,
        Self::PlainHttp,
        Self::Timeout,
        Self::Closed,
        Self::NoClientCertificate,
        Self::ClientCertificate,
        Self::Rejected,
        Self::Protocol,
    ];

    /// The label in metrics.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::PlainHttp => "plain_http",
            Self::Timeout => "timeout",
            Self::Closed => "closed",
            Self::NoClientCertificate => "no_client_certificate",
            Self::ClientCertificate => "client_certificate",
            Self::Rejected => "rejected",
            Self::Protocol => "protocol",
        }
    }

    fn of(error: &io::Error) -> Self {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        match inner {
            Some(rustls::Error::NoCertificatesPresented) => Self::NoClientCertificate,
            Some(rustls::Error::InvalidCertificate(_)) => Self::ClientCertificate,
            Some(rustls::Error::AlertReceived(_)) => Self::Rejected,
            Some(_) => Self::Protocol,
            None => Self::Closed,
        }
    }
}

/// How many handshakes ended in which way.
#[derive(Debug, Default)]
pub(super) struct Tally([AtomicU64; Outcome::ALL.len()]);

impl Tally {
    fn count(&self, outcome: Outcome) {
        if let Some(counter) = self.0.get(outcome as usize) {
            counter.fetch_add(1, Relaxed);
        }
    }

    pub(super) fn read(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = self.0.iter().map(|counter| counter.load(Relaxed));
        Outcome::ALL.iter().map(|outcome| outcome.name()).zip(counts)
    }
}

/// A handshake under way. When it is dropped before its end, the server has given it up because it
/// took too long.
struct Attempt<'t> {
    tally: &'t Tally,
    peer: Option<SocketAddr>,
    ended: bool,
}

impl Attempt<'_> {
    fn end(&mut self, outcome: Outcome, reason: &str) {
        self.ended = true;
        self.tally.count(outcome);
        let peer = self.peer.map(|peer| peer.to_string());
        match outcome {
            Outcome::Ok => {}
            // load balancers and probes of a port do so all the time
            Outcome::Closed => tracing::debug!(peer, reason, "no TLS handshake"),
            _ => tracing::info!(peer, result = outcome.name(), reason, "no TLS handshake"),
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.end(Outcome::Timeout, "the peer took too long");
        }
    }
}

impl Tls {
    /// Shakes hands with the peer of a new connection. The outcome is counted, and logged when it is not a connection.
    pub(in crate::server) async fn shake(
        &self,
        socket: TcpStream,
    ) -> io::Result<TlsStream<TcpStream>> {
        let peer = socket.peer_addr().ok();
        let mut attempt = Attempt { tally: &self.0.tally, peer, ended: false };
        match self.try_shake(socket).await {
            Ok(stream) => {
                attempt.end(Outcome::Ok, "");
                Ok(stream)
            }
            Err((outcome, error)) => {
                attempt.end(outcome, &error.to_string());
                Err(error)
            }
        }
    }

    async fn try_shake(
        &self,
        mut socket: TcpStream,
    ) -> Result<TlsStream<TcpStream>, (Outcome, io::Error)> {
        let closed = |error| (Outcome::Closed, error);
        let mut first = [0];
        if socket.peek(&mut first).await.map_err(closed)? == 0 {
            return Err(closed(io::ErrorKind::UnexpectedEof.into()));
        }
        if first[0] != HANDSHAKE && first[0].is_ascii_uppercase() {
            let _ = timeout(PARTING, turn_away(&mut socket)).await;
            return Err((Outcome::PlainHttp, io::Error::other("the peer spoke plain HTTP")));
        }
        let accepted = TlsAcceptor::from(self.config()).accept(socket).await;
        accepted.map_err(|error| (Outcome::of(&error), error))
    }
}

/// Tells a peer to use TLS, and reads what it still sends: bytes that nobody reads would reset the connection
/// and may cost it the answer.
async fn turn_away(stream: &mut TcpStream) -> io::Result<()> {
    let reply = format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{USE_TLS}",
        USE_TLS.len()
    );
    stream.write_all(reply.as_bytes()).await?;
    stream.shutdown().await?;
    let mut unread = [0; 1024];
    while stream.read(&mut unread).await? > 0 {}
    Ok(())
}
