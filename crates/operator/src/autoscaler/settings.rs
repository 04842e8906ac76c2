use super::{schedule::Schedule, window::Aggregation};

mod duration;
mod read;

pub use read::Defaults;

/// What is measured of a revision's load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Metric {
    /// Requests at a time.
    #[default]
    Concurrency,
    /// Requests a second.
    Rps,
}

/// What the rule goes by, for one revision. The names are Knative's.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// What is measured.
    pub metric: Metric,
    /// Most load that a replica takes, in units of the metric.
    pub total: f64,
    /// The share of `total` that a replica is to have, from 0 to 1.
    pub utilization: f64,
    /// Seconds that the average of the stable mode is over.
    pub stable_window: u32,
    /// The panic window, in percent of the stable window.
    pub panic_window_percentage: f64,
    /// It panics when so many times the ready replicas are wanted.
    pub panic_threshold: f64,
    /// Most growth in one step: so many times the ready replicas.
    pub max_scale_up_rate: f64,
    /// Most shrinking in one step: the ready replicas divided by so much.
    pub max_scale_down_rate: f64,
    /// The burst that there is to be room for, in units of the metric; -1 is any.
    pub target_burst_capacity: f64,
    /// Fewest replicas when there is any load at all; 0 and 1 mean nothing.
    pub activation_scale: i32,
    /// Seconds that fewer replicas have to be enough before some go.
    pub scale_down_delay: u32,
    /// Seconds that the last replica stays after it is not wanted any more.
    pub pod_retention: f64,
    /// How seconds are averaged.
    pub aggregation: Aggregation,
    /// Replicas that a revision has first, once, whatever its load.
    pub initial_scale: i32,
    /// Fewest replicas of a revision that gets requests; with 0 it may sleep.
    pub min_scale: i32,
    /// Most replicas; 0 is no limit.
    pub max_scale: i32,
    /// When there are more than the load asks for.
    pub schedule: Schedule,
}

/// The least target there is.
const LEAST_TARGET: f64 = 0.01;

impl Settings {
    /// The load that a replica is to have.
    pub fn target(&self) -> f64 {
        (self.total * self.utilization).max(LEAST_TARGET)
    }

    /// Seconds of the panic window.
    pub fn panic_window(&self) -> u32 {
        let seconds = f64::from(self.stable_window) * self.panic_window_percentage / 100.0;
        (seconds.round() as u32).max(1)
    }

    /// `wanted` within the bounds. Those below do not hold for a revision that gets no requests.
    pub fn bound(&self, wanted: i32, is_reachable: bool) -> i32 {
        let fewest = if is_reachable { self.min_scale } else { 0 };
        let most = if self.max_scale == 0 { i32::MAX } else { self.max_scale };
        if wanted < fewest { fewest } else { wanted.min(most) }
    }
}

impl Default for Settings {
    /// Knative's defaults.
    fn default() -> Self {
        Self {
            metric: Metric::Concurrency,
            total: 100.0,
            utilization: 0.7,
            stable_window: 60,
            panic_window_percentage: 10.0,
            panic_threshold: 2.0,
            max_scale_up_rate: 1000.0,
            max_scale_down_rate: 2.0,
            target_burst_capacity: 211.0,
            activation_scale: 1,
            scale_down_delay: 0,
            pod_retention: 0.0,
            aggregation: Aggregation::Linear,
            initial_scale: 1,
            min_scale: 0,
            max_scale: 0,
            schedule: Schedule::default(),
        }
    }
}
