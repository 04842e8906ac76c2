//! What all event loops share.

use std::{sync::Arc, time::Duration};

use longshore_daemon::server::Probe;
use regex::Regex;

use crate::{
    Store, Users,
    artifacts::repository::Repository,
    graphql,
    webhooks::{self, Webhooks},
};

/// What operations go by.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The location below which experiments keep their artifacts when they name none, as clients see it.
    pub artifact_root: String,
    /// Where the artifact proxy keeps files: a path or a `file:` URI; `None` when it is off.
    pub artifacts_destination: Option<String>,
    /// Where spans of traces were archived, by MLflow's server: a path, or a URI as of the artifact proxy.
    pub trace_archive: Option<String>,
    /// Whether a parameter or tag that is too long is cut, as MLflow does by default, or refused.
    pub truncate: bool,
    /// What the source of a new version must match; `None` is everything.
    pub source_pattern: Option<Regex>,
    /// Schemes whose places may be named though the server would ask their hosts for the files.
    pub host_schemes: Vec<String>,
    /// How long an address holds with which a client downloads a file from the storage itself.
    pub presigned: Duration,
    /// How much one query to `/graphql` may ask.
    pub graphql: graphql::Bounds,
    /// Whether experiments and models live in workspaces that requests name.
    pub workspaces: bool,
    /// Which webhooks there may be, and how they are called.
    pub webhooks: webhooks::Settings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            artifact_root: "mlflow-artifacts:/".to_owned(),
            artifacts_destination: Some("./mlartifacts".to_owned()),
            trace_archive: None,
            truncate: true,
            source_pattern: None,
            host_schemes: Vec::new(),
            presigned: Duration::from_mins(5),
            graphql: graphql::Bounds::default(),
            workspaces: false,
            webhooks: webhooks::Settings::default(),
        }
    }
}

/// What all event loops share.
pub(crate) struct State {
    pub(crate) store: Store,
    pub(crate) settings: Settings,
    /// Who may ask; `None` where everybody may.
    pub(crate) users: Option<Users>,
    /// What the artifact proxy keeps files in; `None` when it is off.
    pub(crate) artifacts: Option<Repository>,
    /// The bucket of the artifact root, when it is one.
    pub(crate) root: Option<Repository>,
    /// The archive of traces, if there is one.
    pub(crate) archive: Option<Repository>,
    pub(crate) webhooks: Webhooks,
    pub(crate) body: usize,
    pub(crate) probe: Arc<Probe>,
}
