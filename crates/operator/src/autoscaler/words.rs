//! A decision in words.

use super::{
    Metric, Settings,
    revision::{Reason, Verdict},
};

/// Why a revision has the replicas that it has: the annotation
/// [`SCALING`](longshore_platform::names::SCALING).
pub(super) fn explain(verdict: &Verdict, settings: &Settings) -> String {
    let Verdict { replicas, reason, decision } = verdict;
    let unit = match settings.metric {
        Metric::Concurrency => "requests at a time",
        Metric::Rps => "requests a second",
    };
    let load = decision.map(|it| {
        let (seconds, load) = if it.is_panicking && it.panic > it.stable {
            (settings.panic_window(), it.panic)
        } else {
            (settings.stable_window, it.stable)
        };
        let (load, target) = (short(load), short(it.target));
        format!("{load} {unit} over {seconds} s, {target} a replica")
    });
    let load = load.unwrap_or_else(|| "no gateway has reported its load".to_owned());
    let desired = decision.map_or(0, |it| it.desired);
    let most = settings.max_scale;
    match reason {
        Reason::Load => format!("{replicas} for its load: {load}"),
        Reason::Panic => {
            let window = settings.stable_window;
            format!("{replicas} for a sudden load, none goes for {window} s: {load}")
        }
        Reason::AtLeast => {
            format!("{replicas}, the fewest that are asked for; its load needs {desired}: {load}")
        }
        Reason::AtMost => {
            format!(
                "{replicas}, the most that are allowed (`maxReplicas` {most}); its load needs {desired}: {load}"
            )
        }
        Reason::Asleep => "asleep: no request; the next one wakes it".to_owned(),
        Reason::Idle => format!("{replicas} until it has had no request for a while: {load}"),
        Reason::Starting => format!("{replicas} until it is ready"),
        Reason::Unknown => format!("{replicas} as before: not every gateway says what its load is"),
    }
}

/// A number with at most two digits behind the point.
fn short(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::explain;
    use crate::autoscaler::{
        Decision, Metric, Settings,
        revision::{Reason, Verdict},
    };

    #[test]
    fn the_load_and_the_target_are_told() {
        let decision = Decision {
            desired: 14,
            excess_burst_capacity: -1,
            is_panicking: true,
            stable: 9.333_333,
            panic: 48.5,
            target: 3.5,
        };
        let settings = Settings { max_scale: 10, ..Settings::default() };
        let verdict = Verdict { replicas: 10, reason: Reason::AtMost, decision: Some(decision) };
        assert_eq!(
            explain(&verdict, &settings),
            "10, the most that are allowed (`maxReplicas` 10); its load needs 14: 48.5 requests at a time over 6 s, 3.5 a replica"
        );
        let calm = Decision { desired: 3, is_panicking: false, ..decision };
        let verdict = Verdict { replicas: 3, reason: Reason::Load, decision: Some(calm) };
        let settings = Settings { metric: Metric::Rps, ..settings };
        assert_eq!(
            explain(&verdict, &settings),
            "3 for its load: 9.33 requests a second over 60 s, 3.5 a replica"
        );
        let verdict = Verdict { replicas: 2, reason: Reason::Unknown, decision: None };
        assert!(explain(&verdict, &settings).contains("not every gateway"));
    }
}
