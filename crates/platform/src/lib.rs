//! What the roles of the platform on Kubernetes say to one another, so that none has to know another's
//! code: names of labels and annotations, what is known of a revision, load reports, announcements of
//! replicas.
//!
//! The operator makes [`names`] and [`Revision`]s, the gateway reads them. The gateway reports [`Load`],
//! the autoscaler in the operator reads it, and [`Routes`] tell the operator what a gateway routes. A
//! server in a pod sends an [`Announcement`] to the gateways.

mod announcement;
mod fault;
mod load;
pub mod names;
pub mod policy;
mod revision;
mod routes;

pub use announcement::Announcement;
pub use fault::Fault;
pub use load::{Load, LoadReport};
pub use policy::Policy;
pub use revision::{Revision, Scheme};
pub use routes::{Routed, Routes};
