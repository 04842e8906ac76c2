//! The measurements of a metric in several runs.

use longshore_mlflow::rest::{GetMetricHistoryBulk, MetricHistoryBulkReply};

use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation},
    routes::Route,
    sql::marks,
    store::Connection,
};

/// Most runs of one request.
const RUNS: usize = 100;

/// Most measurements of one answer.
const MEASUREMENTS: i32 = 25_000;

/// The route of whole histories.
pub(super) fn routes() -> Vec<Route> {
    vec![Route::of::<GetMetricHistoryBulk>()]
}

/// Checks a request; the name of the metric.
fn check(request: &GetMetricHistoryBulk) -> Result<&str, Error> {
    let runs = request.run_id.len();
    if runs == 0 {
        let words = "GetMetricHistoryBulk request must specify at least one run_id.";
        return Err(Error::invalid(words));
    }
    if runs > RUNS {
        return Err(Error::invalid(format!(
            "GetMetricHistoryBulk request cannot specify more than {RUNS} run_ids. Received {runs} run_ids."
        )));
    }
    if request.max_results.is_some_and(|most| most < 0) {
        return Err(Error::invalid("`max_results` must not be negative"));
    }
    request
        .metric_key
        .as_deref()
        .ok_or_else(|| Error::invalid("GetMetricHistoryBulk request must specify a metric_key."))
}

impl Operation for GetMetricHistoryBulk {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        let objects = self.run_id.iter().map(|id| Object::Run(id)).collect();
        Need { level: Level::Read, objects }
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let key = check(self)?;
        let most = self.max_results.unwrap_or(MEASUREMENTS).min(MEASUREMENTS);
        let mut values = super::visible(on, context, &self.run_id)?;
        let sql = format!(
            "SELECT run_uuid, key, value, timestamp, step, is_nan FROM metrics WHERE run_uuid IN ({}) AND key = ? ORDER BY run_uuid, timestamp, step, value LIMIT ?",
            marks(values.len())
        );
        values.extend([key.into(), most.into()]);
        let metrics = on.query(&sql, &values)?.into_iter().map(super::with_run);
        Ok(MetricHistoryBulkReply { metrics: Some(metrics.collect::<Result<_, _>>()?) })
    }
}
