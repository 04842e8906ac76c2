//! Annotations of an InferenceService: one a line, `NAME=VALUE` without `longshore.dev/`.
#![no_main]

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use longshore_operator::autoscaler::Schedule;
use longshore_platform::{Policy, Progressive, Sticky};

fuzz_target!(|text: &str| {
    let lines = text.lines().filter_map(|line| line.split_once('='));
    let annotations: BTreeMap<_, _> =
        lines.map(|(name, value)| (format!("longshore.dev/{name}"), value.to_owned())).collect();
    if let Ok(policy) = Policy::of(&annotations) {
        let text = serde_json::to_vec(&policy).expect("a policy is JSON");
        assert_eq!(serde_json::from_slice::<Policy>(&text).ok(), Some(policy));
    }
    let Progressive { rollout, gates, .. } = Progressive::of(&annotations).unwrap_or_default();
    assert!(gates.errors.is_none_or(|share| share > 0.0 && share < 1.0));
    if let Some(rollout) = rollout {
        assert!(rollout.steps.is_sorted() && rollout.steps.iter().all(|step| *step <= 100));
        assert!(rollout.every > Duration::ZERO);
    }
    for value in annotations.values() {
        if let Ok(sticky) = value.parse::<Sticky>() {
            assert_eq!(sticky.to_string().parse().as_ref(), Ok(&sticky));
        }
        if let Ok(schedule) = Schedule::read(value) {
            for moment in [Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX] {
                assert!(schedule.at_least(moment) >= 0);
            }
        }
    }
});
