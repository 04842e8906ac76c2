//! The users of the tracking server.

use std::{env, path::Path};

use anyhow::{Result, bail};
use longshore_tracking::{Config, Users, store::Location, users};

use crate::cli::{App, UserArgs};

/// Refuses to start a server that everybody on a network could use, unless that is wanted.
pub(super) fn check(config: &Config, args: &UserArgs) -> Result<()> {
    let is_closed = config.users.is_some() || config.keys.is_some();
    if is_closed || config.host.is_loopback() {
        return Ok(());
    }
    if !args.allow_anonymous {
        bail!(
            "`--host {}` lets others reach the server, and it has neither users nor keys: add `--app-name basic-auth` or `--api-keys FILE`, or, where everybody may do everything, `--allow-anonymous`",
            config.host
        );
    }
    tracing::warn!("everybody who reaches the server may do everything (`--allow-anonymous`)");
    Ok(())
}

/// Opens the database of users, when there are any.
pub(super) fn open(args: &UserArgs, beside: Option<&Path>) -> Result<Option<Users>> {
    let config = config(args.app_name, args.auth_config.as_deref(), beside)?;
    Ok(config.map(|config| Users::open(&config)).transpose()?)
}

/// Where users are kept, when there are any.
pub(super) fn place(
    app: Option<App>,
    file: Option<&Path>,
    beside: Option<&Path>,
) -> Result<Option<Location>> {
    Ok(config(app, file, beside)?.map(|config| config.database()))
}

/// What is said of users. Where nothing else is said, they are beside the experiments when the location of these is in a
/// file: such a server has no disk of its own.
fn config(
    app: Option<App>,
    file: Option<&Path>,
    beside: Option<&Path>,
) -> Result<Option<users::Config>> {
    if app.is_none() {
        return Ok(None);
    }
    let config = users::Config::read(file, |name| env::var(name).ok())?;
    Ok(Some(match beside {
        Some(file) => config.kept_in(file.into()),
        None => config,
    }))
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use longshore_tracking::{Config, Settings, Store};

    use super::check;
    use crate::cli::{Cli, Command};

    #[test]
    fn a_server_that_others_reach_is_locked_unless_it_is_said_not_to_be() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = format!("sqlite:///{}", folder.path().join("mlflow.db").display());
        let mut config =
            Config::new(Store::open(file.as_str()).expect("a store"), Settings::default());
        let check = |config: &Config, flags: &str| {
            let words = ["longshore", "tracking"].into_iter().chain(flags.split_whitespace());
            match Cli::try_parse_from(words).expect("flags").command {
                Command::Tracking(args) => check(config, &args.users).map_err(|it| it.to_string()),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(check(&config, ""), Ok(()));
        config.host = std::net::IpAddr::from([0, 0, 0, 0]);
        let words = check(&config, "").expect_err("refused");
        assert!(words.contains("--app-name basic-auth") && words.contains("--allow-anonymous"));
        assert_eq!(check(&config, "--allow-anonymous"), Ok(()));
    }
}
