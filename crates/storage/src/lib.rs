//! A model's location in, a verified local folder out.
//!
//! ```text
//! models:/ runs:/ ─▶ mlflow_server ─────┐
//! s3://  gs://  hf://  https://  ───────┴▶ remote: list, open ─▶ transfer: parts, resume, digests ─▶ cache
//! file:// paths    ──────────────────────────────────────────────────────────────────────────────▶ as they are
//! ```
//!
//! [`Storage::fetch`] blocks until the files are on disk, complete and verified. A download that
//! ends early is resumed by the next one, and never seen by anybody. [`Storage::resolve`] says
//! cheaply what a location points at now, which is how an alias is followed.
//!
//! Nothing is connected, read or allocated before a remote location is asked for.

mod archive;
mod azure;
mod cache;
mod config;
mod digest;
mod environment;
mod error;
mod fingerprint;
mod gathered;
mod gs;
mod hf;
mod http;
mod location;
mod mark;
mod mlflow_server;
mod model_dir;
mod name;
mod path;
mod patterns;
mod remote;
mod retry;
mod s3;
mod storage;
mod storage_config;
mod time;
mod token;
mod transfer;
mod usage;
mod web;
mod xml;

pub use azure::Place;
pub use config::{Config, Limits, Retry, Timeouts};
pub use environment::Environment;
pub use error::Error;
pub use fingerprint::Fingerprint;
pub use location::Location;
pub use mark::Mark;
pub use mlflow_server::{Download, MlflowServer};
pub use model_dir::ModelDir;
pub use name::{is_name, stem};
pub use storage::{Fetched, Placing, Revision, Storage};
pub use usage::{Outcome, Usage};
