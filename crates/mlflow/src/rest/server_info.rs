use std::collections::BTreeMap;

use super::{
    call::calls,
    message::{empty, messages},
};

messages! {
    /// The answer to [`GetServerInfo`]. A client takes what is absent for `false`.
    pub struct ServerInfo {
        /// `SqlStore` or `FileStore`.
        store_type: Option<String>,
        /// Whether experiments and models live in workspaces.
        workspaces_enabled: Option<bool>,
        /// Whether traces move from the database to artifacts.
        trace_archival_enabled: Option<bool>,
        /// Whether files can be uploaded in parts.
        multipart_uploads_enabled: Option<bool>,
        /// Whether files can be downloaded in parts.
        multipart_downloads_enabled: Option<bool>,
        /// Whether the server passes artifacts on.
        artifact_serving_enabled: Option<bool>,
        /// Whether a file of a run can be uploaded by a presigned address.
        presigned_upload_run_id_supported: Option<bool>,
        /// Whether a file of a logged model can be uploaded by a presigned address.
        presigned_upload_model_id_supported: Option<bool>,
        /// Whether a file of a model version can be downloaded by a presigned address.
        model_artifact_presigned_downloads_supported: Option<bool>,
        /// Features by name, such as `gateway`.
        features_enabled: BTreeMap<String, bool>,
        /// Whether artifacts travel by presigned addresses only.
        artifacts_presigned_only: Option<bool>,
    }
}

empty! {
    /// Asks what a server can do.
    pub struct GetServerInfo;
}

calls! {
    GetServerInfo: Get "3.0/mlflow/server-info" -> ServerInfo;
}
