//! What MLflow's API has and this server has not: each address says so, and what to do.

use std::sync::Arc;

use longshore_mlflow::rest::{
    ErrorCode,
    Method::{self, Delete, Get, Patch, Post},
};

use crate::{
    Error,
    operation::Access,
    routes::{Answering, Asked, Route},
    state::State,
};

/// Every method: the addresses below are not told apart.
const ANY: &[Method] = &[Get, Post, Method::Put, Patch, Delete];

macro_rules! methods {
    (Any) => {
        ANY
    };
    ($($method:ident)+) => {
        &[$($method),+]
    };
}

/// Declares what is not here: what it is, what to do, and its addresses.
macro_rules! elsewhere {
    ($( $what:literal, $instead:literal: $below:literal { $( $path:literal $($method:ident)+; )* } )+) => {
        /// The routes of what is not here.
        pub(super) fn routes() -> Vec<Route> {
            vec![$($(
                Route {
                    methods: methods![$($method)+],
                    access: Access::Read,
                    path: concat!($below, $path),
                    answer: |state, asked| refuse(state, asked, $what, $instead),
                },
            )*)+]
        }
    };
}

elsewhere! {
    "the AI gateway", "ask the providers from your own code, or run `mlflow server` for its gateway": "3.0/mlflow/gateway/" {
        "budgets/create" Post; "budgets/delete" Delete; "budgets/get" Get;
        "budgets/update" Post;
        "endpoints/bindings/create" Post; "endpoints/bindings/delete" Delete;
        "endpoints/create" Post; "endpoints/delete" Delete; "endpoints/delete-tag" Delete; "endpoints/get" Get;
        "endpoints/models/attach" Post; "endpoints/models/detach" Post;
        "endpoints/set-tag" Post; "endpoints/update" Post;
        "guardrails/add-to-endpoint" Post; "guardrails/create" Post; "guardrails/delete" Delete;
        "guardrails/get" Get; "guardrails/list-for-endpoint" Get;
        "guardrails/remove-from-endpoint" Delete; "guardrails/update-config" Patch;
        "model-definitions/create" Post; "model-definitions/delete" Delete; "model-definitions/get" Get;
        "model-definitions/update" Post;
        "provider-config" Get; "supported-models" Get; "supported-providers" Get;
        "secrets/create" Post; "secrets/delete" Delete; "secrets/get" Get;
        "secrets/update" Post;
    }
    "the AI gateway", "ask the providers from your own code, or run `mlflow server` for its gateway": "/gateway/" {
        "{path*}" Any;
    }
    "a search for issues by a language model", "run it in a client: `mlflow.genai.discovery.pipeline.discover_issues` writes here what it finds": "3.0/mlflow/issues" {
        "/invoke" Post;
    }
    "jobs", "run the work in a client: `mlflow.genai.evaluate` and `mlflow.genai.optimize_prompts` do": "3.0/mlflow/" {
        "genai/evaluate/invoke" Post; "scorer/invoke" Post; "jobs/{job_id}" Get; "jobs/cancel/{job_id}" Patch;
        "prompt-optimization/jobs" Post; "prompt-optimization/jobs/search" Get Post;
        "prompt-optimization/jobs/{job_id}" Get Delete; "prompt-optimization/jobs/{job_id}/cancel" Post;
    }
    "jobs", "run the work in a client: `mlflow.genai.evaluate` and `mlflow.genai.optimize_prompts` do": "3.0/jobs" {
        "/" Post; "/search" Post; "/{job_id}" Get; "/cancel/{job_id}" Patch;
    }
    "the assistant", "ask one on your own machine: `mlflow` runs it there": "3.0/mlflow/assistant/" {
        "{path*}" Any;
    }
    "data for a demonstration", "log runs and traces of your own": "3.0/mlflow/demo/" {
        "generate" Post; "delete" Post;
    }
    "a registry of MCP servers", "run `mlflow server` for it": "3.0/mlflow/mcp-servers" {
        "" Post; "/{path*}" Any;
    }
    "the laboratory of prompts", "log the run from your own code": "2.0/mlflow/runs/create-promptlab-run" {
        "" Post;
    }
}

fn refuse(_: Arc<State>, _: Asked, what: &'static str, instead: &'static str) -> Answering {
    let words = format!("this server does not have {what}; {instead}");
    Box::pin(async move { Err(Error::refused(ErrorCode::NotImplemented, words)) })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::routes;

    #[test]
    fn no_address_is_there_twice() {
        let mut seen = BTreeSet::new();
        for route in routes() {
            for method in route.methods {
                assert!(
                    seen.insert((route.path, method.name())),
                    "{} {}",
                    method.name(),
                    route.path
                );
            }
        }
        assert!(seen.len() > 60);
    }
}
