//! Few connections for each address, so that one peer cannot take those of all.

use std::{
    collections::HashMap,
    io,
    net::IpAddr,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use longshore_daemon::server::{Accept, Accepted};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// Takes so many connections of an address at a time; the next is closed at once.
#[derive(Clone, Debug)]
pub(super) struct Few {
    most: u32,
    open: Arc<Open>,
}

/// Connections by address.
#[derive(Debug, Default)]
struct Open(Mutex<HashMap<IpAddr, u32>>);

/// A connection that is counted until it is dropped.
#[derive(Debug)]
pub(super) struct Counted {
    socket: TcpStream,
    peer: IpAddr,
    open: Arc<Open>,
}

impl Few {
    pub(super) fn new(most: u32) -> Self {
        Self { most, open: Arc::default() }
    }
}

impl Open {
    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Accept for Few {
    type Stream = Counted;

    const HANDSHAKE: bool = false;

    async fn accept(&self, socket: TcpStream) -> io::Result<Accepted<Counted>> {
        let peer = socket.peer_addr()?.ip().to_canonical();
        let mut open = self.open.lock();
        let count = open.entry(peer).or_default();
        if *count >= self.most {
            return Err(io::Error::other("this address has too many connections"));
        }
        *count += 1;
        drop(open);
        let stream = Counted { socket, peer, open: self.open.clone() };
        Ok(Accepted { stream, http2: None, is_secure: false })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut open = self.open.lock();
        if let Some(count) = open.get_mut(&self.peer) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.remove(&self.peer);
            }
        }
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, buf)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }
}
