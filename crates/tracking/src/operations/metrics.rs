//! The measurements of a metric, in the order of their time.

mod bulk;
mod interval;

use longshore_mlflow::rest::{GetMetricHistory, MetricHistoryReply, MetricWithRunId};

use super::runs::metric;
use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation},
    routes::Route,
    sql::marks,
    store::{Connection, Row, Value},
};

/// The routes of measurements.
pub(super) fn routes() -> Vec<Route> {
    let own = vec![Route::of::<GetMetricHistory>()];
    [own, bulk::routes(), interval::routes()].concat()
}

/// The runs among `ids` whose experiments are in the workspace of the caller.
fn visible(
    on: &mut dyn Connection,
    context: &Context<'_>,
    ids: &[String],
) -> Result<Vec<Value>, Error> {
    let sql = format!(
        "SELECT runs.run_uuid FROM runs JOIN experiments ON experiments.experiment_id = runs.experiment_id WHERE experiments.workspace = ? AND runs.run_uuid IN ({})",
        marks(ids.len())
    );
    let workspace = std::iter::once((&context.caller.workspace).into());
    let rows = on.query(&sql, &workspace.chain(ids.iter().map(Into::into)).collect::<Vec<_>>())?;
    rows.into_iter().map(|mut row| Ok(row.take::<String>(0)?.into())).collect()
}

/// A measurement with its run, from `run_uuid, key, value, timestamp, step, is_nan`.
fn with_run(mut row: Row) -> Result<MetricWithRunId, Error> {
    let run_id = row.take(0)?;
    let metric = metric(row)?;
    Ok(MetricWithRunId {
        key: metric.key,
        value: metric.value,
        timestamp: metric.timestamp,
        step: metric.step,
        run_id,
    })
}

/// A place in a history: that of a measurement, in the order of the table's key.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Place {
    timestamp: i64,
    step: i64,
    /// As it is kept: 0 for what is not a number.
    value: f64,
    is_nan: bool,
}

impl Place {
    /// A token that is this place. Values are exact in it, so that no measurement is told twice or left out.
    fn token(self) -> String {
        let Self { timestamp, step, value, is_nan } = self;
        format!("{timestamp}_{step}_{:016x}_{}", value.to_bits(), u8::from(is_nan))
    }

    fn parse(token: &str) -> Option<Self> {
        let [timestamp, step, value, is_nan] = *token.split('_').collect::<Vec<_>>() else {
            return None;
        };
        Some(Self {
            timestamp: timestamp.parse().ok()?,
            step: step.parse().ok()?,
            value: f64::from_bits(u64::from_str_radix(value, 16).ok()?),
            is_nan: match is_nan {
                "0" => false,
                "1" => true,
                _ => return None,
            },
        })
    }
}

/// Reads the bounds of a page: where it begins, and how many measurements it holds.
fn page(request: &GetMetricHistory) -> Result<(Option<Place>, Option<usize>), Error> {
    let after = request.page_token.as_deref().filter(|it| !it.is_empty()).map(|token| {
        Place::parse(token).ok_or_else(|| {
            Error::invalid("Invalid page token: it is not one that this server gave for a history")
        })
    });
    let most = request.max_results.map(|most| {
        usize::try_from(most).ok().filter(|most| *most > 0).ok_or_else(|| {
            Error::invalid(format!(
                "Invalid value {most} for parameter 'max_results' supplied. It must be a positive integer."
            ))
        })
    });
    Ok((after.transpose()?, most.transpose()?))
}

impl Operation for GetMetricHistory {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Read, Object::Run(&self.run_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let (after, most) = page(self)?;
        // a run that is not there has no measurements, as in MLflow, which says so when there are workspaces
        let runs = visible(on, context, std::slice::from_ref(&self.run_id))?;
        if runs.is_empty() && context.settings.workspaces {
            super::runs::info(on, context, &self.run_id)?;
        }
        let Some(run) = runs.into_iter().next() else { return Ok(MetricHistoryReply::default()) };
        let mut sql = "SELECT run_uuid, key, value, timestamp, step, is_nan FROM metrics WHERE run_uuid = ? AND key = ?".to_owned();
        let mut values = vec![run, (&self.metric_key).into()];
        if let Some(Place { timestamp, step, value, is_nan }) = after {
            sql.push_str(" AND (timestamp, step, value, is_nan) > (?, ?, ?, ?)");
            values.extend([timestamp.into(), step.into(), value.into(), is_nan.into()]);
        }
        sql.push_str(" ORDER BY timestamp, step, value, is_nan");
        if let Some(most) = most {
            sql.push_str(" LIMIT ?");
            values.push(i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1).into());
        }
        let rows = on.query(&sql, &values)?;
        let mut metrics = rows.into_iter().map(metric).collect::<Result<Vec<_>, _>>()?;
        let mut next_page_token = None;
        if let Some(most) = most.filter(|most| metrics.len() > *most) {
            metrics.truncate(most);
            next_page_token = metrics.last().map(|last| {
                let is_nan = last.value.is_nan();
                let value = if is_nan { 0.0 } else { last.value };
                let step = last.step.unwrap_or_default();
                Place { timestamp: last.timestamp, step, value, is_nan }.token()
            });
        }
        Ok(MetricHistoryReply { metrics, next_page_token })
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn a_token_is_a_place() {
        for value in [0.1, -0.0, f64::MAX, f64::MIN, 5e-324] {
            let place = Place { timestamp: i64::MAX, step: -3, value, is_nan: false };
            assert_eq!(Place::parse(&place.token()), Some(place));
        }
        for text in ["", "1_2_3", "1_2_3_4", "a_2_0_0", "1_2_x_0", "1_2_0_0_0", "eyJvZmZzZXQiOjF9"]
        {
            assert_eq!(Place::parse(text), None, "{text}");
        }
    }
}
