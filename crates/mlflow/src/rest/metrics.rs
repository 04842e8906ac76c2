use super::{call::calls, message::messages};

messages! {
    /// One measurement of a metric.
    pub struct Metric {
        /// The metric's name.
        key: String,
        /// The measured value; it may be NaN or infinite.
        value: f64,
        /// Milliseconds since 1970.
        timestamp: i64,
        /// The training step; 0 when it is not said.
        step: Option<i64>,
        /// The dataset it was measured on.
        dataset_name: Option<String>,
        /// That dataset's digest.
        dataset_digest: Option<String>,
        /// The logged model it was measured for.
        model_id: Option<String>,
        /// The run it belongs to.
        run_id: Option<String>,
    }

    /// A measurement that names its run, in answers about several runs.
    pub struct MetricWithRunId {
        /// The metric's name.
        key: String,
        /// The measured value.
        value: f64,
        /// Milliseconds since 1970.
        timestamp: i64,
        /// The training step.
        step: Option<i64>,
        /// The run.
        run_id: String,
    }

    /// Logs one measurement.
    pub struct LogMetric {
        /// The run's id under the field's old name; `run_id` counts when both are there.
        run_uuid: Option<String>,
        /// The metric's name.
        key: String,
        /// The measured value.
        value: f64,
        /// Milliseconds since 1970.
        timestamp: i64,
        /// The training step; 0 when it is not said.
        step: Option<i64>,
        /// The run.
        run_id (first): String,
        /// The logged model it was measured for.
        model_id: Option<String>,
        /// The dataset it was measured on.
        dataset_name: Option<String>,
        /// That dataset's digest.
        dataset_digest: Option<String>,
    }

    /// Asks for all measurements of a metric.
    pub struct GetMetricHistory {
        /// The run's id under the field's old name; `run_id` counts when both are there.
        run_uuid: Option<String>,
        /// The metric's name.
        metric_key: String,
        /// The run.
        run_id (first): String,
        /// The token that the page before gave.
        page_token: Option<String>,
        /// Most measurements of one page; all when it is not said.
        max_results: Option<i32>,
    }

    /// The answer to [`GetMetricHistory`].
    pub struct MetricHistoryReply {
        /// Measurements in the order of logging.
        metrics: Vec<Metric>,
        /// The token that asks for the next page; none on the last.
        next_page_token: Option<String>,
    }

    /// Asks for the measurements of a metric in several runs. MLflow's web pages do.
    pub struct GetMetricHistoryBulk {
        /// The runs.
        run_id: Vec<String>,
        /// The metric's name.
        metric_key: Option<String>,
        /// Most measurements of all runs together; 25 000 when it is not said.
        max_results: Option<i32>,
    }

    /// The answer to [`GetMetricHistoryBulk`].
    pub struct MetricHistoryBulkReply {
        /// Measurements, run by run. The list is printed when it is empty too.
        metrics: Option<Vec<MetricWithRunId>>,
    }

    /// Asks for a sample of a metric's measurements in several runs.
    pub struct GetMetricHistoryBulkInterval {
        /// The runs.
        run_ids: Vec<String>,
        /// The metric's name.
        metric_key: String,
        /// The first step.
        start_step: Option<i32>,
        /// The last step.
        end_step: Option<i32>,
        /// Most measurements of one run.
        max_results: Option<i32>,
    }

    /// The answer to [`GetMetricHistoryBulkInterval`].
    pub struct MetricHistoryBulkIntervalReply {
        /// Measurements, run by run.
        metrics: Vec<MetricWithRunId>,
    }
}

calls! {
    LogMetric: Post "2.0/mlflow/runs/log-metric" -> super::Done;
    GetMetricHistory: Get "2.0/mlflow/metrics/get-history" -> MetricHistoryReply;
    GetMetricHistoryBulk: Get "2.0/mlflow/metrics/get-history-bulk" -> MetricHistoryBulkReply;
    GetMetricHistoryBulkInterval: Get "2.0/mlflow/metrics/get-history-bulk-interval"
        -> MetricHistoryBulkIntervalReply;
}
