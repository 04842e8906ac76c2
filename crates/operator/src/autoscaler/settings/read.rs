//! Settings from a manifest: KServe's fields, and the annotations of Knative's autoscaler.

use std::{fmt::Display, str::FromStr};

use longshore_kserve::{
    Extension, ScaleMetric,
    annotations::{Annotations, KNATIVE_AUTOSCALING},
    validate::Fault,
};

use super::{Aggregation, LEAST_TARGET, Metric, Schedule, Settings, duration};

/// What holds where a manifest says nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Defaults {
    /// Everything but the load of a replica and the bounds, which are KServe's: 1 and no limit.
    pub settings: Settings,
    /// Most requests that a replica takes at a time, when it has no limit.
    pub concurrency_target: f64,
    /// Most requests a second that a replica takes.
    pub rps_target: f64,
}

impl Default for Defaults {
    /// Knative's defaults.
    fn default() -> Self {
        Self { settings: Settings::default(), concurrency_target: 100.0, rps_target: 200.0 }
    }
}

/// When there are more replicas than the load asks for.
const SCHEDULE: &str = "longshore.dev/schedule";
/// The class of Knative's own autoscaler, whose rule this is.
const KPA: &str = "kpa.autoscaling.knative.dev";
/// Knative's class for what containers use.
const HPA: &str = "hpa.autoscaling.knative.dev";
/// Longest window, delay and retention, in seconds.
const LONGEST: f64 = 3600.0;
/// Shortest window, in seconds.
const SHORTEST_WINDOW: f64 = 6.0;

impl Settings {
    /// The settings of a component: its fields count before annotations, and these before `defaults`.
    ///
    /// # Errors
    /// What is wrong with the annotations, and with what fields and annotations say together.
    pub fn read(
        extension: &Extension,
        annotations: &Annotations,
        defaults: &Defaults,
    ) -> Result<Self, Vec<Fault>> {
        let mut given = Given { annotations, faults: Vec::new() };
        let settings = given.settings(extension, defaults);
        if given.faults.is_empty() { Ok(settings) } else { Err(given.faults) }
    }
}

/// Annotations, and what was found to be wrong with them.
struct Given<'a> {
    annotations: &'a Annotations,
    faults: Vec<Fault>,
}

impl<'a> Given<'a> {
    fn settings(&mut self, extension: &Extension, defaults: &Defaults) -> Settings {
        let default = &defaults.settings;
        let min_scale = self.count(&["min-scale", "minScale"], 0);
        let min_scale = extension.min_replicas.or(min_scale).unwrap_or(1);
        let max_scale = self.count(&["max-scale", "maxScale"], 0);
        let max_scale = extension.max_replicas.or(max_scale).unwrap_or(default.max_scale);
        if max_scale > 0 && min_scale > max_scale {
            let message = format!(
                "at least {min_scale} and at most {max_scale} replicas are asked for; raise `maxReplicas` or lower `minReplicas`"
            );
            self.fault("max-scale", message);
        }
        let activation_scale = self.count(&["activation-scale"], 2);
        if let Some(wanted) = activation_scale
            && (wanted < min_scale || (max_scale > 0 && wanted > max_scale))
        {
            let message = format!(
                "{wanted} is not between the fewest replicas, {min_scale}, and the most, {max_scale}"
            );
            self.fault("activation-scale", message);
        }
        let metric = self.metric(extension);
        let percent = |share: Option<f64>| share.map(|percent| percent / 100.0);
        Settings {
            metric,
            total: self.total(metric, extension, defaults),
            utilization: percent(self.share("target-utilization-percentage", 1.0, 100.0))
                .unwrap_or(default.utilization),
            stable_window: self
                .whole_seconds(&["window"], SHORTEST_WINDOW)
                .unwrap_or(default.stable_window),
            panic_window_percentage: self
                .number(&["panic-window-percentage", "panicWindowPercentage"], 1.0, 100.0)
                .unwrap_or(default.panic_window_percentage),
            panic_threshold: percent(self.number(
                &["panic-threshold-percentage", "panicThresholdPercentage"],
                110.0,
                1000.0,
            ))
            .unwrap_or(default.panic_threshold),
            target_burst_capacity: self.burst().unwrap_or(default.target_burst_capacity),
            activation_scale: activation_scale.unwrap_or(default.activation_scale),
            scale_down_delay: self
                .whole_seconds(&["scale-down-delay", "scaleDownDelay"], 0.0)
                .unwrap_or(default.scale_down_delay),
            pod_retention: self
                .seconds(
                    &["scale-to-zero-pod-retention-period", "scaleToZeroPodRetentionPeriod"],
                    0.0,
                )
                .unwrap_or(default.pod_retention),
            aggregation: self.aggregation().unwrap_or(default.aggregation),
            initial_scale: self
                .count(&["initial-scale", "initialScale"], 0)
                .unwrap_or(default.initial_scale),
            min_scale,
            max_scale,
            schedule: self.schedule(),
            ..default.clone()
        }
    }

    /// Most load of a replica.
    fn total(&mut self, metric: Metric, extension: &Extension, defaults: &Defaults) -> f64 {
        let annotated = self.number(&["target"], LEAST_TARGET, f64::MAX);
        let target = extension.scale_target.map(f64::from).or(annotated);
        let limit = extension.container_concurrency.filter(|limit| *limit > 0);
        match (metric, limit.map(|limit| limit as f64)) {
            (Metric::Rps, _) => target.unwrap_or(defaults.rps_target),
            (Metric::Concurrency, None) => target.unwrap_or(defaults.concurrency_target),
            (Metric::Concurrency, Some(limit)) => target.unwrap_or(limit).min(limit),
        }
    }

    fn metric(&mut self, extension: &Extension) -> Metric {
        let class = self.text(&["class"]).map(|(_, class)| class);
        if let Some(class) = class
            && class.ends_with(".knative.dev")
            && class != KPA
            && class != HPA
        {
            let message = format!("`{class}` is no class of Knative; write {KPA} or {HPA}");
            self.fault("class", message);
        }
        match extension.scale_metric {
            Some(ScaleMetric::Rps) => return Metric::Rps,
            Some(_) => return Metric::Concurrency,
            None if class.is_some_and(|class| class != KPA) => return Metric::Concurrency,
            None => {}
        }
        match self.text(&["metric"]).map(|(_, metric)| metric) {
            None | Some("concurrency") => Metric::Concurrency,
            Some("rps") => Metric::Rps,
            Some(other) => {
                let message = format!(
                    "`{other}` is no metric of requests; write concurrency or rps, or `scaleMetric: cpu` or `memory` for what containers use"
                );
                self.fault("metric", message);
                Metric::Concurrency
            }
        }
    }

    fn aggregation(&mut self) -> Option<Aggregation> {
        let names = ["metric-aggregation-algorithm", "metricAggregationAlgorithm"];
        match self.text(&names)? {
            (_, "" | "linear") => Some(Aggregation::Linear),
            (_, "weighted-exponential" | "weightedExponential") => {
                Some(Aggregation::WeightedExponential)
            }
            (name, other) => {
                let message = format!("`{other}` is none; write linear or weighted-exponential");
                self.fault(name, message);
                None
            }
        }
    }

    fn schedule(&mut self) -> Schedule {
        let Some(text) = self.annotations.get(SCHEDULE) else { return Schedule::default() };
        Schedule::read(text).unwrap_or_else(|message| {
            self.faults.push(Fault { path: format!("metadata.annotations[{SCHEDULE}]"), message });
            Schedule::default()
        })
    }

    fn burst(&mut self) -> Option<f64> {
        let (name, text) = self.text(&["target-burst-capacity", "targetBurstCapacity"])?;
        match finite(text) {
            Some(burst) if burst >= 0.0 || burst == -1.0 => Some(burst),
            _ => {
                let message = format!("`{text}` is no burst; write 0 or more, or -1 for any");
                self.fault(name, message);
                None
            }
        }
    }

    fn share(&mut self, name: &'static str, least: f64, most: f64) -> Option<f64> {
        self.number(&[name, "targetUtilizationPercentage"], least, most)
    }

    /// A whole number of replicas, at least `least`.
    fn count(&mut self, names: &[&'static str], least: i32) -> Option<i32> {
        let (name, text) = self.text(names)?;
        let count = i32::from_str(text).ok().filter(|count| *count >= least);
        self.or_fault(name, text, count, format_args!("a whole number from {least} on"))
    }

    fn number(&mut self, names: &[&'static str], least: f64, most: f64) -> Option<f64> {
        let (name, text) = self.text(names)?;
        let number = finite(text).filter(|number| (least..=most).contains(number));
        if most == f64::MAX {
            self.or_fault(name, text, number, format_args!("a number from {least} on"))
        } else {
            self.or_fault(name, text, number, format_args!("a number from {least} to {most}"))
        }
    }

    fn seconds(&mut self, names: &[&'static str], least: f64) -> Option<f64> {
        let (name, text) = self.text(names)?;
        let seconds = duration::seconds(text).filter(|it| (least..=LONGEST).contains(it));
        let needed = format_args!("a duration from {least}s to 1h, such as 90s or 1m30s");
        self.or_fault(name, text, seconds, needed)
    }

    fn whole_seconds(&mut self, names: &[&'static str], least: f64) -> Option<u32> {
        let (name, text) = self.text(names)?;
        let seconds = duration::seconds(text)
            .filter(|seconds| (least..=LONGEST).contains(seconds) && seconds.fract() == 0.0);
        let needed = format_args!("whole seconds from {least}s to 1h, such as 90s or 1m30s");
        self.or_fault(name, text, seconds, needed).map(|seconds| seconds as u32)
    }

    /// The first of the names that is given, and what it says.
    fn text(&self, names: &[&'static str]) -> Option<(&'static str, &'a str)> {
        names.iter().find_map(|&name| {
            let text = self.annotations.get(&format!("{KNATIVE_AUTOSCALING}{name}"))?;
            Some((name, text.as_str()))
        })
    }

    fn or_fault<T>(
        &mut self,
        name: &'static str,
        text: &str,
        value: Option<T>,
        needed: impl Display,
    ) -> Option<T> {
        if value.is_none() {
            self.fault(name, format!("`{text}` is not {needed}"));
        }
        value
    }

    fn fault(&mut self, name: &str, message: String) {
        let path = format!("metadata.annotations[{KNATIVE_AUTOSCALING}{name}]");
        self.faults.push(Fault { path, message });
    }
}

/// A number that is neither infinite nor none at all.
fn finite(text: &str) -> Option<f64> {
    f64::from_str(text).ok().filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests;
