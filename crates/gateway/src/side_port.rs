//! A port beside the one for clients: small questions with small answers, on a thread of its own, so that
//! it answers also while the event loops are busy.

use std::{
    convert::Infallible,
    fmt,
    future::Future,
    io,
    net::SocketAddr,
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::Body as HttpBody,
    header::{ALLOW, CONTENT_TYPE, HeaderValue},
    service::service_fn,
};
use longshore_daemon::{
    Code, Drain,
    server::{Accept, Body, Config, Limits, Probe, Server},
};
use prometheus_client::registry::Registry;
use serde::Serialize;

use crate::{Error, config::AlwaysReady};

/// How long what is under way may take once the gateway has ended.
const GRACE: Duration = Duration::from_secs(1);

/// A port that answers until it is stopped.
pub(crate) struct SidePort {
    address: SocketAddr,
    drain: Drain,
    thread: JoinHandle<Result<(), longshore_daemon::Error>>,
}

/// A failure, as who asks reads it.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: Code,
    pub(crate) message: String,
    /// The method that applies, when another was used.
    allowed: Option<Method>,
}

impl SidePort {
    /// Answers at `address`, on a thread of this name.
    ///
    /// # Errors
    /// [`Error::Server`] when the socket cannot be opened, [`Error::Thread`].
    pub(crate) fn start<A, F, B>(
        name: &'static str,
        address: SocketAddr,
        limits: Limits,
        accept: A,
        answer: impl Fn(Request<Body>) -> F + Send + Sync + 'static,
    ) -> Result<Self, Error>
    where
        A: Accept + Clone,
        F: Future<Output = Result<Response<B>, Failure>> + Send,
        B: HttpBody<Data = Bytes, Error = Infallible> + From<Full<Bytes>> + Send + Unpin + 'static,
    {
        let server = Server::bind(Config {
            address,
            second: None,
            probes: None,
            loops: 1,
            limits,
            drain_delay: Duration::ZERO,
            grace: GRACE,
        })?;
        let address = server.address();
        let drain = Drain::new();
        let probe = Arc::new(Probe::new(Registry::default(), drain.clone(), AlwaysReady));
        let answer = Arc::new(answer);
        let run = move || {
            let service = |_| {
                let answer = answer.clone();
                service_fn(move |request: Request<Body>| {
                    let answer = answer.clone();
                    async move {
                        let answered = answer(request).await;
                        let refused = |failure: Failure| failure.into_reply().map(B::from);
                        Ok::<_, Infallible>(answered.unwrap_or_else(refused))
                    }
                })
            };
            server.run(&accept, service, probe, std::future::pending())
        };
        let thread = thread::Builder::new()
            .name(name.into())
            .spawn(run)
            .map_err(|source| Error::Thread { source })?;
        Ok(Self { address, drain, thread })
    }

    /// The address it listens on, with the port the system chose.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it, and waits until it has ended.
    ///
    /// # Errors
    /// What its event loop has failed with.
    pub(crate) fn stop(self) -> Result<(), Error> {
        self.drain.begin();
        let panicked =
            |_| Error::Thread { source: io::Error::other("the thread of a port has panicked") };
        Ok(self.thread.join().map_err(panicked)??)
    }
}

impl fmt::Debug for SidePort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SidePort").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Failure {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), allowed: None }
    }

    fn into_reply(self) -> Response<Full<Bytes>> {
        let body = serde_json::json!({ "error": self.message }).to_string();
        let mut response = reply(self.code.http(), body.into());
        let allowed = self.allowed.and_then(|it| HeaderValue::from_str(it.as_str()).ok());
        if let Some(allowed) = allowed {
            response.headers_mut().insert(ALLOW, allowed);
        }
        response
    }
}

/// The failure of a request with another method than the one that applies.
pub(crate) fn method_not_allowed(method: &Method, allowed: Method) -> Failure {
    let message = format!("`{method}` does not apply to this path; use {allowed}");
    Failure { allowed: Some(allowed), ..Failure::new(Code::MethodNotAllowed, message) }
}

/// The reply with this value.
pub(crate) fn json(value: &impl Serialize) -> Result<Response<Full<Bytes>>, Failure> {
    match serde_json::to_vec(value) {
        Ok(body) => Ok(reply(StatusCode::OK.as_u16(), body.into())),
        Err(error) => Err(Failure::new(Code::Internal, error.to_string())),
    }
}

/// The reply with this status, and JSON as its body.
pub(crate) fn reply(status: u16, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
