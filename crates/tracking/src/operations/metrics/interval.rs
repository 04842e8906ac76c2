//! A sample of a metric's measurements in several runs, for charts.

use std::collections::HashMap;

use longshore_mlflow::rest::{
    GetMetricHistoryBulkInterval, MetricHistoryBulkIntervalReply, MetricWithRunId,
};

use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation},
    routes::Route,
    sql::marks,
    store::Connection,
};

/// Most runs of one request.
const RUNS: usize = 100;

/// Most measurements of one run.
const MEASUREMENTS: i32 = 2500;

/// The route of samples.
pub(super) fn routes() -> Vec<Route> {
    vec![Route::of::<GetMetricHistoryBulkInterval>()]
}

/// What MLflow adds to the refusal of a parameter.
const SEE: &str = "See the API docs for more information about request parameters.";

/// Checks a request; the steps it asks for, and how many measurements of one run.
fn check(request: &GetMetricHistoryBulkInterval) -> Result<(Option<[i32; 2]>, usize), Error> {
    let runs = request.run_ids.len();
    if runs == 0 {
        let words = format!("Missing value for required parameter 'run_ids'. {SEE}");
        return Err(Error::invalid(words));
    }
    if runs > RUNS {
        return Err(Error::invalid(format!(
            "GetMetricHistoryBulkInterval request must specify at most {RUNS} run_ids. Received {runs} run_ids. {SEE}"
        )));
    }
    let most = request.max_results.unwrap_or(MEASUREMENTS);
    if !(1..=MEASUREMENTS).contains(&most) {
        let words = format!("max_results must be between 1 and {MEASUREMENTS}. {SEE}");
        return Err(Error::invalid(words));
    }
    let steps = match (request.start_step, request.end_step) {
        (None, None) => None,
        (Some(start), Some(end)) if start <= end => Some([start, end]),
        (Some(start), Some(end)) => {
            return Err(Error::invalid(format!(
                "end_step must be greater than start_step. Found start_step={start} and end_step={end}."
            )));
        }
        _ => {
            let words = "If either start step or end step are specified, both must be specified.";
            return Err(Error::invalid(words));
        }
    };
    Ok((steps, usize::try_from(most).unwrap_or_default()))
}

/// The measurements of the runs, sampled as MLflow does: those of each run in as many parts of the same
/// size as are wanted, and of each part the first, with the last of all.
fn sample(
    on: &mut dyn Connection,
    context: &Context<'_>,
    request: &GetMetricHistoryBulkInterval,
) -> Result<Vec<MetricWithRunId>, Error> {
    let (steps, most) = check(request)?;
    let runs = super::visible(on, context, &request.run_ids)?;
    let between = if steps.is_some() { " AND step BETWEEN ? AND ?" } else { "" };
    let sql = format!(
        "SELECT run_uuid, key, value, timestamp, step, is_nan FROM (SELECT parts.*, row_number() OVER (PARTITION BY run_uuid, part ORDER BY step, timestamp, value, is_nan) AS in_part, row_number() OVER (PARTITION BY run_uuid ORDER BY step DESC, timestamp DESC, value DESC, is_nan DESC) AS from_end FROM (SELECT run_uuid, key, value, timestamp, step, is_nan, ntile(CAST(? AS INTEGER)) OVER (PARTITION BY run_uuid ORDER BY step, timestamp, value, is_nan) AS part FROM metrics WHERE run_uuid IN ({}) AND key = ?{between}) AS parts) AS places WHERE in_part = 1 OR from_end = 1 ORDER BY run_uuid, step, timestamp, value, is_nan",
        marks(runs.len())
    );
    let mut values = vec![i64::try_from(most).unwrap_or(i64::MAX).into()];
    values.extend(runs);
    values.push((&request.metric_key).into());
    values.extend(steps.into_iter().flatten().map(Into::into));
    let mut found: HashMap<String, Vec<MetricWithRunId>> = HashMap::new();
    for row in on.query(&sql, &values)? {
        let metric = super::with_run(row)?;
        found.entry(metric.run_id.clone()).or_default().push(metric);
    }
    let of_run = |id| {
        let mut metrics = found.remove(id).unwrap_or_default();
        // the last of all takes the place of the last that was sampled
        if metrics.len() > most {
            metrics.swap_remove(most - 1);
        }
        metrics
    };
    Ok(request.run_ids.iter().flat_map(of_run).collect())
}

impl Operation for GetMetricHistoryBulkInterval {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        let objects = self.run_ids.iter().map(|id| Object::Run(id)).collect();
        Need { level: Level::Read, objects }
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        Ok(MetricHistoryBulkIntervalReply { metrics: sample(on, context, self)? })
    }
}
