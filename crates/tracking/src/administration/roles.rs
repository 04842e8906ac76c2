//! Requests about roles.

use longshore_mlflow::rest::{
    AddRolePermission, AssignRole, AssignRoleReply, CreateRole, DeleteRole, Done, GetRole,
    ListRolePermissions, ListRolePermissionsReply, ListRoleUsers, ListRoleUsersReply, ListRoles,
    ListUserRoles, RemoveRolePermission, RolePermissionReply, RoleReply, RolesReply, UnassignRole,
    UpdateRole, UpdateRolePermission,
};

use super::{Administration, Context, Gate, RoleOf, route};
use crate::{
    Error,
    operation::Access,
    routes::Route,
    store::Connection,
    users::{grants, people::by_name, roles},
};

/// The routes of roles.
pub(super) fn routes() -> Vec<Route> {
    vec![
        route::<CreateRole>(),
        route::<GetRole>(),
        route::<ListRoles>(),
        route::<UpdateRole>(),
        route::<DeleteRole>(),
        route::<AddRolePermission>(),
        route::<RemoveRolePermission>(),
        route::<ListRolePermissions>(),
        route::<UpdateRolePermission>(),
        route::<AssignRole>(),
        route::<UnassignRole>(),
        route::<ListUserRoles>(),
        route::<ListRoleUsers>(),
    ]
}

/// Implements the requests: whether they change anything, who may ask, and the answer.
macro_rules! requests {
    ($($request:ty, $access:ident, $gate:expr, |$it:ident, $on:ident, $context:pat_param| $answer:expr;)+) => {$(
        impl Administration for $request {
            const ACCESS: Access = Access::$access;

            fn gate(&self) -> Gate<'_> {
                let gate: fn(&Self) -> Gate<'_> = $gate;
                gate(self)
            }

            fn answer(
                &self,
                $on: &mut dyn Connection,
                $context: &Context<'_>,
            ) -> Result<Self::Reply, Error> {
                let $it = self;
                $answer
            }
        }
    )+};
}

requests! {
    CreateRole, Write, |it| Gate::ManagesRole(RoleOf::Workspace(&it.workspace)), |it, on, _| {
        let role = roles::add(on, &it.name, &it.workspace, it.description.as_deref())?;
        Ok(RoleReply { role: role.shown() })
    };
    GetRole, Read, |it| Gate::SeesRole(it.role_id), |it, on, _| {
        Ok(RoleReply { role: roles::get(on, it.role_id)?.shown() })
    };
    ListRoles, Read, |it| Gate::SeesRolesOf(&it.workspace), |it, on, _| {
        if it.workspace.iter().any(|name| name.trim().is_empty()) {
            let words = "Parameter 'workspace' must be a non-empty string when provided.";
            return Err(Error::invalid(words));
        }
        let found = roles::of_workspaces(on, &it.workspace)?;
        Ok(RolesReply { roles: Some(found.into_iter().map(roles::Stored::shown).collect()) })
    };
    UpdateRole, Write, |it| Gate::ManagesRole(RoleOf::Role(it.role_id)), |it, on, _| {
        let (name, description) = (it.name.as_deref(), it.description.as_deref());
        if name.is_none() && description.is_none() {
            let words = "At least one of 'name' or 'description' must be provided to update a role.";
            return Err(Error::invalid(words));
        }
        Ok(RoleReply { role: roles::change(on, it.role_id, name, description)?.shown() })
    };
    DeleteRole, Write, |it| Gate::ManagesRole(RoleOf::Role(it.role_id)), |it, on, _| {
        roles::remove(on, it.role_id)?;
        Ok(Done)
    };
    AddRolePermission, Write, |it| Gate::ManagesRole(RoleOf::Role(it.role_id)), |it, on, _| {
        // in the order of MLflow: what is wrong first is told
        let permission = grants::permission(&it.permission)?;
        let kind = grants::kind(&it.resource_type)?;
        grants::check(kind, &it.resource_pattern, permission)?;
        let grant = [&*it.resource_type, &*it.resource_pattern, &*it.permission];
        Ok(RolePermissionReply { role_permission: roles::add_grant(on, it.role_id, grant)?.shown() })
    };
    RemoveRolePermission, Write, |it| Gate::ManagesRole(RoleOf::Grant(it.role_permission_id)), |it, on, _| {
        roles::remove_grant(on, it.role_permission_id)?;
        Ok(Done)
    };
    ListRolePermissions, Read, |it| Gate::SeesRole(it.role_id), |it, on, _| {
        let grants = roles::get(on, it.role_id)?.grants;
        let grants = grants.into_iter().map(roles::StoredGrant::shown).collect();
        Ok(ListRolePermissionsReply { role_permissions: Some(grants) })
    };
    UpdateRolePermission, Write, |it| Gate::ManagesRole(RoleOf::Grant(it.role_permission_id)), |it, on, _| {
        let found = roles::require_grant(on, it.role_permission_id)?;
        let permission = grants::permission(&it.permission)?;
        let kind = grants::kind(&found.kind)?;
        grants::check(kind, &found.pattern, permission)?;
        let changed = roles::set_grant(on, found.id, permission.name())?;
        Ok(RolePermissionReply { role_permission: changed.shown() })
    };
    AssignRole, Write, |it| Gate::ManagesRole(RoleOf::Role(it.role_id)), |it, on, _| {
        let user = by_name(on, &it.username)?;
        Ok(AssignRoleReply { assignment: roles::assign(on, user.id, it.role_id)? })
    };
    UnassignRole, Write, |it| Gate::ManagesRole(RoleOf::Role(it.role_id)), |it, on, _| {
        let user = by_name(on, &it.username)?;
        roles::unassign(on, user.id, it.role_id)?;
        Ok(Done)
    };
    ListUserRoles, Read, |it| Gate::SelfOrManagers(&it.username), |it, on, context| {
        let user = by_name(on, &it.username)?;
        let mut found = roles::of_user(on, (user.id, &[]))?;
        if let Some(seen) = super::seen(on, context, &it.username)? {
            found.retain(|role| seen.contains(&role.workspace));
        }
        Ok(RolesReply { roles: Some(found.into_iter().map(roles::Stored::shown).collect()) })
    };
    ListRoleUsers, Read, |it| Gate::ManagesRole(RoleOf::Role(it.role_id)), |it, on, _| {
        Ok(ListRoleUsersReply { assignments: Some(roles::assignments(on, it.role_id)?) })
    };
}
