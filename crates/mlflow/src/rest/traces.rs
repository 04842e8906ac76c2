//! Traces: what a call of an application did, step by step.

use std::collections::BTreeMap;

use super::{
    Assessment, Done, Duration, Json, Timestamp,
    call::calls,
    message::{messages, names},
};

messages! {
    /// A trace: what is known of it, and its spans.
    pub struct Trace {
        /// What is known of it.
        trace_info: TraceInfoV3,
        /// Its spans, in the JSON form of OpenTelemetry's `Span` as Protocol Buffers print it.
        spans: Vec<Json>,
    }

    /// What is known of a trace, without its spans.
    pub struct TraceInfoV3 {
        /// `tr-` and 32 hexadecimal digits, when MLflow's client made it.
        trace_id: String,
        /// The id that the application gave it.
        client_request_id: Option<String>,
        /// Where it is kept.
        trace_location (default): TraceLocation,
        /// The beginning of what was asked.
        request_preview: Option<String>,
        /// The beginning of what was answered.
        response_preview: Option<String>,
        /// When it began.
        request_time (default): Timestamp,
        /// How long it took; none while it is in progress.
        execution_duration: Option<Duration>,
        /// Where it stands.
        state (default): TraceState,
        /// What was noted when it was made. It does not change after that.
        trace_metadata: BTreeMap<String, String>,
        /// What is said of it.
        assessments: Vec<Assessment>,
        /// Its tags.
        tags: BTreeMap<String, String>,
    }

    /// Where a trace is kept.
    pub struct TraceLocation {
        /// What kind of place it is. MLflow's own server knows experiments alone.
        r#type (default): TraceLocationType,
        /// The experiment.
        mlflow_experiment: Option<MlflowExperimentLocation>,
    }

    /// The experiment that a trace is kept in.
    pub struct MlflowExperimentLocation {
        /// Its id.
        experiment_id (default): String,
    }

    /// Begins a trace, or completes what is known of one.
    pub struct StartTraceV3 {
        /// What is known of it. Its spans come by another way.
        trace: Trace,
    }

    /// A reply with one trace.
    pub struct TraceReply {
        /// The trace.
        trace: Trace,
    }

    /// Asks for what is known of a trace.
    pub struct GetTraceInfoV3 {
        /// The trace.
        trace_id: String,
    }

    /// Sets a tag of a trace.
    pub struct SetTraceTagV3 {
        /// The tag's key.
        key: String,
        /// Its value.
        value (default): String,
        /// The trace.
        trace_id: String,
    }

    /// Removes a tag of a trace.
    pub struct DeleteTraceTagV3 {
        /// The tag's key.
        key: String,
        /// The trace.
        trace_id: String,
    }

    /// Asks for a trace with its spans.
    pub struct GetTrace {
        /// The trace.
        trace_id: String,
        /// Whether a trace is wanted whose spans are not all there; not when it is not said.
        allow_partial: Option<bool>,
    }

    /// Asks for traces with their spans. Those whose spans are not all there are left out.
    pub struct BatchGetTraces {
        /// The traces.
        trace_ids: Vec<String>,
        /// The experiments that they may be of; all when none is named.
        experiment_ids: Vec<String>,
    }

    /// The answer to [`BatchGetTraces`].
    pub struct BatchGetTracesReply {
        /// The traces.
        traces: Vec<Trace>,
    }

    /// Asks for what is known of traces.
    pub struct BatchGetTraceInfos {
        /// The traces.
        trace_ids: Vec<String>,
        /// The experiments that they may be of; all when none is named.
        experiment_ids: Vec<String>,
    }

    /// The answer to [`BatchGetTraceInfos`].
    pub struct BatchGetTraceInfosReply {
        /// What is known of each.
        trace_infos: Vec<TraceInfoV3>,
    }

    /// Removes traces: those with ids, or the oldest up to a time.
    pub struct DeleteTracesV3 {
        /// The experiment.
        experiment_id: String,
        /// The latest beginning, in milliseconds since 1970.
        max_timestamp_millis: Option<i64>,
        /// Most traces that are removed; only with a time.
        max_traces: Option<i32>,
        /// Their ids; only without a time.
        request_ids: Vec<String>,
    }

    /// [`DeleteTracesV3`], as clients before 3.0 ask it.
    pub struct DeleteTraces {
        /// The experiment.
        experiment_id: String,
        /// The latest beginning, in milliseconds since 1970.
        max_timestamp_millis: Option<i64>,
        /// Most traces that are removed; only with a time.
        max_traces: Option<i32>,
        /// Their ids; only without a time.
        request_ids: Vec<String>,
    }

    /// How many traces were removed.
    pub struct DeleteTracesReply {
        /// Their number.
        traces_deleted (default): i32,
    }

    /// Says that traces are of a run.
    pub struct LinkTracesToRun {
        /// The traces.
        trace_ids: Vec<String>,
        /// The run.
        run_id: String,
    }

    /// Says that a trace used versions of prompts.
    pub struct LinkPromptsToTrace {
        /// The trace.
        trace_id: String,
        /// The versions.
        prompt_versions: Vec<PromptVersionRef>,
    }

    /// A version of a prompt.
    pub struct PromptVersionRef {
        /// The name of the prompt.
        name: String,
        /// The number of the version.
        version: String,
    }

    /// [`SetTraceTagV3`], as clients before 3.0 ask it.
    pub struct SetTraceTag {
        /// The trace.
        request_id: String,
        /// The tag's key.
        key: String,
        /// Its value.
        value (default): String,
    }

    /// [`DeleteTraceTagV3`], as clients before 3.0 ask it.
    pub struct DeleteTraceTag {
        /// The trace.
        request_id: String,
        /// The tag's key.
        key: String,
    }
}

names! {
    /// Where a trace stands.
    pub enum TraceState {
        /// Nobody said.
        Unspecified = ("STATE_UNSPECIFIED", 0),
        /// It ended well.
        Ok = ("OK", 1),
        /// It ended with an error.
        Error = ("ERROR", 2),
        /// It has not ended.
        InProgress = ("IN_PROGRESS", 3),
    }

    /// What kind of place keeps a trace.
    pub enum TraceLocationType {
        /// Nobody said.
        Unspecified = ("TRACE_LOCATION_TYPE_UNSPECIFIED", 0),
        /// An experiment.
        MlflowExperiment = ("MLFLOW_EXPERIMENT", 1),
        /// A table of Databricks.
        InferenceTable = ("INFERENCE_TABLE", 2),
    }
}

calls! {
    StartTraceV3: Post "3.0/mlflow/traces" -> TraceReply;
    GetTraceInfoV3: Get "3.0/mlflow/traces/{trace_id}" -> TraceReply;
    GetTrace: Get "3.0/mlflow/traces/get" -> TraceReply;
    BatchGetTraces: Get "3.0/mlflow/traces/batchGet" -> BatchGetTracesReply;
    BatchGetTraceInfos: Post "3.0/mlflow/traces/batchGetInfos" -> BatchGetTraceInfosReply;
    DeleteTracesV3: Post "3.0/mlflow/traces/delete-traces" -> DeleteTracesReply;
    DeleteTraces: Post "2.0/mlflow/traces/delete-traces" -> DeleteTracesReply;
    LinkTracesToRun: Post "2.0/mlflow/traces/link-to-run" -> Done;
    LinkPromptsToTrace: Post "2.0/mlflow/traces/link-prompts" -> Done;
    SetTraceTagV3: Patch "3.0/mlflow/traces/{trace_id}/tags" -> Done;
    DeleteTraceTagV3: Delete "3.0/mlflow/traces/{trace_id}/tags" -> Done;
    SetTraceTag: Patch "2.0/mlflow/traces/{request_id}/tags" -> Done;
    DeleteTraceTag: Delete "2.0/mlflow/traces/{request_id}/tags" -> Done;
}

impl TraceLocation {
    /// An experiment.
    pub fn experiment(id: impl Into<String>) -> Self {
        let mlflow_experiment = Some(MlflowExperimentLocation { experiment_id: id.into() });
        Self { r#type: TraceLocationType::MlflowExperiment, mlflow_experiment }
    }

    /// The id of the experiment, when it is one.
    pub fn experiment_id(&self) -> Option<&str> {
        self.mlflow_experiment
            .as_ref()
            .map(|it| it.experiment_id.as_str())
            .filter(|it| !it.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::{GetTraceInfoV3, StartTraceV3};
    use crate::rest::{Call, parse_request, print};

    #[test]
    fn a_trace_is_printed_as_mlflow_does() {
        // the body of a request of mlflow 3.17, in both spellings of its names
        let text = r#"{"trace":{"trace_info":{"trace_id":"tr-1","client_request_id":"c","trace_location":{"type":"MLFLOW_EXPERIMENT","mlflow_experiment":{"experiment_id":"0"}},"request_preview":"{}","response_preview":"1","request_time":"2025-06-01T10:00:00.250Z","execution_duration":"0.011s","state":"OK","trace_metadata":{"mlflow.trace_schema.version":"3"},"tags":{"mlflow.traceName":"f"}}}}"#;
        let asked: StartTraceV3 = parse_request(text.as_bytes(), &[]).unwrap();
        let info = &asked.trace.trace_info;
        assert_eq!(
            (info.request_time.0, info.execution_duration.unwrap().0),
            (1_748_772_000_250, 11)
        );
        assert_eq!(print(&asked), text);
        let camel =
            text.replace("trace_info", "traceInfo").replace("trace_location", "traceLocation");
        let camel = camel
            .replace("experiment_id", "experimentId")
            .replace("execution_duration", "executionDuration");
        assert_eq!(parse_request::<StartTraceV3>(camel.as_bytes(), &[]).unwrap(), asked);
    }

    #[test]
    fn a_trace_is_named_in_the_path() {
        let asked = GetTraceInfoV3 { trace_id: "tr-1".to_owned() };
        assert_eq!(asked.path(str::to_owned), "3.0/mlflow/traces/tr-1");
    }
}
