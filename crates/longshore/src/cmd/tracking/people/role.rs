//! `longshore tracking roles`.

use anyhow::{Result, bail};
use longshore_mlflow::rest::{
    AddRolePermission, AssignRole, CreateRole, DeleteRole, ListRoleUsers, ListRoles, ListUsers,
    RemoveRolePermission, Role, UnassignRole,
};
use serde_json::json;

use super::{
    object,
    person::{is_shown, shown},
    place::Place,
};
use crate::{
    cli::ObjectArgs,
    cmd::{
        mlflow::{
            show::{self, json_list},
            text::{clean, said},
        },
        page::{facts, section},
        table::{or_dash, table},
    },
};

pub(super) fn list(place: &Place, all_workspaces: bool) -> Result<String> {
    let roles = all(place, all_workspaces)?;
    if place.json {
        return json_list(&roles);
    }
    let row = |role: &Role| {
        let grants = role.permissions.iter().flatten().map(|it| {
            clean(&format!("{} {} {}", it.permission, it.resource_type, it.resource_pattern))
        });
        let grants = grants.collect::<Vec<_>>().join(", ");
        let grants = or_dash(Some(grants).filter(|text| !text.is_empty()));
        vec![clean(&role.name), clean(&role.workspace), grants]
    };
    let rows: Vec<_> = roles.iter().filter(|role| is_shown(role)).map(row).collect();
    Ok(table(&["ROLE", "WORKSPACE", "GRANTS"], &rows))
}

fn all(place: &Place, all_workspaces: bool) -> Result<Vec<Role>> {
    let workspace = if all_workspaces { Vec::new() } else { vec![place.workspace.clone()] };
    Ok(place.ask(ListRoles { workspace }, "the roles")?.roles.unwrap_or_default())
}

/// The role of a name in the workspace.
fn find(place: &Place, name: &str) -> Result<Role> {
    match all(place, false)?.into_iter().find(|role| role.name == name) {
        Some(role) => Ok(role),
        None => bail!(
            "there is no role `{name}` in the workspace `{}`: `longshore tracking roles list` lists those that there are, and `MLFLOW_WORKSPACE` says which workspace it is",
            place.workspace
        ),
    }
}

pub(super) fn get(place: &Place, name: &str) -> Result<String> {
    let role = find(place, name)?;
    if place.json {
        return show::json(&role);
    }
    let who = place.ask(ListRoleUsers { role_id: role.id }, &about(name))?;
    let who = who.assignments.unwrap_or_default();
    let users = place.ask(ListUsers, "the users")?.users.unwrap_or_default();
    let who: Vec<_> = users
        .iter()
        .filter(|user| who.iter().any(|it| it.user_id == user.id))
        .map(|user| clean(&user.username))
        .collect();
    let mut page = String::new();
    let all = [
        ("Role", Some(clean(&role.name))),
        ("Workspace", Some(clean(&role.workspace))),
        ("Description", said(role.description.as_deref())),
        ("Users", Some(or_dash(Some(who.join(", ")).filter(|text| !text.is_empty())))),
    ];
    facts(&mut page, all);
    let rows = object::rows(role.permissions.iter().flatten().map(object::of_role));
    section(&mut page, "Grants", &["KIND", "OBJECT", "PERMISSION"], &rows);
    Ok(page.trim_end().to_owned())
}

pub(super) fn create(place: &Place, name: &str, description: Option<&str>) -> Result<String> {
    let role = CreateRole {
        name: name.to_owned(),
        workspace: place.workspace.clone(),
        description: description.map(str::to_owned),
    };
    let made = place.ask(role, &format!("a new role `{name}`"))?.role;
    if place.json { show::json(&made) } else { Ok(format!("the role `{name}` is made")) }
}

pub(super) fn delete(place: &Place, name: &str) -> Result<String> {
    let role_id = find(place, name)?.id;
    place.ask(DeleteRole { role_id }, &about(name))?;
    if place.json {
        return Ok(json!({ "deleted": name }).to_string());
    }
    Ok(format!("the role `{name}` is deleted"))
}

pub(super) fn grant(
    place: &Place,
    name: &str,
    object: &ObjectArgs,
    permission: &str,
) -> Result<String> {
    let grant = AddRolePermission {
        role_id: find(place, name)?.id,
        resource_type: object.kind.clone(),
        resource_pattern: object.id.clone(),
        permission: permission.to_owned(),
    };
    place.ask(grant, &about(name))?;
    changed(place, name, &format!("the role `{name}` grants {permission} of {}", shown(object)))
}

pub(super) fn revoke(place: &Place, name: &str, object: &ObjectArgs) -> Result<String> {
    let role = find(place, name)?;
    let mut grants = role.permissions.into_iter().flatten();
    let found = grants
        .find(|it| it.resource_type == object.kind && it.resource_pattern == object.id)
        .map(|it| it.id);
    let Some(role_permission_id) = found else {
        bail!(
            "the role `{name}` grants nothing of {}: `longshore tracking roles get {name}` lists what it grants",
            shown(object)
        );
    };
    place.ask(RemoveRolePermission { role_permission_id }, &about(name))?;
    changed(place, name, &format!("the role `{name}` grants nothing of {}", shown(object)))
}

pub(super) fn assign(place: &Place, name: &str, username: &str) -> Result<String> {
    let role_id = find(place, name)?.id;
    place.ask(AssignRole { username: username.to_owned(), role_id }, &about(name))?;
    changed(place, name, &format!("the user `{username}` has the role `{name}`"))
}

pub(super) fn unassign(place: &Place, name: &str, username: &str) -> Result<String> {
    let role_id = find(place, name)?.id;
    place.ask(UnassignRole { username: username.to_owned(), role_id }, &about(name))?;
    changed(place, name, &format!("the user `{username}` has the role `{name}` no longer"))
}

fn changed(place: &Place, name: &str, done: &str) -> Result<String> {
    if place.json { get(place, name) } else { Ok(done.to_owned()) }
}

fn about(name: &str) -> String {
    format!("the role `{name}`")
}
