//! Measurements: each once, and for every metric the latest by itself.

use std::collections::{BTreeMap, BTreeSet};

use longshore_mlflow::rest::{Metric, RunInfo, names};

use crate::{
    Error,
    operation::Context,
    operations::logged_models,
    store::{Connection, Value},
};

/// A measurement as it is kept: databases have neither NaN nor infinity.
struct Kept<'m> {
    metric: &'m Metric,
    value: f64,
    step: i64,
}

impl<'m> Kept<'m> {
    fn of(metric: &'m Metric) -> Self {
        let value =
            if metric.value.is_nan() { 0.0 } else { metric.value.clamp(f64::MIN, f64::MAX) };
        Self { metric, value, step: metric.step.unwrap_or_default() }
    }

    /// Whether it is later than another. Of two at one time, the greater value counts.
    fn is_after(&self, other: &Self) -> bool {
        let ours = (self.step, self.metric.timestamp, self.value);
        ours > (other.step, other.metric.timestamp, other.value)
    }

    /// `key, value, timestamp, run_uuid, step, is_nan`
    fn row(&self, run_id: &str) -> [Value; 6] {
        [
            (&self.metric.key).into(),
            self.value.into(),
            self.metric.timestamp.into(),
            run_id.into(),
            self.step.into(),
            self.metric.value.is_nan().into(),
        ]
    }
}

/// Keeps measurements of a run. One that is there already stays as it is, so that a batch that is sent
/// twice counts once.
///
/// # Errors
/// A refusal of a logged model that is not there, and those of the store.
pub(in crate::operations) fn log_metrics(
    on: &mut dyn Connection,
    context: &Context<'_>,
    run: &RunInfo,
    metrics: &[Metric],
) -> Result<(), Error> {
    let kept: Vec<_> = metrics.iter().map(Kept::of).collect();
    let rows: Vec<_> = kept.iter().flat_map(|metric| metric.row(&run.run_id)).collect();
    on.insert(
        "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan)",
        6,
        &rows,
        "ON CONFLICT DO NOTHING",
    )?;
    set_latest(on, &run.run_id, &kept)?;
    log_for_models(on, context, run, &kept)
}

/// Moves the latest measurement of each metric on.
fn set_latest(on: &mut dyn Connection, run_id: &str, metrics: &[Kept<'_>]) -> Result<(), Error> {
    // in the order of their keys, so that two batches never wait for each other
    let mut latest: BTreeMap<&str, &Kept<'_>> = BTreeMap::new();
    for metric in metrics {
        let best = latest.entry(&metric.metric.key).or_insert(metric);
        if metric.is_after(best) {
            *best = metric;
        }
    }
    let rows: Vec<_> = latest.into_values().flat_map(|metric| metric.row(run_id)).collect();
    on.insert(
        "INSERT INTO latest_metrics (key, value, timestamp, run_uuid, step, is_nan)",
        6,
        &rows,
        "ON CONFLICT (key, run_uuid) DO UPDATE SET value = excluded.value, timestamp = excluded.timestamp, step = excluded.step, is_nan = excluded.is_nan WHERE (excluded.step, excluded.timestamp, excluded.value) > (latest_metrics.step, latest_metrics.timestamp, latest_metrics.value)",
    )?;
    Ok(())
}

/// What a measurement names; an empty name is none.
fn given(name: Option<&String>) -> Option<&str> {
    name.map(String::as_str).filter(|it| !it.is_empty())
}

/// Keeps the measurements that name a logged model with that model too. There, a measurement is known by
/// its name, time and step: the last value of a batch counts. The table cannot tell that a value is not a
/// number, so such a one is left out; MLflow keeps a 0 in its place.
fn log_for_models(
    on: &mut dyn Connection,
    context: &Context<'_>,
    run: &RunInfo,
    metrics: &[Kept<'_>],
) -> Result<(), Error> {
    let mut kept = BTreeMap::new();
    for it in metrics {
        if let Some(model) =
            given(it.metric.model_id.as_ref()).filter(|_| !it.metric.value.is_nan())
        {
            kept.insert((model, &it.metric.key, it.metric.timestamp, it.step), it);
        }
    }
    let models: BTreeSet<_> = kept.keys().map(|(model, ..)| *model).collect();
    for model in models {
        logged_models::info(on, context, model)?;
    }
    let experiment = names::experiment_id(&run.experiment_id)?;
    let rows = kept.into_iter().flat_map(|((model, name, timestamp, step), it)| {
        let row: [Value; 9] = [
            model.into(),
            name.into(),
            timestamp.into(),
            step.into(),
            it.value.into(),
            experiment.into(),
            (&run.run_id).into(),
            given(it.metric.dataset_name.as_ref()).map(str::to_owned).into(),
            given(it.metric.dataset_digest.as_ref()).map(str::to_owned).into(),
        ];
        row
    });
    on.insert(
        "INSERT INTO logged_model_metrics (model_id, metric_name, metric_timestamp_ms, metric_step, metric_value, experiment_id, run_id, dataset_name, dataset_digest)",
        9,
        &rows.collect::<Vec<Value>>(),
        "ON CONFLICT (model_id, metric_name, metric_timestamp_ms, metric_step, run_id) DO UPDATE SET metric_value = excluded.metric_value",
    )?;
    Ok(())
}
