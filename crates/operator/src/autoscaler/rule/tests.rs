use std::time::Duration;

use proptest::{collection::vec, option, prelude::*};

use super::Rule;
use crate::autoscaler::{Aggregation, Settings};

fn settings() -> impl Strategy<Value = Settings> {
    (
        (0.01_f64..500.0, 0.01_f64..1.0, 6_u32..120, 1.0_f64..100.0, 1.1_f64..10.0),
        (1.01_f64..1000.0, 1.01_f64..10.0, 0_i32..5, 0_u32..60, any::<bool>()),
        (0_i32..5, 0_i32..20),
    )
        .prop_map(|(load, change, (min_scale, room))| Settings {
            total: load.0,
            utilization: load.1,
            stable_window: load.2,
            panic_window_percentage: load.3,
            panic_threshold: load.4,
            max_scale_up_rate: change.0,
            max_scale_down_rate: change.1,
            activation_scale: change.2,
            scale_down_delay: change.3,
            aggregation: if change.4 {
                Aggregation::WeightedExponential
            } else {
                Aggregation::Linear
            },
            min_scale,
            max_scale: if room == 0 { 0 } else { min_scale + room },
            ..Settings::default()
        })
}

fn seconds(tick: usize) -> Duration {
    Duration::from_secs(2 * tick as u64)
}

proptest! {
    #[test]
    fn what_is_decided_stays_within_what_is_allowed(
        settings in settings(),
        born_with in 0_i32..50,
        is_reachable: bool,
        loads in vec((option::weighted(0.9, 0.0_f64..2000.0), 0_i32..100), 1..200),
    ) {
        let mut rule = Rule::new(settings.clone(), born_with, Duration::ZERO);
        let mut before = None;
        for (tick, (load, ready)) in loads.into_iter().enumerate() {
            if let Some(load) = load {
                rule.record(seconds(tick).as_secs(), load);
            }
            let Some(decision) = rule.decide(seconds(tick), ready, is_reachable) else {
                before = None;
                continue;
            };
            prop_assert!(decision.desired >= 0);
            prop_assert_eq!(decision.is_panicking, rule.is_panicking());
            let is_delayed = settings.scale_down_delay > 0;
            // what is delayed may be from before the panic, and goes when its time has come
            if let Some((desired, true)) = before && decision.is_panicking && !is_delayed {
                prop_assert!(decision.desired >= desired, "it shrank in panic");
            }
            before = Some((decision.desired, decision.is_panicking));

            let bounded = settings.bound(decision.desired, is_reachable);
            prop_assert!(settings.max_scale == 0 || bounded <= settings.max_scale);
            prop_assert!(!is_reachable || bounded >= settings.min_scale);
            let counted = f64::from(ready.max(1));
            if !decision.is_panicking && !is_delayed {
                let most = (settings.max_scale_up_rate * counted).ceil() as i32;
                prop_assert!(decision.desired <= most.max(settings.activation_scale));
                let fewest = (counted / settings.max_scale_down_rate).floor() as i32;
                prop_assert!(!is_reachable || decision.desired >= fewest);
            }
        }
    }

    #[test]
    fn a_steady_load_gets_what_it_needs(settings in settings(), load in 0.1_f64..300.0) {
        let settings = Settings { max_scale_up_rate: 1000.0, activation_scale: 1, ..settings };
        let mut rule = Rule::new(settings.clone(), 1, Duration::ZERO);
        let mut ready = 1;
        for tick in 0..600 {
            for second in [0, 1] {
                rule.record(seconds(tick).as_secs() + second, load);
            }
            let now = seconds(tick) + Duration::from_secs(1);
            ready = rule.decide(now, ready, true).unwrap().desired;
        }
        let load = match settings.aggregation {
            Aggregation::Linear => load,
            // its weights add up to a little less than 1
            Aggregation::WeightedExponential => load * 0.9999,
        };
        let needed = load / settings.target();
        // a replica does not go while half of all is more than what is needed less one
        prop_assert!(f64::from(ready) >= needed - 1e-6, "{ready} for {needed}");
        prop_assert!(f64::from(ready) < needed + 2.0, "{ready} for {needed}");
    }
}

#[test]
fn settings_that_change_keep_the_figures() {
    let mut rule = Rule::new(Settings { total: 10.0, ..Settings::default() }, 1, Duration::ZERO);
    for second in 0..60 {
        rule.record(second, 14.0);
    }
    let now = Duration::from_secs(59);
    assert_eq!(rule.decide(now, 2, true).unwrap().desired, 2);
    rule.set(Settings { total: 5.0, stable_window: 30, ..Settings::default() });
    assert_eq!(rule.decide(now, 2, true).unwrap().desired, 4);
}
