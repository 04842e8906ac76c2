//! The users of the tracking server.

use std::env;

use anyhow::Result;
use longshore_tracking::{Users, users::Config};

use crate::cli::UserArgs;

/// Opens the database of users, when there are any.
pub(super) fn open(args: &UserArgs) -> Result<Option<Users>> {
    if args.app_name.is_none() {
        return Ok(None);
    }
    let config = Config::read(args.auth_config.as_deref(), |name| env::var(name).ok())?;
    Ok(Some(Users::open(&config)?))
}
