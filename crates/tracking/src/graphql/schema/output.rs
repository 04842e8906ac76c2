use super::{
    Kind::{AllLookedUp, Bool, Enum, Float, Long, LookedUp, Many, One, Text, Texts},
    Object,
};

pub(super) static ERROR_DETAIL: Object =
    Object { name: "ErrorDetail", fields: &[("field", Text), ("message", Text)] };

pub(super) static ERROR: Object = Object {
    name: "ApiError",
    fields: &[
        ("code", Text),
        ("message", Text),
        ("helpUrl", Text),
        ("traceId", Text),
        ("errorDetails", Many(&ERROR_DETAIL)),
    ],
};

pub(super) static TEST: Object = Object { name: "Test", fields: &[("output", Text)] };

pub(super) static TEST_MUTATION: Object =
    Object { name: "TestMutation", fields: &[("output", Text)] };

pub(super) static EXPERIMENT_TAG: Object =
    Object { name: "MlflowExperimentTag", fields: &[("key", Text), ("value", Text)] };

pub(super) static EXPERIMENT: Object = Object {
    name: "MlflowExperiment",
    fields: &[
        ("experimentId", Text),
        ("name", Text),
        ("artifactLocation", Text),
        ("lifecycleStage", Text),
        ("lastUpdateTime", Long),
        ("creationTime", Long),
        ("tags", Many(&EXPERIMENT_TAG)),
        ("effectiveTraceArchivalRetention", Text),
        ("workspace", Text),
    ],
};

pub(super) static EXPERIMENT_REPLY: Object = Object {
    name: "MlflowGetExperimentResponse",
    fields: &[("experiment", One(&EXPERIMENT)), ("apiError", LookedUp(&ERROR))],
};

pub(super) static JOB: Object = Object {
    name: "MlflowModelVersionDeploymentJobState",
    fields: &[
        ("jobId", Text),
        ("runId", Text),
        ("jobState", Enum(None)),
        ("runState", Enum(None)),
        ("currentTaskName", Text),
    ],
};

pub(super) static MODEL_METRIC: Object = Object {
    name: "MlflowModelMetric",
    fields: &[
        ("key", Text),
        ("value", Float),
        ("timestamp", Long),
        ("step", Long),
        ("datasetName", Text),
        ("datasetDigest", Text),
        ("modelId", Text),
        ("runId", Text),
    ],
};

pub(super) static MODEL_PARAM: Object =
    Object { name: "MlflowModelParam", fields: &[("name", Text), ("value", Text)] };

pub(super) static VERSION_TAG: Object =
    Object { name: "MlflowModelVersionTag", fields: &[("key", Text), ("value", Text)] };

pub(super) static VERSION: Object = Object {
    name: "MlflowModelVersion",
    fields: &[
        ("name", Text),
        ("version", Text),
        ("creationTimestamp", Long),
        ("lastUpdatedTimestamp", Long),
        ("userId", Text),
        ("currentStage", Text),
        ("description", Text),
        ("source", Text),
        ("runId", Text),
        ("status", Enum(Some("PENDING_REGISTRATION"))),
        ("statusMessage", Text),
        ("tags", Many(&VERSION_TAG)),
        ("runLink", Text),
        ("aliases", Texts),
        ("modelId", Text),
        ("modelParams", Many(&MODEL_PARAM)),
        ("modelMetrics", Many(&MODEL_METRIC)),
        ("deploymentJobState", One(&JOB)),
    ],
};

pub(super) static VERSIONS_REPLY: Object = Object {
    name: "MlflowSearchModelVersionsResponse",
    fields: &[
        ("modelVersions", Many(&VERSION)),
        ("nextPageToken", Text),
        ("apiError", LookedUp(&ERROR)),
    ],
};

pub(super) static DATASET_SUMMARY: Object = Object {
    name: "MlflowDatasetSummary",
    fields: &[("experimentId", Text), ("name", Text), ("digest", Text), ("context", Text)],
};

pub(super) static DATASETS_REPLY: Object = Object {
    name: "MlflowSearchDatasetsResponse",
    fields: &[("datasetSummaries", Many(&DATASET_SUMMARY)), ("apiError", LookedUp(&ERROR))],
};

pub(super) static METRIC_WITH_RUN: Object = Object {
    name: "MlflowMetricWithRunId",
    fields: &[
        ("key", Text),
        ("value", Float),
        ("timestamp", Long),
        ("step", Long),
        ("runId", Text),
    ],
};

pub(super) static INTERVAL_REPLY: Object = Object {
    name: "MlflowGetMetricHistoryBulkIntervalResponse",
    fields: &[("metrics", Many(&METRIC_WITH_RUN)), ("apiError", LookedUp(&ERROR))],
};

pub(super) static FILE: Object = Object {
    name: "MlflowFileInfo",
    fields: &[("path", Text), ("isDir", Bool), ("fileSize", Long)],
};

pub(super) static ARTIFACTS_REPLY: Object = Object {
    name: "MlflowListArtifactsResponse",
    fields: &[
        ("rootUri", Text),
        ("files", Many(&FILE)),
        ("nextPageToken", Text),
        ("apiError", LookedUp(&ERROR)),
    ],
};

pub(super) static MODEL_OUTPUT: Object =
    Object { name: "MlflowModelOutput", fields: &[("modelId", Text), ("step", Long)] };

pub(super) static OUTPUTS: Object =
    Object { name: "MlflowRunOutputs", fields: &[("modelOutputs", Many(&MODEL_OUTPUT))] };

pub(super) static MODEL_INPUT: Object =
    Object { name: "MlflowModelInput", fields: &[("modelId", Text)] };

pub(super) static DATASET: Object = Object {
    name: "MlflowDataset",
    fields: &[
        ("name", Text),
        ("digest", Text),
        ("sourceType", Text),
        ("source", Text),
        ("schema", Text),
        ("profile", Text),
    ],
};

pub(super) static INPUT_TAG: Object =
    Object { name: "MlflowInputTag", fields: &[("key", Text), ("value", Text)] };

pub(super) static DATASET_INPUT: Object = Object {
    name: "MlflowDatasetInput",
    fields: &[("tags", Many(&INPUT_TAG)), ("dataset", One(&DATASET))],
};

pub(super) static INPUTS: Object = Object {
    name: "MlflowRunInputs",
    fields: &[("datasetInputs", Many(&DATASET_INPUT)), ("modelInputs", Many(&MODEL_INPUT))],
};

pub(super) static RUN_TAG: Object =
    Object { name: "MlflowRunTag", fields: &[("key", Text), ("value", Text)] };

pub(super) static PARAM: Object =
    Object { name: "MlflowParam", fields: &[("key", Text), ("value", Text)] };

pub(super) static METRIC: Object = Object {
    name: "MlflowMetricExtension",
    fields: &[
        ("key", Text),
        ("value", Float),
        ("timestamp", Long),
        ("step", Long),
        ("datasetName", Text),
        ("datasetDigest", Text),
        ("modelId", Text),
        ("runId", Text),
    ],
};

pub(super) static DATA: Object = Object {
    name: "MlflowRunData",
    fields: &[("metrics", Many(&METRIC)), ("params", Many(&PARAM)), ("tags", Many(&RUN_TAG))],
};

pub(super) static INFO: Object = Object {
    name: "MlflowRunInfo",
    fields: &[
        ("runId", Text),
        ("runUuid", Text),
        ("runName", Text),
        ("experimentId", Text),
        ("userId", Text),
        ("status", Enum(Some("RUNNING"))),
        ("startTime", Long),
        ("endTime", Long),
        ("artifactUri", Text),
        ("lifecycleStage", Text),
    ],
};

pub(super) static RUN: Object = Object {
    name: "MlflowRunExtension",
    fields: &[
        ("info", One(&INFO)),
        ("data", One(&DATA)),
        ("inputs", One(&INPUTS)),
        ("outputs", One(&OUTPUTS)),
        ("experiment", LookedUp(&EXPERIMENT)),
        ("modelVersions", AllLookedUp(&VERSION)),
    ],
};

pub(super) static RUNS_REPLY: Object = Object {
    name: "MlflowSearchRunsResponse",
    fields: &[("runs", Many(&RUN)), ("nextPageToken", Text), ("apiError", LookedUp(&ERROR))],
};

pub(super) static RUN_REPLY: Object = Object {
    name: "MlflowGetRunResponse",
    fields: &[("run", One(&RUN)), ("apiError", LookedUp(&ERROR))],
};
