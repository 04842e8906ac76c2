use super::{
    Done, ModelVersion,
    call::calls,
    message::{messages, names},
};

messages! {
    /// A registered model: a name for a line of versions.
    pub struct RegisteredModel {
        /// Its name.
        name: String,
        /// Milliseconds since 1970.
        creation_timestamp: Option<i64>,
        /// Milliseconds since 1970.
        last_updated_timestamp: Option<i64>,
        /// Who made it.
        user_id: Option<String>,
        /// For people.
        description: Option<String>,
        /// The latest version of each stage.
        latest_versions: Vec<ModelVersion>,
        /// Its tags.
        tags: Vec<RegisteredModelTag>,
        /// Names that point at versions.
        aliases: Vec<RegisteredModelAlias>,
        /// Databricks' job that deploys its versions.
        deployment_job_id: Option<String>,
        /// Where that job stands.
        deployment_job_state: Option<DeploymentJobState>,
    }

    /// A tag of a registered model.
    pub struct RegisteredModelTag {
        /// Its key.
        key: String,
        /// Its value.
        value (default): String,
    }

    /// A name that points at a version.
    pub struct RegisteredModelAlias {
        /// The name.
        alias: String,
        /// The version.
        version: String,
    }

    /// Makes a registered model.
    pub struct CreateRegisteredModel {
        /// Its name.
        name: String,
        /// Its tags.
        tags: Vec<RegisteredModelTag>,
        /// For people.
        description: Option<String>,
        /// Databricks' job that deploys its versions.
        deployment_job_id: Option<String>,
    }

    /// The answer to what makes, changes or asks for a registered model.
    pub struct RegisteredModelReply {
        /// The model.
        registered_model: RegisteredModel,
    }

    /// Renames a registered model.
    pub struct RenameRegisteredModel {
        /// Its name.
        name: String,
        /// Its name from now on.
        new_name: String,
    }

    /// Changes the description of a registered model.
    pub struct UpdateRegisteredModel {
        /// Its name.
        name: String,
        /// For people.
        description: Option<String>,
        /// Databricks' job that deploys its versions.
        deployment_job_id: Option<String>,
    }

    /// Deletes a registered model and its versions.
    pub struct DeleteRegisteredModel {
        /// Its name.
        name: String,
    }

    /// Asks for a registered model.
    pub struct GetRegisteredModel {
        /// Its name.
        name: String,
    }

    /// Asks for registered models.
    pub struct SearchRegisteredModels {
        /// Comparisons joined by `AND`.
        filter: Option<String>,
        /// Most models of one page; 100 when it is not said.
        max_results: Option<i64>,
        /// Such as `name ASC`.
        order_by: Vec<String>,
        /// The token that the page before gave.
        page_token: Option<String>,
    }

    /// The answer to [`SearchRegisteredModels`].
    pub struct SearchRegisteredModelsReply {
        /// A page of models.
        registered_models: Vec<RegisteredModel>,
        /// The token that asks for the next page; none on the last.
        next_page_token: Option<String>,
    }

    /// Asks for the latest version of each stage.
    pub struct GetLatestVersions {
        /// The registered model.
        name: String,
        /// The stages; all of them when none is said.
        stages: Vec<String>,
    }

    /// The answer to [`GetLatestVersions`].
    pub struct LatestVersionsReply {
        /// One version for each stage that has one.
        model_versions: Vec<ModelVersion>,
    }

    /// Sets a tag of a registered model.
    pub struct SetRegisteredModelTag {
        /// The registered model.
        name: String,
        /// The tag's key.
        key: String,
        /// The tag's value.
        value (default): String,
    }

    /// Removes a tag of a registered model.
    pub struct DeleteRegisteredModelTag {
        /// The registered model.
        name: String,
        /// The tag's key.
        key: String,
    }

    /// Lets an alias point at a version.
    pub struct SetRegisteredModelAlias {
        /// The registered model.
        name: String,
        /// The alias.
        alias: String,
        /// The version.
        version: String,
    }

    /// Removes an alias.
    pub struct DeleteRegisteredModelAlias {
        /// The registered model.
        name: String,
        /// The alias.
        alias: String,
    }

    /// Asks for the version that an alias points at. A
    /// [`ModelVersionReply`](super::ModelVersionReply) answers it.
    pub struct GetModelVersionByAlias {
        /// The registered model.
        name: String,
        /// The alias.
        alias: String,
    }
}

names! {
    /// How a registered model is bound to a job of Databricks.
    pub enum DeploymentJobState {
        /// Unknown.
        Unspecified = ("DEPLOYMENT_JOB_CONNECTION_STATE_UNSPECIFIED", 0),
        /// There is no job.
        NotSetUp = ("NOT_SET_UP", 1),
        /// There is a job.
        Connected = ("CONNECTED", 2),
        /// The job is gone.
        NotFound = ("NOT_FOUND", 3),
        /// The job wants other parameters.
        RequiredParametersChanged = ("REQUIRED_PARAMETERS_CHANGED", 4),
    }
}

calls! {
    CreateRegisteredModel: Post "2.0/mlflow/registered-models/create" -> RegisteredModelReply;
    RenameRegisteredModel: Post "2.0/mlflow/registered-models/rename" -> RegisteredModelReply;
    UpdateRegisteredModel: Patch "2.0/mlflow/registered-models/update" -> RegisteredModelReply;
    DeleteRegisteredModel: Delete "2.0/mlflow/registered-models/delete" -> Done;
    GetRegisteredModel: Get "2.0/mlflow/registered-models/get" -> RegisteredModelReply;
    SearchRegisteredModels: Get "2.0/mlflow/registered-models/search"
        -> SearchRegisteredModelsReply;
    GetLatestVersions: Post Get "2.0/mlflow/registered-models/get-latest-versions"
        -> LatestVersionsReply;
    SetRegisteredModelTag: Post "2.0/mlflow/registered-models/set-tag" -> Done;
    DeleteRegisteredModelTag: Delete "2.0/mlflow/registered-models/delete-tag" -> Done;
    SetRegisteredModelAlias: Post "2.0/mlflow/registered-models/alias" -> Done;
    DeleteRegisteredModelAlias: Delete "2.0/mlflow/registered-models/alias" -> Done;
    GetModelVersionByAlias: Get "2.0/mlflow/registered-models/alias" -> super::ModelVersionReply;
}
