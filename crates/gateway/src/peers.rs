//! The port for peers: the operator asks what is routed and counted, replicas announce themselves.

use std::{
    convert::Infallible,
    fmt, io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, HeaderValue},
    service::service_fn,
};
use longshore_daemon::{
    Code, Drain,
    server::{Body, Config, Limits, Plain, Probe, Readiness, Server},
};
use longshore_platform::{Announcement, PoolReadiness, PoolState, names};
use prometheus_client::registry::Registry;
use serde::Serialize;

use crate::{Error, Kubernetes, Table};

mod pool;

/// Most connections: of a few operators, and of replicas that have just started.
const CONNECTIONS: usize = 1024;

/// Most bytes of a body.
const BODY: usize = 4 << 10;

/// How long what is under way may take once the gateway has ended.
const GRACE: Duration = Duration::from_secs(1);

/// Answers peers, until it is stopped.
pub struct Peers {
    address: SocketAddr,
    drain: Drain,
    thread: JoinHandle<Result<(), longshore_daemon::Error>>,
}

/// What peers ask about.
struct State {
    table: Table,
    kubernetes: Option<Kubernetes>,
}

/// A failure, as a peer reads it.
struct Failure {
    code: Code,
    message: String,
}

struct AlwaysReady;

impl Readiness for AlwaysReady {
    fn is_complete(&self) -> bool {
        true
    }
}

impl Peers {
    /// Answers at `address`, on a thread of its own.
    ///
    /// # Errors
    /// [`Error::Server`] when the socket cannot be opened, [`Error::Thread`].
    pub fn start(
        address: SocketAddr,
        table: Table,
        kubernetes: Option<Kubernetes>,
    ) -> Result<Self, Error> {
        let server = Server::bind(Config {
            address,
            second: None,
            probes: None,
            loops: 1,
            limits: Limits { connections: CONNECTIONS, ..Limits::default() },
            drain_delay: Duration::ZERO,
            grace: GRACE,
        })?;
        let address = server.address();
        let drain = Drain::new();
        let probe = Arc::new(Probe::new(Registry::default(), drain.clone(), AlwaysReady));
        let state = Arc::new(State { table, kubernetes });
        let run = move || {
            let service = |_| {
                let state = state.clone();
                service_fn(move |request: Request<Body>| {
                    let state = state.clone();
                    async move { Ok::<_, Infallible>(answer(&state, request).await) }
                })
            };
            server.run(&Plain, service, probe, std::future::pending())
        };
        let thread = thread::Builder::new()
            .name("peers".into())
            .spawn(run)
            .map_err(|source| Error::Thread { source })?;
        Ok(Self { address, drain, thread })
    }

    /// The address it listens on, with the port the system chose.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it, and waits until it has ended.
    ///
    /// # Errors
    /// What its event loop has failed with.
    pub fn stop(self) -> Result<(), Error> {
        self.drain.begin();
        let panicked = |_| Error::Thread {
            source: io::Error::other("the thread that answers peers has panicked"),
        };
        Ok(self.thread.join().map_err(panicked)??)
    }
}

impl fmt::Debug for Peers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peers").field("address", &self.address).finish_non_exhaustive()
    }
}

async fn answer(state: &State, request: Request<Body>) -> Response<Full<Bytes>> {
    let path = request.uri().path();
    let allowed = if path == names::ANNOUNCE_PATH { Method::POST } else { Method::GET };
    let answered = if request.method() == allowed {
        match path {
            names::LOAD_PATH => json(&state.table.load()),
            names::ANNOUNCE_PATH => announced(state, request).await,
            _ if path.starts_with(names::POOLED_PATH) => pooled(state, path).await,
            _ => of_service(state, path),
        }
    } else {
        let method = request.method();
        let message = format!("`{method}` does not apply to this path; use {allowed}");
        Err(Failure { code: Code::MethodNotAllowed, message })
    };
    let failed = |Failure { code, message }: Failure| {
        let body = serde_json::json!({ "error": message }).to_string();
        let mut response = reply(code.http(), body.into());
        if code == Code::MethodNotAllowed
            && let Ok(allowed) = HeaderValue::from_str(allowed.as_str())
        {
            response.headers_mut().insert(ALLOW, allowed);
        }
        response
    };
    answered.unwrap_or_else(failed)
}

/// What is asked about one InferenceService: `PATH/NAMESPACE/NAME`.
fn of_service(state: &State, path: &str) -> Result<Response<Full<Bytes>>, Failure> {
    let unknown = |message: String| Failure { code: Code::NotFound, message };
    let named = |begin: &str| path.strip_prefix(begin)?.strip_prefix('/')?.split_once('/');
    let table = &state.table;
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
async fn pooled(state: &State, path: &str) -> Result<Response<Full<Bytes>>, Failure> {
    let named = path.strip_prefix(names::POOLED_PATH).and_then(|it| it.strip_prefix('/'));
    let revision = named.and_then(|it| it.split_once('/')).and_then(|(namespace, name)| {
        let revision = state.table.revision(namespace, name)?;
        let pooled = revision.pooled()?;
        Some((revision, pooled))
    });
    let Some((revision, pooled)) = revision else {
        let message = "this gateway knows no such revision for which a warm pool may answer";
        return Err(Failure { code: Code::NotFound, message: message.into() });
    };
    json(&match revision.pool_address() {
        Some(address) => pool::ask(address, &pooled).await,
        None => PoolReadiness {
            state: PoolState::Waiting,
            message: "no replica of the warm pool is ready".into(),
        },
    })
}

async fn announced(
    state: &State,
    request: Request<Body>,
) -> Result<Response<Full<Bytes>>, Failure> {
    let Some(kubernetes) = &state.kubernetes else {
        let message = "this gateway does not route what Kubernetes has".into();
        return Err(Failure { code: Code::Unimplemented, message });
    };
    let Some(token) = token(request.headers()) else {
        let message = "send the token of the pod's ServiceAccount as `authorization: Bearer TOKEN`";
        return Err(Failure { code: Code::Unauthenticated, message: message.into() });
    };
    let body = request.into_body();
    let source = body.connection().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |it| it.peer.ip());
    let wrong = |message: String| Failure { code: Code::InvalidArgument, message };
    let body = Limited::new(body, BODY).collect().await;
    let body = body.map_err(|error| wrong(error.to_string()))?.to_bytes();
    let announcement: Announcement = serde_json::from_slice(&body)
        .map_err(|error| wrong(format!("the body is no announcement: {error}")))?;
    let taken = kubernetes.announced(announcement, token, source).await;
    taken.map_err(|refusal| Failure { code: refusal.code, message: refusal.message })?;
    Ok(reply(StatusCode::NO_CONTENT.as_u16(), Bytes::new()))
}

/// The token that a request has.
fn token(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty())
        .then(|| token.trim().to_owned())
}

fn json(value: &impl Serialize) -> Result<Response<Full<Bytes>>, Failure> {
    match serde_json::to_vec(value) {
        Ok(body) => Ok(reply(StatusCode::OK.as_u16(), body.into())),
        Err(error) => Err(Failure { code: Code::Internal, message: error.to_string() }),
    }
}

fn reply(status: u16, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

#[cfg(test)]
mod tests;
