use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::server::TlsStream;

use super::{
    accept::{Accept, Accepted},
    tls::Tls,
};

/// What is between the sockets and HTTP. One type for both cases, so that a server is compiled once.
#[derive(Clone, Debug)]
pub enum Transport {
    /// Nothing.
    Plain,
    /// TLS.
    Tls(Tls),
    /// TLS on this port, nothing on the others.
    TlsOn(u16, Tls),
}

/// The stream of a connection.
#[derive(Debug)]
pub enum Stream {
    /// The socket itself.
    Plain(TcpStream),
    /// TLS over it. Its state is large, and connections without TLS do not pay for it.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Accept for Transport {
    type Stream = Stream;

    const HANDSHAKE: bool = true;

    async fn accept(&self, socket: TcpStream) -> io::Result<Accepted<Stream>> {
        let tls = match self {
            Self::Plain => None,
            Self::Tls(tls) => Some(tls),
            Self::TlsOn(port, tls) => {
                let is_meant = socket.local_addr().is_ok_and(|address| address.port() == *port);
                is_meant.then_some(tls)
            }
        };
        match tls {
            None => {
                let stream = Stream::Plain(socket);
                Ok(Accepted { stream, http2: None, is_secure: false })
            }
            Some(tls) => {
                let stream = Box::new(Box::pin(tls.shake(socket)).await?);
                let http2 = stream.get_ref().1.alpn_protocol().map(|named| named == b"h2");
                Ok(Accepted { stream: Stream::Tls(stream), http2, is_secure: true })
            }
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(socket) => socket.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_write_vectored(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bytes),
        }
    }
}
