//! What every long-running role shares: the server under it, telemetry, health, drain, error codes.
//!
//! * [`cgroup`]: what the process may use of the machine;
//! * [`Code`]: the few kinds of failure, and the status each has in every protocol;
//! * [`Drain`]: the way down after `TERM`: not ready, finish what runs, exit 0;
//! * [`gate`]: permits for what there may be at a time;
//! * [`log`]: JSON lines on stderr, text on a terminal;
//! * [`metrics`]: the text that Prometheus reads, and the process's own figures;
//! * [`percent`]: percent-encoding, undone and done;
//! * [`request_id`]: the id that joins a reply with its log line;
//! * [`server`]: sockets, event loops and connections for any service over HTTP/1 and HTTP/2; TLS, API keys;
//! * [`tokens`]: JSON Web Tokens of an issuer, by the keys that it publishes;
//! * [`trace`]: spans of requests, for an OpenTelemetry collector.

pub mod cgroup;
mod code;
mod drain;
mod error;
pub mod gate;
pub mod log;
pub mod metrics;
pub mod percent;
mod reload;
pub mod request_id;
pub mod server;
pub mod terminal;
pub mod tokens;
pub mod trace;

pub use code::Code;
pub use drain::Drain;
pub use error::Error;
pub use reload::EVERY as RELOAD_EVERY;
pub use request_id::RequestIds;
