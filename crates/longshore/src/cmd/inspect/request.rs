//! A row that the model takes, as the body of a request.

use longshore_engine::Limits;
use longshore_serve::{Config, Server};

use crate::models::Local;

/// Most columns that are written out.
pub(in crate::cmd) const MOST: usize = 200;

/// A body of V1 with one row: the one that the server's page shows. `None` when nothing is known, or the model refuses
/// what was made up.
pub(super) fn of(local: &Local, limits: &Limits) -> Option<String> {
    let config = Config {
        models: vec![local.clone().serve(None)],
        model_limits: *limits,
        ..Config::default()
    };
    Server::offline(config).ok()?.models().request(&local.name, MOST)
}
