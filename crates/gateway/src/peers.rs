//! The port for peers: the operator asks what is routed and counted, and other gateways for slots.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, Request, Response};
use longshore_daemon::{
    Code,
    server::{Body, Limits, Plain},
};
use longshore_platform::{PoolReadiness, PoolState, names};

use crate::{
    Error, Table,
    owner::{self, Reply},
    peers::handover::{Handover, Report},
    side_port::{Failure, SidePort, json, method_not_allowed},
};

mod client;
mod handover;
mod pool;

/// Most connections and requests: of a few operators, and of each request of another gateway that waits or is
/// at a replica with a limit.
const OPEN: usize = 32 << 10;

/// How long a peer that has gone without a word keeps what it has: twice until it is asked whether it lives.
const IDLE: Duration = Duration::from_secs(20);

/// Answers peers, until it is stopped.
#[derive(Debug)]
pub struct Peers {
    port: SidePort,
    handover: Handover,
}

impl Peers {
    /// Answers at `address`, on a thread of its own. `waiting` is how many requests of all gateways may wait
    /// here for a replica of one revision.
    ///
    /// # Errors
    /// [`Error::Server`] when the socket cannot be opened, [`Error::Thread`].
    pub fn start(address: SocketAddr, table: Table, waiting: usize) -> Result<Self, Error> {
        let handover = Handover::start(table.clone())?;
        let limits = Limits { connections: OPEN, idle_timeout: IDLE, ..Limits::default() };
        let answer = move |request: Request<Body>| {
            let table = table.clone();
            async move {
                if let Some(name) = request.uri().path().strip_prefix(owner::PATH) {
                    return slot(&table, name, &request, waiting);
                }
                answer(&table, request).await.map(|it| it.map(Reply::from))
            }
        };
        let port = SidePort::start("peers", address, limits, Plain, answer)?;
        Ok(Self { port, handover })
    }

    /// The address it listens on, with the port the system chose.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// Ends it, and waits until it has ended.
    ///
    /// # Errors
    /// What its event loop has failed with.
    pub fn stop(self) -> Result<(), Error> {
        self.handover.stop()?;
        self.port.stop()
    }
}

async fn answer(table: &Table, request: Request<Body>) -> Result<Response<Full<Bytes>>, Failure> {
    if request.method() != Method::GET {
        return Err(method_not_allowed(request.method(), Method::GET));
    }
    match request.uri().path() {
        names::LOAD_PATH => json(&table.load()),
        path if path.starts_with(names::POOLED_PATH) => pooled(table, path).await,
        path if path.starts_with(handover::PATH) => uses(table, path),
        path => of_service(table, path),
    }
}

/// A slot for another gateway, at `/NAMESPACE/REVISION`. Who is not known as a gateway gets none: it would
/// take the turns of those who wait.
fn slot(
    table: &Table,
    name: &str,
    request: &Request<Body>,
    waiting: usize,
) -> Result<Response<Reply>, Failure> {
    if request.method() != Method::POST {
        return Err(method_not_allowed(request.method(), Method::POST));
    }
    let peer = request.body().connection().map(|it| it.peer.ip());
    if !peer.is_some_and(|peer| table.has_gateway(peer)) {
        let message = "only gateways of this release are given slots";
        return Err(Failure::new(Code::PermissionDenied, message));
    }
    let name = name.strip_prefix('/').and_then(|it| it.split_once('/'));
    let revision = name.and_then(|(namespace, name)| table.revision(namespace, name));
    let Some(revision) = revision else {
        return Err(Failure::new(Code::NotFound, "this gateway knows no such revision"));
    };
    Ok(owner::answer(&revision, request.headers(), table.giver(), waiting))
}

/// What requests of this gateway use that another one has not given: `PATH/GIVER`.
fn uses(table: &Table, path: &str) -> Result<Response<Full<Bytes>>, Failure> {
    let giver = path.strip_prefix(handover::PATH).and_then(|it| it.strip_prefix('/')?.parse().ok());
    let wrong = || Failure::new(Code::NotFound, "name the gateway that asks by its number");
    json(&Report::of(table, giver.ok_or_else(wrong)?))
}

/// What is asked about one InferenceService: `PATH/NAMESPACE/NAME`.
fn of_service(table: &Table, path: &str) -> Result<Response<Full<Bytes>>, Failure> {
    let unknown = |message: String| Failure::new(Code::NotFound, message);
    let named = |begin: &str| path.strip_prefix(begin)?.strip_prefix('/')?.split_once('/');
    let (name, answer) = if let Some((namespace, name)) = named(names::ROUTES_PATH) {
        ((namespace, name), table.routes(namespace, name).map(|routes| json(&routes)))
    } else if let Some((namespace, name)) = named(names::OUTCOMES_PATH) {
        ((namespace, name), table.outcomes(namespace, name).map(|report| json(&report)))
    } else {
        return Err(unknown("there is no such path".into()));
    };
    answer.unwrap_or_else(|| {
        let (namespace, name) = name;
        Err(unknown(format!(
            "this gateway routes no InferenceService `{name}` of the namespace `{namespace}`"
        )))
    })
}

/// What the warm pool says of a revision: `PATH/NAMESPACE/REVISION`.
async fn pooled(table: &Table, path: &str) -> Result<Response<Full<Bytes>>, Failure> {
    let named = path.strip_prefix(names::POOLED_PATH).and_then(|it| it.strip_prefix('/'));
    let revision = named.and_then(|it| it.split_once('/')).and_then(|(namespace, name)| {
        let revision = table.revision(namespace, name)?;
        let pooled = revision.pooled()?;
        Some((revision, pooled))
    });
    let Some((revision, pooled)) = revision else {
        let message = "this gateway knows no such revision for which a warm pool may answer";
        return Err(Failure::new(Code::NotFound, message));
    };
    json(&match revision.pool_address() {
        Some(address) => pool::ask(address, &pooled).await,
        None => PoolReadiness {
            state: PoolState::Waiting,
            message: "no replica of the warm pool is ready".into(),
        },
    })
}

#[cfg(test)]
mod tests;
