//! Stepped rollouts: which share of the requests the latest revision gets, from what its gates say of
//! the requests that it has had.
//!
//! [`advance`] is a pure function of the [`State`] that was last written down, of the annotations, the
//! time, and the [`Evidence`] since the present step began. A revision that was rolled back stays so:
//! its state belongs to the revision, and another manifest makes another revision.

mod evidence;
mod gate;
mod state;
mod step;

pub use evidence::{Counter, Evidence};
pub use gate::{Judgement, Subject, judge};
pub use state::State;
pub use step::{Advance, Input, News, Standing, advance};
