//! Tokens of users: what programs ask with in a user's place. They are in a table of our own beside MLflow's,
//! which MLflow does not look at; a user that MLflow removes takes its tokens along.

use longshore_mlflow::rest::{ErrorCode, UserToken};
use ring::{
    digest::{SHA256, digest},
    rand::{SecureRandom, SystemRandom},
};

use super::{
    password::hex,
    people::{self, Person},
};
use crate::{
    Error,
    store::{Connection, Dialect, Row},
};

/// What every token begins with.
pub(crate) const PREFIX: &str = "lsu_";

/// Random bytes of a token. Nobody guesses 256 bits, so a plain digest hides it.
const LENGTH: usize = 32;

/// Most characters of a name.
const LONGEST: usize = 64;

const COLUMNS: &str = "id, username, name, read_only, creation_time, expiration_time";

/// A new token, whole.
///
/// # Errors
/// When the system gives no random bytes.
pub(crate) fn new() -> Result<String, Error> {
    let mut bytes = [0; LENGTH];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Error::Random)?;
    Ok(format!("{PREFIX}{}", hex(&bytes)))
}

/// What a token is kept as.
pub(crate) fn digest_of(token: &str) -> String {
    hex(digest(&SHA256, token.as_bytes()).as_ref())
}

/// Makes the table where there is none.
///
/// # Errors
/// Those of the database.
pub(super) fn prepare(on: &mut dyn Connection) -> Result<(), Error> {
    on.script(match on.dialect() {
        Dialect::Sqlite => include_str!("tokens/sqlite.sql"),
        Dialect::Postgres => include_str!("tokens/postgres.sql"),
    })
}

fn token(mut row: Row) -> Result<UserToken, Error> {
    Ok(UserToken {
        id: row.take(0)?,
        username: row.take(1)?,
        name: row.take(2)?,
        read_only: row.take(3)?,
        creation_time: row.take(4)?,
        expiration_time: row.take(5)?,
    })
}

/// Refuses what can be no name.
///
/// # Errors
/// When it is empty, too long or has a character that cannot be seen.
fn check_name(name: &str) -> Result<(), Error> {
    let is_shown = !name.trim().is_empty() && !name.chars().any(char::is_control);
    if is_shown && name.chars().count() <= LONGEST {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "`name` is `{name}`; the name of a token has 1 to {LONGEST} characters"
    )))
}

/// Adds a token of a user, by its digest. `wanted` says its name and its times; its number is not looked at.
/// One of the same name that has ended gives its place.
///
/// # Errors
/// Refusals of a name that is none or taken and of an end that is past, and those of the store.
pub(crate) fn add(
    on: &mut dyn Connection,
    person: &Person,
    wanted: &UserToken,
    digest: &str,
) -> Result<UserToken, Error> {
    let UserToken { name, read_only, creation_time, expiration_time, .. } = wanted;
    check_name(name)?;
    if expiration_time <= creation_time {
        return Err(Error::invalid(format!(
            "`expiration_time` is {expiration_time}, which is past; it is in milliseconds since 1970"
        )));
    }
    let sql =
        "DELETE FROM longshore_user_tokens WHERE user_id = ? AND name = ? AND expiration_time <= ?";
    on.execute(sql, &[person.id.into(), name.into(), (*creation_time).into()])?;
    let sql = format!(
        "INSERT INTO longshore_user_tokens (user_id, username, name, digest, read_only, creation_time, expiration_time) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (user_id, name) DO NOTHING RETURNING {COLUMNS}"
    );
    let values = [
        person.id.into(),
        (&person.name).into(),
        name.into(),
        digest.into(),
        (*read_only).into(),
        (*creation_time).into(),
        (*expiration_time).into(),
    ];
    let row = on.first(&sql, &values)?;
    let taken = || {
        let words = format!(
            "the user `{}` has a token `{name}`; name it otherwise, or revoke that one",
            person.name
        );
        Error::refused(ErrorCode::ResourceAlreadyExists, words)
    };
    token(row.ok_or_else(taken)?)
}

/// The tokens of a user, the oldest first.
///
/// # Errors
/// Those of the store.
pub(crate) fn of(on: &mut dyn Connection, person: &Person) -> Result<Vec<UserToken>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM longshore_user_tokens WHERE user_id = ? AND username = ? ORDER BY id"
    );
    on.query(&sql, &[person.id.into(), (&person.name).into()])?.into_iter().map(token).collect()
}

/// The number of the user of a token.
///
/// # Errors
/// Those of the store.
pub(crate) fn owner(on: &mut dyn Connection, id: i64) -> Result<Option<i64>, Error> {
    let row = on.first("SELECT user_id FROM longshore_user_tokens WHERE id = ?", &[id.into()])?;
    row.map(|mut row| row.take(0)).transpose()
}

/// Ends a token.
///
/// # Errors
/// A refusal when there is none, and those of the store.
pub(crate) fn revoke(on: &mut dyn Connection, id: i64) -> Result<(), Error> {
    if on.execute("DELETE FROM longshore_user_tokens WHERE id = ?", &[id.into()])? == 0 {
        return Err(Error::missing(format!("there is no token with the id {id}")));
    }
    Ok(())
}

/// The user of a token that has not ended. `now` is in milliseconds since 1970.
///
/// # Errors
/// Those of the store.
pub(super) fn find(
    on: &mut dyn Connection,
    digest: &str,
    now: i64,
) -> Result<Option<(Person, UserToken)>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM longshore_user_tokens WHERE digest = ? AND expiration_time > ?"
    );
    let Some(row) = on.first(&sql, &[digest.into(), now.into()])? else { return Ok(None) };
    let token = token(row)?;
    let owner = owner(on, token.id)?;
    // a number may be given again, to a user of another name
    let person = people::find(on, &token.username)?.filter(|it| Some(it.id) == owner);
    Ok(person.map(|person| (person, token)))
}
