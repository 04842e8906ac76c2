use super::{Done, call::calls, message::messages};

messages! {
    /// What a run read.
    pub struct RunInputs {
        /// Datasets.
        dataset_inputs: Vec<DatasetInput>,
        /// Logged models.
        model_inputs: Vec<ModelInput>,
    }

    /// What a run made.
    pub struct RunOutputs {
        /// Logged models.
        model_outputs: Vec<ModelOutput>,
    }

    /// A dataset that a run read, and what for.
    pub struct DatasetInput {
        /// Such as `mlflow.data.context`, which is `train`.
        tags: Vec<InputTag>,
        /// The dataset.
        dataset: Dataset,
    }

    /// A tag of an input.
    pub struct InputTag {
        /// Its key.
        key: String,
        /// Its value.
        value (default): String,
    }

    /// A dataset, named by its content.
    pub struct Dataset {
        /// Its name.
        name: String,
        /// A hash of its content.
        digest: String,
        /// Such as `http` or `local`.
        source_type (default): String,
        /// Where it came from: JSON, whose form the type decides.
        source (default): String,
        /// Its columns: JSON.
        schema: Option<String>,
        /// Its figures, such as the number of rows: JSON.
        profile: Option<String>,
    }

    /// A logged model that a run read.
    pub struct ModelInput {
        /// The model.
        model_id: String,
    }

    /// A logged model that a run made.
    pub struct ModelOutput {
        /// The model.
        model_id: String,
        /// The training step it was made at.
        step (default): i64,
    }

    /// Logs what a run read.
    pub struct LogInputs {
        /// The run.
        run_id: String,
        /// Datasets.
        datasets: Vec<DatasetInput>,
        /// Logged models.
        models: Vec<ModelInput>,
    }

    /// Logs what a run made.
    pub struct LogOutputs {
        /// The run.
        run_id: String,
        /// Logged models.
        models: Vec<ModelOutput>,
    }

    /// Asks which datasets the runs of some experiments have read.
    pub struct SearchDatasets {
        /// The experiments; 20 at most.
        experiment_ids: Vec<String>,
    }

    /// The answer to [`SearchDatasets`].
    pub struct SearchDatasetsReply {
        /// The datasets.
        dataset_summaries: Vec<DatasetSummary>,
    }

    /// A dataset that a run has read.
    pub struct DatasetSummary {
        /// The experiment of the run.
        experiment_id: String,
        /// The dataset's name.
        name: String,
        /// The dataset's digest.
        digest: String,
        /// What it was read for, such as `train`.
        context: Option<String>,
    }
}

calls! {
    SearchDatasets: Post "2.0/mlflow/experiments/search-datasets" -> SearchDatasetsReply;
    LogInputs: Post "2.0/mlflow/runs/log-inputs" -> Done;
    LogOutputs: Post "2.0/mlflow/runs/outputs" -> Done;
}
