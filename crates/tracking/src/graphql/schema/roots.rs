use super::{Input, Object, input, output};

/// What a field of a whole query asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::graphql) enum Asks {
    Experiment,
    Run,
    Artifacts,
    Interval,
    Versions,
    Runs,
    Datasets,
    /// Its own argument.
    Echo,
}

/// A field of a whole query.
#[derive(Debug)]
pub(in crate::graphql) struct Root {
    pub(in crate::graphql) asks: Asks,
    /// What it takes as `input`; `None` where it takes a text, `inputString`.
    pub(in crate::graphql) input: Option<&'static Input>,
    pub(in crate::graphql) answer: &'static Object,
}

/// A field of a query or a mutation.
pub(in crate::graphql) fn root(is_mutation: bool, name: &str) -> Option<Root> {
    let (asks, input, answer) = match (is_mutation, name) {
        (false, "mlflowGetExperiment") => {
            (Asks::Experiment, &input::EXPERIMENT, &output::EXPERIMENT_REPLY)
        }
        (false, "mlflowGetRun") => (Asks::Run, &input::RUN, &output::RUN_REPLY),
        (false, "mlflowListArtifacts") => {
            (Asks::Artifacts, &input::ARTIFACTS, &output::ARTIFACTS_REPLY)
        }
        (false, "mlflowGetMetricHistoryBulkInterval") => {
            (Asks::Interval, &input::INTERVAL, &output::INTERVAL_REPLY)
        }
        (false, "mlflowSearchModelVersions") => {
            (Asks::Versions, &input::VERSIONS, &output::VERSIONS_REPLY)
        }
        (_, "mlflowSearchRuns") => (Asks::Runs, &input::RUNS, &output::RUNS_REPLY),
        (true, "mlflowSearchDatasets") => {
            (Asks::Datasets, &input::DATASETS, &output::DATASETS_REPLY)
        }
        (false, "test") => return Some(echo(&output::TEST)),
        (true, "testMutation") => return Some(echo(&output::TEST_MUTATION)),
        _ => return None,
    };
    Some(Root { asks, input: Some(input), answer })
}

fn echo(answer: &'static Object) -> Root {
    Root { asks: Asks::Echo, input: None, answer }
}
