use std::time::Duration;

use super::{Figures, Reason, Replicas, Revision, Second, Target};
use crate::autoscaler::Settings;

/// A second of which everything is known.
fn whole() -> Second {
    Second { is_known: true, is_whole: true, is_fresh: true, ..Second::default() }
}

fn target(settings: Settings) -> Target {
    Target {
        revision: "iris-predictor-00001-k3d9x".into(),
        uid: String::new(),
        settings,
        is_reachable: true,
        has_been_ready: true,
    }
}

/// A revision whose replicas are ready as soon as they are wanted.
struct Simulated {
    target: Target,
    revision: Revision,
    replicas: Replicas,
    now: u64,
    last: Reason,
}

impl Simulated {
    fn new(target: Target, replicas: Replicas) -> Self {
        let revision = Revision::new(&target, replicas, Duration::ZERO);
        Self { target, revision, replicas, now: 0, last: Reason::Load }
    }

    fn step(&mut self, concurrency: f64, second: &Second, is_ready: bool) {
        let now = Duration::from_secs(self.now);
        let figures =
            Figures { concurrency, arrived: u64::from(concurrency > 0.0), ..Figures::default() };
        self.revision.record(now, figures, second.is_known, self.replicas);
        if self.now.is_multiple_of(2) {
            let verdict = self.revision.decide(now, &self.target, self.replicas, second, 0);
            self.replicas.wanted = verdict.replicas;
            self.last = verdict.reason;
        }
        self.replicas.ready = if is_ready { self.replicas.wanted } else { 0 };
        self.now += 1;
    }

    /// The second at which it goes to 0 replicas, without load.
    fn sleeps_at(&mut self, most: u64) -> Option<u64> {
        (0..most).find_map(|_| {
            self.step(0.0, &whole(), true);
            (self.replicas.wanted == 0).then_some(self.now - 1)
        })
    }
}

/// These wanted and ready replicas.
const fn has(wanted: i32, ready: i32) -> Replicas {
    Replicas { wanted, ready, is_explained: false }
}

const ONE: Replicas = has(1, 1);

#[test]
fn it_sleeps_after_a_window_without_requests() {
    let mut one = Simulated::new(target(Settings::default()), ONE);
    for _ in 0..100 {
        one.step(3.0, &whole(), true);
    }
    assert_eq!(one.sleeps_at(200), Some(160), "the last request was at second 99");
    assert_eq!(one.last, Reason::Asleep);
    one.step(0.0, &whole(), true);
    assert_eq!(one.replicas.wanted, 0);
}

#[test]
fn a_short_request_between_two_decisions_counts() {
    let mut one = Simulated::new(target(Settings::default()), ONE);
    for second in 0..600 {
        // 20 microseconds every 50 s: its average over a window is nothing
        let busy = if second % 50 == 1 { 2e-5 } else { 0.0 };
        one.step(busy, &whole(), true);
        assert_eq!(one.replicas.wanted, 1, "second {second}");
    }
    assert_eq!(one.last, Reason::Idle);
}

#[test]
fn the_last_replica_stays_as_long_as_is_asked() {
    let settings = Settings { pod_retention: 90.0, ..Settings::default() };
    let mut one = Simulated::new(target(settings), ONE);
    for _ in 0..100 {
        one.step(3.0, &whole(), true);
    }
    let slept = one.sleeps_at(400).unwrap();
    assert!((248..=254).contains(&slept), "{slept}: a window, and 90 s more");
}

#[test]
fn nothing_sleeps_when_a_gateway_is_silent() {
    let mut one = Simulated::new(target(Settings::default()), ONE);
    for second in 0..600 {
        let silent = if second < 200 {
            Second { is_fresh: false, ..whole() }
        } else if second < 400 {
            Second { is_fresh: false, is_whole: false, ..whole() }
        } else {
            Second::default()
        };
        one.step(0.0, &silent, true);
        assert_eq!(one.replicas.wanted, 1, "second {second}");
        assert!(second < 100 || one.last == Reason::Unknown, "second {second}: {:?}", one.last);
    }
    assert!(one.sleeps_at(100).is_some());
}

#[test]
fn replicas_do_not_go_while_a_part_of_the_load_is_unknown() {
    let settings = Settings { total: 10.0, ..Settings::default() };
    let mut four = Simulated::new(target(settings), has(4, 4));
    let partial = Second { is_whole: false, is_fresh: false, ..whole() };
    for _ in 0..300 {
        four.step(7.0, &partial, true);
        assert_eq!(four.replicas.wanted, 4);
    }
    for _ in 0..20 {
        four.step(60.0, &partial, true);
    }
    assert!(four.replicas.wanted > 4, "it may grow");
}

#[test]
fn a_revision_that_was_never_ready_waits_for_its_node() {
    let target = Target { has_been_ready: false, ..target(Settings::default()) };
    let mut waiting = Simulated::new(target, has(1, 0));
    for _ in 0..7200 {
        waiting.step(0.0, &whole(), false);
        assert_eq!(waiting.replicas.wanted, 1);
    }
    assert_eq!(waiting.last, Reason::Starting);
}

#[test]
fn one_that_does_not_start_again_sleeps_in_the_end() {
    let mut starting = Simulated::new(target(Settings::default()), has(1, 0));
    for _ in 0..620 {
        starting.step(0.0, &whole(), false);
    }
    assert_eq!(starting.replicas.wanted, 1);
    for _ in 0..20 {
        starting.step(0.0, &whole(), false);
    }
    assert_eq!(starting.replicas.wanted, 0);
}

#[test]
fn waking_is_left_to_the_gateway() {
    let asleep = has(0, 0);
    let mut one = Simulated::new(target(Settings::default()), asleep);
    for _ in 0..20 {
        one.step(0.0, &whole(), true);
    }
    one.step(500.0, &whole(), true);
    assert_eq!(one.replicas.wanted, 0);
    // the gateway woke it
    one.replicas = has(1, 0);
    one.step(500.0, &whole(), true);
    one.step(500.0, &whole(), true);
    assert_eq!(
        one.replicas.wanted, 8,
        "its first requests are not averaged with the silence before"
    );
}

#[test]
fn the_fewest_replicas_are_given_without_a_request() {
    let settings = Settings { min_scale: 2, ..Settings::default() };
    let mut one = Simulated::new(target(settings), has(0, 0));
    one.step(0.0, &Second::default(), true);
    assert_eq!(
        (one.replicas.wanted, one.last),
        (2, Reason::Unknown),
        "nothing is known of its load"
    );
    for _ in 0..200 {
        one.step(0.0, &whole(), true);
    }
    assert_eq!((one.replicas.wanted, one.last), (2, Reason::AtLeast));
}

#[test]
fn a_schedule_raises_the_fewest_within_the_most() {
    let settings = Settings { max_scale: 4, ..Settings::default() };
    let target = target(settings);
    let asleep = Replicas::default();
    let mut revision = Revision::new(&target, asleep, Duration::ZERO);
    let mut replicas =
        |at_least| revision.decide(Duration::ZERO, &target, asleep, &whole(), at_least).replicas;
    assert_eq!((replicas(0), replicas(3), replicas(9)), (0, 3, 4));
}

#[test]
fn the_first_replicas_are_had_once() {
    let settings = Settings { initial_scale: 3, ..Settings::default() };
    let target = Target { has_been_ready: false, ..target(settings) };
    let mut new = Simulated::new(target, has(1, 0));
    new.step(0.0, &whole(), false);
    assert_eq!(new.replicas.wanted, 3);
    new.target.has_been_ready = true;
    new.step(0.0, &whole(), true);
    assert_eq!(new.sleeps_at(200), Some(66), "a window after it was ready");
}

#[test]
fn a_revision_without_traffic_goes_whatever_its_bounds_say() {
    let settings = Settings { min_scale: 3, total: 10.0, ..Settings::default() };
    let mut old = Simulated::new(target(settings), has(3, 3));
    for _ in 0..100 {
        old.step(3.0, &whole(), true);
    }
    assert_eq!(old.replicas.wanted, 3);
    old.target.is_reachable = false;
    for _ in 0..30 {
        old.step(3.0, &whole(), true);
    }
    assert!(old.replicas.wanted > 0, "requests are still under way");
    assert!(old.sleeps_at(100).is_some());
}

#[test]
fn a_limit_is_told() {
    let settings = Settings { total: 1.0, max_scale: 10, ..Settings::default() };
    let mut one = Simulated::new(target(settings), ONE);
    for _ in 0..10 {
        one.step(30.0, &whole(), true);
    }
    assert_eq!((one.replicas.wanted, one.last), (10, Reason::AtMost));
}
