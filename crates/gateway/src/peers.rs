//! The port for peers: the operator asks what is routed and counted.

use std::net::SocketAddr;

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
    side_port::{Failure, SidePort, json, method_not_allowed},
};

mod pool;

/// Most connections: of a few operators.
const CONNECTIONS: usize = 1024;

/// Answers peers, until it is stopped.
#[derive(Debug)]
pub struct Peers(SidePort);

impl Peers {
    /// Answers at `address`, on a thread of its own.
    ///
    /// # Errors
    /// [`Error::Server`] when the socket cannot be opened, [`Error::Thread`].
    pub fn start(address: SocketAddr, table: Table) -> Result<Self, Error> {
        let limits = Limits { connections: CONNECTIONS, ..Limits::default() };
        let answer = move |request| {
            let table = table.clone();
            async move { answer(&table, request).await }
        };
        SidePort::start("peers", address, limits, Plain, answer).map(Self)
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

async fn answer(table: &Table, request: Request<Body>) -> Result<Response<Full<Bytes>>, Failure> {
    if request.method() != Method::GET {
        return Err(method_not_allowed(request.method(), Method::GET));
    }
    match request.uri().path() {
        names::LOAD_PATH => json(&table.load()),
        path if path.starts_with(names::POOLED_PATH) => pooled(table, path).await,
        path => of_service(table, path),
    }
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
