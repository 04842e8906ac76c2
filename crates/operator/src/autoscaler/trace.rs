//! Recorded load, and what the rule says of it: `longshore autoscaler replay`.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::{Aggregation, Metric, Rule, Settings};
use crate::Error;

/// Load of a revision second by second, and the ready replicas at the moments of decision.
#[derive(Clone, Debug, Deserialize)]
pub struct Trace {
    /// What the rule goes by.
    #[serde(default)]
    pub config: Config,
    /// Ready replicas when the autoscaler starts.
    #[serde(default)]
    pub born_with: i32,
    /// The load in each second from 0 on, summed over the revision; null where nothing was reported.
    pub seconds: Vec<Option<f64>>,
    /// The moments of decision, in order.
    pub ticks: Vec<Moment>,
}

/// A moment of decision.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Moment {
    /// Its second. The load of that second has been reported.
    pub t: f64,
    /// Replicas that are ready then.
    pub ready: i32,
}

/// What the rule says at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The moment's second.
    #[serde(serialize_with = "whole_if_it_is")]
    pub t: f64,
    /// Replicas that are wanted; null when there is no decision, as nothing was reported.
    pub desired: Option<i32>,
    /// These within the bounds.
    pub bounded: Option<i32>,
    /// True when the number only grows.
    pub panicking: bool,
    /// The excess burst capacity.
    pub ebc: Option<i32>,
}

/// Seconds as the trace has them: `2`, not `2.0`.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn whole_if_it_is<S: Serializer>(seconds: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if seconds.fract() == 0.0 {
        serializer.serialize_u64(*seconds as u64)
    } else {
        serializer.serialize_f64(*seconds)
    }
}

/// Settings by Knative's names, in snake case. Those that are left out have Knative's defaults.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct Config {
    metric: String,
    total: Option<f64>,
    utilization: f64,
    window: f64,
    panic_window_percentage: f64,
    panic_threshold_percentage: f64,
    max_scale_up_rate: f64,
    max_scale_down_rate: f64,
    target_burst_capacity: f64,
    activation_scale: i32,
    scale_down_delay: f64,
    min_scale: i32,
    max_scale: i32,
    metric_aggregation_algorithm: String,
    reachable: bool,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

/// Parts of a trace's configuration that say when the last replica goes, of which a replay says
/// nothing.
const OF_THE_LAST_REPLICA: [&str; 2] = ["scale_to_zero_grace", "pod_retention"];

impl Default for Config {
    fn default() -> Self {
        let settings = Settings::default();
        Self {
            metric: "concurrency".to_owned(),
            total: None,
            utilization: settings.utilization,
            window: settings.stable_window.into(),
            panic_window_percentage: settings.panic_window_percentage,
            panic_threshold_percentage: settings.panic_threshold * 100.0,
            max_scale_up_rate: settings.max_scale_up_rate,
            max_scale_down_rate: settings.max_scale_down_rate,
            target_burst_capacity: settings.target_burst_capacity,
            activation_scale: settings.activation_scale,
            scale_down_delay: settings.scale_down_delay.into(),
            min_scale: settings.min_scale,
            max_scale: settings.max_scale,
            metric_aggregation_algorithm: String::new(),
            reachable: true,
            rest: BTreeMap::new(),
        }
    }
}

impl Config {
    /// The settings.
    ///
    /// # Errors
    /// Names what cannot be a setting.
    fn settings(&self) -> Result<Settings, Error> {
        let metric = match &*self.metric {
            "concurrency" => Metric::Concurrency,
            "rps" => Metric::Rps,
            other => return Err(refuse("metric", other, "concurrency or rps")),
        };
        let aggregation = match &*self.metric_aggregation_algorithm {
            "" | "linear" => Aggregation::Linear,
            "weightedExponential" | "weighted-exponential" => Aggregation::WeightedExponential,
            other => {
                let known = "linear or weighted-exponential";
                return Err(refuse("metric_aggregation_algorithm", other, known));
            }
        };
        let default_total = if metric == Metric::Rps { 200.0 } else { 100.0 };
        Ok(Settings {
            metric,
            total: self.total.unwrap_or(default_total),
            utilization: self.utilization,
            stable_window: seconds("window", self.window, 1.0)?,
            panic_window_percentage: self.panic_window_percentage,
            panic_threshold: self.panic_threshold_percentage / 100.0,
            max_scale_up_rate: at_least("max_scale_up_rate", self.max_scale_up_rate, 1.0)?,
            max_scale_down_rate: at_least("max_scale_down_rate", self.max_scale_down_rate, 1.0)?,
            target_burst_capacity: self.target_burst_capacity,
            activation_scale: self.activation_scale,
            scale_down_delay: seconds("scale_down_delay", self.scale_down_delay, 0.0)?,
            aggregation,
            min_scale: at_least("min_scale", self.min_scale, 0)?,
            max_scale: at_least("max_scale", self.max_scale, 0)?,
            ..Settings::default()
        })
    }
}

/// Longest window and delay, in seconds.
const LONGEST: f64 = 86_400.0;

fn seconds(name: &str, value: f64, least: f64) -> Result<u32, Error> {
    if value.fract() == 0.0 && (least..=LONGEST).contains(&value) {
        return Ok(value as u32);
    }
    Err(refuse(name, value, format_args!("whole seconds from {least} to {LONGEST}")))
}

fn at_least<N: Copy + PartialOrd + std::fmt::Display>(
    name: &str,
    value: N,
    least: N,
) -> Result<N, Error> {
    if value >= least {
        Ok(value)
    } else {
        Err(refuse(name, value, format_args!("{least} or more")))
    }
}

fn refuse(name: &str, value: impl std::fmt::Display, needed: impl std::fmt::Display) -> Error {
    Error::Trace(format!("`config.{name}` is `{value}`; write {needed}"))
}

impl Trace {
    /// Reads a trace.
    ///
    /// # Errors
    /// Says where the text is no trace.
    pub fn read(text: &str) -> Result<Self, Error> {
        let trace: Self =
            serde_json::from_str(text).map_err(|error| Error::Trace(error.to_string()))?;
        if let Some(at) = trace.ticks.windows(2).position(|pair| pair[1].t < pair[0].t) {
            let message =
                format!("`ticks[{}]` is before the tick before it; sort them by `t`", at + 1);
            return Err(Error::Trace(message));
        }
        if let Some(at) = trace.ticks.iter().position(|tick| !(0.0..1e9).contains(&tick.t)) {
            return Err(Error::Trace(format!("`ticks[{at}].t` is no second from 0 to 1e9")));
        }
        Ok(trace)
    }

    /// Names in the configuration that say nothing to a replay.
    pub fn unread(&self) -> impl Iterator<Item = &str> {
        let names = self.config.rest.keys().map(String::as_str);
        names.filter(|name| !OF_THE_LAST_REPLICA.contains(name))
    }

    /// What the rule says at each tick.
    ///
    /// # Errors
    /// Names what in the configuration cannot be a setting.
    pub fn replay(&self) -> Result<Vec<Outcome>, Error> {
        let mut rule = Rule::new(self.config.settings()?, self.born_with, Duration::ZERO);
        let mut recorded = 0;
        let replayed = self.ticks.iter().map(|tick| {
            let now = Duration::from_secs_f64(tick.t);
            while let Some(load) = self.seconds.get(recorded)
                && recorded as u64 <= now.as_secs()
            {
                if let Some(load) = *load {
                    rule.record(recorded as u64, load);
                }
                recorded += 1;
            }
            let decision = rule.decide(now, tick.ready, self.config.reachable);
            let desired = decision.map(|decision| decision.desired);
            Outcome {
                t: tick.t,
                desired,
                bounded: desired
                    .map(|desired| rule.settings().bound(desired, self.config.reachable)),
                panicking: rule.is_panicking(),
                ebc: decision.map(|decision| decision.excess_burst_capacity),
            }
        });
        Ok(replayed.collect())
    }
}
