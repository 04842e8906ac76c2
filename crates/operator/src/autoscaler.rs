//! How many replicas a revision has.
//!
//! [`Rule`] says how many are wanted, by Knative's algorithm; [`Trace`] replays recorded load through it.

mod delay;
mod rule;
mod settings;
mod trace;
mod window;

pub use rule::{Decision, Rule};
pub use settings::{Metric, Settings};
pub use trace::{Config, Moment, Outcome, Trace};
pub use window::{Aggregation, Window};
