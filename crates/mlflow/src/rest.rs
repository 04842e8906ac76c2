//! MLflow's REST API: complete messages, for servers and for clients.
//!
//! A [`Call`] is a request that knows its address and its reply. [`parse_request`] and [`parse_query`] read
//! it as MLflow's server does, [`parse_reply`] reads what a server answered, [`print()`] prints both. The
//! body of an error is a [`Refusal`]. The messages are those of `service.proto`, `assessments.proto`,
//! `model_registry.proto` and `mlflow_artifacts.proto` that training, logging, the registry and loading use; the rules of their JSON
//! are in [`Wire`].
//!
//! [`names`], [`limits`] and [`checks`] hold what requests must keep to beyond their types.
//!
//! Where MLflow loses data, this reader refuses: a value of the wrong type is an error of its parameter,
//! where MLflow stores a zero and drops what follows.

mod artifacts;
mod assessments;
mod body;
mod call;
pub mod checks;
mod datasets;
mod done;
mod experiments;
mod inputs;
mod issues;
mod label_schemas;
pub mod limits;
mod logged_models;
mod message;
mod metrics;
mod model_versions;
mod multipart;
pub mod names;
mod refusal;
mod registered_models;
mod review_queues;
mod roles;
mod runs;
mod scorers;
mod server_info;
mod trace_metrics;
mod trace_search;
mod traces;
mod traces_v2;
mod user_tokens;
mod users;
mod webhooks;
mod wire;
mod workspaces;

pub use artifacts::*;
pub use assessments::*;
pub use body::{parse_query, parse_reply, parse_request, print};
pub use call::{Call, Method};
pub use datasets::*;
pub use done::Done;
pub use experiments::*;
pub use inputs::*;
pub use issues::*;
pub use label_schemas::*;
pub use logged_models::*;
pub use metrics::*;
pub use model_versions::*;
pub use multipart::*;
pub use refusal::{ErrorCode, Refusal};
pub use registered_models::*;
pub use review_queues::*;
pub use roles::*;
pub use runs::*;
pub use scorers::*;
pub use server_info::*;
pub use trace_metrics::*;
pub use trace_search::*;
pub use traces::*;
pub use traces_v2::*;
pub use user_tokens::*;
pub use users::*;
pub use webhooks::*;
pub use wire::{
    Kind, Message, Wire,
    any::{AnyValue, dumps},
    camel,
    json::Json,
    place::Place,
    time::{Duration, Timestamp},
};
pub use workspaces::*;

/// The prefix of the paths that clients use.
pub const API: &str = "/api/";

/// The prefix of the same paths for web pages.
pub const AJAX_API: &str = "/ajax-api/";

/// The path of the artifact proxy, below [`API`]. A file's path follows it.
pub const ARTIFACTS: &str = "2.0/mlflow-artifacts/artifacts";
