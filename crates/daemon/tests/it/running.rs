//! A server on a port of its own, and an HTTP/2 client for it.

use std::{
    convert::Infallible,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response, StatusCode, body::Bytes, client::conn::http2::SendRequest,
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use longshore_daemon::{
    Drain, Error, metrics,
    server::{Body, Config, Limits, Probe, Readiness, Server, Transport},
};
use tokio::sync::Semaphore;

/// A server that goes down with the test.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) second: SocketAddr,
    pub(crate) probes: SocketAddr,
    pub(crate) drain: Drain,
    /// Requests that have reached the service.
    pub(crate) begun: Arc<AtomicUsize>,
    /// Each permit lets one request to `/held` be answered.
    pub(crate) release: Arc<Semaphore>,
    thread: Option<JoinHandle<Result<(), Error>>>,
}

struct Complete;

impl Readiness for Complete {
    fn is_complete(&self) -> bool {
        true
    }
}

pub(crate) fn limits() -> Limits {
    Limits { connections: 64, ..Limits::default() }
}

/// Short enough for a test to wait for them.
pub(crate) fn impatient() -> Limits {
    let short = Duration::from_millis(100);
    Limits { header_timeout: short, body_timeout: short, idle_timeout: short * 4, ..limits() }
}

pub(crate) fn start(limits: Limits) -> Running {
    start_over(limits, Transport::Plain)
}

pub(crate) fn start_over(limits: Limits, transport: Transport) -> Running {
    let server = Server::bind(Config {
        address: SocketAddr::from(([127, 0, 0, 1], 0)),
        second: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
        probes: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
        loops: 2,
        limits,
        drain_delay: Duration::ZERO,
        grace: Duration::from_secs(5),
    })
    .unwrap();
    let (address, probes) = (server.address(), server.probe_address().unwrap());
    let second = server.second_address().unwrap();
    let drain = Drain::new();
    let probe = Arc::new(Probe::new(metrics::registry(), drain.clone(), Complete));
    let begun = Arc::new(AtomicUsize::new(0));
    let release = Arc::new(Semaphore::new(0));
    let thread = thread::spawn({
        let (begun, release) = (begun.clone(), release.clone());
        move || {
            let service = |_| {
                let (begun, release) = (begun.clone(), release.clone());
                service_fn(move |request| {
                    begun.fetch_add(1, Relaxed);
                    answer(request, release.clone())
                })
            };
            server.run(&transport, service, probe, std::future::pending())
        }
    });
    Running { address, second, probes, drain, begun, release, thread: Some(thread) }
}

/// Sends the body back, after a permit when it is asked for at `/held`, or does not look at it at
/// `/unread`; at `/connection` it says what is known of that.
async fn answer(
    request: Request<Body>,
    release: Arc<Semaphore>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.uri().path() == "/held" {
        release.acquire().await.unwrap().forget();
    }
    if request.uri().path() == "/unread" {
        return Ok(Response::default());
    }
    if request.uri().path() == "/connection" {
        let known = format!("{:?}", request.body().connection());
        return Ok(Response::new(Full::new(known.into())));
    }
    let (status, body) = match request.into_body().collect().await {
        Ok(body) => (StatusCode::OK, body.to_bytes()),
        Err(Error::LateBody) => (StatusCode::REQUEST_TIMEOUT, Bytes::new()),
        Err(_) => (StatusCode::BAD_REQUEST, Bytes::new()),
    };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    Ok(response)
}

impl Running {
    /// Waits until so many requests have reached the service.
    pub(crate) async fn wait_for(&self, requests: usize) {
        for _ in 0..2000 {
            if self.begun.load(Relaxed) >= requests {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{requests} requests do not reach the service");
    }

    pub(crate) fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap().unwrap();
        }
    }

    /// Sends bytes and reads what comes until the server closes.
    pub(crate) fn exchange(&self, bytes: &str) -> String {
        exchange(self.address, bytes)
    }

    /// A connection that speaks HTTP/2; `closed` is done when the server has ended it.
    pub(crate) async fn http2(&self) -> Http2 {
        let stream = tokio::net::TcpStream::connect(self.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
                .await
                .unwrap();
        Http2 { sender, closed: tokio::spawn(connection) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.drain.begin();
        self.release.add_permits(1000);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// Sends bytes and reads what comes until the server closes.
pub(crate) fn exchange(address: SocketAddr, bytes: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(bytes.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

/// A body whose bytes the test sends when it wants to.
pub(crate) type Sent = http_body_util::combinators::BoxBody<Bytes, Infallible>;

pub(crate) struct Http2 {
    pub(crate) sender: SendRequest<Sent>,
    pub(crate) closed: tokio::task::JoinHandle<hyper::Result<()>>,
}

impl Http2 {
    pub(crate) fn post(
        &mut self,
        path: &str,
        body: Sent,
    ) -> impl Future<Output = hyper::Result<(StatusCode, Bytes)>> + use<> {
        let request = Request::post(format!("http://x{path}")).body(body).unwrap();
        let reply = self.sender.send_request(request);
        async move {
            let reply = reply.await?;
            let status = reply.status();
            Ok((status, reply.into_body().collect().await?.to_bytes()))
        }
    }
}

pub(crate) fn whole(text: &str) -> Sent {
    Full::new(Bytes::copy_from_slice(text.as_bytes())).boxed()
}
