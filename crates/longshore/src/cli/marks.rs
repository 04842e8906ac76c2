use std::time::Duration;

use clap::Args;

use super::value;

/// How the registry of `models:/…` shows where its versions are served.
#[derive(Args, Debug)]
#[command(next_help_heading = "Marks in the registry")]
pub(crate) struct MarkArgs {
    /// How long a tag `longshore.served.PLACE` on the version that is served of `models:/…` can be believed: it says
    /// where, and is set anew in time, moved with the version, and removed when the server ends. 0 writes nothing
    #[arg(long, env = "LONGSHORE_REGISTRY_MARK", default_value = "15m", value_name = "TIME", value_parser = value::none_or_a_second)]
    pub(crate) registry_mark: Duration,

    /// The place of these tags, which all replicas of a service share; without it the machine's name with the port
    /// and the model's name
    #[arg(long, env = "LONGSHORE_SERVED_AS", value_name = "NAME", requires = "served_url")]
    pub(crate) served_as: Option<String>,

    /// Where that place is asked
    #[arg(long, env = "LONGSHORE_SERVED_URL", value_name = "URL", requires = "served_as")]
    pub(crate) served_url: Option<String>,
}
