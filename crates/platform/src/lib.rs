//! What the roles of the platform on Kubernetes say to one another, so that none has to know another's
//! code: names of labels and annotations, what is known of a revision, load reports, announcements of
//! replicas.
//!
//! The operator makes [`names`] and [`Revision`]s, the gateway reads them. The gateway reports [`Load`],
//! which the autoscaler in the operator reads, and how requests ended ([`OutcomeReport`]), by which the
//! operator judges a rollout; [`Routes`] tell the operator what a gateway routes. A server in a pod sends
//! an [`Announcement`] to the gateways, and a gateway tells a warm pool in a header which model a request is
//! for ([`Pooled`]).

mod announcement;
mod fault;
mod latency;
mod load;
pub mod names;
mod outcomes;
pub mod policy;
mod pooled;
pub mod progressive;
mod revision;
mod routes;
mod sticky;

pub use announcement::Announcement;
pub use fault::Fault;
pub use latency::Latency;
pub use load::{Load, LoadReport};
pub use outcomes::{OutcomeReport, Outcomes};
pub use policy::Policy;
pub use pooled::{PoolReadiness, PoolState, Pooled};
pub use progressive::Progressive;
pub use revision::{Pool, Revision, Scheme};
pub use routes::{Routed, Routes};
pub use sticky::Sticky;
