use super::{
    Done,
    call::calls,
    message::{messages, names},
};

messages! {
    /// An experiment: what holds runs.
    pub struct Experiment {
        /// An integer, as text.
        experiment_id: String,
        /// Unique, also among the deleted.
        name: Option<String>,
        /// The URI below which artifacts of its runs are.
        artifact_location: Option<String>,
        /// `active` or `deleted`.
        lifecycle_stage: Option<String>,
        /// Milliseconds since 1970.
        last_update_time: Option<i64>,
        /// Milliseconds since 1970.
        creation_time: Option<i64>,
        /// Its tags.
        tags: Vec<ExperimentTag>,
        /// How long traces stay in the database, such as `30d`.
        effective_trace_archival_retention: Option<String>,
        /// The workspace it is in.
        workspace: Option<String>,
    }

    /// A tag of an experiment.
    pub struct ExperimentTag {
        /// Its key.
        key: String,
        /// Its value.
        value (default): String,
    }

    /// Makes an experiment.
    pub struct CreateExperiment {
        /// Its name.
        name: String,
        /// Where its artifacts will be; the server's choice when it is not said.
        artifact_location: Option<String>,
        /// Its tags.
        tags: Vec<ExperimentTag>,
    }

    /// The answer to [`CreateExperiment`].
    pub struct CreateExperimentReply {
        /// Its id.
        experiment_id: String,
    }

    /// Asks for an experiment by its id.
    pub struct GetExperiment {
        /// Its id.
        experiment_id: String,
    }

    /// Asks for an experiment by its name.
    pub struct GetExperimentByName {
        /// Its name.
        experiment_name: String,
    }

    /// The answer to [`GetExperiment`] and [`GetExperimentByName`].
    pub struct ExperimentReply {
        /// The experiment.
        experiment: Experiment,
    }

    /// Asks for experiments.
    pub struct SearchExperiments {
        /// Most experiments of one page. MLflow refuses a request without it.
        max_results: Option<i64>,
        /// The token that the page before gave.
        page_token: Option<String>,
        /// Comparisons joined by `AND`.
        filter: Option<String>,
        /// Such as `name ASC`.
        order_by: Vec<String>,
        /// Which; the active ones when it is not said.
        view_type: Option<ViewType>,
    }

    /// The answer to [`SearchExperiments`].
    pub struct SearchExperimentsReply {
        /// A page of experiments.
        experiments: Vec<Experiment>,
        /// The token that asks for the next page; none on the last.
        next_page_token: Option<String>,
    }

    /// Marks an experiment and its runs as deleted.
    pub struct DeleteExperiment {
        /// Its id.
        experiment_id: String,
    }

    /// Takes the mark of [`DeleteExperiment`] away.
    pub struct RestoreExperiment {
        /// Its id.
        experiment_id: String,
    }

    /// Renames an experiment.
    pub struct UpdateExperiment {
        /// Its id.
        experiment_id: String,
        /// Its name from now on.
        new_name: String,
    }

    /// Sets a tag of an experiment.
    pub struct SetExperimentTag {
        /// The experiment.
        experiment_id: String,
        /// The tag's key.
        key: String,
        /// The tag's value.
        value (default): String,
    }

    /// Removes a tag of an experiment.
    pub struct DeleteExperimentTag {
        /// The experiment.
        experiment_id: String,
        /// The tag's key.
        key: String,
    }
}

names! {
    /// Which experiments or runs are asked for.
    pub enum ViewType {
        /// Those that are not deleted.
        ActiveOnly = ("ACTIVE_ONLY", 1),
        /// Those that are deleted.
        DeletedOnly = ("DELETED_ONLY", 2),
        /// Both.
        All = ("ALL", 3),
    }
}

calls! {
    CreateExperiment: Post "2.0/mlflow/experiments/create" -> CreateExperimentReply;
    GetExperiment: Get "2.0/mlflow/experiments/get" -> ExperimentReply;
    GetExperimentByName: Get "2.0/mlflow/experiments/get-by-name" -> ExperimentReply;
    SearchExperiments: Post Get "2.0/mlflow/experiments/search" -> SearchExperimentsReply;
    DeleteExperiment: Post "2.0/mlflow/experiments/delete" -> Done;
    RestoreExperiment: Post "2.0/mlflow/experiments/restore" -> Done;
    UpdateExperiment: Post "2.0/mlflow/experiments/update" -> Done;
    SetExperimentTag: Post "2.0/mlflow/experiments/set-experiment-tag" -> Done;
    DeleteExperimentTag: Post "2.0/mlflow/experiments/delete-experiment-tag" -> Done;
}
