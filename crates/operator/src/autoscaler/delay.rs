use std::{collections::VecDeque, time::Duration};

/// Seconds between two decisions.
pub(super) const TICK_SECONDS: u64 = 2;

/// The most that was wanted in the last while, in steps of [`TICK_SECONDS`]: replicas go only once
/// they have not been wanted for that long.
#[derive(Clone, Debug)]
pub(super) struct Delay {
    steps: u64,
    /// Step and most wanted in it, the most wanted first: what is less and older cannot be the most
    /// again.
    wanted: VecDeque<(u64, i32)>,
}

impl Delay {
    /// A delay of this many seconds.
    pub(super) fn new(seconds: u32) -> Self {
        Self { steps: u64::from(seconds).div_ceil(TICK_SECONDS).max(1), wanted: VecDeque::new() }
    }

    /// The most that was wanted in the last while, with what is wanted now.
    pub(super) fn most(&mut self, now: Duration, wanted: i32) -> i32 {
        let step = now.as_secs() / TICK_SECONDS;
        let mut wanted = wanted;
        if let Some(&(newest, most)) = self.wanted.back()
            && newest == step
        {
            wanted = wanted.max(most);
        }
        while self.wanted.back().is_some_and(|&(_, less)| less <= wanted) {
            self.wanted.pop_back();
        }
        while self.wanted.front().is_some_and(|&(old, _)| old + self.steps <= step) {
            self.wanted.pop_front();
        }
        self.wanted.push_back((step, wanted));
        self.wanted.front().map_or(wanted, |&(_, most)| most)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Delay;

    #[test]
    fn it_forgets_what_is_older() {
        let mut delay = Delay::new(6);
        let mut most = |second, wanted| delay.most(Duration::from_secs(second), wanted);
        assert_eq!(most(0, 3), 3);
        assert_eq!(most(2, 9), 9);
        assert_eq!(most(4, 5), 9);
        assert_eq!(most(5, 4), 9, "the same step again");
        assert_eq!(most(6, 1), 9);
        assert_eq!(most(8, 1), 5, "the most of step 4 is 5");
        assert_eq!(most(10, 1), 1);
        assert_eq!(most(1000, 0), 0);
    }
}
