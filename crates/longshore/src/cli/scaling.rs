use clap::{Args, value_parser};

use super::value;

/// How revisions scale whose manifests do not say it; the names are Knative's.
#[derive(Args, Debug)]
#[command(next_help_heading = "Autoscaler: what holds where a manifest says nothing")]
pub(crate) struct ScalingArgs {
    /// Time that load is averaged over
    #[arg(long, env = "LONGSHORE_STABLE_WINDOW", value_name = "TIME", default_value = "60s", value_parser = value::whole_seconds::<6, 3600>)]
    pub(crate) stable_window: u32,

    /// The window that tells a sudden load, in percent of the other
    #[arg(long, env = "LONGSHORE_PANIC_WINDOW_PERCENTAGE", value_name = "PERCENT", default_value_t = 10.0, value_parser = between::<1, 100>)]
    pub(crate) panic_window_percentage: f64,

    /// A load is sudden when so many percent of the ready replicas are wanted
    #[arg(long, env = "LONGSHORE_PANIC_THRESHOLD_PERCENTAGE", value_name = "PERCENT", default_value_t = 200.0, value_parser = between::<110, 1000>)]
    pub(crate) panic_threshold_percentage: f64,

    /// Most requests that a replica takes at a time
    #[arg(long = "container-concurrency-target-default", env = "LONGSHORE_CONTAINER_CONCURRENCY_TARGET_DEFAULT", value_name = "REQUESTS", default_value_t = 100.0, value_parser = between::<1, 1_000_000>)]
    pub(crate) concurrency_target: f64,

    /// Most requests a second that a replica takes
    #[arg(long = "requests-per-second-target-default", env = "LONGSHORE_REQUESTS_PER_SECOND_TARGET_DEFAULT", value_name = "REQUESTS", default_value_t = 200.0, value_parser = between::<1, 1_000_000_000>)]
    pub(crate) rps_target: f64,

    /// The share of that load that a replica is to have
    #[arg(long = "container-concurrency-target-percentage", env = "LONGSHORE_CONTAINER_CONCURRENCY_TARGET_PERCENTAGE", value_name = "PERCENT", default_value_t = 70.0, value_parser = between::<1, 100>)]
    pub(crate) target_percentage: f64,

    /// Most growth in one step: so many times the ready replicas
    #[arg(long, env = "LONGSHORE_MAX_SCALE_UP_RATE", value_name = "RATE", default_value_t = 1000.0, value_parser = rate)]
    pub(crate) max_scale_up_rate: f64,

    /// Most shrinking in one step: the ready replicas divided by so much
    #[arg(long, env = "LONGSHORE_MAX_SCALE_DOWN_RATE", value_name = "RATE", default_value_t = 2.0, value_parser = rate)]
    pub(crate) max_scale_down_rate: f64,

    /// How long fewer replicas have to be enough before some go
    #[arg(long, env = "LONGSHORE_SCALE_DOWN_DELAY", value_name = "TIME", default_value = "0s", value_parser = value::whole_seconds::<0, 3600>)]
    pub(crate) scale_down_delay: u32,

    /// How long the last replica stays after it is not wanted any more
    #[arg(long = "scale-to-zero-pod-retention-period", env = "LONGSHORE_SCALE_TO_ZERO_POD_RETENTION_PERIOD", value_name = "TIME", default_value = "0s", value_parser = value::whole_seconds::<0, 3600>)]
    pub(crate) pod_retention: u32,

    /// Replicas that a revision has first
    #[arg(long, env = "LONGSHORE_INITIAL_SCALE", value_name = "COUNT", default_value_t = 1, value_parser = value_parser!(i32).range(0..=10_000))]
    pub(crate) initial_scale: i32,
}

fn between<const LEAST: u32, const MOST: u32>(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if (f64::from(LEAST)..=f64::from(MOST)).contains(&number) => Ok(number),
        _ => Err(format!("a number from {LEAST} to {MOST} is needed")),
    }
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if rate > 1.0 && rate <= 1e6 => Ok(rate),
        _ => Err("a number above 1 is needed".into()),
    }
}
