//! Permissions of users, which become grants of a role that each user has for itself.

use super::{rebuild::count, schema::Counts};
use crate::{
    Error,
    store::{Connection, Value, has_table},
    users::roles::scorer,
};

/// Tables of permissions in the workspace `default`: what they are about, and the column that names it.
const TABLES: [(&str, &str, &str); 6] = [
    ("experiment_permissions", "experiment", "experiment_id"),
    ("registered_model_permissions", "registered_model", "name"),
    ("scorer_permissions", "scorer", "experiment_id"),
    ("gateway_secret_permissions", "gateway_secret", "secret_id"),
    ("gateway_endpoint_permissions", "gateway_endpoint", "endpoint_id"),
    ("gateway_model_definition_permissions", "gateway_model_definition", "model_definition_id"),
];

/// A grant to be made.
struct Grant {
    user: i64,
    workspace: String,
    kind: &'static str,
    pattern: String,
    permission: &'static str,
}

/// Makes the grants. A permission that allows nothing becomes none, since without a grant nothing is allowed but by default.
///
/// # Errors
/// Those of the database, and when others have the role of a user.
pub(super) fn change(on: &mut dyn Connection, moved: &mut Counts) -> Result<(), Error> {
    let tables = ["roles", "role_permissions", "user_role_assignments"];
    let before = tables.map(|table| count(on, table));
    of_workspaces(on)?;
    for (table, kind, column) in TABLES {
        if !has_table(on, table)? {
            continue;
        }
        let workspace = if kind == "registered_model" { "workspace" } else { "'default'" };
        let name = if kind == "scorer" { "scorer_name" } else { "''" };
        let sql = format!("SELECT user_id, {workspace}, {column}, {name}, permission FROM {table}");
        for mut row in on.query(&sql, &[])? {
            let found: Option<String> = row.take(4)?;
            let Some(permission) = known(found.as_deref(), &["READ", "USE", "EDIT", "MANAGE"])
            else {
                continue;
            };
            let (object, name): (String, String) = (row.take(2)?, row.take(3)?);
            let pattern = if kind == "scorer" { scorer(&object, &name) } else { object };
            let (user, workspace) = (row.take(0)?, row.take(1)?);
            give(on, &Grant { user, workspace, kind, pattern, permission })?;
        }
    }
    for (table, before) in tables.into_iter().zip(before) {
        let more = count(on, table)? - before?;
        *moved.entry(table.to_owned()).or_default() += more;
    }
    Ok(())
}

/// A permission in a workspace is to use or to manage it. To edit all in it becomes to use it, and to edit all of each kind.
fn of_workspaces(on: &mut dyn Connection) -> Result<(), Error> {
    for mut row in
        on.query("SELECT user_id, workspace, permission FROM workspace_permissions", &[])?
    {
        let (user, workspace): (i64, String) = (row.take(0)?, row.take(1)?);
        let found: Option<String> = row.take(2)?;
        let Some(found) = known(found.as_deref(), &["READ", "USE", "EDIT", "MANAGE"]) else {
            continue;
        };
        let grant = |kind, permission| Grant {
            user,
            workspace: workspace.clone(),
            kind,
            pattern: "*".to_owned(),
            permission,
        };
        give(on, &grant("workspace", if found == "MANAGE" { "MANAGE" } else { "USE" }))?;
        if found == "EDIT" {
            for (_, kind, _) in TABLES {
                give(on, &grant(kind, "EDIT"))?;
            }
        }
    }
    Ok(())
}

fn known(found: Option<&str>, all: &[&'static str]) -> Option<&'static str> {
    all.iter().copied().find(|it| Some(*it) == found)
}

fn give(on: &mut dyn Connection, grant: &Grant) -> Result<(), Error> {
    let name = format!("__user_{}__", grant.user);
    let key = [Value::from(&grant.workspace), Value::from(&name)];
    on.execute("INSERT INTO roles (workspace, name) VALUES (?, ?) ON CONFLICT DO NOTHING", &key)?;
    let row = on.first("SELECT id FROM roles WHERE workspace = ? AND name = ?", &key)?;
    let role: i64 = row.map(|mut row| row.take(0)).transpose()?.ok_or(Error::Unavailable)?;
    let sql = "SELECT user_id FROM user_role_assignments WHERE role_id = ? AND user_id <> ?";
    if let Some(mut other) = on.first(sql, &[role.into(), grant.user.into()])? {
        return Err(Error::Schema(format!(
            "the role `{name}` of the workspace `{}` is to hold what user {} was granted, and user {} has it too; give that role another name first",
            grant.workspace,
            grant.user,
            other.take::<i64>(0)?
        )));
    }
    let sql =
        "INSERT INTO user_role_assignments (user_id, role_id) VALUES (?, ?) ON CONFLICT DO NOTHING";
    on.execute(sql, &[grant.user.into(), role.into()])?;
    let sql = "INSERT INTO role_permissions (role_id, resource_type, resource_pattern, permission) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING";
    let values = [role.into(), grant.kind.into(), (&grant.pattern).into(), grant.permission.into()];
    on.execute(sql, &values).map(drop)
}
