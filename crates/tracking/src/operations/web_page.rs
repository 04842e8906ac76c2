//! What MLflow's web page asks, when it starts, of parts of MLflow that there are not here. Each answer is
//! MLflow's own for a server where the part is not set up, so that the page shows it as absent, not as broken.

use hyper::StatusCode;
use longshore_mlflow::rest::Method;

use crate::{
    operation::Access,
    reply,
    routes::{Answer, Route},
};

/// The routes. Everyone may ask.
pub(super) fn routes() -> Vec<Route> {
    const READ: &[Method] = &[Method::Get];
    let route =
        |methods, path, answer: Answer| Route { methods, access: Access::Read, path, answer };
    vec![
        // the page does not report how it is used
        route(READ, "3.0/mlflow/ui-telemetry", |_, _| {
            fixed(
                r#"{"disable_ui_telemetry":true,"disable_ui_events":[],"ui_rollout_percentage":0}"#,
            )
        }),
        route(&[Method::Post], "3.0/mlflow/ui-telemetry", |_, _| fixed(r#"{"status":"disabled"}"#)),
        // no gateway for language models
        route(&[Method::Get, Method::Post], "2.0/mlflow/gateway-proxy", |_, _| {
            fixed(r#"{"endpoints":[]}"#)
        }),
        route(READ, "3.0/mlflow/gateway/budgets/list", |_, _| fixed("{}")),
        route(READ, "3.0/mlflow/gateway/budgets/windows", |_, _| fixed("{}")),
        route(READ, "3.0/mlflow/gateway/endpoints/bindings/list", |_, _| fixed("{}")),
        route(READ, "3.0/mlflow/gateway/endpoints/list", |_, _| fixed("{}")),
        route(READ, "3.0/mlflow/gateway/guardrails/list", |_, _| fixed("{}")),
        route(READ, "3.0/mlflow/gateway/model-definitions/list", |_, _| fixed("{}")),
        route(READ, "3.0/mlflow/gateway/secrets/config", |_, _| {
            fixed(r#"{"secrets_available":false,"using_default_passphrase":false}"#)
        }),
        route(READ, "3.0/mlflow/gateway/secrets/list", |_, _| fixed("{}")),
        // no servers of tools
        route(READ, "3.0/mlflow/mcp-servers", |_, _| {
            fixed(r#"{"mcp_servers":[],"next_page_token":null}"#)
        }),
        // no assistant
        route(READ, "3.0/mlflow/assistant/config", |_, _| {
            fixed(r#"{"providers":{},"projects":{},"remote_access_allowed":false}"#)
        }),
        route(READ, "3.0/mlflow/assistant/providers", |_, _| {
            fixed(r#"{"providers":[],"resolved":null,"gateway_vendor_options":{}}"#)
        }),
    ]
}

fn fixed(text: &'static str) -> crate::routes::Answering {
    Box::pin(async move { Ok(reply::whole(StatusCode::OK, "application/json", text)) })
}
