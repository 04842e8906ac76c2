//! Traces as clients before MLflow 3.0 ask for them.

use super::{TraceState, call::calls, message::messages};

messages! {
    /// What is known of a trace, without its spans.
    pub struct TraceInfo {
        /// Its id.
        request_id: String,
        /// The experiment.
        experiment_id: String,
        /// When it began, in milliseconds since 1970.
        timestamp_ms (default): i64,
        /// How long it took, in milliseconds; 0 while it is in progress.
        execution_time_ms (default): i64,
        /// Where it stands.
        status (default): TraceStatus,
        /// What was noted when it was made.
        request_metadata: Vec<TraceRequestMetadata>,
        /// Its tags.
        tags: Vec<TraceTag>,
    }

    /// Something that was noted when a trace was made.
    pub struct TraceRequestMetadata {
        /// Its key.
        key (default): String,
        /// Its value.
        value (default): String,
    }

    /// A tag of a trace.
    pub struct TraceTag {
        /// Its key.
        key (default): String,
        /// Its value.
        value (default): String,
    }

    /// Begins a trace. The server chooses its id.
    pub struct StartTrace {
        /// The experiment.
        experiment_id: String,
        /// When it began, in milliseconds since 1970.
        timestamp_ms: i64,
        /// What is noted.
        request_metadata: Vec<TraceRequestMetadata>,
        /// Its tags.
        tags: Vec<TraceTag>,
    }

    /// Ends a trace.
    pub struct EndTrace {
        /// The trace.
        request_id: String,
        /// When it ended, in milliseconds since 1970.
        timestamp_ms: i64,
        /// How it ended.
        status: TraceStatus,
        /// What is noted now.
        request_metadata: Vec<TraceRequestMetadata>,
        /// More tags.
        tags: Vec<TraceTag>,
    }

    /// Asks for what is known of a trace.
    pub struct GetTraceInfo {
        /// The trace.
        request_id: String,
    }

    /// A reply with one trace.
    pub struct TraceInfoReply {
        /// What is known of it.
        trace_info: TraceInfo,
    }
}

super::message::names! {
    /// Where a trace stands.
    pub enum TraceStatus {
        /// Nobody said.
        Unspecified = ("TRACE_STATUS_UNSPECIFIED", 0),
        /// It ended well.
        Ok = ("OK", 1),
        /// It ended with an error.
        Error = ("ERROR", 2),
        /// It has not ended.
        InProgress = ("IN_PROGRESS", 3),
    }
}

impl From<TraceState> for TraceStatus {
    fn from(state: TraceState) -> Self {
        match state {
            TraceState::Unspecified => Self::Unspecified,
            TraceState::Ok => Self::Ok,
            TraceState::Error => Self::Error,
            TraceState::InProgress => Self::InProgress,
        }
    }
}

impl From<TraceStatus> for TraceState {
    fn from(status: TraceStatus) -> Self {
        match status {
            TraceStatus::Unspecified => Self::Unspecified,
            TraceStatus::Ok => Self::Ok,
            TraceStatus::Error => Self::Error,
            TraceStatus::InProgress => Self::InProgress,
        }
    }
}

calls! {
    StartTrace: Post "2.0/mlflow/traces" -> TraceInfoReply;
    EndTrace: Patch "2.0/mlflow/traces/{request_id}" -> TraceInfoReply;
    GetTraceInfo: Get "2.0/mlflow/traces/{request_id}/info" -> TraceInfoReply;
}
