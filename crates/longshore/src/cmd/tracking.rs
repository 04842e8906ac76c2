//! `longshore tracking`.

mod archive;
mod backup;
mod database;
mod environment;
mod gc;
mod migrate;
#[cfg(feature = "cli")]
mod people;
#[cfg(feature = "cli")]
mod transfer;
mod ui;
mod users;
mod webhooks;

use std::{path::absolute, time::Duration};

use anyhow::{Context, Result};
use longshore_daemon::{Drain, metrics};
use longshore_tracking::{Config, Guard, Settings, Store, Tracking};

use super::serve::{connections, secure, start_log};
use crate::cli::{BrowserArgs, TrackingArgs, TrackingCommand};

/// Does what the subcommand says, or serves.
pub(crate) fn run(args: &TrackingArgs) -> Result<()> {
    start_log(&args.log)?;
    match &args.command {
        None => serve(args),
        Some(TrackingCommand::Backup(args)) => backup::save(args),
        Some(TrackingCommand::Restore(args)) => backup::restore(args),
        #[cfg(feature = "cli")]
        Some(TrackingCommand::Export(args)) => transfer::export(args),
        #[cfg(feature = "cli")]
        Some(TrackingCommand::Import(args)) => transfer::import(args),
        Some(TrackingCommand::Gc(args)) => gc::run(args),
        Some(TrackingCommand::Migrate(args)) => migrate::run(args),
        #[cfg(feature = "cli")]
        Some(TrackingCommand::Users(args)) => people::users(args),
        #[cfg(feature = "cli")]
        Some(TrackingCommand::Roles(args)) => people::roles(args),
        #[cfg(feature = "cli")]
        Some(TrackingCommand::Tokens(args)) => people::tokens(args),
    }
}

/// Keeps experiments and models until TERM or Ctrl-C.
fn serve(args: &TrackingArgs) -> Result<()> {
    for (flag, reason) in args.ignored.given() {
        tracing::info!("`{flag}` changes nothing here: {reason}");
    }
    environment::explain();
    let location = database::location(args)?;
    let settings = settings(args, Settings::default())?;
    let store = match Store::open(location.clone()) {
        Err(error @ longshore_tracking::Error::Sqlite(_)) => {
            let shown = location.read()?;
            let place = format!("`{shown}`, which `--backend-store-uri` names, cannot be opened");
            return Err(error).context(place);
        }
        store => store?,
    };
    let mut config = Config::new(store, settings);
    config.registry = metrics::registry();
    config.host = args.host;
    config.port = args.port;
    config.threads = args.threads;
    config.body = args.max_body_bytes;
    config.connections = connections(args.connections, args.body_timeout, config.connections);
    config.drain_delay = args.drain.drain_delay;
    config.grace = args.drain.grace_seconds;
    config.guard = guard(&args.browsers)?;
    (config.transport, config.keys) = secure(&args.security, &mut config.registry)?;
    config.users = users::open(&args.users, args.database.backend_store_uri_file.as_deref())?;
    config.metrics_without_key = args.security.metrics_without_key;
    config.prefix = args.static_prefix.clone().unwrap_or_default();
    config.artifacts_only = args.artifacts_only;
    config.ui = ui::choose(&args.ui)?;
    users::check(&config, &args.users)?;
    let server = Tracking::bind(config)?;
    tracing::info!(address = %server.address(), "listening on http://{}", server.address());
    let drain = server.drain();
    server.run(async move {
        match Drain::signal() {
            Ok(signal) => {
                let name = signal.await;
                tracing::info!(signal = name, "stopping: finishing what is in flight");
            }
            Err(error) => {
                tracing::error!(%error, "signals cannot be received; only a kill stops the server");
                drain.begun().await;
            }
        }
    })?;
    tracing::info!("stopped");
    Ok(())
}

fn guard(args: &BrowserArgs) -> Result<Guard> {
    if args.disable_security_middleware {
        tracing::warn!(
            "hosts and origins are not checked: any page may use the server by a visitor's browser"
        );
        return Ok(Guard::off());
    }
    let (hosts, origins) = (&args.allowed_hosts, &args.cors_allowed_origins);
    Ok(Guard::new(hosts.as_deref(), origins.as_deref(), &args.x_frame_options)?)
}

/// What operations go by; what no flag says stays as in `settings`.
fn settings(args: &TrackingArgs, mut settings: Settings) -> Result<Settings> {
    let serves = args.serve_artifacts && !args.no_serve_artifacts;
    let root = match &args.default_artifact_root {
        Some(root) => root.clone(),
        None if serves => "mlflow-artifacts:/".to_owned(),
        None => "./mlruns".to_owned(),
    };
    let pattern = args.source_pattern.as_deref();
    let pattern =
        pattern.map(str::parse).transpose().context("`--source-pattern` is no pattern")?;
    settings.artifact_root = whole(&root)?;
    settings.artifacts_destination = serves.then(|| args.artifacts_destination.clone());
    settings.source_pattern = pattern;
    settings.host_schemes = args.host_schemes.iter().map(|it| it.trim().to_owned()).collect();
    settings.trace_archive =
        args.trace_archival_config.as_deref().map(archive::location).transpose()?;
    settings.truncate = args.truncate_long_values;
    settings.presigned = Duration::from_secs(args.presigned_download_seconds.into());
    settings.graphql.roots = args.graphql_max_root_fields;
    settings.graphql.aliases = args.graphql_max_aliases;
    settings.workspaces = args.workspaces.enabled();
    settings.webhooks = webhooks::settings(&args.webhooks)?;
    Ok(settings)
}

/// A location as clients in other folders see it too: a path becomes absolute.
fn whole(location: &str) -> Result<String> {
    if location.contains(":/") {
        return Ok(location.to_owned());
    }
    let path = absolute(location)
        .with_context(|| format!("`--default-artifact-root {location}` is no path"))?;
    Ok(path.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::{Settings, settings};
    use crate::cli::{Cli, Command, TrackingArgs};

    fn parse(flags: &str) -> Box<TrackingArgs> {
        let words = ["longshore", "tracking"].into_iter().chain(flags.split_whitespace());
        match Cli::try_parse_from(words).expect("flags of `mlflow server`").command {
            Command::Tracking(args) => args,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn artifacts_are_served_unless_the_last_flag_says_not() {
        let kept = |flags| {
            settings(&parse(flags), Settings::default()).expect("settings").artifacts_destination
        };
        assert_eq!(kept("").as_deref(), Some("./mlartifacts"));
        assert_eq!(kept("--artifacts-destination /data").as_deref(), Some("/data"));
        assert_eq!(kept("--no-serve-artifacts"), None);
        assert!(kept("--no-serve-artifacts --serve-artifacts").is_some());
        assert_eq!(kept("--serve-artifacts --no-serve-artifacts"), None);
    }

    #[test]
    fn the_root_of_artifacts_is_mlflows_and_never_relative() {
        let root =
            |flags| settings(&parse(flags), Settings::default()).expect("settings").artifact_root;
        assert_eq!(root(""), "mlflow-artifacts:/");
        assert_eq!(root("--default-artifact-root s3://bucket/x"), "s3://bucket/x");
        let here = std::env::current_dir().expect("a folder");
        let expected = |name| here.join(name).to_string_lossy().into_owned();
        assert_eq!(root("--no-serve-artifacts"), expected("mlruns"));
        assert_eq!(root("--default-artifact-root ./a"), expected("a"));
    }

    #[test]
    fn flags_without_a_meaning_are_named() {
        let args = parse("-h 0.0.0.0 -p 1 -w 4 --dev --gunicorn-opts --timeout=60");
        assert_eq!((args.host.to_string(), args.port), ("0.0.0.0".to_owned(), 1));
        let given: Vec<_> = args.ignored.given().into_iter().map(|(flag, _)| flag).collect();
        assert_eq!(given, ["--workers", "--…-opts", "--dev"]);
        assert_eq!(parse("--host localhost").host.to_string(), "127.0.0.1");
    }
}
