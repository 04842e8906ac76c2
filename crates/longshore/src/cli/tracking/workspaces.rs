use clap::{Args, builder::BoolishValueParser};

/// Workspaces.
#[derive(Args, Debug)]
#[command(next_help_heading = "Workspaces")]
pub(crate) struct WorkspaceArgs {
    /// Keep experiments and models in workspaces, which requests name in the header `X-MLFLOW-WORKSPACE`
    #[arg(
        long,
        env = "MLFLOW_ENABLE_WORKSPACES",
        value_parser = BoolishValueParser::new(),
        overrides_with = "disable_workspaces"
    )]
    pub(crate) enable_workspaces: bool,

    /// Keep them in one workspace, whatever `MLFLOW_ENABLE_WORKSPACES` says
    #[arg(long, overrides_with = "enable_workspaces")]
    pub(crate) disable_workspaces: bool,

    /// Where workspaces are kept: in the backend store, if it is said
    #[arg(long, env = "MLFLOW_WORKSPACE_STORE_URI", value_name = "URI", hide_env_values = true)]
    pub(crate) workspace_store_uri: Option<String>,
}

impl WorkspaceArgs {
    /// Whether there are workspaces.
    pub(crate) fn enabled(&self) -> bool {
        self.enable_workspaces && !self.disable_workspaces
    }
}
