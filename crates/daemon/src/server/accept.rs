use std::{future::Future, io, net::SocketAddr};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

/// Makes a connection's stream of bytes from its socket: the place where TLS is put under HTTP.
pub trait Accept: Send + Sync + 'static {
    /// The stream.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Whether there is a handshake; it has as much time as a request's head.
    const HANDSHAKE: bool;

    /// Makes the stream.
    ///
    /// # Errors
    /// When the handshake fails, which ends the connection.
    fn accept(
        &self,
        socket: TcpStream,
    ) -> impl Future<Output = io::Result<Accepted<Self::Stream>>> + Send;
}

/// A stream, and what was agreed on with its peer.
#[derive(Debug)]
pub struct Accepted<S> {
    /// The stream.
    pub stream: S,
    /// Whether the peer has named HTTP/2 as its protocol (ALPN); when it has named none, its first
    /// bytes tell.
    pub http2: Option<bool>,
    /// Whether nobody on the way can read it.
    pub is_secure: bool,
}

/// The connection that a request came over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Who has opened it.
    pub peer: SocketAddr,
    /// Whether nobody on the way can read it.
    pub is_secure: bool,
}

/// The socket itself is the stream.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plain;

impl Accept for Plain {
    type Stream = TcpStream;

    const HANDSHAKE: bool = false;

    async fn accept(&self, socket: TcpStream) -> io::Result<Accepted<TcpStream>> {
        Ok(Accepted { stream: socket, http2: None, is_secure: false })
    }
}
