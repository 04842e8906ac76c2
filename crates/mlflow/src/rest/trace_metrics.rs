use std::collections::BTreeMap;

use super::{
    call::calls,
    message::{messages, names},
};

messages! {
    /// Asks how often two filters of traces are true of the same traces.
    pub struct CalculateTraceFilterCorrelation {
        /// The experiments of the traces.
        experiment_ids: Vec<String>,
        /// The first filter.
        filter_string1: String,
        /// The second filter.
        filter_string2: String,
        /// What must be true of all traces that are looked at.
        base_filter: Option<String>,
    }

    /// The answer to [`CalculateTraceFilterCorrelation`].
    pub struct CalculateTraceFilterCorrelationReply {
        /// The normalized pointwise mutual information, from -1 (never together) to 1 (always); not a
        /// number when a filter is true of no trace.
        npmi: Option<f64>,
        /// The same with half a trace added to each case, so that few traces say less.
        npmi_smoothed: Option<f64>,
        /// Traces that the first filter is true of.
        filter1_count: Option<i32>,
        /// Traces that the second filter is true of.
        filter2_count: Option<i32>,
        /// Traces that both are true of.
        joint_count: Option<i32>,
        /// All traces that were looked at.
        total_count: Option<i32>,
    }

    /// Asks for figures of traces, of their spans or of their assessments.
    pub struct QueryTraceMetrics {
        /// The experiments of the traces.
        experiment_ids: Vec<String>,
        /// What is measured.
        view_type: MetricViewType,
        /// The measure, such as `latency`.
        metric_name: String,
        /// How values become one.
        aggregations: Vec<MetricAggregation>,
        /// What values are told apart by, such as `trace_name`.
        dimensions: Vec<String>,
        /// Comparisons that all must be true, such as `trace.status = 'OK'`.
        filters: Vec<String>,
        /// How long a span of time is that has values of its own, in seconds.
        time_interval_seconds: Option<i64>,
        /// Where time begins, in milliseconds since 1970.
        start_time_ms: Option<i64>,
        /// Where it ends: with this millisecond.
        end_time_ms: Option<i64>,
        /// Most points of the answer; 1,000 when it is not said.
        max_results: Option<i32>,
        /// Nothing: all points are in one answer.
        page_token: Option<String>,
    }

    /// How values become one.
    pub struct MetricAggregation {
        /// The way.
        aggregation_type: Option<AggregationType>,
        /// Which percentile, from 0 to 100.
        percentile_value: Option<f64>,
    }

    /// The answer to [`QueryTraceMetrics`].
    pub struct QueryTraceMetricsReply {
        /// The points, sorted by time and dimensions.
        data_points: Vec<MetricDataPoint>,
        /// Nothing.
        next_page_token: Option<String>,
    }

    /// Values that are told apart from others.
    pub struct MetricDataPoint {
        /// The measure.
        metric_name: String,
        /// What they are told apart by.
        dimensions: BTreeMap<String, String>,
        /// The values, by the way they were made: `SUM`, `P50.0`.
        values: BTreeMap<String, f64>,
    }
}

names! {
    /// What is measured.
    pub enum MetricViewType {
        /// Traces.
        Traces = ("TRACES", 1),
        /// Spans.
        Spans = ("SPANS", 2),
        /// Assessments.
        Assessments = ("ASSESSMENTS", 3),
    }

    /// Ways in which values become one.
    pub enum AggregationType {
        /// How many there are.
        Count = ("COUNT", 1),
        /// Their sum.
        Sum = ("SUM", 2),
        /// Their mean.
        Avg = ("AVG", 3),
        /// The value that so many of a hundred are not above, interpolated.
        Percentile = ("PERCENTILE", 4),
        /// The least.
        Min = ("MIN", 5),
        /// The greatest.
        Max = ("MAX", 6),
    }
}

calls! {
    CalculateTraceFilterCorrelation: Post "3.0/mlflow/traces/calculate-filter-correlation" -> CalculateTraceFilterCorrelationReply;
    QueryTraceMetrics: Post "3.0/mlflow/traces/metrics" -> QueryTraceMetricsReply;
}
