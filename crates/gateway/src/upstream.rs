//! Connections of one event loop to replicas. They are made, used and kept on it alone, so that no
//! request waits for another loop.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    task::Context,
    time::{Duration, Instant},
};

use tokio::net::TcpStream;

mod http1;
mod http2;

pub(crate) use http1::Http1;
pub(crate) use http2::{Http2, Open};

use crate::config::Bounds;

/// How long the first attempt to connect may take; each further one has twice as long. The first packets
/// to a new pod may be dropped until its network knows it, and the system sends them again only after a
/// second.
const FIRST_CONNECT: Duration = Duration::from_millis(50);

/// The connections of one event loop.
pub(crate) struct Upstream {
    connect: Duration,
    idle: Duration,
    /// Nobody else takes this lock; it is there because tasks of the loop could be sent elsewhere.
    kept: Mutex<Kept>,
}

/// The connections that can be used, by address.
#[derive(Default)]
struct Kept {
    #[expect(clippy::vec_box, reason = "one goes in and out with each request")]
    http1: HashMap<SocketAddr, Vec<Box<Http1>>>,
    http2: HashMap<SocketAddr, Vec<Http2>>,
    swept: Option<Instant>,
}

impl Upstream {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self { connect: bounds.connect, idle: bounds.idle, kept: Mutex::default() }
    }

    /// A connection that was used before and is still open.
    pub(crate) fn take(&self, address: SocketAddr, cx: &mut Context<'_>) -> Option<Box<Http1>> {
        loop {
            let mut link = self.kept().http1.get_mut(&address)?.pop()?;
            if link.used().elapsed() < self.idle && link.is_usable(cx) {
                return Some(link);
            }
        }
    }

    /// Keeps a connection for the next request, when it can have one.
    pub(crate) fn keep(&self, address: SocketAddr, mut link: Box<Http1>, cx: &mut Context<'_>) {
        if !link.is_usable(cx) {
            return;
        }
        link.touch();
        let mut kept = self.kept();
        kept.http1.entry(address).or_default().push(link);
        kept.sweep(self.idle);
    }

    /// A new connection.
    pub(crate) async fn open(&self, address: SocketAddr) -> io::Result<Box<Http1>> {
        let socket = self.connect(address).await?;
        Http1::new(socket).await
    }

    /// A connection for HTTP/2 that takes one more request.
    pub(crate) async fn http2(&self, address: SocketAddr) -> io::Result<(Http2, Open)> {
        if let Some(found) = self.find_http2(address) {
            return Ok(found);
        }
        let socket = self.connect(address).await?;
        let link = Http2::new(socket).await?;
        let mut kept = self.kept();
        kept.http2.entry(address).or_default().push(link.clone());
        kept.sweep(self.idle);
        let open = link.begin();
        Ok((link, open))
    }

    fn find_http2(&self, address: SocketAddr) -> Option<(Http2, Open)> {
        let mut kept = self.kept();
        let links = kept.http2.get_mut(&address)?;
        links.retain(Http2::is_usable);
        let link = links.iter().find(|link| link.has_room())?;
        Some((link.clone(), link.begin()))
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        let begun = Instant::now();
        let mut patience = FIRST_CONNECT;
        let socket = loop {
            let left = self.connect.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let connecting = TcpStream::connect(address);
            if let Ok(connected) = tokio::time::timeout(patience.min(left), connecting).await {
                break connected?;
            }
            patience *= 2;
        };
        socket.set_nodelay(true)?;
        Ok(socket)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Closes what nobody has used for a while; it looks no more often than that.
    fn sweep(&mut self, idle: Duration) {
        if self.swept.is_some_and(|swept| swept.elapsed() < idle) {
            return;
        }
        self.swept = Some(Instant::now());
        self.http1.retain(|_, links| {
            links.retain(|link| link.used().elapsed() < idle);
            !links.is_empty()
        });
        self.http2.retain(|_, links| {
            links.retain(|link| link.is_usable() && (link.is_used() || !link.rests(idle)));
            !links.is_empty()
        });
    }
}
