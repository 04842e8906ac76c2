//! How a gateway asks another one for a slot: a limit on the requests of a replica is one of all gateways,
//! so one gateway of the release has the queue of a revision with a limit.
//!
//! The request itself goes straight to the replica. What passes between gateways is `POST
//! /slots/NAMESPACE/REVISION` on the port for peers. The reply has a head at once, and one line in its body
//! when the slot is there: an [`Endpoint`](crate::description::Endpoint) as JSON. The slot is taken for as
//! long as the reply is open: whoever has it takes the reply back, and one that dies loses its connection.

use std::net::SocketAddr;

use hyper::header::HeaderName;

mod answer;
mod ask;

pub(crate) use answer::{Reply, answer};
pub(crate) use ask::{Refused, ask};

/// The path of slots, followed by `/NAMESPACE/REVISION`.
pub(crate) const PATH: &str = "/slots";

/// The header with the address of the replica that could not be reached.
const LOST: HeaderName = HeaderName::from_static("longshore-lost");

/// The header of a request that does not wait.
const AT_ONCE: HeaderName = HeaderName::from_static("longshore-at-once");

/// The header of a reply that says which start of a gateway gives the slot.
const GIVER: HeaderName = HeaderName::from_static("longshore-giver");

/// Most bytes of the line.
const LONGEST: usize = 256;

/// An address as a path of a slot is asked at.
fn target(at: SocketAddr, namespace: &str, revision: &str) -> String {
    format!("http://{at}{PATH}/{namespace}/{revision}")
}
