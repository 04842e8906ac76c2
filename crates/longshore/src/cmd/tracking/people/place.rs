use std::env;

use anyhow::{Context, Result};
use longshore_mlflow::rest::{Call, DEFAULT_WORKSPACE};
use longshore_tracking::{Directory, OfUsers, store::Location, users::Config};

use crate::{
    cli::UsersAtArgs,
    cmd::{mlflow::server::Server, tracking::database::must_be_there},
};

/// Where users are asked for.
pub(super) struct Place {
    at: At,
    /// Whether answers are printed as JSON.
    pub(super) json: bool,
    /// The workspace that grants and roles are of.
    pub(super) workspace: String,
}

enum At {
    Server(Box<Server>),
    Database(Directory),
}

impl Place {
    /// Opens what the arguments name.
    pub(super) fn open(args: &UsersAtArgs) -> Result<Self> {
        let named = env::var("MLFLOW_WORKSPACE").ok().filter(|name| !name.is_empty());
        let workspace = named.unwrap_or_else(|| DEFAULT_WORKSPACE.to_owned());
        let at = match config(args)? {
            None => At::Server(Box::new(Server::open(&args.ask)?)),
            Some(config) => {
                must_be_there(&config.database(), "`--database` or `--auth-config`")?;
                let directory = Directory::open(&config, &workspace);
                At::Database(directory.context("the database of users cannot be opened")?)
            }
        };
        Ok(Self { at, json: args.ask.json, workspace })
    }

    /// Asks; `what` says in errors what the request is about.
    pub(super) fn ask<C: OfUsers>(&self, call: C, what: &str) -> Result<<C as Call>::Reply> {
        match &self.at {
            At::Server(server) => server.ask(&call, what),
            At::Database(directory) => Ok(call.answer_at(directory)?),
        }
    }

    /// Whether a server is asked, which knows who asks.
    pub(super) fn is_server(&self) -> bool {
        matches!(self.at, At::Server(_))
    }
}

/// The configuration of users, when their database is meant.
fn config(args: &UsersAtArgs) -> Result<Option<Config>> {
    if let Some(file) = &args.auth_config {
        return Ok(Some(Config::read(Some(file), |name| env::var(name).ok())?));
    }
    let Some(uri) = &args.database else { return Ok(None) };
    Ok(Some(Config::read(None, |_| None)?.kept_in(Location::from(uri))))
}
