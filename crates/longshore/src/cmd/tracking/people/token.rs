//! `longshore tracking tokens`.

use anyhow::{Context, Result, bail};
use k8s_openapi::jiff::Timestamp;
use longshore_mlflow::rest::{CreateUserToken, ListUserTokens, RevokeUserToken, UserToken};
use longshore_tracking::gc::Age;
use serde_json::json;

use super::place::Place;
use crate::cmd::{
    mlflow::{
        show::{self, json_list, note},
        text::{ago, clean},
    },
    table::{age, table},
};

pub(super) fn create(
    place: &Place,
    user: Option<&str>,
    name: &str,
    ends_in: &Age,
    read_only: bool,
) -> Result<String> {
    let end = Timestamp::now().as_millisecond().checked_add(ends_in.millis());
    let token = CreateUserToken {
        username: whose(place, user)?,
        name: name.to_owned(),
        read_only,
        expiration_time: Some(end.with_context(|| format!("`--ends-in {ends_in}` is too long"))?),
    };
    let made = place.ask(token, &format!("a new token `{name}`"))?;
    if place.json {
        return show::json(&made);
    }
    note(&format!(
        "the token `{name}` of the user `{}` ends in {ends_in}; it is not shown again",
        clean(&made.user_token.username)
    ));
    Ok(made.token)
}

pub(super) fn list(place: &Place, user: Option<&str>) -> Result<String> {
    let tokens = all(place, user)?;
    if place.json {
        return json_list(&tokens);
    }
    let row = |it: &UserToken| {
        let may = if it.read_only { "look" } else { "change" };
        let cells = [it.id.to_string(), clean(&it.name), clean(&it.username), may.to_owned()];
        [&cells[..], &[ago(Some(it.creation_time)), end(it.expiration_time)]].concat()
    };
    let headings = ["ID", "TOKEN", "USER", "MAY", "AGE", "ENDS"];
    Ok(table(&headings, &tokens.iter().map(row).collect::<Vec<_>>()))
}

fn all(place: &Place, user: Option<&str>) -> Result<Vec<UserToken>> {
    let username = whose(place, user)?;
    Ok(place.ask(ListUserTokens { username }, "the tokens")?.user_tokens.unwrap_or_default())
}

/// When a token ends, in milliseconds since 1970.
fn end(time: i64) -> String {
    let (moment, now) = (Timestamp::from_millisecond(time).ok(), Timestamp::now());
    match moment {
        Some(moment) if moment > now => format!("in {}", age(Some(now), moment)),
        moment => format!("{} ago", age(moment, now)),
    }
}

pub(super) fn revoke(place: &Place, user: Option<&str>, text: &str) -> Result<String> {
    let tokens = all(place, user)?;
    let found = tokens.iter().find(|it| it.name == text);
    let found = found.or_else(|| tokens.iter().find(|it| it.id.to_string() == text));
    let Some(UserToken { id, name, username, .. }) = found else {
        bail!(
            "there is no token `{text}`: `longshore tracking tokens list` lists those that there are, with `--user` those of another user"
        );
    };
    place.ask(RevokeUserToken { id: *id }, &format!("the token `{name}`"))?;
    if place.json {
        return Ok(json!({ "revoked": id }).to_string());
    }
    Ok(format!("the token `{}` of the user `{}` has ended", clean(name), clean(username)))
}

/// The user that is named. A database does not know who asks.
fn whose(place: &Place, user: Option<&str>) -> Result<Option<String>> {
    if user.is_none() && !place.is_server() {
        bail!("name the user of the token by `--user`");
    }
    Ok(user.map(str::to_owned))
}
