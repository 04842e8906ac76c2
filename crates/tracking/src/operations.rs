//! What the API can do, by the kind of object it concerns.

mod experiments;

use crate::routes::Route;

/// All operations.
pub(crate) fn routes() -> Vec<Route> {
    [experiments::routes()].concat()
}
