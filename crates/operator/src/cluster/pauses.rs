use std::time::Duration;

use kube::runtime::utils::Backoff;

/// The pauses between attempts to watch: short, so that what has changed while the API server was away is
/// seen soon after it is back.
#[derive(Debug, Default)]
pub(crate) struct Pauses {
    failures: u32,
}

/// The first pause; each further one is twice as long, up to the longest.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(4);

impl Iterator for Pauses {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let pause = FIRST.saturating_mul(1 << self.failures.min(10)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        Some(pause)
    }
}

impl Backoff for Pauses {
    fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use kube::runtime::utils::Backoff;

    use super::Pauses;

    #[test]
    fn pauses_grow_to_seconds_and_begin_anew_after_an_answer() {
        let mut pauses = Pauses::default();
        let first: Vec<_> = pauses.by_ref().take(6).map(|it| it.as_millis()).collect();
        assert_eq!(first, [500, 1000, 2000, 4000, 4000, 4000]);
        pauses.reset();
        assert_eq!(pauses.next().map(|it| it.as_millis()), Some(500));
    }
}
