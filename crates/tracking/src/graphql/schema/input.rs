use super::{
    Input,
    Takes::{Enum, Int, Long, Text, Texts},
};

pub(super) static EXPERIMENT: Input =
    Input { name: "MlflowGetExperimentInput", fields: &[("experimentId", Text)] };

pub(super) static RUN: Input =
    Input { name: "MlflowGetRunInput", fields: &[("runId", Text), ("runUuid", Text)] };

pub(super) static ARTIFACTS: Input = Input {
    name: "MlflowListArtifactsInput",
    fields: &[("runId", Text), ("runUuid", Text), ("path", Text), ("pageToken", Text)],
};

pub(super) static INTERVAL: Input = Input {
    name: "MlflowGetMetricHistoryBulkIntervalInput",
    fields: &[
        ("runIds", Texts),
        ("metricKey", Text),
        ("startStep", Int),
        ("endStep", Int),
        ("maxResults", Int),
    ],
};

pub(super) static VERSIONS: Input = Input {
    name: "MlflowSearchModelVersionsInput",
    fields: &[("filter", Text), ("maxResults", Long), ("orderBy", Texts), ("pageToken", Text)],
};

pub(super) static RUNS: Input = Input {
    name: "MlflowSearchRunsInput",
    fields: &[
        ("experimentIds", Texts),
        ("filter", Text),
        ("runViewType", Enum(&["ACTIVE_ONLY", "DELETED_ONLY", "ALL"])),
        ("maxResults", Int),
        ("orderBy", Texts),
        ("pageToken", Text),
    ],
};

pub(super) static DATASETS: Input =
    Input { name: "MlflowSearchDatasetsInput", fields: &[("experimentIds", Texts)] };
