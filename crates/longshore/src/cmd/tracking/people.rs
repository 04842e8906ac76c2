//! `longshore tracking users`, `roles` and `tokens`: at a server, or at the database of its users.

mod object;
mod person;
mod place;
mod role;
mod token;

use anyhow::Result;

use self::place::Place;
use crate::{
    cli::{
        PeopleArgs, PeopleCommand, RolesArgs, RolesCommand, TokenUserArgs, TokensArgs,
        TokensCommand,
    },
    cmd::print,
};

/// `longshore tracking users`.
pub(crate) fn users(args: &PeopleArgs) -> Result<()> {
    let text = match &args.command {
        PeopleCommand::List { at } => person::list(&Place::open(at)?)?,
        PeopleCommand::Get { user } => person::get(&Place::open(&user.at)?, &user.username)?,
        PeopleCommand::Create { user, admin, password } => {
            person::create(&Place::open(&user.at)?, &user.username, *admin, password)?
        }
        PeopleCommand::Password { user, password } => {
            person::password(&Place::open(&user.at)?, &user.username, password)?
        }
        PeopleCommand::Admin { user, revoke } => {
            person::admin(&Place::open(&user.at)?, &user.username, !revoke)?
        }
        PeopleCommand::Delete { user } => person::delete(&Place::open(&user.at)?, &user.username)?,
        PeopleCommand::Grant { user, object, permission } => {
            person::grant(&Place::open(&user.at)?, &user.username, object, permission)?
        }
        PeopleCommand::Revoke { user, object } => {
            person::revoke(&Place::open(&user.at)?, &user.username, object)?
        }
    };
    print(&text);
    Ok(())
}

/// `longshore tracking roles`.
pub(crate) fn roles(args: &RolesArgs) -> Result<()> {
    let text = match &args.command {
        RolesCommand::List { all_workspaces, at } => {
            role::list(&Place::open(at)?, *all_workspaces)?
        }
        RolesCommand::Get { role } => role::get(&Place::open(&role.at)?, &role.role)?,
        RolesCommand::Create { role, description } => {
            role::create(&Place::open(&role.at)?, &role.role, description.as_deref())?
        }
        RolesCommand::Delete { role } => role::delete(&Place::open(&role.at)?, &role.role)?,
        RolesCommand::Grant { role, object, permission } => {
            role::grant(&Place::open(&role.at)?, &role.role, object, permission)?
        }
        RolesCommand::Revoke { role, object } => {
            role::revoke(&Place::open(&role.at)?, &role.role, object)?
        }
        RolesCommand::Assign { role, username } => {
            role::assign(&Place::open(&role.at)?, &role.role, username)?
        }
        RolesCommand::Unassign { role, username } => {
            role::unassign(&Place::open(&role.at)?, &role.role, username)?
        }
    };
    print(&text);
    Ok(())
}

/// `longshore tracking tokens`.
pub(crate) fn tokens(args: &TokensArgs) -> Result<()> {
    let open = |of: &TokenUserArgs| Place::open(&of.at);
    let text = match &args.command {
        TokensCommand::Create { name, ends_in, read_only, of } => {
            token::create(&open(of)?, of.user.as_deref(), name, ends_in, *read_only)?
        }
        TokensCommand::List { of } => token::list(&open(of)?, of.user.as_deref())?,
        TokensCommand::Revoke { token, of } => {
            token::revoke(&open(of)?, of.user.as_deref(), token)?
        }
    };
    print(&text);
    Ok(())
}
