use std::time::Duration;

use jiff::Timestamp;
use longshore_platform::{
    Outcomes,
    progressive::{Gates, Rollout, Verb},
};
use proptest::prelude::*;

use super::{Advance, Input, Standing, advance};
use crate::rollout::{Evidence, State};

/// A rollout that is asked again and again, as the operator does.
struct Run {
    rollout: Rollout,
    gates: Gates,
    has_copies: bool,
    state: Option<State>,
    second: i64,
}

/// What is so at one moment.
#[derive(Clone, Copy)]
struct Now {
    is_ready: bool,
    unready: u64,
    verb: Option<Verb>,
    ended: u64,
    errors: u64,
}

const WELL: Now = Now { is_ready: true, unready: 0, verb: None, ended: 1000, errors: 0 };

impl Run {
    fn new(rollout: &str, gates: &str) -> Self {
        let gates = if gates.is_empty() { Gates::default() } else { Gates::parse(gates).unwrap() };
        Self {
            rollout: Rollout::parse(rollout).unwrap(),
            gates,
            has_copies: false,
            state: None,
            second: 1_700_000_000,
        }
    }

    /// Asks `seconds` later.
    fn after(&mut self, seconds: i64, now: Now) -> Advance {
        self.second += seconds;
        let latest = Outcomes { ended: now.ended, errors: now.errors, ..Outcomes::default() };
        let evidence = Evidence { latest, stable: Outcomes::default() };
        let input = Input {
            rollout: &self.rollout,
            gates: &self.gates,
            has_copies: self.has_copies,
            verb: now.verb,
            now: Timestamp::from_second(self.second).unwrap(),
            is_ready: now.is_ready,
            unready: (now.unready > 0).then(|| Duration::from_secs(now.unready)),
            evidence: &evidence,
        };
        let advance = advance(self.state.as_ref(), &input);
        self.state.clone_from(&advance.state);
        advance
    }
}

fn summary(advance: &Advance) -> (u32, Standing, Option<&str>) {
    (advance.percent, advance.standing, advance.news.as_ref().map(|news| news.reason))
}

#[test]
fn steps_are_taken_when_their_time_is_over() {
    let mut run = Run::new("5%,25%,100% every 2m", "errors < 1%");
    let unready = Now { is_ready: false, ..WELL };
    assert_eq!(summary(&run.after(0, unready)), (0, Standing::WaitingForReplica, None));
    assert_eq!(run.state, None);
    assert_eq!(summary(&run.after(9, WELL)), (5, Standing::Stepping, Some("RolloutStepped")));
    let stay = run.after(119, WELL);
    assert_eq!(summary(&stay), (5, Standing::Stepping, None));
    assert_eq!(stay.message, "it gets 5% of the requests, and 25% next");
    assert_eq!(summary(&run.after(1, WELL)), (25, Standing::Stepping, Some("RolloutStepped")));
    assert_eq!(summary(&run.after(300, WELL)), (100, Standing::Complete, Some("RolloutComplete")));
    assert_eq!(summary(&run.after(300, WELL)), (100, Standing::Complete, None));
}

#[test]
fn a_gate_that_has_not_seen_enough_holds_the_step() {
    let mut run = Run::new("5%,100% every 1m", "errors < 1%");
    run.after(0, WELL);
    let few = run.after(90, Now { ended: 20, ..WELL });
    assert_eq!(summary(&few), (5, Standing::WaitingForRequests, None));
    assert_eq!(
        few.message,
        "it gets 5% of the requests, and 100% once its gates pass: 20 of 100 requests seen"
    );
    assert_eq!(summary(&run.after(600, Now { ended: 100, ..WELL })).0, 100);
}

#[test]
fn a_gate_that_fails_rolls_back_at_once_and_for_good() {
    let mut run = Run::new("5%,100% every 1h", "errors < 1%");
    run.after(0, WELL);
    let bad = run.after(2, Now { ended: 8, errors: 7, ..WELL });
    assert_eq!(summary(&bad), (0, Standing::RolledBack, Some("RolledBack")));
    assert_eq!(
        bad.message,
        "it was rolled back and gets no requests: at 5%, 7 of 8 requests failed, and less than 1% may"
    );
    assert_eq!(summary(&run.after(9999, WELL)), (0, Standing::RolledBack, None));
    let promoted = run.after(0, Now { verb: Some(Verb::Promote), ..WELL });
    assert_eq!(summary(&promoted), (100, Standing::Complete, Some("RolloutComplete")));
}

#[test]
fn a_revision_that_is_no_longer_ready_waits_then_goes() {
    let mut run = Run::new("5%,100% every 1m", "");
    run.after(0, WELL);
    let gone = Now { is_ready: false, unready: 59, ..WELL };
    assert_eq!(summary(&run.after(90, gone)), (5, Standing::WaitingForReplica, None));
    let gone = Now { unready: 60, ..gone };
    assert_eq!(summary(&run.after(1, gone)), (0, Standing::RolledBack, Some("RolledBack")));
}

#[test]
fn a_rollout_that_does_not_end_at_100_waits_for_somebody() {
    let mut run = Run::new("0%,10% every 1m", "errors < 1%");
    assert_eq!(summary(&run.after(0, WELL)).0, 0);
    assert_eq!(summary(&run.after(60, WELL)).0, 10);
    assert_eq!(summary(&run.after(6000, WELL)), (10, Standing::WaitingForPromotion, None));
    let promoted = run.after(1, Now { verb: Some(Verb::Promote), ..WELL });
    assert_eq!(summary(&promoted), (100, Standing::Complete, Some("RolloutComplete")));
}

#[test]
fn somebody_may_abort_it_and_promotes_only_what_is_ready() {
    let mut run = Run::new("5%,100% every 1m", "");
    let unready = Now { is_ready: false, verb: Some(Verb::Promote), ..WELL };
    assert_eq!(summary(&run.after(0, unready)).0, 0);
    run.after(0, WELL);
    let aborted = run.after(1, Now { verb: Some(Verb::Abort), ..WELL });
    assert_eq!(summary(&aborted), (0, Standing::RolledBack, Some("RolledBack")));
    assert!(aborted.message.ends_with("somebody has aborted it"));
    let mut done = Run::new("100% every 1m", "");
    assert_eq!(summary(&done.after(0, WELL)).0, 100);
    assert_eq!(summary(&done.after(1, Now { verb: Some(Verb::Abort), ..WELL })).0, 100);
}

#[test]
fn steps_that_change_on_the_way_go_on_from_where_it_is() {
    let mut run = Run::new("5%,25%,100% every 1m", "");
    run.after(0, WELL);
    run.after(60, WELL);
    run.rollout = Rollout::parse("10%,50%,100% every 1m").unwrap();
    assert_eq!(summary(&run.after(60, WELL)).0, 50);
    // a clock that goes back does not shorten a step
    assert_eq!(summary(&run.after(-500, WELL)).0, 50);
    assert_eq!(summary(&run.after(500, WELL)).0, 50);
    assert_eq!(summary(&run.after(60, WELL)).0, 100);
}

proptest! {
    #[test]
    fn shares_are_those_of_the_steps_in_their_order(
        moments in prop::collection::vec((0i64..200, any::<bool>(), 0u64..2000, 0u64..6, 0u64..90), 1..60),
    ) {
        let mut run = Run::new("0%,5%,25%,50%,100% every 1m", "errors < 1%");
        let mut before = None;
        let mut is_over = false;
        for (seconds, is_ready, ended, errors, unready) in moments {
            let errors = errors.min(ended);
            let unready = if is_ready { 0 } else { unready };
            let now = Now { is_ready, unready, verb: None, ended, errors };
            let advance = run.after(seconds, now);
            let percent = advance.percent;
            prop_assert!([0, 5, 25, 50, 100].contains(&percent));
            if is_over {
                prop_assert_eq!(Some(percent), before, "what is decided stays");
            }
            let steps: &[(u32, u32)] = &[(0, 5), (5, 25), (25, 50), (50, 100)];
            if let Some(before) = before.filter(|before| *before != percent) {
                let is_step = steps.contains(&(before, percent));
                prop_assert!(is_step || advance.standing == Standing::RolledBack);
                prop_assert!(!is_step || is_ready, "no step without a replica");
            }
            is_over = matches!(advance.standing, Standing::RolledBack | Standing::Complete);
            before = Some(percent);
        }
    }
}

#[test]
fn a_step_of_0_is_judged_by_copies_and_says_what_they_show() {
    let mut run = Run::new("0%,100% every 10s", "errors < 5%, requests >= 10");
    run.has_copies = true;
    run.after(0, WELL);
    let stay = run.after(1, Now { ended: 0, ..WELL });
    assert_eq!(
        stay.message,
        "it gets 0% of the requests, and 100% next; of 0 copied requests 0 were answered \
        otherwise than by the stable revision, and 0 failed"
    );
    // its gates wait for copies, which the requests of its own are not
    assert_eq!(run.after(30, WELL).standing, Standing::WaitingForRequests);
}

#[test]
fn what_is_under_way_falls_with_another_component() {
    let mut run = Run::new("5%,100% every 1m", "errors < 1%");
    let under_way = run.after(0, WELL);
    assert!(!under_way.falls());
    let back = under_way.beside("transformer");
    assert_eq!(summary(&back), (0, Standing::RolledBack, Some("RolledBack")));
    assert!(
        back.falls()
            && back.message.ends_with("the new revision of the transformer was rolled back")
    );
    let done = run.after(60, WELL);
    assert_eq!(done.clone().beside("transformer"), done);
}
