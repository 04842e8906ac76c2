use std::time::Duration;

use clap::Args;

use super::value;

/// Requests that are computed together.
#[derive(Args, Debug)]
#[command(next_help_heading = "Batches")]
pub(crate) struct BatchArgs {
    /// Compute requests to one model that wait for a thread together, up to this many rows at once; without
    /// it, and with 0 or 1, each request is computed alone. It pays for models whose calls cost much more
    /// than their rows
    #[arg(long, env = "LONGSHORE_MAX_BATCH_SIZE", value_name = "ROWS")]
    pub(crate) max_batch_size: Option<usize>,

    /// How long a batch that is not full is held back for more requests, such as `5ms`; with 0 only what
    /// waits anyhow is computed together
    #[arg(
        long,
        env = "LONGSHORE_MAX_BATCH_DELAY",
        value_name = "TIME",
        default_value = "0ms",
        value_parser = value::time_with_unit
    )]
    pub(crate) max_batch_delay: Duration,
}
