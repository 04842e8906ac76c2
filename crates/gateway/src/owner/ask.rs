use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use futures_util::FutureExt;
use http_body_util::BodyExt;
use hyper::{Request, StatusCode, Version, body::Incoming, header::HeaderValue};
use tokio::time::timeout;

use super::{AT_ONCE, GIVER, LONGEST, LOST, target};
use crate::{
    description::Endpoint,
    outgoing::Outgoing,
    revision::{Giver, Lease, Slot, Visit},
    upstream::{Open, Upstream},
};

/// How long the other gateway may take to say that it has taken a request into its queue.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why there is no slot.
#[derive(Debug)]
pub(crate) enum Refused {
    /// Too many wait already, or none is free at once.
    Full,
    /// Another gateway gives the slots.
    Elsewhere,
    /// The gateway does not answer.
    OutOfReach(String),
}

/// Asks the gateway `owner` for a slot, and waits for it when `waits`.
pub(crate) async fn ask(
    upstream: &Upstream,
    owner: SocketAddr,
    visit: &Visit,
    waits: bool,
) -> Result<Slot, Refused> {
    let revision = visit.revision();
    let asked = timeout(PATIENCE, send(upstream, owner, visit, waits)).await;
    let (giver, mut reply, open) = asked.map_err(|_| {
        Refused::OutOfReach(format!("{owner} does not answer within {} s", PATIENCE.as_secs()))
    })??;
    let mut line = Vec::new();
    let mut has_waited = false;
    while !line.ends_with(b"\n") {
        let mut frame = reply.frame();
        let frame = if let Some(frame) = (&mut frame).now_or_never() {
            frame
        } else {
            if !std::mem::replace(&mut has_waited, true) {
                revision.waits();
            }
            frame.await
        };
        // without a line it has given up the queue, or has ended
        let Some(Ok(frame)) = frame else { return Err(Refused::Elsewhere) };
        let part = frame.into_data().unwrap_or_default();
        if line.len() + part.len() > LONGEST {
            return Err(Refused::OutOfReach(format!("{owner} has answered with a long line")));
        }
        line.extend_from_slice(&part);
    }
    let endpoint: Endpoint = serde_json::from_slice(&line)
        .map_err(|error| Refused::OutOfReach(format!("{owner} has answered: {error}")))?;
    let lease = Lease::new(reply, open);
    Slot::lent(revision, endpoint, (owner, giver), lease).ok_or(Refused::Elsewhere)
}

/// Sends the request. Gives who answers, and the reply, whose body is the line.
async fn send(
    upstream: &Upstream,
    owner: SocketAddr,
    visit: &Visit,
    waits: bool,
) -> Result<(Giver, Incoming, Open), Refused> {
    let revision = visit.revision();
    let out = |error: &dyn std::error::Error| Refused::OutOfReach(format!("{owner}: {error}"));
    let mut request = Request::post(target(owner, revision.namespace(), revision.name()))
        .version(Version::HTTP_2)
        .body(Outgoing::Whole(Bytes::new()))
        .map_err(|error| out(&error))?;
    let headers = request.headers_mut();
    if let Some(lost) = visit.lost()
        && let Ok(lost) = HeaderValue::from_str(&lost.to_string())
    {
        headers.insert(LOST, lost);
    }
    if !waits {
        headers.insert(AT_ONCE, HeaderValue::from_static("true"));
    }
    let (mut link, open) = upstream.http2(owner).await.map_err(|error| out(&error))?;
    let sent = link.sender().send_request(request).await;
    let response = sent.map_err(|error| out(&error))?;
    match response.status() {
        StatusCode::OK => {
            let giver = response.headers().get(GIVER).and_then(|it| it.to_str().ok()?.parse().ok());
            let unnamed = || Refused::OutOfReach(format!("{owner} does not say who it is"));
            Ok((giver.ok_or_else(unnamed)?, response.into_body(), open))
        }
        StatusCode::SERVICE_UNAVAILABLE => Err(Refused::Full),
        StatusCode::MISDIRECTED_REQUEST => Err(Refused::Elsewhere),
        status => Err(Refused::OutOfReach(format!("{owner} has answered with status {status}"))),
    }
}
