//! The users of the tracking server.

use std::{env, path::Path};

use anyhow::{Result, bail};
use longshore_tracking::{
    Config, Users,
    store::Location,
    users::{self, JwtSettings},
};

use crate::cli::{App, JwtArgs, UserArgs};

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
    let tokens = tokens(&args.jwt);
    if args.app_name.is_none() && tokens != JwtSettings::default() {
        bail!(
            "tokens of an issuer name users, and the server has none: add `--app-name basic-auth`"
        );
    }
    let config = config(args.app_name, args.auth_config.as_deref(), beside)?;
    Ok(config.map(|config| Users::open(&config.with_tokens(tokens))).transpose()?)
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

/// What the command line says of tokens of an issuer.
fn tokens(args: &JwtArgs) -> JwtSettings {
    JwtSettings {
        issuer: args.jwt_issuer.clone(),
        audience: args.jwt_audience.clone(),
        jwks: args.jwks.clone(),
        jwks_ca: args.jwks_ca.clone(),
        user_claim: args.jwt_user_claim.clone(),
        user_prefix: args.jwt_user_prefix.clone(),
        groups_claim: args.jwt_groups_claim.clone(),
        group_roles: args.jwt_group_role.clone(),
        admin_groups: args.jwt_admin_group.clone(),
        create_users: args.jwt_create_users.then_some(true),
    }
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
