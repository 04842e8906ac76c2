//! `grpc.health.v1`: the state of the server, of a service, or of a model by its name.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use hyper::body::Frame;
use longshore_daemon::Code;
use tokio::time::{Sleep, sleep};

use crate::{
    failure::Failure,
    outgoing::Frames,
    protobuf::{Reader, Writer},
    protocol::grpc::{message, status},
    shared::Shared,
};

/// How often a watched state is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// `ServingStatus` by its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Serving = 1,
    NotServing = 2,
    /// There is no such service, or none any more.
    Unknown = 3,
}

/// The state of `service`; the whole server when it is empty.
fn state(service: &str, shared: &Shared) -> State {
    let of = |ready| if ready { State::Serving } else { State::NotServing };
    match service {
        "" | "inference.GRPCInferenceService" => of(shared.probe.is_ready()),
        "grpc.health.v1.Health"
        | "grpc.reflection.v1.ServerReflection"
        | "grpc.reflection.v1alpha.ServerReflection" => of(!shared.drain.has_begun()),
        model => {
            let up = !shared.drain.has_begun();
            let found = crate::http::metadata::state(&shared.models.current(), model, None, up);
            found.map_or(State::Unknown, |(_, ready, _)| of(ready))
        }
    }
}

/// The service that a `HealthCheckRequest` asks for.
fn service(message: &[u8]) -> Result<&str, Failure> {
    let mut service = "";
    let mut reader = Reader::new(message, "HealthCheckRequest");
    while let Some(field) = reader.next()? {
        if field.number == 1 {
            service = field.text()?;
        }
    }
    Ok(service)
}

/// Writes the state now.
pub(super) fn check(message: &[u8], shared: &Shared, reply: &mut Writer) -> Result<(), Failure> {
    let service = service(message)?;
    match state(service, shared) {
        State::Unknown => {
            let message = format!("there is no service and no model `{service}`");
            Err(Failure::not_found(message))
        }
        known => {
            reply.integer(1, known as i64);
            Ok(())
        }
    }
}

/// The reply to a `Watch`: the state now, and again when it has changed, until the server goes down.
pub(super) struct Watch {
    shared: Arc<Shared>,
    service: String,
    told: Option<State>,
    timer: Pin<Box<Sleep>>,
    over: bool,
}

impl Watch {
    pub(super) fn new(request: &[u8], shared: &Arc<Shared>) -> Result<Self, Failure> {
        let service = service(request)?.to_owned();
        let timer = Box::pin(sleep(LOOK));
        Ok(Self { shared: shared.clone(), service, told: None, timer, over: false })
    }
}

impl Frames for Watch {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Frame<Bytes>>> {
        loop {
            if self.over {
                return Poll::Ready(None);
            }
            let now = state(&self.service, &self.shared);
            if self.told != Some(now) {
                self.told = Some(now);
                let mut reply = Writer::after(message::begin(2));
                reply.integer(1, now as i64);
                let reply = message::seal(reply.finish(), false).ok();
                return Poll::Ready(reply.map(|reply| Frame::data(reply.into())));
            }
            if self.shared.drain.has_begun() {
                // a caller that watches would otherwise keep the server from its end
                self.over = true;
                let failure = Failure::new(Code::Unavailable, "the server goes down");
                return Poll::Ready(Some(Frame::trailers(status::failed(&failure))));
            }
            std::task::ready!(self.timer.as_mut().poll(cx));
            self.timer = Box::pin(sleep(LOOK));
        }
    }
}
