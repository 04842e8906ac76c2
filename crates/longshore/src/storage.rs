//! Models that are elsewhere: fetched once, and followed while they are served.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result};
use longshore_daemon::log;
use longshore_engine::Source;
use longshore_storage::{Config, Environment, Fetched, Location, Storage};

use crate::{
    cli::{RemoteArgs, StorageArgs},
    models::{Local, ModelFiles, Named},
};

pub(crate) mod follow;
pub(crate) mod marks;
mod metrics;
pub(crate) mod schedule;
pub(crate) mod trouble;

pub(crate) use metrics::StorageMetrics;

/// A storage for the settings of the command line. It touches nothing before the first fetch. That
/// there is no folder for fetched models is an error only when one is `needed`.
pub(crate) fn open(args: &StorageArgs, needed: bool) -> Result<Arc<Storage>> {
    let folder = match cache_dir(args) {
        Err(error) if needed => return Err(error),
        folder => folder.unwrap_or_default(),
    };
    let environment = Environment::process().with_storage_config()?;
    let mut config = config(&folder, &args.remote, environment);
    config.cache_bytes = args.cache_bytes;
    Ok(Arc::new(Storage::new(config)))
}

/// The settings of a storage that keeps what it fetches in `cache_dir`.
pub(crate) fn config(cache_dir: &Path, args: &RemoteArgs, environment: Environment) -> Config {
    Config {
        tracking_uri: args.tracking_uri.clone(),
        path_style: args.s3_path_style,
        anonymous: args.s3_anonymous,
        environment,
        ..Config::new(cache_dir)
    }
}

fn cache_dir(args: &StorageArgs) -> Result<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let user = || {
        let cache = variable("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = cache.or_else(|| Some(PathBuf::from(variable("HOME")?).join(".cache")));
        Some(cache?.join("longshore/models"))
    };
    args.cache_dir
        .clone()
        .or_else(user)
        .context("there is no place for fetched models: name one with `--cache-dir`")
}

/// What a command logs while it fetches: the steps, but not each attempt, since the error says how
/// the last one ended.
const FETCH_LOG: &str = "error,longshore_storage::storage=info";

/// A model's files, fetched when they are remote; they stay while the second value lives.
pub(crate) fn bring(model: Named, args: &StorageArgs) -> Result<(Local, Option<Fetched>)> {
    let name = model.name;
    let location = match model.files {
        ModelFiles::Example(example) => {
            return Ok((Local { name, source: example.source() }, None));
        }
        // loading refuses a path that leads nowhere, in the server's words
        ModelFiles::Local(paths) => return Ok((Local { name, source: paths.source() }, None)),
        ModelFiles::Remote(location) => location,
    };
    // attempts are not logged one by one: the error tells that they were given up
    log::init(FETCH_LOG, log::Format::Auto)?;
    let fetched = open(args, true)?.fetch(&location).with_context(|| failed(&location))?;
    let source = Source::open(fetched.path())?;
    Ok((Local { name, source }, Some(fetched)))
}

pub(crate) fn failed(location: &Location) -> String {
    format!("failed to fetch `{location}`")
}
