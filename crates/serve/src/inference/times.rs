use std::time::{Duration, Instant};

/// How long the parts of a request took, when somebody wants to know: a look at the clock costs more than
/// the rest of this together.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Times {
    /// The end of the last part.
    last: Option<Instant>,
    pub(crate) decode: Duration,
    pub(crate) run: Duration,
    pub(crate) encode: Duration,
}

impl Times {
    /// The first part begins.
    pub(super) fn start(wanted: bool) -> Self {
        Self { last: wanted.then(Instant::now), ..Self::default() }
    }

    fn part(&mut self) -> Duration {
        let Some(last) = self.last else { return Duration::ZERO };
        let now = Instant::now();
        self.last = Some(now);
        now.duration_since(last)
    }

    /// The time that has passed belongs to no part, such as a wait for the pool.
    pub(super) fn skip(&mut self) {
        self.part();
    }

    pub(super) fn decoded(&mut self) {
        self.decode = self.part();
    }

    pub(super) fn ran(&mut self) {
        self.run = self.part();
    }

    pub(super) fn encoded(&mut self) {
        self.encode = self.part();
    }
}
