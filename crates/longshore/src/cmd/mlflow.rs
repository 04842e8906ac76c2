//! The commands for people at a tracking server: they work with MLflow's own server too.

mod artifacts;
mod compare;
mod experiments;
mod models;
mod pages;
mod register;
mod run;
mod runs;
pub(super) mod server;
pub(super) mod show;
pub(super) mod text;

use anyhow::Result;

use self::server::Server;
use crate::{
    cli::{
        AliasCommand, ArtifactsCommand, ExperimentsArgs, ExperimentsCommand, ModelsArgs,
        ModelsCommand, RunsArgs, RunsCommand, TagCommand,
    },
    cmd::print,
};

/// `longshore experiments`.
pub(crate) fn experiments(args: &ExperimentsArgs) -> Result<()> {
    let text = match &args.command {
        ExperimentsCommand::List { which, search, ask } => {
            experiments::list(&Server::open(ask)?, *which, search)?
        }
        ExperimentsCommand::Get(args) => experiments::get(&Server::open(&args.ask)?, args)?,
        ExperimentsCommand::Create { name, artifact_location, tags, ask } => {
            experiments::create(&Server::open(ask)?, name, artifact_location.as_deref(), tags)?
        }
        ExperimentsCommand::Delete(args) => experiments::delete(&Server::open(&args.ask)?, args)?,
        ExperimentsCommand::Restore(args) => experiments::restore(&Server::open(&args.ask)?, args)?,
        ExperimentsCommand::Rename { experiment, new_name } => {
            experiments::rename(&Server::open(&experiment.ask)?, experiment, new_name)?
        }
    };
    print(&text);
    Ok(())
}

/// `longshore runs`.
pub(crate) fn runs(args: &RunsArgs) -> Result<()> {
    let text = match &args.command {
        RunsCommand::List { experiment, which, columns, search, ask } => {
            runs::list(&Server::open(ask)?, experiment, *which, columns, search)?
        }
        RunsCommand::Get(args) => run::get(&Server::open(&args.ask)?, args)?,
        RunsCommand::Compare { runs, differences, experiment, ask } => {
            compare::run(&Server::open(ask)?, runs, experiment.as_deref(), *differences)?
        }
        RunsCommand::Delete(args) => run::delete(&Server::open(&args.ask)?, args)?,
        RunsCommand::Restore(args) => run::restore(&Server::open(&args.ask)?, args)?,
        RunsCommand::Artifacts(ArtifactsCommand::List { run, path, recursive }) => {
            artifacts::list(&Server::open(&run.ask)?, run, path.as_deref(), *recursive)?
        }
        RunsCommand::Artifacts(ArtifactsCommand::Download { run, path, output }) => {
            artifacts::download(&Server::open(&run.ask)?, run, path.as_deref(), output)?
        }
    };
    print(&text);
    Ok(())
}

/// `longshore models`.
pub(crate) fn models(args: &ModelsArgs) -> Result<()> {
    let Some(command) = &args.command else { return super::ps::run(&args.served) };
    let text = match command {
        ModelsCommand::List { search, ask } => models::list(&Server::open(ask)?, search)?,
        ModelsCommand::Get { model, ask } => models::get(&Server::open(ask)?, model)?,
        ModelsCommand::Versions { name, search, ask } => {
            models::versions(&Server::open(ask)?, name, search)?
        }
        ModelsCommand::Alias(AliasCommand::Set { name, alias, version, ask }) => {
            register::set_alias(&Server::open(ask)?, name, alias, version)?
        }
        ModelsCommand::Alias(AliasCommand::Delete { name, alias, ask }) => {
            register::delete_alias(&Server::open(ask)?, name, alias)?
        }
        ModelsCommand::Register { wanted, ask } => register::register(&Server::open(ask)?, wanted)?,
        ModelsCommand::Delete { model, ask } => register::delete(&Server::open(ask)?, model)?,
        ModelsCommand::Tag(TagCommand::Set { model, tags, ask }) => {
            register::set_tags(&Server::open(ask)?, model, tags)?
        }
        ModelsCommand::Tag(TagCommand::Delete { model, keys, ask }) => {
            register::delete_tags(&Server::open(ask)?, model, keys)?
        }
    };
    print(&text);
    Ok(())
}
