//! The port for announcements. Everybody may connect to it, so each address has few connections, small
//! bodies and little time.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{HeaderMap, Method, Request, Response, StatusCode, header::AUTHORIZATION};
use longshore_daemon::{
    Code,
    server::{Body, Limits},
};
use longshore_platform::{Announcement, names};

use crate::{
    Error, Kubernetes,
    side_port::{Failure, SidePort, method_not_allowed, reply},
};

mod few;

use few::Few;

/// Most connections; each may take as much memory as its buffer.
const CONNECTIONS: usize = 1024;

/// Most connections of one address: a replica makes one at a time.
const CONNECTIONS_OF_ONE: u32 = 8;

/// Most bytes that are read of a connection at a time: a head with a token.
const READ_BUFFER: usize = 8 << 10;

/// Most bytes of a body.
const BODY: usize = 4 << 10;

/// How long a head, a body and the rest between two requests may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Hears replicas, until it is stopped.
#[derive(Debug)]
pub struct Announcements(SidePort);

impl Announcements {
    /// Hears them at `address`, on a thread of its own.
    ///
    /// # Errors
    /// [`Error::Server`] when the socket cannot be opened, [`Error::Thread`].
    pub fn start(address: SocketAddr, kubernetes: Option<Kubernetes>) -> Result<Self, Error> {
        let limits = Limits {
            connections: CONNECTIONS,
            streams: 1,
            read_buffer: READ_BUFFER,
            header_timeout: PATIENCE,
            body_timeout: PATIENCE,
            idle_timeout: PATIENCE,
        };
        let answer = move |request| {
            let kubernetes = kubernetes.clone();
            async move { answer(kubernetes.as_ref(), request).await }
        };
        let accept = Few::new(CONNECTIONS_OF_ONE);
        SidePort::start("announcements", address, limits, accept, answer).map(Self)
    }

    /// The address it listens on, with the port the system chose.
    pub fn address(&self) -> SocketAddr {
        self.0.address()
    }

    /// Ends it, and waits until it has ended.
    ///
    /// # Errors
    /// What its event loop has failed with.
    pub fn stop(self) -> Result<(), Error> {
        self.0.stop()
    }
}

async fn answer(
    kubernetes: Option<&Kubernetes>,
    request: Request<Body>,
) -> Result<Response<Full<Bytes>>, Failure> {
    if request.uri().path() != names::ANNOUNCE_PATH {
        return Err(Failure::new(Code::NotFound, "there is no such path"));
    }
    if request.method() != Method::POST {
        return Err(method_not_allowed(request.method(), Method::POST));
    }
    let Some(kubernetes) = kubernetes else {
        let message = "this gateway does not route what Kubernetes has";
        return Err(Failure::new(Code::Unimplemented, message));
    };
    let Some(token) = token(request.headers()) else {
        let message = "send the token of the pod's ServiceAccount as `authorization: Bearer TOKEN`";
        return Err(Failure::new(Code::Unauthenticated, message));
    };
    let body = request.into_body();
    let source = body.connection().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |it| it.peer.ip());
    let wrong = |message: String| Failure::new(Code::InvalidArgument, message);
    let body = Limited::new(body, BODY).collect().await;
    let body = body.map_err(|error| wrong(error.to_string()))?.to_bytes();
    let announcement: Announcement = serde_json::from_slice(&body)
        .map_err(|error| wrong(format!("the body is no announcement: {error}")))?;
    let taken = kubernetes.announced(announcement, token, source).await;
    taken.map_err(|refusal| Failure::new(refusal.code, refusal.message))?;
    Ok(reply(StatusCode::NO_CONTENT.as_u16(), Bytes::new()))
}

/// The token that a request has.
fn token(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty())
        .then(|| token.trim().to_owned())
}

#[cfg(test)]
mod tests;
