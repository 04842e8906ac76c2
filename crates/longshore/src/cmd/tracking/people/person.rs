//! `longshore tracking users`.

use std::{
    env, fs,
    io::{self, BufRead},
    path::Path,
};

use anyhow::{Context, Result, bail};
use longshore_mlflow::rest::{
    CreateUser, DeleteUser, GrantUserPermission, ListUserPermissions, ListUserRoles, ListUsers,
    RevokeUserPermission, Role, UpdateUserAdmin, UpdateUserPassword, User,
};
use longshore_tracking::Directory;
use serde_json::json;

use super::place::Place;
use crate::{
    cli::{ObjectArgs, PasswordArgs},
    cmd::{
        mlflow::{
            show::{json_list, note, value},
            text::clean,
        },
        page::{facts, section},
        table::{or_dash, table},
    },
};

/// What the names of roles begin with that hold the grants of one user.
const OWN: &str = "__user_";

pub(super) fn list(place: &Place) -> Result<String> {
    let users = all(place)?;
    if place.json {
        return json_list(&users);
    }
    let row = |user: &User| {
        let admin = if user.is_admin { "yes" } else { "no" };
        let roles = user.roles.iter().flatten().filter(|role| is_shown(role));
        let roles: Vec<_> = roles.map(named).collect();
        let roles = or_dash(Some(roles.join(", ")).filter(|text| !text.is_empty()));
        vec![clean(&user.username), admin.to_owned(), roles]
    };
    Ok(table(&["USER", "ADMIN", "ROLES"], &users.iter().map(row).collect::<Vec<_>>()))
}

fn all(place: &Place) -> Result<Vec<User>> {
    Ok(place.ask(ListUsers, "the users")?.users.unwrap_or_default())
}

/// The user of a name, as lists show it.
fn find(place: &Place, name: &str) -> Result<User> {
    let found = all(place)?.into_iter().find(|user| user.username == name);
    found.with_context(|| {
        format!(
            "there is no user `{name}`: `longshore tracking users list` lists those that there are"
        )
    })
}

/// Whether a role is one that people made, and does not hold the grants of one user.
pub(super) fn is_shown(role: &Role) -> bool {
    !role.name.starts_with(OWN)
}

fn named(role: &Role) -> String {
    clean(&format!("{}/{}", role.workspace, role.name))
}

pub(super) fn get(place: &Place, name: &str) -> Result<String> {
    let username = name.to_owned();
    let granted = place.ask(ListUserPermissions { username }, &about(name))?;
    if place.json {
        let value = json!({ "username": name, "permissions": value(&granted)? });
        return Ok(serde_json::to_string_pretty(&value)?);
    }
    let username = name.to_owned();
    let roles = place.ask(ListUserRoles { username }, &about(name))?.roles.unwrap_or_default();
    let roles: Vec<_> = roles.iter().filter(|role| is_shown(role)).map(named).collect();
    let mut page = String::new();
    let admin = if granted.is_admin { "yes" } else { "no" };
    let all = [
        ("User", Some(clean(name))),
        ("Administrator", Some(admin.to_owned())),
        ("Roles", Some(or_dash(Some(roles.join(", ")).filter(|text| !text.is_empty())))),
    ];
    facts(&mut page, all);
    let grants = granted.permissions.unwrap_or_default();
    let mut rows: Vec<_> = grants
        .iter()
        .map(|it| {
            let by = if it.role_name.starts_with(OWN) { "-" } else { it.role_name.as_str() };
            let cells =
                [&it.resource_type, &it.resource_pattern, &it.permission, by, &it.workspace];
            cells.map(clean).to_vec()
        })
        .collect();
    rows.sort();
    section(&mut page, "Grants", &["KIND", "OBJECT", "PERMISSION", "BY ROLE", "WORKSPACE"], &rows);
    Ok(page.trim_end().to_owned())
}

pub(super) fn create(
    place: &Place,
    name: &str,
    admin: bool,
    wanted: &PasswordArgs,
) -> Result<String> {
    let (password, is_new) = chosen(wanted)?;
    let (username, secret) = (name.to_owned(), password.clone());
    place.ask(CreateUser { username, password: secret }, &format!("a new user `{name}`"))?;
    if admin {
        let username = name.to_owned();
        place.ask(UpdateUserAdmin { username, is_admin: true }, &about(name))?;
    }
    told(place, name, is_new.then_some(&password), &format!("the user `{name}` is made"))
}

pub(super) fn password(place: &Place, name: &str, wanted: &PasswordArgs) -> Result<String> {
    let (password, is_new) = chosen(wanted)?;
    // whoever changes the own password has to know the one before
    let current = env::var("MLFLOW_TRACKING_PASSWORD").ok().filter(|_| place.is_server());
    let change = UpdateUserPassword {
        username: name.to_owned(),
        password: password.clone(),
        current_password: current,
    };
    place.ask(change, &format!("the password of the user `{name}`"))?;
    let done = format!("the user `{name}` has another password");
    told(place, name, is_new.then_some(&password), &done)
}

/// The password of a file, or a new one, and whether it is that.
fn chosen(wanted: &PasswordArgs) -> Result<(String, bool)> {
    let Some(file) = &wanted.password_file else { return Ok((Directory::new_password()?, true)) };
    let text = if file == Path::new("-") {
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line).context("no password on standard input")?;
        line
    } else {
        fs::read_to_string(file)
            .with_context(|| format!("the file `{}` of the password", file.display()))?
    };
    match text.lines().next().filter(|line| !line.is_empty()) {
        Some(line) => Ok((line.to_owned(), false)),
        None => bail!("the first line of `{}` is empty: write the password there", file.display()),
    }
}

/// What was done, and the password when it was made here.
fn told(place: &Place, name: &str, password: Option<&String>, done: &str) -> Result<String> {
    if place.json {
        let value = json!({ "user": value(&find(place, name)?)?, "password": password });
        return Ok(serde_json::to_string_pretty(&value)?);
    }
    let Some(password) = password else { return Ok(done.to_owned()) };
    note(&format!("{done}; give the password to its owner: it is not shown again"));
    Ok(password.clone())
}

pub(super) fn admin(place: &Place, name: &str, is_admin: bool) -> Result<String> {
    place.ask(UpdateUserAdmin { username: name.to_owned(), is_admin }, &about(name))?;
    let now = if is_admin { "an administrator" } else { "no administrator" };
    told(place, name, None, &format!("the user `{name}` is {now} now"))
}

pub(super) fn delete(place: &Place, name: &str) -> Result<String> {
    place.ask(DeleteUser { username: name.to_owned() }, &about(name))?;
    if place.json {
        return Ok(json!({ "deleted": name }).to_string());
    }
    Ok(format!("the user `{name}` is deleted"))
}

pub(super) fn grant(
    place: &Place,
    name: &str,
    object: &ObjectArgs,
    permission: &str,
) -> Result<String> {
    let grant = GrantUserPermission {
        username: name.to_owned(),
        resource_type: object.kind.clone(),
        resource_id: object.id.clone(),
        permission: permission.to_owned(),
    };
    place.ask(grant, &about(name))?;
    changed(place, name, &format!("the user `{name}` has {permission} of {}", shown(object)))
}

pub(super) fn revoke(place: &Place, name: &str, object: &ObjectArgs) -> Result<String> {
    let revoke = RevokeUserPermission {
        username: name.to_owned(),
        resource_type: object.kind.clone(),
        resource_id: object.id.clone(),
    };
    place.ask(revoke, &about(name))?;
    changed(place, name, &format!("the user `{name}` is granted nothing of {}", shown(object)))
}

fn changed(place: &Place, name: &str, done: &str) -> Result<String> {
    if place.json { get(place, name) } else { Ok(done.to_owned()) }
}

pub(super) fn shown(object: &ObjectArgs) -> String {
    format!("{} `{}`", object.kind, object.id)
}

fn about(name: &str) -> String {
    format!("the user `{name}`")
}
