//! What a client asks to learn what this server can do. Everyone may ask.

use longshore_mlflow::rest::{Call, GetServerInfo, ServerInfo};

use super::Repository;
use crate::{operation::Access, reply, routes::Route, state::State};

/// The route.
pub(super) fn routes() -> Vec<Route> {
    vec![Route {
        methods: GetServerInfo::METHODS,
        access: Access::Read,
        path: GetServerInfo::PATH,
        answer: |state, _| Box::pin(async move { Ok(reply::message(&info(&state))) }),
    }]
}

fn info(state: &State) -> ServerInfo {
    let is_s3 = state.artifacts.clone().and_then(Repository::into_s3).is_some();
    ServerInfo {
        store_type: Some("SqlStore".to_owned()),
        workspaces_enabled: Some(state.settings.workspaces),
        trace_archival_enabled: Some(false),
        multipart_uploads_enabled: Some(is_s3),
        multipart_downloads_enabled: Some(is_s3),
        artifact_serving_enabled: Some(state.artifacts.is_some()),
        // that the request is known; the storage of each run is asked when it comes, as in MLflow
        presigned_upload_run_id_supported: Some(true),
        presigned_upload_model_id_supported: Some(true),
        model_artifact_presigned_downloads_supported: Some(false),
        features_enabled: [("gateway".to_owned(), false)].into(),
        artifacts_presigned_only: Some(false),
    }
}
