//! What users were granted: rows of roles, of which each user has one of its own in every workspace.

use longshore_mlflow::rest::ErrorCode;

use super::roles::{self, Holder, held, is_own, own_name};
use crate::{
    Error,
    rights::{EVERY, Grant, Kind, Permission},
    sql::{ROWS, marks},
    store::{Connection, Value},
};

/// What an operation changes of grants once it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// An object was made: it is its maker's to manage, and no earlier grant speaks of it.
    Made(Kind, String),
    /// It was deleted.
    Deleted(Kind, String),
    /// It was renamed.
    Renamed(Kind, String, String),
    /// A workspace was made: it has the roles that MLflow gives each.
    MadeWorkspace(String),
    /// A workspace was removed with its roles.
    DeletedWorkspace(String),
}

/// All grants of a user in a workspace. One that this server does not understand is left out, as MLflow does.
pub(crate) fn of(
    on: &mut dyn Connection,
    user: Holder<'_>,
    workspace: &str,
) -> Result<Vec<Grant>, Error> {
    let (held, mut values) = held(user);
    let sql = format!(
        "SELECT p.resource_type, p.resource_pattern, p.permission FROM role_permissions p JOIN roles r ON r.id = p.role_id WHERE {held} AND r.workspace = ?"
    );
    values.push(workspace.into());
    let mut grants = Vec::new();
    for mut row in on.query(&sql, &values)? {
        let kind = Kind::parse(&row.take::<String>(0)?);
        let permission = Permission::parse(&row.take::<String>(2)?);
        if let (Some(kind), Some(permission)) = (kind, permission) {
            grants.push(Grant { kind, pattern: row.take(1)?, permission });
        }
    }
    Ok(grants)
}

/// The permission that a user's own role in a workspace grants for an object.
pub(crate) fn get(
    on: &mut dyn Connection,
    user: i64,
    workspace: &str,
    kind: Kind,
    pattern: &str,
) -> Result<Option<Permission>, Error> {
    let sql = "SELECT p.permission FROM role_permissions p JOIN roles r ON r.id = p.role_id WHERE r.workspace = ? AND r.name = ? AND p.resource_type = ? AND p.resource_pattern = ?";
    let values = [workspace.into(), own_name(user).into(), kind.name().into(), pattern.into()];
    let row = on.first(sql, &values)?;
    let name = row.map(|mut row| row.take::<String>(0)).transpose()?;
    Ok(name.and_then(|name| Permission::parse(&name)))
}

/// Grants a user a permission, in place of what its own role granted before for the object.
pub(crate) fn set(
    on: &mut dyn Connection,
    user: i64,
    workspace: &str,
    kind: Kind,
    pattern: &str,
    permission: Permission,
) -> Result<(), Error> {
    let role = own(on, user, workspace)?;
    let sql = "INSERT INTO role_permissions (role_id, resource_type, resource_pattern, permission) VALUES (?, ?, ?, ?) ON CONFLICT (role_id, resource_type, resource_pattern) DO UPDATE SET permission = excluded.permission";
    let values = [role.into(), kind.name().into(), pattern.into(), permission.name().into()];
    on.execute(sql, &values)?;
    Ok(())
}

/// Takes back what a user's own role grants for an object; false when it grants nothing.
pub(crate) fn unset(
    on: &mut dyn Connection,
    user: i64,
    workspace: &str,
    kind: Kind,
    pattern: &str,
) -> Result<bool, Error> {
    let sql = "DELETE FROM role_permissions WHERE resource_type = ? AND resource_pattern = ? AND role_id IN (SELECT id FROM roles WHERE workspace = ? AND name = ?)";
    let values = [kind.name().into(), pattern.into(), workspace.into(), own_name(user).into()];
    Ok(on.execute(sql, &values)? > 0)
}

/// The role that holds a user's own grants in a workspace. It is made when it is not there.
fn own(on: &mut dyn Connection, user: i64, workspace: &str) -> Result<i64, Error> {
    let name = own_name(user);
    let sql = "INSERT INTO roles (name, workspace) VALUES (?, ?) ON CONFLICT (workspace, name) DO NOTHING";
    on.execute(sql, &[(&name).into(), workspace.into()])?;
    let sql = "SELECT id FROM roles WHERE workspace = ? AND name = ?";
    let row = on.first(sql, &[workspace.into(), (&name).into()])?;
    let gone = || Error::Schema("a role that was made is not there".to_owned());
    let role: i64 = row.ok_or_else(gone)?.take(0)?;
    // who has somebody's own role would have what is granted to that one
    let sql = "SELECT user_id FROM user_role_assignments WHERE role_id = ? AND user_id <> ?";
    if on.first(sql, &[role.into(), user.into()])?.is_some() {
        let words = format!(
            "the role `{name}` in the workspace `{workspace}` is assigned to other users; its name is kept for the grants of one: rename it"
        );
        return Err(Error::invalid(words));
    }
    let sql = "INSERT INTO user_role_assignments (user_id, role_id) VALUES (?, ?) ON CONFLICT (user_id, role_id) DO NOTHING";
    on.execute(sql, &[user.into(), role.into()])?;
    Ok(role)
}

/// Follows a change of an object: its grants in users' own roles of a workspace. Other roles are left to
/// those who made them.
///
/// # Errors
/// Those of the store.
pub(crate) fn apply(
    on: &mut dyn Connection,
    user: Option<i64>,
    workspace: &str,
    change: &Change,
) -> Result<(), Error> {
    match change {
        Change::Made(kind, id) => {
            forget(on, workspace, *kind, id)?;
            let Some(user) = user else { return Ok(()) };
            set(on, user, workspace, *kind, id, Permission::Manage)
        }
        Change::Deleted(kind, id) => forget(on, workspace, *kind, id),
        Change::Renamed(kind, old, new) => {
            forget(on, workspace, *kind, new)?;
            let sql = "UPDATE role_permissions SET resource_pattern = ? WHERE resource_type = ? AND resource_pattern = ?";
            in_own_roles(on, workspace, sql, &[new.into(), kind.name().into(), old.into()])
        }
        Change::MadeWorkspace(name) => seed(on, name),
        Change::DeletedWorkspace(name) => roles::remove_all(on, name),
    }
}

/// The roles of a new workspace, as MLflow names them: who has them is for administrators to say.
fn seed(on: &mut dyn Connection, workspace: &str) -> Result<(), Error> {
    let all = [
        ("admin", Permission::Manage, "Manages the workspace and everything in it."),
        (
            "user",
            Permission::Use,
            "Makes experiments and registered models in the workspace, and manages what it makes.",
        ),
    ];
    for (name, permission, description) in all {
        // a name that is taken is somebody's own role
        if roles::number(on, workspace, name)?.is_none() {
            let role = roles::add(on, name, workspace, Some(description))?;
            let grant = [Kind::Workspace.name(), EVERY, permission.name()];
            roles::add_grant(on, role.id, grant)?;
        }
    }
    Ok(())
}

fn forget(on: &mut dyn Connection, workspace: &str, kind: Kind, id: &str) -> Result<(), Error> {
    if id == EVERY {
        return Ok(());
    }
    let sql = "DELETE FROM role_permissions WHERE resource_type = ? AND resource_pattern = ?";
    in_own_roles(on, workspace, sql, &[kind.name().into(), id.into()])
}

/// Runs a statement for the rows of users' own roles.
fn in_own_roles(
    on: &mut dyn Connection,
    workspace: &str,
    sql: &str,
    values: &[Value],
) -> Result<(), Error> {
    let found =
        "SELECT id, name FROM roles WHERE workspace = ? AND name LIKE '\\_\\_user\\_%' ESCAPE '\\'";
    let mut roles = Vec::new();
    for mut row in on.query(found, &[workspace.into()])? {
        if is_own(&row.take::<String>(1)?) {
            roles.push(Value::from(row.take::<i64>(0)?));
        }
    }
    for roles in roles.chunks(ROWS) {
        let sql = format!("{sql} AND role_id IN ({})", marks(roles.len()));
        on.execute(&sql, &[values, roles].concat())?;
    }
    Ok(())
}

/// The kind with a name.
///
/// # Errors
/// A refusal in MLflow's words.
pub(crate) fn kind(name: &str) -> Result<Kind, Error> {
    Kind::parse(name).ok_or_else(|| {
        let names: Vec<_> = Kind::ALL.iter().map(|it| format!("'{}'", it.name())).collect();
        Error::invalid(format!(
            "Invalid resource type '{name}'. Valid resource types are: ({})",
            names.join(", ")
        ))
    })
}

/// The permission with a name.
///
/// # Errors
/// A refusal in MLflow's words.
pub(crate) fn permission(name: &str) -> Result<Permission, Error> {
    Permission::parse(name).ok_or_else(|| {
        let names: Vec<_> = Permission::ALL.iter().map(|it| format!("'{}'", it.name())).collect();
        Error::invalid(format!(
            "Invalid permission '{name}'. Valid permissions are: ({})",
            names.join(", ")
        ))
    })
}

/// Refuses what cannot be granted: a workspace is used or managed, and only some kinds are granted by id.
///
/// # Errors
/// In MLflow's words.
pub(crate) fn check(kind: Kind, pattern: &str, permission: Permission) -> Result<(), Error> {
    let (kind_name, name) = (kind.name(), permission.name());
    if kind == Kind::Workspace && !matches!(permission, Permission::Use | Permission::Manage) {
        return Err(Error::invalid(format!(
            "Invalid permission '{name}' for resource_type='workspace'. Workspace-wide grants accept only: ('MANAGE', 'USE')."
        )));
    }
    if permission == Permission::None {
        return Err(Error::invalid(format!(
            "Invalid permission '{name}' for resource_type='{kind_name}'. Resource-level grants accept only: ('DENY', 'EDIT', 'MANAGE', 'READ', 'USE')."
        )));
    }
    if pattern != EVERY && !kind.takes_ids() {
        return Err(Error::invalid(format!(
            "Invalid resource_pattern '{pattern}' for resource_type='{kind_name}'. This resource type supports only wildcard ('*') grants."
        )));
    }
    Ok(())
}

/// A refusal of a grant that is there already.
pub(crate) fn exists(words: String) -> Error {
    Error::refused(ErrorCode::ResourceAlreadyExists, words)
}
