//! Values of lines.

use anyhow::{Context, Result};
use longshore_mlflow::rest::{self, Message};

/// Reads a message of the API.
pub(super) fn parse<T: Message>(value: &str) -> Result<T> {
    rest::parse_reply(value.as_bytes()).context("a line is no message of MLflow's API")
}
