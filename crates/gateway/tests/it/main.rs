//! The gateway over real sockets, before replicas that behave and misbehave.

#![expect(clippy::unwrap_used, reason = "tests fail loudly")]

mod calls;
mod hostile;
mod limits;
mod pool;
mod replica;
mod replies;
mod routing;
mod running;
mod security;
mod shadow;
mod traces;
mod waiting;
