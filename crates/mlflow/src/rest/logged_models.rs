use super::{
    Done, ListArtifactsReply, Metric,
    call::calls,
    message::{messages, names},
};

messages! {
    /// A model that was logged (3.x), registered or not.
    pub struct LoggedModel {
        /// What identifies it and where it stands.
        info: LoggedModelInfo,
        /// What was logged about it.
        data: Option<LoggedModelData>,
    }

    /// What identifies a logged model and where it stands.
    pub struct LoggedModelInfo {
        /// `m-` and 32 hexadecimal digits.
        model_id: String,
        /// The experiment it belongs to.
        experiment_id: Option<String>,
        /// Its name.
        name: Option<String>,
        /// Milliseconds since 1970.
        creation_timestamp_ms: Option<i64>,
        /// Milliseconds since 1970.
        last_updated_timestamp_ms: Option<i64>,
        /// Where its files are.
        artifact_uri: Option<String>,
        /// Where it stands.
        status: Option<LoggedModelStatus>,
        /// Who made it.
        creator_id: Option<i64>,
        /// What kind of model it is, in the user's words.
        model_type: Option<String>,
        /// The run that made it.
        source_run_id: Option<String>,
        /// For people.
        status_message: Option<String>,
        /// Its tags.
        tags: Vec<LoggedModelTag>,
        /// The versions that it is registered as.
        registrations: Vec<LoggedModelRegistrationInfo>,
    }

    /// A tag of a logged model.
    pub struct LoggedModelTag {
        /// Its key.
        key: String,
        /// Its value.
        value (default): String,
    }

    /// A version that a logged model is registered as.
    pub struct LoggedModelRegistrationInfo {
        /// The registered model.
        name: String,
        /// The version.
        version: String,
    }

    /// What was logged about a model.
    pub struct LoggedModelData {
        /// Its parameters.
        params: Vec<LoggedModelParameter>,
        /// Its latest measurements.
        metrics: Vec<Metric>,
    }

    /// A parameter of a logged model.
    pub struct LoggedModelParameter {
        /// Its key.
        key: String,
        /// Its value.
        value (default): String,
    }

    /// Begins to log a model.
    pub struct CreateLoggedModel {
        /// The experiment.
        experiment_id: String,
        /// Its name; random words when it is not said.
        name: Option<String>,
        /// What kind of model it is, in the user's words.
        model_type: Option<String>,
        /// The run that makes it.
        source_run_id: Option<String>,
        /// Its parameters.
        params: Vec<LoggedModelParameter>,
        /// Its tags.
        tags: Vec<LoggedModelTag>,
    }

    /// The answer to what makes, changes or asks for a logged model.
    pub struct LoggedModelReply {
        /// The model.
        model: LoggedModel,
    }

    /// Says whether the files of a logged model arrived.
    pub struct FinalizeLoggedModel {
        /// The model.
        model_id: String,
        /// Where it stands now.
        status: LoggedModelStatus,
    }

    /// Asks for a logged model.
    pub struct GetLoggedModel {
        /// The model.
        model_id: String,
        /// Whether one that is deleted is told of too.
        allow_deleted: Option<bool>,
    }

    /// Deletes a logged model.
    pub struct DeleteLoggedModel {
        /// The model.
        model_id: String,
    }

    /// Asks for logged models.
    pub struct SearchLoggedModels {
        /// The experiments to search.
        experiment_ids: Vec<String>,
        /// Comparisons joined by `AND`.
        filter: Option<String>,
        /// Most models of one page; 50 when it is not said.
        max_results: Option<i32>,
        /// What to sort by, the most important first.
        order_by: Vec<LoggedModelOrder>,
        /// The token that the page before gave.
        page_token: Option<String>,
        /// Which measurements count: those on one of these datasets.
        datasets: Vec<LoggedModelDataset>,
    }

    /// What to sort logged models by.
    pub struct LoggedModelOrder {
        /// An attribute, or `metrics.NAME`.
        field_name: String,
        /// Whether the smallest comes first, as it does when this is not said.
        ascending: Option<bool>,
        /// For a metric, the dataset it was measured on.
        dataset_name: Option<String>,
        /// That dataset's digest.
        dataset_digest: Option<String>,
    }

    /// A dataset that measurements of logged models were made on.
    pub struct LoggedModelDataset {
        /// Its name.
        dataset_name: String,
        /// Its digest; any when it is not said.
        dataset_digest: Option<String>,
    }

    /// The answer to [`SearchLoggedModels`].
    pub struct SearchLoggedModelsReply {
        /// A page of models.
        models: Vec<LoggedModel>,
        /// The token that asks for the next page; none on the last.
        next_page_token: Option<String>,
    }

    /// Sets tags of a logged model.
    pub struct SetLoggedModelTags {
        /// The model.
        model_id: String,
        /// The tags.
        tags: Vec<LoggedModelTag>,
    }

    /// The answer to [`SetLoggedModelTags`].
    pub struct SetLoggedModelTagsReply {
        /// The model. MLflow's own server leaves it out.
        model: Option<LoggedModel>,
    }

    /// Removes a tag of a logged model.
    pub struct DeleteLoggedModelTag {
        /// The model.
        model_id: String,
        /// The tag's key.
        tag_key: String,
    }

    /// Logs parameters of a logged model.
    pub struct LogLoggedModelParams {
        /// The model.
        model_id: String,
        /// The parameters.
        params: Vec<LoggedModelParameter>,
    }

    /// Asks for the files of a logged model.
    pub struct ListLoggedModelArtifacts {
        /// The model.
        model_id: String,
        /// A folder below the model's artifacts; all of them when it is not said.
        artifact_directory_path: Option<String>,
        /// The token that the page before gave.
        page_token: Option<String>,
    }
}

names! {
    /// Where a logged model stands.
    pub enum LoggedModelStatus {
        /// Unknown.
        Unspecified = ("LOGGED_MODEL_STATUS_UNSPECIFIED", 0),
        /// Its files are on their way.
        Pending = ("LOGGED_MODEL_PENDING", 1),
        /// Its files are there.
        Ready = ("LOGGED_MODEL_READY", 2),
        /// Its files did not arrive.
        UploadFailed = ("LOGGED_MODEL_UPLOAD_FAILED", 3),
    }
}

calls! {
    CreateLoggedModel: Post "2.0/mlflow/logged-models" -> LoggedModelReply;
    FinalizeLoggedModel: Patch "2.0/mlflow/logged-models/{model_id}" -> LoggedModelReply;
    GetLoggedModel: Get "2.0/mlflow/logged-models/{model_id}" -> LoggedModelReply;
    DeleteLoggedModel: Delete "2.0/mlflow/logged-models/{model_id}" -> Done;
    SearchLoggedModels: Post "2.0/mlflow/logged-models/search" -> SearchLoggedModelsReply;
    SetLoggedModelTags: Patch "2.0/mlflow/logged-models/{model_id}/tags" -> SetLoggedModelTagsReply;
    DeleteLoggedModelTag: Delete "2.0/mlflow/logged-models/{model_id}/tags/{tag_key}" -> Done;
    LogLoggedModelParams: Post "2.0/mlflow/logged-models/{model_id}/params" -> Done;
    ListLoggedModelArtifacts: Get "2.0/mlflow/logged-models/{model_id}/artifacts/directories"
        -> ListArtifactsReply;
}
