use super::{
    Done, Metric, RunInputs, RunOutputs, ViewType,
    call::calls,
    message::{messages, names},
};

messages! {
    /// A run.
    pub struct Run {
        /// What identifies it and where it stands.
        info: RunInfo,
        /// What was logged.
        data: Option<RunData>,
        /// What it read.
        inputs: Option<RunInputs>,
        /// What it made.
        outputs: Option<RunOutputs>,
    }

    /// What identifies a run and where it stands.
    pub struct RunInfo {
        /// The same id under the field's old name.
        run_uuid: Option<String>,
        /// The experiment it belongs to.
        experiment_id: String,
        /// Its name.
        run_name: Option<String>,
        /// Who started it.
        user_id: Option<String>,
        /// Where it stands.
        status: Option<RunStatus>,
        /// Milliseconds since 1970.
        start_time: Option<i64>,
        /// Milliseconds since 1970.
        end_time: Option<i64>,
        /// Where its artifacts are.
        artifact_uri: Option<String>,
        /// `active` or `deleted`.
        lifecycle_stage: Option<String>,
        /// 32 hexadecimal digits.
        run_id: String,
    }

    /// What a run logged.
    pub struct RunData {
        /// The latest measurement of each metric.
        metrics: Vec<Metric>,
        /// Its parameters.
        params: Vec<Param>,
        /// Its tags.
        tags: Vec<RunTag>,
    }

    /// A parameter of a run. It never changes.
    pub struct Param {
        /// Its key.
        key: String,
        /// Its value.
        value (default): String,
    }

    /// A tag of a run.
    pub struct RunTag {
        /// Its key.
        key: String,
        /// Its value.
        value (default): String,
    }

    /// Starts a run.
    pub struct CreateRun {
        /// The experiment.
        experiment_id: Option<String>,
        /// Who starts it.
        user_id: Option<String>,
        /// Its name; two random words when it is not said.
        run_name: Option<String>,
        /// Milliseconds since 1970.
        start_time: Option<i64>,
        /// Its tags.
        tags: Vec<RunTag>,
    }

    /// Changes where a run stands.
    pub struct UpdateRun {
        /// The run's id under the field's old name; `run_id` counts when both are there.
        run_uuid: Option<String>,
        /// Where it stands now.
        status: Option<RunStatus>,
        /// Milliseconds since 1970.
        end_time: Option<i64>,
        /// The run.
        run_id (first): String,
        /// Its name from now on.
        run_name: Option<String>,
    }

    /// The answer to [`UpdateRun`].
    pub struct UpdateRunReply {
        /// The run after the change.
        run_info: RunInfo,
    }

    /// Marks a run as deleted.
    pub struct DeleteRun {
        /// The run.
        run_id: String,
    }

    /// Takes the mark of [`DeleteRun`] away.
    pub struct RestoreRun {
        /// The run.
        run_id: String,
    }

    /// Asks for a run.
    pub struct GetRun {
        /// The run's id under the field's old name; `run_id` counts when both are there.
        run_uuid: Option<String>,
        /// The run.
        run_id (first): String,
    }

    /// The answer to [`GetRun`] and [`CreateRun`].
    pub struct RunReply {
        /// The run.
        run: Run,
    }

    /// Asks for runs.
    pub struct SearchRuns {
        /// The experiments to search.
        experiment_ids: Vec<String>,
        /// Which; the active ones when it is not said.
        run_view_type: Option<ViewType>,
        /// Comparisons joined by `AND`.
        filter: Option<String>,
        /// Most runs of one page; 1000 when it is not said.
        max_results: Option<i32>,
        /// Such as `metrics.loss ASC`.
        order_by: Vec<String>,
        /// The token that the page before gave.
        page_token: Option<String>,
    }

    /// The answer to [`SearchRuns`].
    pub struct SearchRunsReply {
        /// A page of runs.
        runs: Vec<Run>,
        /// The token that asks for the next page; none on the last.
        next_page_token: Option<String>,
    }

    /// Logs a parameter.
    pub struct LogParam {
        /// The run's id under the field's old name; `run_id` counts when both are there.
        run_uuid: Option<String>,
        /// The parameter's key.
        key: String,
        /// The parameter's value.
        value (default): String,
        /// The run.
        run_id (first): String,
    }

    /// Sets a tag.
    pub struct SetTag {
        /// The run's id under the field's old name; `run_id` counts when both are there.
        run_uuid: Option<String>,
        /// The tag's key.
        key: String,
        /// The tag's value.
        value (default): String,
        /// The run.
        run_id (first): String,
    }

    /// Removes a tag.
    pub struct DeleteTag {
        /// The run.
        run_id: String,
        /// The tag's key.
        key: String,
    }

    /// Logs measurements, parameters and tags at once.
    pub struct LogBatch {
        /// The run.
        run_id: String,
        /// Measurements.
        metrics: Vec<Metric>,
        /// Parameters.
        params: Vec<Param>,
        /// Tags.
        tags: Vec<RunTag>,
    }

    /// Notes a model of MLflow 2 in the tags of its run.
    pub struct LogModel {
        /// The run.
        run_id: String,
        /// The `MLmodel` file as JSON.
        model_json: String,
    }
}

names! {
    /// Where a run stands.
    pub enum RunStatus {
        /// It runs.
        Running = ("RUNNING", 1),
        /// It waits to be started.
        Scheduled = ("SCHEDULED", 2),
        /// It came to its end.
        Finished = ("FINISHED", 3),
        /// It ended with an error.
        Failed = ("FAILED", 4),
        /// It was ended by somebody.
        Killed = ("KILLED", 5),
    }
}

calls! {
    CreateRun: Post "2.0/mlflow/runs/create" -> RunReply;
    UpdateRun: Post "2.0/mlflow/runs/update" -> UpdateRunReply;
    DeleteRun: Post "2.0/mlflow/runs/delete" -> Done;
    RestoreRun: Post "2.0/mlflow/runs/restore" -> Done;
    GetRun: Get "2.0/mlflow/runs/get" -> RunReply;
    SearchRuns: Post "2.0/mlflow/runs/search" -> SearchRunsReply;
    LogParam: Post "2.0/mlflow/runs/log-parameter" -> Done;
    SetTag: Post "2.0/mlflow/runs/set-tag" -> Done;
    DeleteTag: Post "2.0/mlflow/runs/delete-tag" -> Done;
    LogBatch: Post "2.0/mlflow/runs/log-batch" -> Done;
    LogModel: Post "2.0/mlflow/runs/log-model" -> Done;
}
