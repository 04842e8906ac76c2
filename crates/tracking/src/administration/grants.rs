//! Requests about what one user was granted.

use longshore_mlflow::rest::{
    Done, GetUserPermission, GetUserPermissionReply, GrantUserPermission,
    ListCurrentUserPermissions, ListUserPermissions, RevokeUserPermission, UserPermission,
    UserPermissionsReply,
};

use super::{Administration, Context, Gate, effective, route};
use crate::{
    Error,
    operation::{Access, Level, Need, Object},
    rights::{EVERY, Kind},
    routes::Route,
    store::Connection,
    users::{
        grants,
        people::{Person, by_name},
        roles,
    },
};

/// The routes of grants.
pub(super) fn routes() -> Vec<Route> {
    vec![
        route::<ListCurrentUserPermissions>(),
        route::<ListUserPermissions>(),
        route::<GrantUserPermission>(),
        route::<RevokeUserPermission>(),
        route::<GetUserPermission>(),
    ]
}

/// Everything that a user was granted, by roles of its own and by `more`.
fn all(
    on: &mut dyn Connection,
    person: &Person,
    more: &[i64],
) -> Result<Vec<UserPermission>, Error> {
    let mut found = Vec::new();
    for role in roles::of_user(on, (person.id, more))? {
        for grant in role.grants {
            found.push(UserPermission {
                role_id: role.id,
                role_name: role.name.clone(),
                workspace: role.workspace.clone(),
                resource_type: grant.kind,
                resource_pattern: grant.pattern,
                permission: grant.permission,
            });
        }
    }
    Ok(found)
}

/// The kind of a grant of one user. A workspace is granted by roles.
fn kind(name: &str) -> Result<Kind, Error> {
    let kind = grants::kind(name)?;
    if kind == Kind::Workspace {
        let words = "resource_type 'workspace' is not supported by the per-user permission convenience APIs. Use set_workspace_permission / delete_workspace_permission for workspace-wide grants.";
        return Err(Error::invalid(words));
    }
    Ok(kind)
}

/// Who may say what others may do with an object.
fn gate<'a>(kind: &str, id: &'a str) -> Gate<'a> {
    match Kind::parse(kind) {
        // what cannot be asked is told to everybody
        None | Some(Kind::Workspace) => Gate::Known,
        _ if id == EVERY => Gate::ManagesHere,
        Some(kind) => Gate::Object(Need::of(Level::Manage, Object::OfKind(kind, id))),
    }
}

impl Administration for ListCurrentUserPermissions {
    const ACCESS: Access = Access::Read;

    fn gate(&self) -> Gate<'_> {
        Gate::Known
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let name = context.caller.user.as_deref();
        let name = name.ok_or_else(|| Error::missing("an API key is no user"))?;
        let person = by_name(on, name)?;
        let permissions = Some(all(on, &person, &context.caller.roles)?);
        Ok(UserPermissionsReply { is_admin: person.is_admin, permissions })
    }
}

impl Administration for ListUserPermissions {
    const ACCESS: Access = Access::Read;

    fn gate(&self) -> Gate<'_> {
        Gate::SelfOrManagers(&self.username)
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let person = by_name(on, &self.username)?;
        let mut permissions = all(on, &person, &[])?;
        if let Some(seen) = super::seen(on, context, &self.username)? {
            permissions.retain(|it| seen.contains(&it.workspace));
        }
        Ok(UserPermissionsReply { is_admin: person.is_admin, permissions: Some(permissions) })
    }
}

impl Administration for GrantUserPermission {
    const ACCESS: Access = Access::Write;

    fn gate(&self) -> Gate<'_> {
        gate(&self.resource_type, &self.resource_id)
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let (kind, permission) =
            (kind(&self.resource_type)?, grants::permission(&self.permission)?);
        grants::check(kind, &self.resource_id, permission)?;
        let user = by_name(on, &self.username)?.id;
        let workspace = &context.caller.workspace;
        if grants::get(on, user, workspace, kind, &self.resource_id)?.is_some() {
            return Err(grants::exists(format!(
                "Permission for user={} on resource_type={}, resource_id={} already exists.",
                self.username, self.resource_type, self.resource_id
            )));
        }
        grants::set(on, user, workspace, kind, &self.resource_id, permission)?;
        Ok(Done)
    }
}

impl Administration for RevokeUserPermission {
    const ACCESS: Access = Access::Write;

    fn gate(&self) -> Gate<'_> {
        gate(&self.resource_type, &self.resource_id)
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let kind = kind(&self.resource_type)?;
        let user = by_name(on, &self.username)?.id;
        if !grants::unset(on, user, &context.caller.workspace, kind, &self.resource_id)? {
            return Err(Error::missing(format!(
                "Permission for user={} on resource_type={}, resource_id={} not found.",
                self.username, self.resource_type, self.resource_id
            )));
        }
        Ok(Done)
    }
}

impl Administration for GetUserPermission {
    const ACCESS: Access = Access::Read;

    fn gate(&self) -> Gate<'_> {
        match Kind::parse(&self.resource_type) {
            Some(Kind::Workspace) => Gate::Known,
            _ => Gate::SelfOrManagers(&self.username),
        }
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let kind = kind(&self.resource_type)?;
        let person = by_name(on, &self.username)?;
        let permission = effective(on, context, &person, (kind, &self.resource_id))?;
        let allowed = permission.holds(Level::Use);
        let permission = permission.name().to_owned();
        Ok(GetUserPermissionReply { allowed, permission })
    }
}
