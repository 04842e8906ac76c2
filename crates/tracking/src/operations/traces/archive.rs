//! The spans that MLflow's server moved from the database to a file, as its `--trace-archival-config` says: `traces.pb`
//! is OpenTelemetry's `TracesData`, in `EXPERIMENT/traces/TRACE/artifacts` below the location of the archive.

use std::sync::Arc;

use longshore_mlflow::rest::{ErrorCode, TraceInfoV3};

use super::{SPANS_LOCATION, tags::ARCHIVE};
use crate::{Error, artifacts, otlp, state::State};

/// The value of [`SPANS_LOCATION`] for those in the archive.
const ARCHIVED: &str = "ARCHIVE_REPO";

/// The file of spans.
const FILE: &str = "traces.pb";

/// Whether the spans of a trace are in the archive.
pub(super) fn has(info: &TraceInfoV3) -> bool {
    info.tags.get(SPANS_LOCATION).is_some_and(|it| it == ARCHIVED)
}

/// The contents of the spans of a trace in the archive; the root first, then by their beginning. None when the file is
/// gone, as in MLflow.
///
/// # Errors
/// A refusal of an archive that is not within reach, and of a file that is none; those of the storage.
pub(super) async fn contents(state: &Arc<State>, info: &TraceInfoV3) -> Result<Vec<String>, Error> {
    let id = &info.trace_id;
    let experiment = info.trace_location.experiment_id().unwrap_or_default();
    let folder = info.tags.get(ARCHIVE).map(String::as_str).unwrap_or_default();
    // whoever makes a trace says its tags: they lead to no spans but its own
    if !folder.ends_with(&format!("/{experiment}/traces/{id}/artifacts")) {
        return Err(broken(id, "its tag does not name its own folder of the archive"));
    }
    let bytes = match artifacts::archived(state, folder, FILE, state.body).await {
        Err(Error::Refused { code: ErrorCode::ResourceDoesNotExist, .. }) => {
            tracing::warn!(trace = id, folder, "the archived spans of a trace are gone");
            return Ok(Vec::new());
        }
        found => found?,
    };
    let read = move || {
        let mut spans = otlp::of_protobuf(&bytes)?;
        spans.sort_by_key(|it| (it.parent_id().is_some(), it.start, it.id()));
        Ok::<_, otlp::Wrong>(spans.iter().map(otlp::Span::content).collect())
    };
    let read = tokio::task::spawn_blocking(read).await.map_err(|_| Error::Unavailable)?;
    read.map_err(|_| broken(id, "its file is no `TracesData` of OpenTelemetry"))
}

fn broken(id: &str, why: &str) -> Error {
    let words = format!("the archived spans of trace '{id}' cannot be read: {why}");
    Error::refused(ErrorCode::InvalidState, words)
}
