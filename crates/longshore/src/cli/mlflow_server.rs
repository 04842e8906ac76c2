use clap::{Args, ValueEnum};

/// Which tracking server is asked, and how it is shown.
#[derive(Args, Clone, Debug)]
pub(crate) struct AskArgs {
    /// Print everything that the server says, as JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// The tracking server; its user, password, token and workspace come from MLflow's own variables
    /// (`MLFLOW_TRACKING_USERNAME`, `MLFLOW_TRACKING_PASSWORD`, `MLFLOW_TRACKING_TOKEN`, `MLFLOW_WORKSPACE`)
    #[arg(
        long,
        env = "MLFLOW_TRACKING_URI",
        hide_env_values = true,
        default_value = "http://127.0.0.1:5000",
        value_name = "URL",
        help_heading = "Tracking server"
    )]
    pub(crate) tracking_uri: String,
}

/// What is searched for, and how much of it is shown.
#[derive(Args, Clone, Debug)]
pub(crate) struct SearchArgs {
    /// Comparisons with `AND` between them, as MLflow's client takes them
    #[arg(long, short, value_name = "FILTER")]
    pub(crate) filter: Option<String>,

    /// What they are sorted by, such as `name ASC`. Can be given several times
    #[arg(long, value_name = "FIELD [ASC|DESC]")]
    pub(crate) order_by: Vec<String>,

    /// Most that are shown; 0 shows all
    #[arg(long, default_value_t = 100, value_name = "COUNT")]
    pub(crate) limit: usize,

    /// Show everything, however wide the table becomes; without it a table fits the terminal, or 80 columns
    #[arg(long)]
    pub(crate) wide: bool,
}

/// Which experiments or runs are meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Which {
    /// Those that are not deleted.
    #[default]
    Active,
    /// Those that are deleted, and can be restored.
    Deleted,
    /// Both.
    All,
}

/// A tag.
#[derive(Clone, Debug)]
pub(crate) struct Tag {
    pub(crate) key: String,
    pub(crate) value: String,
}

impl Tag {
    /// Reads `KEY=VALUE`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((key, value)) if !key.is_empty() => {
                Ok(Self { key: key.to_owned(), value: value.to_owned() })
            }
            _ => Err("write `KEY=VALUE`".to_owned()),
        }
    }
}
