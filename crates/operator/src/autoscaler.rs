//! How many replicas a revision has.
//!
//! [`Settings`] are what a manifest says of it. [`Rule`] says how many are wanted, by Knative's algorithm;
//! [`Trace`] replays recorded load through it. [`run`] asks gateways for their load and keeps the replicas
//! of the [`Targets`] that the controller names.

mod delay;
mod live;
mod load;
mod metrics;
mod revision;
mod rule;
mod run;
mod schedule;
mod settings;
mod targets;
mod trace;
mod window;
mod words;

pub use live::Live;
pub use metrics::Metrics;
pub use revision::Replicas;
pub use rule::{Decision, Rule};
pub use run::{Change, News, Platform, run};
pub use schedule::Schedule;
pub use settings::{Defaults, Metric, Settings};
pub use targets::{Target, Targets};
pub use trace::{Config, Moment, Outcome, Trace};
pub use window::{Aggregation, Window};
