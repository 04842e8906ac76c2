use std::time::Duration;

use clap::{Args, builder::BoolishValueParser};

use crate::cli::value;

/// Webhooks, by the variables that MLflow has for them.
#[derive(Args, Debug)]
#[command(next_help_heading = "Webhooks")]
#[expect(clippy::struct_field_names, reason = "a field is the name of its flag")]
pub(crate) struct WebhookArgs {
    /// Schemes that addresses of webhooks may have, with commas between them
    #[arg(
        long,
        env = "MLFLOW_WEBHOOK_ALLOWED_SCHEMES",
        default_value = "https",
        value_name = "SCHEMES",
        value_delimiter = ','
    )]
    pub(crate) webhook_schemes: Vec<String>,

    /// Let webhooks call machines that are not on the public internet: whoever may make a webhook then reaches
    /// whatever the server reaches
    #[arg(
        long,
        env = "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS",
        value_parser = BoolishValueParser::new()
    )]
    pub(crate) webhook_allow_private_ips: bool,

    /// Key that seals secrets of webhooks in the database: 32 bytes in URL-safe base64. Set the variable; others on
    /// this machine can read a command line
    #[arg(
        long,
        env = "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY",
        value_name = "KEY",
        hide_env_values = true
    )]
    pub(crate) webhook_secret_key: Option<String>,

    /// How long a webhook may take to answer
    #[arg(
        long,
        env = "MLFLOW_WEBHOOK_REQUEST_TIMEOUT",
        default_value = "30s",
        value_name = "TIME",
        value_parser = value::some_time
    )]
    pub(crate) webhook_timeout: Duration,

    /// How often a webhook is told again when it does not answer, or answers 429, 500, 502, 503 or 504
    #[arg(
        long,
        env = "MLFLOW_WEBHOOK_REQUEST_MAX_RETRIES",
        default_value_t = 3,
        value_name = "COUNT"
    )]
    pub(crate) webhook_retries: u32,
}
