//! What the API can do, by the kind of object it concerns.

mod artifact_uri;
mod experiments;
mod run_data;
mod runs;

use crate::routes::Route;

/// All operations.
pub(crate) fn routes() -> Vec<Route> {
    [experiments::routes(), runs::routes()].concat()
}
