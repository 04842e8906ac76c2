use std::time::Duration;

use super::{
    Settings,
    delay::Delay,
    window::{Aggregation, Window},
};

/// How many replicas a revision needs: Knative's rule, a pure function of load figures and of time.
///
/// The rule is that of <https://knative.dev/docs/serving/autoscaling/kpa-specific/>. An average over the
/// stable window says how many replicas are wanted, one over the panic window whether they are wanted
/// in a hurry: then the number only grows, until a stable window has passed without a hurry.
#[derive(Clone, Debug)]
pub struct Rule {
    settings: Settings,
    aggregation: Aggregation,
    stable: Window,
    panic: Window,
    /// When the load last was so much that it panics; none when it does not.
    panicking: Option<Duration>,
    most_in_panic: i32,
    delay: Option<Delay>,
}

/// What the rule says of one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decision {
    /// Replicas that are wanted, before the bounds on them.
    pub desired: i32,
    /// What is left of the capacity after a burst; below 0 when a burst would be too much. -1 when
    /// every burst counts as too much, 0 when none does.
    pub excess_burst_capacity: i32,
    /// True when the number only grows for now.
    pub is_panicking: bool,
    /// The average load over the stable window, in units of the metric.
    pub stable: f64,
    /// The average load over the panic window.
    pub panic: f64,
    /// The load that a replica is to have.
    pub target: f64,
}

impl Rule {
    /// A rule without figures. When it begins beside more than one ready replica, these stay until it
    /// has seen a stable window: a new leader does not know what they are for.
    pub fn new(settings: Settings, ready: i32, now: Duration) -> Self {
        let aggregation = settings.aggregation;
        Self {
            aggregation,
            stable: Window::new(settings.stable_window, aggregation),
            panic: Window::new(settings.panic_window(), aggregation),
            panicking: (ready > 1).then_some(now),
            most_in_panic: ready,
            delay: delay(&settings),
            settings,
        }
    }

    /// What it goes by.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Goes by other settings, with the figures that it has.
    pub fn set(&mut self, settings: Settings) {
        if settings.aggregation != self.aggregation || settings.metric != self.settings.metric {
            // figures of another metric, or weighted otherwise, say nothing
            self.aggregation = settings.aggregation;
            self.stable = Window::new(settings.stable_window, settings.aggregation);
            self.panic = Window::new(settings.panic_window(), settings.aggregation);
        } else {
            self.stable.resize(settings.stable_window);
            self.panic.resize(settings.panic_window());
        }
        if settings.scale_down_delay != self.settings.scale_down_delay {
            self.delay = delay(&settings);
        }
        self.settings = settings;
    }

    /// Forgets all load, and a panic about it: the next one is looked at by itself.
    pub fn forget(&mut self) {
        *self = Self::new(self.settings.clone(), 0, Duration::ZERO);
    }

    /// Adds the load of one second, summed over the revision. Seconds come in order; one without a
    /// report is left out.
    pub fn record(&mut self, second: u64, load: f64) {
        self.stable.record(second, load);
        self.panic.record(second, load);
    }

    /// True while the number only grows.
    pub fn is_panicking(&self) -> bool {
        self.panicking.is_some()
    }

    /// What is wanted now, or nothing when there was no report for longer than a stable window.
    /// `is_reachable` is false for a revision that gets no requests any more.
    pub fn decide(&mut self, now: Duration, ready: i32, is_reachable: bool) -> Option<Decision> {
        let settings = &self.settings;
        let stable = self.stable.average(now.as_secs())?;
        let panic = self.panic.average(now.as_secs()).unwrap_or_default();
        let target = settings.target();
        let counted = f64::from(ready.max(1));
        let most = (settings.max_scale_up_rate * counted).ceil();
        let fewest =
            if is_reachable { (counted / settings.max_scale_down_rate).floor() } else { 0.0 };
        let wanted_stable = (stable / target).ceil();
        let wanted_panic = (panic / target).ceil();
        let bounded = |wanted: f64| {
            let bounded = wanted.max(fewest).min(most) as i32;
            if wanted > 0.0 { bounded.max(settings.activation_scale) } else { bounded }
        };

        let stable_window = Duration::from_secs(settings.stable_window.into());
        if wanted_panic / counted >= settings.panic_threshold {
            self.panicking = Some(now);
        } else if self.panicking.is_some_and(|since| since + stable_window < now) {
            self.panicking = None;
            self.most_in_panic = 0;
        }
        let mut desired = bounded(wanted_stable);
        if self.panicking.is_some() {
            self.most_in_panic = self.most_in_panic.max(desired).max(bounded(wanted_panic));
            desired = self.most_in_panic;
        }
        if is_reachable && let Some(delay) = &mut self.delay {
            desired = delay.most(now, desired);
        }

        let burst = settings.target_burst_capacity;
        let excess = if burst > 0.0 {
            (f64::from(ready) * settings.total - burst - panic).floor()
        } else if burst == 0.0 {
            0.0
        } else {
            -1.0
        };
        Some(Decision {
            desired,
            excess_burst_capacity: excess as i32,
            is_panicking: self.panicking.is_some(),
            stable,
            panic,
            target,
        })
    }
}

fn delay(settings: &Settings) -> Option<Delay> {
    (settings.scale_down_delay > 0).then(|| Delay::new(settings.scale_down_delay))
}

#[cfg(test)]
mod tests;
