//! Kinds of objects.

/// Kinds of objects that grants speak of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A whole workspace.
    Workspace,
    /// Experiments, by their ids.
    Experiment,
    /// Registered models, by their names.
    RegisteredModel,
    /// Prompts, by their names.
    Prompt,
    /// Scorers, by the id of their experiment, a slash and their percent-encoded name.
    Scorer,
    /// Secrets of gateways.
    GatewaySecret,
    /// Endpoints of gateways.
    GatewayEndpoint,
    /// Models of gateways.
    GatewayModelDefinition,
    /// Servers of tools.
    McpServer,
    /// Runs, all those of the experiments that may be read.
    Run,
    /// Traces.
    Trace,
    /// Assessments of traces.
    Assessment,
    /// Logged models.
    LoggedModel,
    /// Queues of what people review.
    ReviewQueue,
    /// Versions of registered models.
    RegisteredModelVersion,
    /// Versions of prompts.
    PromptVersion,
    /// Versions of scorers.
    ScorerVersion,
    /// Versions of servers of tools.
    McpServerVersion,
}

impl Kind {
    /// Every kind, by name.
    pub(crate) const ALL: [Self; 18] = [
        Self::Assessment,
        Self::Experiment,
        Self::GatewayEndpoint,
        Self::GatewayModelDefinition,
        Self::GatewaySecret,
        Self::LoggedModel,
        Self::McpServer,
        Self::McpServerVersion,
        Self::Prompt,
        Self::PromptVersion,
        Self::RegisteredModel,
        Self::RegisteredModelVersion,
        Self::ReviewQueue,
        Self::Run,
        Self::Scorer,
        Self::ScorerVersion,
        Self::Trace,
        Self::Workspace,
    ];

    /// Its name in MLflow.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::Experiment => "experiment",
            Self::RegisteredModel => "registered_model",
            Self::Prompt => "prompt",
            Self::Scorer => "scorer",
            Self::GatewaySecret => "gateway_secret",
            Self::GatewayEndpoint => "gateway_endpoint",
            Self::GatewayModelDefinition => "gateway_model_definition",
            Self::McpServer => "mcp_server",
            Self::Run => "run",
            Self::Trace => "trace",
            Self::Assessment => "assessment",
            Self::LoggedModel => "logged_model",
            Self::ReviewQueue => "review_queue",
            Self::RegisteredModelVersion => "registered_model_version",
            Self::PromptVersion => "prompt_version",
            Self::ScorerVersion => "scorer_version",
            Self::McpServerVersion => "mcp_server_version",
        }
    }

    /// The kind with a name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// The kind of the versions of objects of this kind.
    pub(crate) fn versions(self) -> Option<Self> {
        match self {
            Self::RegisteredModel => Some(Self::RegisteredModelVersion),
            Self::Prompt => Some(Self::PromptVersion),
            Self::Scorer => Some(Self::ScorerVersion),
            _ => None,
        }
    }

    /// Whether a grant may speak of one object; of the others it speaks of all.
    pub(crate) fn takes_ids(self) -> bool {
        matches!(
            self,
            Self::Experiment
                | Self::RegisteredModel
                | Self::Prompt
                | Self::Scorer
                | Self::GatewaySecret
                | Self::GatewayEndpoint
                | Self::GatewayModelDefinition
                | Self::McpServer
        )
    }
}
