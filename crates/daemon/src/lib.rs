//! What every long-running role shares: telemetry, health, drain, error codes.
//!
//! * [`cgroup`]: what the process may use of the machine;
//! * [`Code`]: the few kinds of failure, and the status each has in every protocol;
//! * [`Drain`]: the way down after `TERM`: not ready, finish what runs, exit 0;
//! * [`log`]: JSON lines on stderr, text on a terminal;
//! * [`metrics`]: the text that Prometheus reads, and the process's own figures;
//! * [`request_id`]: the id that joins a reply with its log line.

pub mod cgroup;
mod code;
mod drain;
pub mod log;
pub mod metrics;
pub mod request_id;

pub use code::Code;
pub use drain::Drain;
pub use request_id::RequestIds;
