//! The storage against servers in this process: what goes wrong on a network, without one.

#![expect(clippy::unwrap_used, reason = "a test fails loudly")]

mod bucket;
mod credentials;
mod gs;
mod hf;
mod registry;
mod s3;
mod server;
mod web;

use std::{path::Path, time::Duration};

use longshore_storage::{Config, Environment, Retry, Storage};

/// A storage over a folder, with quick retries and these variables.
fn storage(folder: &Path, variables: &[(&str, &str)], change: impl FnOnce(&mut Config)) -> Storage {
    let mut config = Config::new(folder);
    let own: Vec<(String, String)> =
        variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    config.environment = Environment::new(move |name| {
        own.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    });
    config.retry =
        Retry { attempts: 3, first: Duration::from_millis(1), longest: Duration::from_millis(5) };
    config.part_bytes = 1000;
    change(&mut config);
    Storage::new(config)
}
