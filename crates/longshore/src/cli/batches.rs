use std::time::Duration;

use clap::Args;

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
        value_parser = time
    )]
    pub(crate) max_batch_delay: Duration,
}

/// A time with its unit: `500us`, `5ms`, `0.5s`; 0 needs none.
fn time(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a time such as `500us`, `5ms` or `0.5s`");
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let units = [("us", 1e-6), ("ms", 1e-3), ("s", 1.0)];
    let read = |(unit, seconds): (&str, f64)| {
        let number: f64 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
        Duration::try_from_secs_f64(number * seconds).ok()
    };
    units.into_iter().find_map(read).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_its_unit() {
        for (text, micros) in
            [("500us", 500), ("5ms", 5000), ("0.5s", 500_000), ("0", 0), ("0ms", 0)]
        {
            assert_eq!(time(text), Ok(Duration::from_micros(micros)), "{text}");
        }
        for text in ["5", "ms", "-1ms", "5m", "NaNs", "1e30s", ""] {
            assert!(time(text).unwrap_err().contains("`5ms`"), "{text}");
        }
    }
}
