//! What the API can do, by the kind of object it concerns.

mod aliases;
mod artifact_uri;
mod assessments;
mod elsewhere;
mod evaluation_datasets;
mod events;
mod experiments;
mod inputs;
mod issues;
mod label_schemas;
mod log;
mod logged_models;
mod metrics;
mod model_versions;
mod prompts;
mod registered_models;
mod review_queues;
mod run_data;
mod runs;
mod scorers;
mod search;
mod stages;
mod trace_search;
mod traces;
mod version_source;
mod web_page;
mod webhooks;
mod workspaces;

pub(crate) use artifact_uri::below;
pub(crate) use model_versions::location as location_of_version;

use crate::{artifacts, routes::Route};

/// All operations.
pub(crate) fn routes() -> Vec<Route> {
    [
        aliases::routes(),
        artifacts::routes(),
        assessments::routes(),
        elsewhere::routes(),
        evaluation_datasets::routes(),
        experiments::routes(),
        inputs::routes(),
        issues::routes(),
        label_schemas::routes(),
        log::routes(),
        logged_models::routes(),
        metrics::routes(),
        model_versions::routes(),
        registered_models::routes(),
        review_queues::routes(),
        runs::routes(),
        scorers::routes(),
        search::routes(),
        stages::routes(),
        trace_search::routes(),
        traces::routes(),
        web_page::routes(),
        webhooks::routes(),
        workspaces::routes(),
    ]
    .concat()
}

/// The routes of what this server has not.
#[cfg(test)]
pub(crate) fn absent() -> Vec<Route> {
    elsewhere::routes()
}
