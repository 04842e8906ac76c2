use std::collections::BTreeMap;

use super::{Done, call::calls, message::messages};

messages! {
    /// A file or a folder.
    pub struct FileInfo {
        /// In the listing of a run, its path below the run's artifacts; in that of the artifact proxy, its
        /// name in the folder that was asked for.
        path: String,
        /// Whether it is a folder.
        is_dir (default): bool,
        /// Its bytes; none for a folder, and with MLflow's proxy for an empty file.
        file_size: Option<i64>,
    }

    /// Asks for the files of a run.
    pub struct ListArtifacts {
        /// The run's id under the field's old name; `run_id` counts when both are there.
        run_uuid: Option<String>,
        /// A folder below the run's artifacts; all of them when it is not said.
        path: Option<String>,
        /// The run.
        run_id (first): String,
        /// The token that the page before gave.
        page_token: Option<String>,
    }

    /// The answer to [`ListArtifacts`] and to [`ListLoggedModelArtifacts`](super::ListLoggedModelArtifacts).
    pub struct ListArtifactsReply {
        /// The URI of the artifacts.
        root_uri: Option<String>,
        /// Files and folders directly below the path that was asked for.
        files: Vec<FileInfo>,
        /// The token that asks for the next page; none on the last.
        next_page_token: Option<String>,
    }

    /// Asks for an address to which a file of a run or of a logged model can be uploaded.
    pub struct CreatePresignedUploadUrl {
        /// The run.
        run_id: Option<String>,
        /// The file, below the artifacts.
        path: String,
        /// How long the address holds, in seconds.
        expiration: Option<i64>,
        /// The logged model, instead of the run.
        model_id: Option<String>,
    }

    /// The answer to [`CreatePresignedUploadUrl`].
    pub struct PresignedUploadUrlReply {
        /// The address.
        presigned_url: String,
        /// Headers that the upload must carry.
        headers: BTreeMap<String, String>,
    }

    /// Asks for an address from which a file of a run can be downloaded.
    pub struct CreatePresignedDownloadUrl {
        /// The run.
        run_id: String,
        /// The file, below the run's artifacts.
        path: String,
        /// How long the address holds, in seconds.
        expiration: Option<i64>,
    }

    /// The answer to [`CreatePresignedDownloadUrl`].
    pub struct PresignedDownloadUrlReply {
        /// The address.
        presigned_url: String,
        /// Headers that the download must carry.
        headers: BTreeMap<String, String>,
        /// Its bytes.
        file_size: Option<i64>,
    }

    /// Asks the artifact proxy for the files of a folder.
    pub struct ListProxiedArtifacts {
        /// The folder, below the proxy's root; the root when it is not said.
        path: Option<String>,
    }

    /// The answer to [`ListProxiedArtifacts`].
    pub struct ListProxiedArtifactsReply {
        /// Files and folders directly below the path that was asked for. A file has none, and neither has
        /// what is not there.
        files: Vec<FileInfo>,
    }

    /// Deletes a file of the artifact proxy.
    pub struct DeleteProxiedArtifact {
        /// The file, below the proxy's root.
        path: String,
    }
}

calls! {
    ListArtifacts: Get "2.0/mlflow/artifacts/list" -> ListArtifactsReply;
    CreatePresignedUploadUrl: Post "2.0/mlflow/artifacts/presigned-upload-url"
        -> PresignedUploadUrlReply;
    CreatePresignedDownloadUrl: Post "2.0/mlflow/artifacts/presigned-download-url"
        -> PresignedDownloadUrlReply;
    ListProxiedArtifacts: Get "2.0/mlflow-artifacts/artifacts" -> ListProxiedArtifactsReply;
    DeleteProxiedArtifact: Delete "2.0/mlflow-artifacts/artifacts/{path}" -> Done;
}
