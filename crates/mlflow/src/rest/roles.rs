//! Roles and grants, as MLflow's `basic-auth` app has them since 3.12.

use super::{
    Done,
    call::calls,
    message::{empty, messages},
};

messages! {
    /// Grants that several users have.
    pub struct Role {
        /// Its number.
        id: i64,
        /// Its name, unique in its workspace.
        name: String,
        /// The workspace.
        workspace: String,
        /// What it is for.
        description: Option<String>,
        /// Its grants.
        permissions: Option<Vec<RolePermission>>,
    }

    /// A grant of a role.
    pub struct RolePermission {
        /// Its number.
        id: i64,
        /// The number of the role.
        role_id: i64,
        /// The kind of objects.
        resource_type: String,
        /// The id of one, or `*`.
        resource_pattern: String,
        /// The permission.
        permission: String,
    }

    /// That a user has a role.
    pub struct RoleAssignment {
        /// Its number.
        id: i64,
        /// The number of the user.
        user_id: i64,
        /// The number of the role.
        role_id: i64,
    }

    /// A grant of a user, with the role that it comes from.
    pub struct UserPermission {
        /// The number of the role.
        role_id: i64,
        /// The name of the role.
        role_name: String,
        /// The workspace of the role.
        workspace: String,
        /// The kind of objects.
        resource_type: String,
        /// The id of one, or `*`.
        resource_pattern: String,
        /// The permission.
        permission: String,
    }

    /// Makes a role.
    pub struct CreateRole {
        /// Its name.
        name (default): String,
        /// Its workspace.
        workspace (default): String,
        /// What it is for.
        description: Option<String>,
    }

    /// Asks for a role.
    pub struct GetRole {
        /// Its number.
        role_id: i64,
    }

    /// The answer of roles.
    pub struct RoleReply {
        /// The role.
        role: Role,
    }

    /// Asks for the roles of workspaces, or for all.
    pub struct ListRoles {
        /// The workspaces.
        workspace: Vec<String>,
    }

    /// The answer to [`ListRoles`] and [`ListUserRoles`].
    pub struct RolesReply {
        /// The roles.
        roles: Option<Vec<Role>>,
    }

    /// Changes a role.
    pub struct UpdateRole {
        /// Its number.
        role_id: i64,
        /// Its new name.
        name: Option<String>,
        /// What it is for now.
        description: Option<String>,
    }

    /// Removes a role.
    pub struct DeleteRole {
        /// Its number.
        role_id: i64,
    }

    /// Adds a grant to a role.
    pub struct AddRolePermission {
        /// The number of the role.
        role_id: i64,
        /// The kind of objects.
        resource_type: String,
        /// The id of one, or `*`.
        resource_pattern: String,
        /// The permission.
        permission: String,
    }

    /// The answer of grants of roles.
    pub struct RolePermissionReply {
        /// The grant.
        role_permission: RolePermission,
    }

    /// Removes a grant of a role.
    pub struct RemoveRolePermission {
        /// Its number.
        role_permission_id: i64,
    }

    /// Asks for the grants of a role.
    pub struct ListRolePermissions {
        /// The number of the role.
        role_id: i64,
    }

    /// The answer to [`ListRolePermissions`].
    pub struct ListRolePermissionsReply {
        /// The grants.
        role_permissions: Option<Vec<RolePermission>>,
    }

    /// Changes a grant of a role.
    pub struct UpdateRolePermission {
        /// Its number.
        role_permission_id: i64,
        /// The permission.
        permission: String,
    }

    /// Gives a user a role.
    pub struct AssignRole {
        /// The name of the user.
        username: String,
        /// The number of the role.
        role_id: i64,
    }

    /// The answer to [`AssignRole`].
    pub struct AssignRoleReply {
        /// What was made.
        assignment: RoleAssignment,
    }

    /// Takes a role from a user.
    pub struct UnassignRole {
        /// The name of the user.
        username: String,
        /// The number of the role.
        role_id: i64,
    }

    /// Asks for the roles of a user.
    pub struct ListUserRoles {
        /// The name of the user.
        username: String,
    }

    /// Asks for the users who have a role.
    pub struct ListRoleUsers {
        /// The number of the role.
        role_id: i64,
    }

    /// The answer to [`ListRoleUsers`].
    pub struct ListRoleUsersReply {
        /// Who has it.
        assignments: Option<Vec<RoleAssignment>>,
    }

    /// The answer of permissions of a user.
    pub struct UserPermissionsReply {
        /// Whether the user may do everything.
        is_admin: bool,
        /// Its grants.
        permissions: Option<Vec<UserPermission>>,
    }

    /// Asks for the permissions of a user.
    pub struct ListUserPermissions {
        /// The name of the user.
        username: String,
    }

    /// Grants a user a permission.
    pub struct GrantUserPermission {
        /// The name of the user.
        username: String,
        /// The kind of objects.
        resource_type: String,
        /// The id of one, or `*`.
        resource_id: String,
        /// The permission.
        permission: String,
    }

    /// Takes a permission back.
    pub struct RevokeUserPermission {
        /// The name of the user.
        username: String,
        /// The kind of objects.
        resource_type: String,
        /// The id of one, or `*`.
        resource_id: String,
    }

    /// Asks what a user may do with an object.
    pub struct GetUserPermission {
        /// The name of the user.
        username: String,
        /// The kind of objects.
        resource_type: String,
        /// The id of one, or `*`.
        resource_id: String,
    }

    /// The answer to [`GetUserPermission`].
    pub struct GetUserPermissionReply {
        /// Whether the user may use it.
        allowed: bool,
        /// The permission.
        permission: String,
    }
}

empty! {
    /// Asks for the permissions of the caller.
    pub struct ListCurrentUserPermissions;
}

calls! {
    CreateRole: Post "3.0/mlflow/roles/create" -> RoleReply;
    GetRole: Get "3.0/mlflow/roles/get" -> RoleReply;
    ListRoles: Get "3.0/mlflow/roles/list" -> RolesReply;
    UpdateRole: Patch "3.0/mlflow/roles/update" -> RoleReply;
    DeleteRole: Delete "3.0/mlflow/roles/delete" -> Done;
    AddRolePermission: Post "3.0/mlflow/roles/permissions/add" -> RolePermissionReply;
    RemoveRolePermission: Delete "3.0/mlflow/roles/permissions/remove" -> Done;
    ListRolePermissions: Get "3.0/mlflow/roles/permissions/list" -> ListRolePermissionsReply;
    UpdateRolePermission: Patch "3.0/mlflow/roles/permissions/update" -> RolePermissionReply;
    AssignRole: Post "3.0/mlflow/roles/assign" -> AssignRoleReply;
    UnassignRole: Delete "3.0/mlflow/roles/unassign" -> Done;
    ListUserRoles: Get "3.0/mlflow/users/roles/list" -> RolesReply;
    ListRoleUsers: Get "3.0/mlflow/roles/users/list" -> ListRoleUsersReply;
    ListCurrentUserPermissions: Get "3.0/mlflow/users/current/permissions" -> UserPermissionsReply;
    ListUserPermissions: Get "3.0/mlflow/users/permissions/list" -> UserPermissionsReply;
    GrantUserPermission: Post "3.0/mlflow/users/permissions/grant" -> Done;
    RevokeUserPermission: Post "3.0/mlflow/users/permissions/revoke" -> Done;
    GetUserPermission: Get "3.0/mlflow/users/permissions/get" -> GetUserPermissionReply;
}
