//! Roles: grants that several users have.

use std::collections::{BTreeSet, HashMap};

use longshore_daemon::percent;
use longshore_mlflow::rest::{ErrorCode, Role, RoleAssignment, RolePermission};

use crate::{
    Error,
    sql::{ROWS, marks},
    store::{Connection, Row, Value},
};

/// The begin of the names of users' own roles.
pub(crate) const OWN: &str = "__user_";

/// The name of the role that holds a user's own grants.
pub(crate) fn own_name(user: i64) -> String {
    format!("{OWN}{user}__")
}

/// Whether a name is that of a user's own role.
pub(super) fn is_own(name: &str) -> bool {
    let number = name.strip_prefix(OWN).and_then(|it| it.strip_suffix("__"));
    number.is_some_and(|it| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_digit()))
}
/// A role with its grants.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) workspace: String,
    pub(crate) description: Option<String>,
    pub(crate) grants: Vec<StoredGrant>,
}

/// A grant as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct StoredGrant {
    pub(crate) id: i64,
    pub(crate) role_id: i64,
    pub(crate) kind: String,
    pub(crate) pattern: String,
    pub(crate) permission: String,
}

impl Stored {
    fn of(mut row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.take(0)?,
            name: row.take(1)?,
            workspace: row.take(2)?,
            description: row.take(3)?,
            grants: Vec::new(),
        })
    }

    /// The role as clients see it.
    pub(crate) fn shown(self) -> Role {
        let permissions = self.grants.into_iter().map(StoredGrant::shown).collect();
        Role {
            id: self.id,
            name: self.name,
            workspace: self.workspace,
            description: self.description,
            permissions: Some(permissions),
        }
    }
}

impl StoredGrant {
    fn of(mut row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.take(0)?,
            role_id: row.take(1)?,
            kind: row.take(2)?,
            pattern: row.take(3)?,
            permission: row.take(4)?,
        })
    }

    /// The grant as clients see it.
    pub(crate) fn shown(self) -> RolePermission {
        RolePermission {
            id: self.id,
            role_id: self.role_id,
            resource_type: self.kind,
            resource_pattern: self.pattern,
            permission: self.permission,
        }
    }
}

const ROLE: &str = "r.id, r.name, r.workspace, r.description";
const GRANT: &str = "id, role_id, resource_type, resource_pattern, permission";

/// Reads the grants of roles.
fn filled(on: &mut dyn Connection, mut roles: Vec<Stored>) -> Result<Vec<Stored>, Error> {
    let mut found: HashMap<i64, Vec<StoredGrant>> = HashMap::new();
    let ids: Vec<Value> = roles.iter().map(|it| it.id.into()).collect();
    for ids in ids.chunks(ROWS) {
        let marks = marks(ids.len());
        let sql =
            format!("SELECT {GRANT} FROM role_permissions WHERE role_id IN ({marks}) ORDER BY id");
        for row in on.query(&sql, ids)? {
            let grant = StoredGrant::of(row)?;
            found.entry(grant.role_id).or_default().push(grant);
        }
    }
    for role in &mut roles {
        role.grants = found.remove(&role.id).unwrap_or_default();
    }
    Ok(roles)
}

fn roles(on: &mut dyn Connection, rest: &str, values: &[Value]) -> Result<Vec<Stored>, Error> {
    let rows = on.query(&format!("SELECT {ROLE} FROM roles r {rest} ORDER BY r.id"), values)?;
    let roles = rows.into_iter().map(Stored::of).collect::<Result<_, _>>()?;
    filled(on, roles)
}

/// The role with a number.
///
/// # Errors
/// A refusal in MLflow's words, and those of the store.
pub(crate) fn get(on: &mut dyn Connection, id: i64) -> Result<Stored, Error> {
    let found = roles(on, "WHERE r.id = ?", &[id.into()])?.into_iter().next();
    found.ok_or_else(|| Error::missing(format!("Role with id={id} not found")))
}

/// The role that holds a user's own grants in a workspace.
pub(crate) fn own(
    on: &mut dyn Connection,
    user: i64,
    workspace: &str,
) -> Result<Option<Stored>, Error> {
    let values = [workspace.into(), own_name(user).into()];
    Ok(roles(on, "WHERE r.workspace = ? AND r.name = ?", &values)?.into_iter().next())
}

/// The roles of workspaces; of all of them when none is named.
pub(crate) fn of_workspaces(
    on: &mut dyn Connection,
    workspaces: &[String],
) -> Result<Vec<Stored>, Error> {
    if workspaces.is_empty() {
        return roles(on, "", &[]);
    }
    let values: Vec<Value> = workspaces.iter().map(Into::into).collect();
    roles(on, &format!("WHERE r.workspace IN ({})", marks(values.len())), &values)
}

/// A user, by its number, with the roles that it has by groups.
pub(crate) type Holder<'a> = (i64, &'a [i64]);

/// Which roles `r` a user has, for a statement, and the values of it.
pub(super) fn held((user, more): Holder<'_>) -> (String, Vec<Value>) {
    let by_groups = match more {
        [] => String::new(),
        more => format!(" OR r.id IN ({})", marks(more.len())),
    };
    let sql = format!(
        "(r.id IN (SELECT a.role_id FROM user_role_assignments a WHERE a.user_id = ?){by_groups})"
    );
    let values = [user].iter().chain(more).map(|it| (*it).into()).collect();
    (sql, values)
}

/// The roles of a user.
pub(crate) fn of_user(on: &mut dyn Connection, user: Holder<'_>) -> Result<Vec<Stored>, Error> {
    let (held, values) = held(user);
    roles(on, &format!("WHERE {held}"), &values)
}

/// The number of the role of a workspace with a name.
pub(super) fn number(
    on: &mut dyn Connection,
    workspace: &str,
    name: &str,
) -> Result<Option<i64>, Error> {
    let sql = "SELECT id FROM roles WHERE workspace = ? AND name = ?";
    let row = on.first(sql, &[workspace.into(), name.into()])?;
    row.map(|mut row| row.take(0)).transpose()
}

/// The roles of all users, by the numbers of the users.
pub(crate) fn by_user(on: &mut dyn Connection) -> Result<HashMap<i64, Vec<Stored>>, Error> {
    let all: HashMap<i64, Stored> =
        roles(on, "", &[])?.into_iter().map(|role| (role.id, role)).collect();
    let mut found: HashMap<i64, Vec<Stored>> = HashMap::new();
    for mut row in
        on.query("SELECT user_id, role_id FROM user_role_assignments ORDER BY id", &[])?
    {
        if let Some(role) = all.get(&row.take(1)?) {
            found.entry(row.take(0)?).or_default().push(role.clone());
        }
    }
    Ok(found)
}

fn workspaces(
    on: &mut dyn Connection,
    user: Holder<'_>,
    rest: &str,
) -> Result<BTreeSet<String>, Error> {
    let (held, values) = held(user);
    let sql = format!("SELECT DISTINCT r.workspace FROM roles r WHERE {held}{rest}");
    on.query(&sql, &values)?.into_iter().map(|mut row| row.take(0)).collect()
}

/// The workspaces that a user manages.
pub(crate) fn managed(
    on: &mut dyn Connection,
    user: Holder<'_>,
) -> Result<BTreeSet<String>, Error> {
    let rest = " AND EXISTS (SELECT 1 FROM role_permissions p WHERE p.role_id = r.id AND p.resource_type = 'workspace' AND p.resource_pattern = '*' AND p.permission = 'MANAGE')";
    workspaces(on, user, rest)
}

/// The workspaces that a user may know of: those of its roles, and those whose whole it was granted something of.
pub(super) fn visible(
    on: &mut dyn Connection,
    user: Holder<'_>,
) -> Result<BTreeSet<String>, Error> {
    let rest = " AND (r.name NOT LIKE '\\_\\_user\\_%' ESCAPE '\\' OR EXISTS (SELECT 1 FROM role_permissions p WHERE p.role_id = r.id AND p.resource_type = 'workspace' AND p.resource_pattern = '*' AND p.permission IN ('READ', 'USE', 'EDIT', 'MANAGE')))";
    workspaces(on, user, rest)
}

/// The workspaces that a user has a role in.
pub(crate) fn present(
    on: &mut dyn Connection,
    user: Holder<'_>,
) -> Result<BTreeSet<String>, Error> {
    workspaces(on, user, "")
}

/// The workspace of a role.
pub(crate) fn workspace_of(on: &mut dyn Connection, role: i64) -> Result<Option<String>, Error> {
    let row = on.first("SELECT workspace FROM roles WHERE id = ?", &[role.into()])?;
    row.map(|mut row| row.take(0)).transpose()
}

/// The grant with a number.
pub(crate) fn grant(on: &mut dyn Connection, id: i64) -> Result<Option<StoredGrant>, Error> {
    let sql = format!("SELECT {GRANT} FROM role_permissions WHERE id = ?");
    on.first(&sql, &[id.into()])?.map(StoredGrant::of).transpose()
}

/// A name of a role that people may give.
///
/// # Errors
/// In MLflow's words.
fn check_name(name: &str) -> Result<(), Error> {
    if name.trim().is_empty() {
        return Err(Error::invalid("Role name cannot be empty."));
    }
    if name.starts_with(OWN) {
        return Err(Error::invalid(format!(
            "Role name '{name}' uses the reserved '__user_' prefix, which is held for the per-user permission representation. Choose a different name."
        )));
    }
    Ok(())
}

/// Makes a role.
///
/// # Errors
/// Refusals in MLflow's words, and those of the store.
pub(crate) fn add(
    on: &mut dyn Connection,
    name: &str,
    workspace: &str,
    description: Option<&str>,
) -> Result<Stored, Error> {
    check_name(name)?;
    if workspace.trim().is_empty() {
        return Err(Error::invalid("Workspace cannot be empty."));
    }
    let sql = "INSERT INTO roles (name, workspace, description) VALUES (?, ?, ?) ON CONFLICT (workspace, name) DO NOTHING RETURNING id";
    let row = on.first(sql, &[name.into(), workspace.into(), description.into()])?;
    let taken = || {
        let words = format!("Role (name={name}, workspace={workspace}) already exists.");
        Error::refused(ErrorCode::ResourceAlreadyExists, words)
    };
    get(on, row.ok_or_else(taken)?.take(0)?)
}

/// Changes a role.
///
/// # Errors
/// Refusals in MLflow's words, and those of the store.
pub(crate) fn change(
    on: &mut dyn Connection,
    id: i64,
    name: Option<&str>,
    description: Option<&str>,
) -> Result<Stored, Error> {
    name.map(check_name).transpose()?;
    let role = get(on, id)?;
    if let Some(name) = name {
        let sql = "SELECT 1 FROM roles WHERE workspace = ? AND name = ? AND id <> ?";
        if on.first(sql, &[(&role.workspace).into(), name.into(), id.into()])?.is_some() {
            let words =
                format!("Role with name={name} already exists in workspace={}", role.workspace);
            return Err(Error::refused(ErrorCode::ResourceAlreadyExists, words));
        }
        on.execute("UPDATE roles SET name = ? WHERE id = ?", &[name.into(), id.into()])?;
    }
    if let Some(description) = description {
        let sql = "UPDATE roles SET description = ? WHERE id = ?";
        on.execute(sql, &[description.into(), id.into()])?;
    }
    get(on, id)
}

/// Removes a role with its grants.
///
/// # Errors
/// Refusals in MLflow's words, and those of the store.
pub(crate) fn remove(on: &mut dyn Connection, id: i64) -> Result<(), Error> {
    get(on, id)?;
    on.execute("DELETE FROM role_permissions WHERE role_id = ?", &[id.into()])?;
    on.execute("DELETE FROM user_role_assignments WHERE role_id = ?", &[id.into()])?;
    on.execute("DELETE FROM roles WHERE id = ?", &[id.into()])?;
    Ok(())
}

/// Removes all roles of a workspace with their grants.
///
/// # Errors
/// Those of the store.
pub(super) fn remove_all(on: &mut dyn Connection, workspace: &str) -> Result<(), Error> {
    for table in ["role_permissions", "user_role_assignments"] {
        let sql = format!(
            "DELETE FROM {table} WHERE role_id IN (SELECT id FROM roles WHERE workspace = ?)"
        );
        on.execute(&sql, &[workspace.into()])?;
    }
    on.execute("DELETE FROM roles WHERE workspace = ?", &[workspace.into()])?;
    Ok(())
}

/// Adds a grant to a role.
///
/// # Errors
/// Refusals in MLflow's words, and those of the store.
pub(crate) fn add_grant(
    on: &mut dyn Connection,
    role: i64,
    [kind, pattern, permission]: [&str; 3],
) -> Result<StoredGrant, Error> {
    get(on, role)?;
    let sql = format!(
        "INSERT INTO role_permissions (role_id, resource_type, resource_pattern, permission) VALUES (?, ?, ?, ?) ON CONFLICT (role_id, resource_type, resource_pattern) DO NOTHING RETURNING {GRANT}"
    );
    let row = on.first(&sql, &[role.into(), kind.into(), pattern.into(), permission.into()])?;
    let taken = || {
        let words = format!(
            "Permission already exists for role_id={role}, resource_type={kind}, resource_pattern={pattern}."
        );
        Error::refused(ErrorCode::ResourceAlreadyExists, words)
    };
    StoredGrant::of(row.ok_or_else(taken)?)
}

/// The grant with a number.
///
/// # Errors
/// A refusal in MLflow's words, and those of the store.
pub(crate) fn require_grant(on: &mut dyn Connection, id: i64) -> Result<StoredGrant, Error> {
    let missing = || Error::missing(format!("Role permission with id={id} not found"));
    grant(on, id)?.ok_or_else(missing)
}

/// Changes what a grant allows.
///
/// # Errors
/// Refusals in MLflow's words, and those of the store.
pub(crate) fn set_grant(
    on: &mut dyn Connection,
    id: i64,
    permission: &str,
) -> Result<StoredGrant, Error> {
    let sql = "UPDATE role_permissions SET permission = ? WHERE id = ?";
    on.execute(sql, &[permission.into(), id.into()])?;
    require_grant(on, id)
}

/// Removes a grant of a role.
///
/// # Errors
/// Refusals in MLflow's words, and those of the store.
pub(crate) fn remove_grant(on: &mut dyn Connection, id: i64) -> Result<(), Error> {
    require_grant(on, id)?;
    on.execute("DELETE FROM role_permissions WHERE id = ?", &[id.into()])?;
    Ok(())
}

fn assignment(mut row: Row) -> Result<RoleAssignment, Error> {
    Ok(RoleAssignment { id: row.take(0)?, user_id: row.take(1)?, role_id: row.take(2)? })
}

/// Gives a user a role.
///
/// # Errors
/// Refusals in MLflow's words, and those of the store.
pub(crate) fn assign(
    on: &mut dyn Connection,
    user: i64,
    role: i64,
) -> Result<RoleAssignment, Error> {
    let name = get(on, role)?.name;
    if is_own(&name) && name != own_name(user) {
        let words = format!("the role `{name}` holds the grants of one user; make another role");
        return Err(Error::invalid(words));
    }
    let sql = "INSERT INTO user_role_assignments (user_id, role_id) VALUES (?, ?) ON CONFLICT (user_id, role_id) DO NOTHING RETURNING id, user_id, role_id";
    let row = on.first(sql, &[user.into(), role.into()])?;
    let there = || {
        let words = format!("User role assignment (user_id={user}, role_id={role}) already exists");
        Error::refused(ErrorCode::ResourceAlreadyExists, words)
    };
    assignment(row.ok_or_else(there)?)
}

/// Takes a role from a user.
///
/// # Errors
/// Refusals in MLflow's words, and those of the store.
pub(crate) fn unassign(on: &mut dyn Connection, user: i64, role: i64) -> Result<(), Error> {
    let sql = "DELETE FROM user_role_assignments WHERE user_id = ? AND role_id = ?";
    if on.execute(sql, &[user.into(), role.into()])? == 0 {
        return Err(Error::missing(format!(
            "User role assignment (user_id={user}, role_id={role}) not found"
        )));
    }
    Ok(())
}

/// Who has a role.
///
/// # Errors
/// Refusals in MLflow's words, and those of the store.
pub(crate) fn assignments(
    on: &mut dyn Connection,
    role: i64,
) -> Result<Vec<RoleAssignment>, Error> {
    get(on, role)?;
    let sql =
        "SELECT id, user_id, role_id FROM user_role_assignments WHERE role_id = ? ORDER BY id";
    on.query(sql, &[role.into()])?.into_iter().map(assignment).collect()
}

/// How a grant names a scorer.
pub(crate) fn scorer(experiment: &str, name: &str) -> String {
    format!("{experiment}/{}", encoded(name))
}

/// The name of a scorer as a grant writes it: as Python's `quote` does with nothing safe.
fn encoded(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"_.-~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let digits = [byte >> 4, byte & 15].map(|it| char::from_digit(it.into(), 16));
            text.push('%');
            text.extend(digits.into_iter().flatten().map(|it| it.to_ascii_uppercase()));
        }
    }
    text
}

/// The name of a scorer that a grant writes.
pub(crate) fn decoded(text: &str) -> String {
    percent::decode(text).map_or_else(|| text.to_owned(), Into::into)
}
