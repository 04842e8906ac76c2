use super::{TraceInfo, TraceInfoV3, TraceLocation, call::calls, message::messages};

messages! {
    /// Asks for traces.
    pub struct SearchTracesV3 {
        /// The experiments they are in: none are in none.
        locations: Option<Vec<TraceLocation>>,
        /// Comparisons joined by `AND`.
        filter: Option<String>,
        /// Most traces of one page; 100 when it is not said.
        max_results: Option<i32>,
        /// Such as `timestamp_ms DESC`.
        order_by: Vec<String>,
        /// The token that the page before gave.
        page_token: Option<String>,
    }

    /// Asks for traces, as clients before MLflow 3.0 do.
    pub struct SearchTraces {
        /// The experiments they are in.
        experiment_ids: Vec<String>,
        /// Comparisons joined by `AND`.
        filter: Option<String>,
        /// Most traces of one page; 100 when it is not said.
        max_results: Option<i32>,
        /// Such as `timestamp_ms DESC`.
        order_by: Vec<String>,
        /// The token that the page before gave.
        page_token: Option<String>,
    }

    /// The answer to [`SearchTraces`].
    pub struct SearchTracesReply {
        /// A page of traces, without their spans.
        traces: Vec<TraceInfo>,
        /// The token that asks for the next page; none on the last.
        next_page_token: Option<String>,
    }

    /// The answer to [`SearchTracesV3`].
    pub struct SearchTracesV3Reply {
        /// A page of traces, without their spans.
        traces: Vec<TraceInfoV3>,
        /// The token that asks for the next page; none on the last.
        next_page_token: Option<String>,
    }
}

calls! {
    SearchTraces: Get "2.0/mlflow/traces" -> SearchTracesReply;
    SearchTracesV3: Post "3.0/mlflow/traces/search" -> SearchTracesV3Reply;
}
