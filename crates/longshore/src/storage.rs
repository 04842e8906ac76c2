//! Models that are elsewhere: fetched once, and followed while they are served.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context, Result};
use longshore_daemon::log;
use longshore_engine::Source;
use longshore_storage::{Config, Fetched, Location, Storage};

use crate::{
    cli::StorageArgs,
    models::{Local, ModelFiles, Named},
};

pub(crate) mod follow;
mod metrics;
pub(crate) mod schedule;
pub(crate) mod trouble;

pub(crate) use metrics::StorageMetrics;

/// A storage for the settings of the command line. Nothing is touched before something is fetched,
/// and a place for it is asked for only when something will be.
pub(crate) fn open(args: &StorageArgs, needed: bool) -> Result<Arc<Storage>> {
    let folder = match cache_dir(args) {
        Err(error) if needed => return Err(error),
        folder => folder.unwrap_or_default(),
    };
    let mut config = Config::new(folder);
    config.cache_bytes = args.cache_bytes;
    config.tracking_uri.clone_from(&args.tracking_uri);
    config.path_style = args.s3_path_style;
    config.anonymous = args.s3_anonymous;
    Ok(Arc::new(Storage::new(config)))
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

/// What a command says while it fetches: the steps, not each attempt, whose end the error says.
const FETCH_LOG: &str = "error,longshore_storage::storage=info";

/// A model's files, fetched when they are elsewhere; they stay while the second value lives.
pub(crate) fn bring(model: Named, args: &StorageArgs) -> Result<(Local, Option<Fetched>)> {
    let name = model.name;
    let location = match model.files {
        ModelFiles::Example(example) => {
            return Ok((Local { name, source: example.source() }, None));
        }
        // a path that leads nowhere is refused by who loads it, in the server's words
        ModelFiles::Local(paths) => return Ok((Local { name, source: paths.source() }, None)),
        ModelFiles::Remote(location) => location,
    };
    // what is tried again is told once, when it is given up
    log::init(FETCH_LOG, log::Format::Auto)?;
    let fetched = open(args, true)?.fetch(&location).with_context(|| failed(&location))?;
    let source = Source::open(fetched.path())?;
    Ok((Local { name, source }, Some(fetched)))
}

fn failed(location: &Location) -> String {
    format!("failed to fetch `{location}`")
}
