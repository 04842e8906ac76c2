//! What can be measured, and where it is kept. Row `t` is a trace, `s` a span, `a` an assessment.

use longshore_mlflow::rest::{AggregationType, MetricViewType};

use super::Within;
use crate::{
    Error,
    search::{field::list, select::Sql},
};

/// A measure.
#[derive(Debug)]
pub(super) struct Measure {
    view: MetricViewType,
    name: &'static str,
    column: &'static str,
    ways: &'static [AggregationType],
    dimensions: &'static [&'static str],
}

const COUNT: &[AggregationType] = &[AggregationType::Count];

/// Ways whose sum says nothing, by their names.
const SPREAD: &[AggregationType] = &[
    AggregationType::Avg,
    AggregationType::Max,
    AggregationType::Min,
    AggregationType::Percentile,
];

/// The same with a sum.
const SUMMED: &[AggregationType] = &[
    AggregationType::Avg,
    AggregationType::Max,
    AggregationType::Min,
    AggregationType::Percentile,
    AggregationType::Sum,
];

const MODEL: &[&str] = &["span_model_name", "span_model_provider"];

const fn measure(
    view: MetricViewType,
    name: &'static str,
    column: &'static str,
    ways: &'static [AggregationType],
    dimensions: &'static [&'static str],
) -> Measure {
    Measure { view, name, column, ways, dimensions }
}

const fn tokens(name: &'static str, column: &'static str) -> Measure {
    measure(MetricViewType::Traces, name, column, SUMMED, &["trace_name"])
}

const fn cost(name: &'static str, column: &'static str) -> Measure {
    measure(MetricViewType::Spans, name, column, SUMMED, MODEL)
}

const MEASURES: &[Measure] = &[
    measure(
        MetricViewType::Traces,
        "trace_count",
        "t.request_id",
        COUNT,
        &["trace_name", "trace_status"],
    ),
    measure(MetricViewType::Traces, "session_count", "DISTINCT t.session_id", COUNT, &[]),
    measure(MetricViewType::Traces, "latency", "t.execution_time_ms", SPREAD, &["trace_name"]),
    tokens("input_tokens", "t.input_tokens"),
    tokens("output_tokens", "t.output_tokens"),
    tokens("total_tokens", "t.total_tokens"),
    tokens("cache_read_input_tokens", "t.cache_read_input_tokens"),
    tokens("cache_creation_input_tokens", "t.cache_creation_input_tokens"),
    measure(
        MetricViewType::Spans,
        "span_count",
        "s.span_id",
        COUNT,
        &["span_model_name", "span_model_provider", "span_name", "span_status", "span_type"],
    ),
    measure(
        MetricViewType::Spans,
        "latency",
        "((s.end_time_unix_nano - s.start_time_unix_nano) / 1000000)",
        SPREAD,
        &["span_name", "span_status"],
    ),
    cost("input_cost", "s.input_cost"),
    cost("output_cost", "s.output_cost"),
    cost("total_cost", "s.total_cost"),
    measure(
        MetricViewType::Assessments,
        "assessment_count",
        "a.assessment_id",
        COUNT,
        &["assessment_name", "assessment_value"],
    ),
    measure(
        MetricViewType::Assessments,
        "assessment_value",
        "a.aggregate_value",
        SPREAD,
        &["assessment_name"],
    ),
];

/// The columns of dimensions.
const DIMENSIONS: &[(&str, &str)] = &[
    ("trace_name", "t.trace_name"),
    ("trace_status", "t.status"),
    ("span_name", "s.name"),
    ("span_type", "s.type"),
    ("span_status", "s.status"),
    ("span_model_name", "s.model_name"),
    ("span_model_provider", "s.model_provider"),
    ("assessment_name", "a.name"),
    ("assessment_value", "a.value"),
];

/// The column of a dimension.
pub(super) fn dimension(name: &str) -> &'static str {
    let found = DIMENSIONS.iter().find(|(it, _)| *it == name);
    found.map_or("NULL", |(_, column)| column)
}

impl Measure {
    /// # Errors
    /// [`Error::Refused`] in MLflow's words.
    pub(super) fn of(view: MetricViewType, name: &str) -> Result<&'static Self, Error> {
        let of_view = || MEASURES.iter().filter(|it| it.view == view);
        of_view().find(|it| it.name == name).ok_or_else(|| {
            let names: Vec<_> = of_view().map(|it| it.name).collect();
            Error::invalid(format!("metric_name must be one of {}, got '{name}'", list(&names)))
        })
    }

    /// Refuses ways and dimensions that say nothing of it.
    ///
    /// # Errors
    /// [`Error::Refused`] in MLflow's words.
    pub(super) fn check(
        &self,
        ways: &[AggregationType],
        dimensions: &[String],
    ) -> Result<(), Error> {
        let wrong = ways.iter().filter(|it| !self.ways.contains(it)).map(|it| it.name());
        let wrong = sorted(wrong);
        if !wrong.is_empty() {
            let known: Vec<_> = self.ways.iter().map(|it| it.name()).collect();
            return Err(Error::invalid(format!(
                "Found invalid aggregation_type(s): {}. Supported aggregation types: {}",
                list(&wrong),
                list(&known)
            )));
        }
        let wrong = dimensions.iter().map(String::as_str);
        let wrong = sorted(wrong.filter(|it| !self.dimensions.contains(it)));
        if !wrong.is_empty() {
            return Err(Error::invalid(format!(
                "Found invalid dimension(s): {}. Supported dimensions: {}",
                list(&wrong),
                list(self.dimensions)
            )));
        }
        Ok(())
    }

    pub(super) fn column(&self) -> &'static str {
        self.column
    }

    /// Whether it is kept with when spans began; other figures of spans go by when their traces did.
    fn is_cost(&self) -> bool {
        self.name.ends_with("_cost")
    }

    /// Tables and the conditions that always hold. Costs need their traces only when these are asked of.
    pub(super) fn source(&self, within: &Within, asks_of_traces: bool) -> Sql {
        let (tables, experiment) = match self.view {
            MetricViewType::Traces => ("trace_info t", "t.experiment_id"),
            MetricViewType::Spans if self.is_cost() && !asks_of_traces => {
                ("spans s", "s.experiment_id")
            }
            MetricViewType::Spans => {
                ("trace_info t JOIN spans s ON s.trace_id = t.request_id", "t.experiment_id")
            }
            MetricViewType::Assessments => ("assessments a", "a.experiment_id"),
        };
        let valid = match self.view {
            MetricViewType::Assessments => " AND a.valid = TRUE",
            _ => "",
        };
        let value = self.column.trim_start_matches("DISTINCT ");
        let text =
            format!("FROM {tables} WHERE {}{valid} AND {value} IS NOT NULL", within.of(experiment));
        Sql::of(text, Vec::new())
    }

    /// Adds the conditions of a time, in milliseconds since 1970, both ends included.
    pub(super) fn bound(&self, sql: &mut Sql, start: Option<i64>, end: Option<i64>) {
        const NANOS: i64 = 1_000_000;
        if self.view == MetricViewType::Spans && self.is_cost() {
            let start = start.map(|it| it.saturating_mul(NANOS));
            let end = end.map(|it| it.saturating_add(1).saturating_mul(NANOS));
            bounds(sql, "s.start_time_unix_nano", start.map(|it| (">=", it)));
            bounds(sql, "s.start_time_unix_nano", end.map(|it| ("<", it)));
            return;
        }
        let column = match self.view {
            MetricViewType::Assessments => "a.trace_timestamp_ms",
            _ => "t.timestamp_ms",
        };
        bounds(sql, column, start.map(|it| (">=", it)));
        bounds(sql, column, end.map(|it| ("<=", it)));
    }

    /// When the span of time of a row began, in milliseconds since 1970; it is `seconds` long.
    pub(super) fn time(&self, seconds: i64) -> String {
        let (column, length, per_ms) = match self.view {
            MetricViewType::Traces => ("t.timestamp_ms", 1000, 1),
            MetricViewType::Spans => ("s.start_time_unix_nano", 1_000_000_000, 1_000_000),
            MetricViewType::Assessments => ("a.trace_timestamp_ms", 1000, 1),
        };
        let length = seconds.saturating_mul(length);
        // the remainder of a negative number is negative in SQL
        format!("(({column} - (({column} % {length}) + {length}) % {length}) / {per_ms})")
    }
}

fn bounds(sql: &mut Sql, column: &str, bound: Option<(&str, i64)>) {
    if let Some((sign, bound)) = bound {
        sql.push(&format!(" AND {column} {sign} ?"), [bound.into()]);
    }
}

/// Words in order, each once.
fn sorted<'a>(words: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut words: Vec<_> = words.collect();
    words.sort_unstable();
    words.dedup();
    words
}

#[cfg(test)]
mod tests {
    use longshore_mlflow::rest::{AggregationType, MetricViewType};

    use super::Measure;

    #[test]
    fn what_says_nothing_is_refused() {
        // validate_query_trace_metrics_params() of MLflow 3.17
        let told = Measure::of(MetricViewType::Assessments, "x").unwrap_err().to_string();
        assert_eq!(
            told,
            "metric_name must be one of ['assessment_count', 'assessment_value'], got 'x'"
        );
        let latency = Measure::of(MetricViewType::Traces, "latency").unwrap();
        let told = latency.check(&[AggregationType::Sum, AggregationType::Count], &[]);
        assert_eq!(
            told.unwrap_err().to_string(),
            "Found invalid aggregation_type(s): ['COUNT', 'SUM']. Supported aggregation types: ['AVG', 'MAX', 'MIN', 'PERCENTILE']"
        );
        let told = latency.check(&[AggregationType::Avg], &["x".to_owned()]);
        assert_eq!(
            told.unwrap_err().to_string(),
            "Found invalid dimension(s): ['x']. Supported dimensions: ['trace_name']"
        );
    }
}
