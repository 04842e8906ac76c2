//! Who may ask about users.

use crate::{
    Caller, Error,
    operation::Need,
    store::Connection,
    users::{people::find, roles, tokens},
};

/// Who may ask.
#[derive(Clone, Debug)]
pub(super) enum Gate<'a> {
    /// Every user.
    Known,
    /// Administrators.
    Administrators,
    /// Administrators, and who manages a workspace.
    Managers,
    /// Administrators, and who manages the workspace of the request.
    ManagesHere,
    /// Administrators and the user of this name.
    SelfOnly(&'a str),
    /// Administrators, the user of this name, and who manages a workspace of that user.
    SelfOrManagers(&'a str),
    /// Administrators, and the user of the token with this number.
    OwnsToken(i64),
    /// Who may do this with objects.
    Object(Need<'a>),
    /// Who manages the workspace of this role.
    ManagesRole(RoleOf<'a>),
    /// Who has a role in the workspace of this role.
    SeesRole(i64),
    /// Who has a role in each of these workspaces; without any, administrators.
    SeesRolesOf(&'a [String]),
}

/// How a request names a role.
#[derive(Clone, Copy, Debug)]
pub(super) enum RoleOf<'a> {
    /// By its number.
    Role(i64),
    /// By a grant of it.
    Grant(i64),
    /// By the workspace that it will be in.
    Workspace(&'a str),
}

/// Whether a caller may ask.
pub(super) fn may(
    on: &mut dyn Connection,
    caller: &Caller,
    gate: &Gate<'_>,
) -> Result<bool, Error> {
    if caller.rights.is_all() || matches!(gate, Gate::Known) {
        return Ok(true);
    }
    let Some(id) = caller.id else { return Ok(false) };
    let own = (id, &*caller.roles);
    let is_self = |name: &str| caller.user.as_deref() == Some(name);
    match gate {
        Gate::Known => Ok(true),
        Gate::Administrators | Gate::Object(_) => Ok(false),
        Gate::Managers => Ok(!roles::managed(on, own)?.is_empty()),
        Gate::ManagesHere => Ok(caller.rights.limited().is_none()),
        Gate::SelfOnly(name) => Ok(is_self(name)),
        Gate::OwnsToken(token) => Ok(tokens::owner(on, *token)? == Some(id)),
        Gate::SelfOrManagers(name) if is_self(name) => Ok(true),
        Gate::SelfOrManagers(name) => {
            let Some(other) = find(on, name)? else { return Ok(false) };
            let managed = roles::managed(on, own)?;
            Ok(roles::present(on, (other.id, &[]))?.iter().any(|it| managed.contains(it)))
        }
        Gate::ManagesRole(role) => {
            let workspace = match role {
                RoleOf::Workspace(name) => Some((*name).to_owned()),
                RoleOf::Role(role) => roles::workspace_of(on, *role)?,
                RoleOf::Grant(grant) => match roles::grant(on, *grant)? {
                    Some(grant) => roles::workspace_of(on, grant.role_id)?,
                    None => None,
                },
            };
            let managed = roles::managed(on, own)?;
            Ok(workspace.is_some_and(|it| managed.contains(&it)))
        }
        Gate::SeesRole(role) => {
            let workspace = roles::workspace_of(on, *role)?;
            let present = roles::present(on, own)?;
            Ok(workspace.is_some_and(|it| present.contains(&it)))
        }
        Gate::SeesRolesOf(workspaces) => {
            let present = roles::present(on, own)?;
            Ok(!workspaces.is_empty() && workspaces.iter().all(|it| present.contains(it)))
        }
    }
}
