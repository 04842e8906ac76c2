//! Gateways that do not answer any more, as when their node has lost its power.
//!
//! Kubernetes sends them connections until it misses the node's heartbeat, which takes it most of a
//! minute. A pod that is to go gets none from the moment it is deleted.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use tokio::time::Instant;

/// Questions in a row without an answer after which a gateway is given up. They are asked a second
/// apart, so a gateway whose process alone has stopped is started anew before.
const MOST: u32 = 8;

/// Shortest time between two gateways that are given up.
const REST: Duration = Duration::from_mins(1);

/// How long each gateway has not answered.
#[derive(Debug, Default)]
pub(super) struct Silence {
    unanswered: BTreeMap<SocketAddr, u32>,
    given_up: Option<Instant>,
}

impl Silence {
    /// Takes which gateways have answered, and gives the one that is given up.
    pub(super) fn take(
        &mut self,
        answers: &[(SocketAddr, bool)],
        now: Instant,
    ) -> Option<SocketAddr> {
        self.unanswered.retain(|address, _| answers.iter().any(|(it, _)| it == address));
        for (address, has_answered) in answers {
            let count = self.unanswered.entry(*address).or_default();
            *count = if *has_answered { 0 } else { count.saturating_add(1) };
        }
        // who hears nobody is cut off itself
        let is_heard = answers.iter().any(|(_, has_answered)| *has_answered);
        if !is_heard || self.given_up.is_some_and(|at| now.duration_since(at) < REST) {
            return None;
        }
        let (address, _) = self.unanswered.iter().find(|(_, count)| **count >= MOST)?;
        let address = *address;
        self.unanswered.remove(&address);
        self.given_up = Some(now);
        Some(address)
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use tokio::time::Instant;

    use super::{MOST, REST, Silence};

    fn at(last: u8) -> SocketAddr {
        SocketAddr::from(([10, 0, 0, last], 9091))
    }

    #[test]
    fn one_that_is_silent_beside_others_is_given_up_and_no_second_one_soon() {
        let (mut silence, now) = (Silence::default(), Instant::now());
        let mut take = |first, second, third, after| {
            silence.take(&[(at(1), first), (at(2), second), (at(3), third)], now + after)
        };
        let soon = REST / 2;
        for _ in 1..MOST {
            assert_eq!(take(true, false, true, soon), None);
        }
        assert_eq!(take(true, true, true, soon), None, "an answer begins it anew");
        for _ in 1..MOST {
            assert_eq!(take(true, false, true, soon), None);
        }
        assert_eq!(take(true, false, true, soon), Some(at(2)));
        for _ in 0..2 * MOST {
            assert_eq!(take(true, true, false, soon), None, "one a minute");
        }
        assert_eq!(take(true, true, false, soon + REST), Some(at(3)));
    }

    #[test]
    fn who_hears_no_gateway_gives_none_up() {
        let (mut silence, now) = (Silence::default(), Instant::now());
        for _ in 0..2 * MOST {
            assert_eq!(silence.take(&[(at(1), false), (at(2), false)], now), None);
            assert_eq!(silence.take(&[], now), None);
        }
    }
}
