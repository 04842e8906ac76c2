//! What the API can do, by the kind of object it concerns.

mod aliases;
mod artifact_uri;
mod experiments;
mod model_versions;
mod prompts;
mod registered_models;
mod run_data;
mod runs;
mod stages;
mod version_source;

pub(crate) use artifact_uri::below;

use crate::routes::Route;

/// All operations.
pub(crate) fn routes() -> Vec<Route> {
    [
        experiments::routes(),
        runs::routes(),
        registered_models::routes(),
        model_versions::routes(),
        stages::routes(),
        aliases::routes(),
    ]
    .concat()
}
