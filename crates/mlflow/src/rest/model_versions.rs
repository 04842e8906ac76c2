use super::{
    Done, Metric,
    call::calls,
    message::{messages, names},
};

messages! {
    /// A version of a registered model.
    pub struct ModelVersion {
        /// The registered model.
        name: String,
        /// An integer from 1, as text.
        version: String,
        /// Milliseconds since 1970.
        creation_timestamp: Option<i64>,
        /// Milliseconds since 1970.
        last_updated_timestamp: Option<i64>,
        /// Who made it.
        user_id: Option<String>,
        /// `None`, `Staging`, `Production` or `Archived`.
        current_stage: Option<String>,
        /// For people.
        description: Option<String>,
        /// Where the model was when it was registered: a location or a `models:/m-ID`.
        source: Option<String>,
        /// The run that made it.
        run_id: Option<String>,
        /// Whether it can be used.
        status: Option<ModelVersionStatus>,
        /// Why it cannot be used.
        status_message: Option<String>,
        /// Its tags.
        tags: Vec<ModelVersionTag>,
        /// A web page about the run.
        run_link: Option<String>,
        /// The aliases that point at it.
        aliases: Vec<String>,
        /// The logged model it is (3.x).
        model_id: Option<String>,
        /// Parameters of the logged model.
        model_params: Vec<ModelParam>,
        /// Measurements of the logged model.
        model_metrics: Vec<Metric>,
        /// Databricks' job that deploys it.
        deployment_job_state: Option<ModelVersionDeploymentJobState>,
    }

    /// A tag of a version.
    pub struct ModelVersionTag {
        /// Its key.
        key: String,
        /// Its value.
        value (default): String,
    }

    /// A parameter of a version's logged model.
    pub struct ModelParam {
        /// Its name.
        name: String,
        /// Its value.
        value (default): String,
    }

    /// The job of Databricks that deploys a version.
    pub struct ModelVersionDeploymentJobState {
        /// The job.
        job_id: Option<String>,
        /// The run of the job.
        run_id: Option<String>,
        /// Where the job stands.
        job_state: Option<super::DeploymentJobState>,
        /// Where its run stands.
        run_state: Option<DeploymentJobRunState>,
        /// The task that runs now.
        current_task_name: Option<String>,
    }

    /// Registers a version.
    pub struct CreateModelVersion {
        /// The registered model.
        name: String,
        /// Where the model is.
        source: String,
        /// The run that made it.
        run_id: Option<String>,
        /// Its tags.
        tags: Vec<ModelVersionTag>,
        /// A web page about the run.
        run_link: Option<String>,
        /// For people.
        description: Option<String>,
        /// The logged model it is (3.x).
        model_id: Option<String>,
    }

    /// The answer to what makes, changes or asks for a version.
    pub struct ModelVersionReply {
        /// The version.
        model_version: ModelVersion,
    }

    /// Changes the description of a version.
    pub struct UpdateModelVersion {
        /// The registered model.
        name: String,
        /// The version.
        version: String,
        /// For people.
        description: Option<String>,
    }

    /// Moves a version to a stage.
    pub struct TransitionModelVersionStage {
        /// The registered model.
        name: String,
        /// The version.
        version: String,
        /// The stage.
        stage: String,
        /// Whether the versions that are in the stage move to `Archived`.
        archive_existing_versions (default): bool,
    }

    /// Deletes a version.
    pub struct DeleteModelVersion {
        /// The registered model.
        name: String,
        /// The version.
        version: String,
    }

    /// Asks for a version.
    pub struct GetModelVersion {
        /// The registered model.
        name: String,
        /// The version.
        version: String,
    }

    /// Asks for versions.
    pub struct SearchModelVersions {
        /// Comparisons joined by `AND`.
        filter: Option<String>,
        /// Most versions of one page; 200000 when it is not said.
        max_results: Option<i64>,
        /// Such as `version_number DESC`.
        order_by: Vec<String>,
        /// The token that the page before gave.
        page_token: Option<String>,
    }

    /// The answer to [`SearchModelVersions`].
    pub struct SearchModelVersionsReply {
        /// A page of versions.
        model_versions: Vec<ModelVersion>,
        /// The token that asks for the next page; none on the last.
        next_page_token: Option<String>,
    }

    /// Asks where the files of a version are.
    pub struct GetModelVersionDownloadUri {
        /// The registered model.
        name: String,
        /// The version.
        version: String,
    }

    /// The answer to [`GetModelVersionDownloadUri`].
    pub struct ModelVersionDownloadUriReply {
        /// Where its files are.
        artifact_uri: Option<String>,
    }

    /// Sets a tag of a version.
    pub struct SetModelVersionTag {
        /// The registered model.
        name: String,
        /// The version.
        version: String,
        /// The tag's key.
        key: String,
        /// The tag's value.
        value (default): String,
    }

    /// Removes a tag of a version.
    pub struct DeleteModelVersionTag {
        /// The registered model.
        name: String,
        /// The version.
        version: String,
        /// The tag's key.
        key: String,
    }
}

names! {
    /// Whether a version can be used.
    pub enum ModelVersionStatus {
        /// Not yet.
        PendingRegistration = ("PENDING_REGISTRATION", 1),
        /// It never will be.
        FailedRegistration = ("FAILED_REGISTRATION", 2),
        /// Yes.
        Ready = ("READY", 3),
    }

    /// Where a run of Databricks' deployment job stands.
    pub enum DeploymentJobRunState {
        /// Unknown.
        Unspecified = ("DEPLOYMENT_JOB_RUN_STATE_UNSPECIFIED", 0),
        /// There is no job.
        NoValidDeploymentJobFound = ("NO_VALID_DEPLOYMENT_JOB_FOUND", 1),
        /// It runs.
        Running = ("RUNNING", 2),
        /// It came to its end.
        Succeeded = ("SUCCEEDED", 3),
        /// It ended with an error.
        Failed = ("FAILED", 4),
        /// It waits to be started.
        Pending = ("PENDING", 5),
        /// It waits for somebody to agree.
        Approval = ("APPROVAL", 6),
    }
}

calls! {
    CreateModelVersion: Post "2.0/mlflow/model-versions/create" -> ModelVersionReply;
    UpdateModelVersion: Patch "2.0/mlflow/model-versions/update" -> ModelVersionReply;
    TransitionModelVersionStage: Post "2.0/mlflow/model-versions/transition-stage"
        -> ModelVersionReply;
    DeleteModelVersion: Delete "2.0/mlflow/model-versions/delete" -> Done;
    GetModelVersion: Get "2.0/mlflow/model-versions/get" -> ModelVersionReply;
    SearchModelVersions: Get "2.0/mlflow/model-versions/search" -> SearchModelVersionsReply;
    GetModelVersionDownloadUri: Get "2.0/mlflow/model-versions/get-download-uri"
        -> ModelVersionDownloadUriReply;
    SetModelVersionTag: Post "2.0/mlflow/model-versions/set-tag" -> Done;
    DeleteModelVersionTag: Delete "2.0/mlflow/model-versions/delete-tag" -> Done;
}
