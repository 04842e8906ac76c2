//! Figures of traces, of their spans and of their assessments.

mod filter;
mod view;

use std::collections::BTreeMap;

use longshore_mlflow::rest::{
    AggregationType, MetricAggregation, MetricDataPoint, QueryTraceMetrics, print,
};

use self::view::Measure;
use super::assessments::Within;
use crate::{
    Error,
    search::{limit, select::Sql},
    store::{Connection, Dialect, Row},
};

/// Points of an answer when it is not said.
const DEFAULT: i64 = 1000;

/// The dimension that a point's time is told as.
const TIME: &str = "time_bucket";

/// The points of some experiments.
///
/// # Errors
/// [`Error::Refused`] in MLflow's words, and those of the store.
pub(crate) fn query(
    on: &mut dyn Connection,
    request: &QueryTraceMetrics,
    experiments: &[i64],
) -> Result<Vec<MetricDataPoint>, Error> {
    let measure = Measure::of(request.view_type, &request.metric_name)?;
    let ways = request.aggregations.iter().map(Way::of).collect::<Result<Vec<_>, _>>()?;
    measure.check(&ways.iter().map(|it| it.kind).collect::<Vec<_>>(), &request.dimensions)?;
    let limit = limit(request.max_results.map_or(DEFAULT, i64::from), i32::MAX.into())?;
    let length = interval(request)?;
    let filters = filter::parse(&request.filters, request.view_type)?;
    if experiments.is_empty() {
        return Ok(Vec::new());
    }
    let within = Within::new(experiments);
    let mut sql = measure.source(&within, filters.iter().any(filter::Filter::is_of_trace));
    for filter in &filters {
        let one = filter.sql(request.view_type);
        sql.push(&format!(" AND ({})", one.text), one.values);
    }
    measure.bound(&mut sql, request.start_time_ms, request.end_time_ms);
    let mut columns = Vec::new();
    let mut dimensions = Vec::new();
    if let Some(length) = length {
        columns.push(measure.time(length));
        dimensions.push(TIME);
    }
    for dimension in &request.dimensions {
        let column = view::dimension(dimension);
        sql.push(&format!(" AND {column} IS NOT NULL"), []);
        columns.push(column.to_owned());
        dimensions.push(dimension);
    }
    let places = (1..=columns.len()).map(|it| it.to_string()).collect::<Vec<_>>().join(", ");
    let mut select = Sql::of(String::new(), Vec::new());
    columns.extend(ways.iter().map(|it| it.sql(measure.column(), on.dialect(), &mut select)));
    let mut whole = Sql::of(format!("SELECT {} ", columns.join(", ")), select.values);
    whole.push(&sql.text, sql.values);
    if !places.is_empty() {
        whole.push(&format!(" GROUP BY {places} ORDER BY {places}"), []);
    }
    whole.push(" LIMIT ?", [i64::try_from(limit).unwrap_or(i64::MAX).into()]);
    let rows = on.query(&whole.text, &whole.values)?;
    let points = rows.into_iter().map(|row| point(row, &request.metric_name, &dimensions, &ways));
    points.filter_map(Result::transpose).collect()
}

/// The length of a span of time, in seconds, when values are told apart by time.
fn interval(request: &QueryTraceMetrics) -> Result<Option<i64>, Error> {
    /// Longest that is told apart: in nanoseconds it must be an integer of the database.
    const MOST: i64 = 9_000_000_000;
    let Some(length) = request.time_interval_seconds.filter(|it| *it != 0) else {
        return Ok(None);
    };
    if request.start_time_ms.is_none() || request.end_time_ms.is_none() {
        return Err(Error::invalid(
            "start_time_ms and end_time_ms are required if time_interval_seconds is set",
        ));
    }
    if !(1..=MOST).contains(&length) {
        return Err(Error::invalid(format!(
            "Invalid value {length} for parameter 'time_interval_seconds' supplied. It must be from 1 to {MOST}"
        )));
    }
    Ok(Some(length))
}

/// A point, unless it has no values.
fn point(
    mut row: Row,
    metric_name: &str,
    dimensions: &[&str],
    ways: &[Way],
) -> Result<Option<MetricDataPoint>, Error> {
    let mut told = BTreeMap::new();
    for (index, dimension) in dimensions.iter().enumerate() {
        let text =
            if index == 0 && *dimension == TIME { time(row.take(0)?) } else { row.take(index)? };
        told.insert((*dimension).to_owned(), text);
    }
    let mut values = BTreeMap::new();
    for (index, way) in ways.iter().enumerate() {
        let value = row.take::<Option<f64>>(dimensions.len() + index)?;
        values.extend(value.map(|it| (way.name(), it)));
    }
    let metric_name = metric_name.to_owned();
    let point = MetricDataPoint { metric_name, dimensions: told, values };
    Ok((!point.values.is_empty()).then_some(point))
}

/// A time as Python writes it, from milliseconds since 1970.
fn time(ms: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

/// How values become one.
#[derive(Clone, Copy, Debug)]
struct Way {
    kind: AggregationType,
    percentile: f64,
}

impl Way {
    fn of(asked: &MetricAggregation) -> Result<Self, Error> {
        let kind = asked.aggregation_type.unwrap_or_default();
        match (kind, asked.percentile_value) {
            (AggregationType::Percentile, None) => {
                Err(Error::invalid("Percentile value is required for PERCENTILE aggregation"))
            }
            (AggregationType::Percentile, Some(percentile))
                if !(0.0..=100.0).contains(&percentile) =>
            {
                Err(Error::invalid(format!(
                    "Percentile value must be between 0 and 100, got {}",
                    print(&percentile)
                )))
            }
            (AggregationType::Percentile, Some(percentile)) => Ok(Self { kind, percentile }),
            (_, Some(_)) => Err(Error::invalid(format!(
                "Percentile value is only allowed for PERCENTILE aggregation type, got {}",
                kind.name()
            ))),
            (_, None) => Ok(Self { kind, percentile: 0.0 }),
        }
    }

    /// Its name in an answer.
    fn name(self) -> String {
        match self.kind {
            AggregationType::Percentile => format!("P{}", print(&self.percentile)),
            kind => kind.name().to_owned(),
        }
    }

    /// The value of a column, as a double; `values` are those of its marks.
    fn sql(self, column: &str, dialect: Dialect, values: &mut Sql) -> String {
        let value = match (self.kind, dialect) {
            (AggregationType::Percentile, Dialect::Sqlite) => {
                values.push("", [self.percentile.into()]);
                format!("percentile({column}, ?)")
            }
            (AggregationType::Percentile, Dialect::Postgres) => {
                values.push("", [(self.percentile / 100.0).into()]);
                format!("percentile_cont(?) WITHIN GROUP (ORDER BY {column})")
            }
            (kind, _) => format!("{}({column})", kind.name()),
        };
        format!("CAST({value} AS DOUBLE PRECISION)")
    }
}

#[cfg(test)]
mod tests {
    use super::time;

    #[test]
    fn a_time_is_written_as_python_does() {
        // datetime.fromtimestamp(1700000000, tz=timezone.utc).isoformat()
        assert_eq!(time(1_700_000_000_000), "2023-11-14T22:13:20+00:00");
    }
}
