//! What counts say of a gate.
//!
//! Each gate limits the share of bad requests: those that failed, that took longer than a limit (1 % of
//! them for `p99`), or whose copy was answered otherwise. Requests count as independent.
//!
//! A gate has failed once the counts would be too strange for a revision that keeps the limit. It is
//! asked again with every report, so a test for a fixed number of requests would fail good revisions
//! sooner or later. The one here may be asked at any time: the likelihood of the counts under eight
//! larger shares, averaged, over their likelihood at the limit. For a revision that keeps the limit this
//! ratio is a supermartingale that begins at 1, so the probability that it ever reaches 1000 is at most
//! 1 in 1000 (Ville's inequality; see Robbins 1970, "Statistical methods related to the law of the
//! iterated logarithm", and Ramdas et al. 2023, "Game-theoretic statistics and safe anytime-valid
//! inference").
//!
//! A gate has passed when enough requests were seen and the share among them is below the limit.
//! Enough is what the annotation says, and never fewer than one bad request among them would exceed.

use longshore_platform::{Latency, progressive::Gates};

use super::Evidence;

/// A gate fails a revision that keeps its limit with a probability of at most one over this.
const CERTAINTY: f64 = 1000.0;

/// Fewest bad requests by which a gate fails: two may be one fault of a client or a node.
const LEAST_BAD: u64 = 3;

/// The larger shares: these powers of two times the odds of the limit.
const LARGER: [i32; 8] = [1, 2, 3, 4, 6, 8, 10, 12];

/// What the gates say together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// All have passed.
    Passed,
    /// Some have not yet: for what they wait.
    Waiting(String),
    /// One has failed: why.
    Failed(String),
}

/// Whose errors and times are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Those of requests.
    Requests,
    /// Those of copies of requests: the revision has no requests of its own.
    Copies,
    /// Nobody's: there are neither.
    Nothing,
}

impl Subject {
    /// What is judged of a revision that has this share of the requests, and copies or none.
    pub fn of(percent: u32, has_copies: bool) -> Self {
        match (percent, has_copies) {
            (0, true) => Self::Copies,
            (0, false) => Self::Nothing,
            _ => Self::Requests,
        }
    }
}

/// What one gate has counted.
struct Count {
    /// What is bad, such as `failed`.
    bad_is: String,
    /// Requests.
    of: &'static str,
    limit: f64,
    bad: u64,
    all: u64,
    /// The same of the stable revision, for a comparison in words.
    stable: Option<(u64, u64)>,
}

/// What gates say of the evidence of one step.
pub fn judge(gates: &Gates, subject: Subject, evidence: &Evidence) -> Judgement {
    let counts = counts(gates, subject, evidence);
    if let Some(failed) = counts.iter().find(|count| count.has_failed()) {
        return Judgement::Failed(failed.told());
    }
    let waits: Vec<_> = counts.iter().filter_map(|count| count.waits(gates.requests)).collect();
    if waits.is_empty() { Judgement::Passed } else { Judgement::Waiting(waits.join("; ")) }
}

fn counts(gates: &Gates, subject: Subject, evidence: &Evidence) -> Vec<Count> {
    let Evidence { latest, stable } = evidence;
    let mut counts = Vec::new();
    let (of, errors, all, times) = match subject {
        Subject::Requests => ("requests", latest.errors, latest.ended, &latest.latency),
        Subject::Copies => {
            ("copied requests", latest.failed, latest.compared, &latest.copy_latency)
        }
        Subject::Nothing => ("requests", 0, 0, &latest.latency),
    };
    let is_judged = subject != Subject::Nothing;
    if let Some(limit) = gates.errors.filter(|_| is_judged) {
        counts.push(Count {
            bad_is: "failed".into(),
            of,
            limit,
            bad: errors,
            all,
            stable: Some((stable.errors, stable.ended)),
        });
    }
    for gate in gates.latency.iter().filter(|_| is_judged) {
        let slow = |latency: &Latency| (latency.at_least(gate.limit), latency.count());
        let (bad, all) = slow(times);
        counts.push(Count {
            bad_is: format!("took {} or longer", time(gate.limit)),
            of,
            limit: (100.0 - gate.percent) / 100.0,
            bad,
            all,
            stable: Some(slow(&stable.latency)),
        });
    }
    if let Some(limit) = gates.disagreement {
        counts.push(Count {
            bad_is: "were answered otherwise than by the stable revision".into(),
            of: "copied requests",
            limit,
            bad: latest.disagreed,
            all: latest.compared,
            stable: None,
        });
    }
    counts
}

impl Count {
    fn has_failed(&self) -> bool {
        self.bad >= LEAST_BAD && strangeness(self.bad, self.all, self.limit) >= CERTAINTY.ln()
    }

    /// For what it waits; nothing when it has passed.
    fn waits(&self, requests: u64) -> Option<String> {
        let Self { of, bad_is, .. } = self;
        let enough = requests.max((1.0 / self.limit).ceil() as u64);
        if self.all < enough {
            return Some(format!("{} of {enough} {of} seen", self.all));
        }
        let is_below = (self.bad as f64) < self.limit * self.all as f64;
        (!is_below).then(|| {
            let limit = percent(self.limit);
            format!(
                "{} of {} {of} {bad_is}, more have to tell whether it is less than {limit}",
                self.bad, self.all
            )
        })
    }

    fn told(&self) -> String {
        let Self { of, bad_is, bad, all, .. } = self;
        let limit = percent(self.limit);
        let stable = match self.stable {
            Some((bad, all)) if all > 0 => format!("; of the stable revision, {bad} of {all}"),
            _ => String::new(),
        };
        format!("{bad} of {all} {of} {bad_is}, and less than {limit} may{stable}")
    }
}

/// The logarithm of how much more likely these counts are under larger shares than at the limit.
fn strangeness(bad: u64, all: u64, limit: f64) -> f64 {
    let odds = limit / (1.0 - limit);
    let good = all.saturating_sub(bad) as f64;
    let ratio = |power: &i32| {
        let larger = odds * 2f64.powi(*power);
        let share = larger / (1.0 + larger);
        bad as f64 * (share / limit).ln() + good * ((1.0 - share) / (1.0 - limit)).ln()
    };
    let ratios = LARGER.map(|power| ratio(&power));
    let most = ratios.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = ratios.iter().map(|ratio| (ratio - most).exp()).sum();
    most + (sum / LARGER.len() as f64).ln()
}

/// A share as people write it, without the digits that a division by 100 leaves behind.
fn percent(share: f64) -> String {
    format!("{}%", (share * 100.0 * 1e6).round() / 1e6)
}

fn time(limit: std::time::Duration) -> String {
    let seconds = limit.as_secs_f64();
    if seconds < 1.0 { format!("{} ms", seconds * 1000.0) } else { format!("{seconds} s") }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use longshore_platform::{Latency, Outcomes, progressive::Gates};

    use super::{CERTAINTY, Judgement, Subject, judge, strangeness};
    use crate::rollout::Evidence;

    fn of(gates: &str, percent: u32, latest: &Outcomes) -> Judgement {
        let stable = Outcomes { ended: 200, errors: 1, ..Outcomes::default() };
        let subject = Subject::of(percent, true);
        judge(&Gates::parse(gates).unwrap(), subject, &Evidence { latest: *latest, stable })
    }

    fn errors(errors: u64, ended: u64) -> Outcomes {
        Outcomes { ended, errors, ..Outcomes::default() }
    }

    #[test]
    fn a_gate_waits_for_enough_requests_then_passes() {
        let waits = |text: &str| Judgement::Waiting(text.to_owned());
        assert_eq!(of("errors < 1%", 5, &errors(0, 99)), waits("99 of 100 requests seen"));
        assert_eq!(of("errors < 1%", 5, &errors(0, 100)), Judgement::Passed);
        // one of a hundred is not less than 1 %: more requests tell
        assert!(matches!(of("errors < 1%", 5, &errors(1, 100)), Judgement::Waiting(_)));
        assert_eq!(of("errors < 1%", 5, &errors(1, 101)), Judgement::Passed);
        // a limit of 0.1 % is not kept by a hundred requests without an error
        let few = of("errors < 0.1%, requests >= 10", 5, &errors(0, 500));
        assert_eq!(few, waits("500 of 1000 requests seen"));
        assert_eq!(of("requests >= 10", 5, &errors(0, 0)), Judgement::Passed);
    }

    #[test]
    fn a_gate_fails_once_the_counts_are_too_strange() {
        assert!(matches!(of("errors < 1%", 5, &errors(2, 2)), Judgement::Waiting(_)));
        let failed =
            "3 of 3 requests failed, and less than 1% may; of the stable revision, 1 of 200";
        assert_eq!(of("errors < 1%", 5, &errors(3, 3)), Judgement::Failed(failed.into()));
        assert!(matches!(of("errors < 1%", 5, &errors(8, 100)), Judgement::Failed(_)));
        // 3 of 100 happens to a good revision in 8 of 100 rollouts
        assert!(matches!(of("errors < 1%", 5, &errors(3, 100)), Judgement::Waiting(_)));
    }

    #[test]
    fn slow_requests_are_judged_by_the_share_that_may_be_slow() {
        let mut latest = Outcomes { ended: 200, ..Outcomes::default() };
        for request in 0..200 {
            let slow = if request % 10 == 0 { 400 } else { 20 };
            latest.latency.add(Duration::from_millis(slow));
        }
        assert_eq!(of("p90 < 500ms", 5, &latest), Judgement::Passed);
        let Judgement::Failed(why) = of("p99 < 200ms", 5, &latest) else { panic!("not failed") };
        assert!(
            why.starts_with("20 of 200 requests took 200 ms or longer, and less than 1% may"),
            "{why}"
        );
        assert_eq!(of("p99 < 1.5s", 5, &latest), Judgement::Passed);
    }

    #[test]
    fn without_requests_of_its_own_copies_are_judged() {
        let compared = |compared, disagreed, failed| {
            let mut copies = Outcomes { compared, disagreed, failed, ..Outcomes::default() };
            copies.copy_latency.put(Latency::bucket(Duration::from_millis(20)), compared);
            copies
        };
        let gates = "errors < 1%, p99 < 200ms, disagreement < 2%";
        assert_eq!(of(gates, 0, &compared(100, 1, 0)), Judgement::Passed);
        assert!(matches!(of(gates, 0, &compared(60, 60, 0)), Judgement::Failed(_)));
        assert!(matches!(of(gates, 5, &compared(100, 1, 0)), Judgement::Waiting(_)));
        let failed = "9 of 60 copied requests failed, and less than 1% may; of the stable revision, 1 of 200";
        assert_eq!(of(gates, 0, &compared(60, 9, 9)), Judgement::Failed(failed.into()));
        let Judgement::Failed(slow) = of("p99 < 10ms", 0, &compared(60, 0, 0)) else {
            panic!("not failed")
        };
        assert!(slow.starts_with("60 of 60 copied requests took 10 ms or longer"), "{slow}");
        // without copies there is nothing to wait for
        let nothing = Evidence::default();
        let gates = Gates::parse("errors < 1%, p99 < 200ms").unwrap();
        assert_eq!(judge(&gates, Subject::of(0, false), &nothing), Judgement::Passed);
    }

    /// A sequence of numbers that is the same in every run (xorshift64*, Vigna 2016).
    fn random(state: &mut u64) -> f64 {
        *state ^= *state >> 12;
        *state ^= *state << 25;
        *state ^= *state >> 27;
        (state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1u64 << 53) as f64
    }

    #[test]
    fn good_revisions_fail_as_rarely_as_promised_although_they_are_judged_after_each_request() {
        let mut state = 0x9E37_79B9_7F4A_7C15;
        let mut failed = 0;
        let runs = 4000;
        for _ in 0..runs {
            let mut bad = 0;
            // exactly at the limit is the worst that a good revision may be
            let fails = (1..=2000u64).any(|all| {
                let is_bad = random(&mut state) < 0.01;
                bad += u64::from(is_bad);
                is_bad && strangeness(bad, all, 0.01) >= CERTAINTY.ln()
            });
            failed += u64::from(fails);
        }
        // expected are at most 4; more than 12 would have a probability below 1 in 1000
        assert!(failed <= 12, "{failed} of {runs} good revisions failed");
    }

    #[test]
    fn bad_revisions_fail_soon() {
        let mut state = 0x2545_F491_4F6C_DD1D;
        let mut needed = Vec::new();
        for _ in 0..200 {
            let mut bad = 0;
            let first = (1..=5000u64).find(|all| {
                bad += u64::from(random(&mut state) < 0.1);
                bad >= 3 && strangeness(bad, *all, 0.01) >= CERTAINTY.ln()
            });
            needed.push(first.unwrap_or(u64::MAX));
        }
        needed.sort_unstable();
        assert!(needed[100] < 60 && needed[195] < 250, "{} {}", needed[100], needed[195]);
    }
}
