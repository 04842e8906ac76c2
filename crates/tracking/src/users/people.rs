//! The users themselves.

use longshore_mlflow::rest::ErrorCode;

use crate::{
    Error,
    store::{Connection, Dialect, Row},
};

/// Tables of permissions that MLflow keeps from before there were roles, and reads no more.
const LEGACY: [&str; 7] = [
    "experiment_permissions",
    "registered_model_permissions",
    "scorer_permissions",
    "gateway_secret_permissions",
    "gateway_endpoint_permissions",
    "gateway_model_definition_permissions",
    "workspace_permissions",
];

/// Fewest characters of a password, as in MLflow.
const SHORTEST: usize = 12;

/// Most characters of a name: what its column takes.
const LONGEST: usize = 255;

const COLUMNS: &str = "id, username, password_hash, is_admin";

/// A user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) id: i64,
    pub(crate) name: String,
    /// How the password is kept.
    pub(crate) hash: String,
    pub(crate) is_admin: bool,
}

impl Person {
    fn of(mut row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.take(0)?,
            name: row.take::<Option<String>>(1)?.unwrap_or_default(),
            hash: row.take::<Option<String>>(2)?.unwrap_or_default(),
            is_admin: row.take::<Option<bool>>(3)?.unwrap_or_default(),
        })
    }
}

/// The user with a name, when there is one.
pub(crate) fn find(on: &mut dyn Connection, name: &str) -> Result<Option<Person>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM users WHERE username = ?");
    on.first(&sql, &[name.into()])?.map(Person::of).transpose()
}

/// The user with a name.
///
/// # Errors
/// A refusal in MLflow's words, and those of the store.
pub(crate) fn by_name(on: &mut dyn Connection, name: &str) -> Result<Person, Error> {
    let missing = || Error::missing(format!("User with username={name} not found"));
    find(on, name)?.ok_or_else(missing)
}

/// All users.
pub(crate) fn all(on: &mut dyn Connection) -> Result<Vec<Person>, Error> {
    let rows = on.query(&format!("SELECT {COLUMNS} FROM users ORDER BY id"), &[])?;
    rows.into_iter().map(Person::of).collect()
}

/// Refuses a name and a password that no user may have.
///
/// # Errors
/// In MLflow's words.
pub(crate) fn check(name: &str, password: &str) -> Result<(), Error> {
    if name.is_empty() || password.is_empty() {
        return Err(Error::invalid("Username and password cannot be empty."));
    }
    check_name(name)?;
    check_password(password)
}

/// Refuses a name that no user may have.
///
/// # Errors
/// A refusal that says which names there may be.
pub(crate) fn check_name(name: &str) -> Result<(), Error> {
    // the name and the password travel with a colon between them
    if name.contains(':') || name.chars().count() > LONGEST || name.chars().any(char::is_control) {
        return Err(Error::invalid(format!(
            "Invalid username '{name}'. It has at most {LONGEST} characters, none of them a colon."
        )));
    }
    Ok(())
}

/// Refuses a password that is too short.
///
/// # Errors
/// In MLflow's words.
pub(crate) fn check_password(password: &str) -> Result<(), Error> {
    if password.chars().count() < SHORTEST {
        return Err(Error::invalid(format!("Password must be at least {SHORTEST} characters.")));
    }
    Ok(())
}

/// Adds a user.
///
/// # Errors
/// A refusal of a name that is taken, and those of the store.
pub(crate) fn add(
    on: &mut dyn Connection,
    name: &str,
    hash: &str,
    is_admin: bool,
) -> Result<Person, Error> {
    let sql = format!(
        "INSERT INTO users (username, password_hash, is_admin) VALUES (?, ?, ?) ON CONFLICT (username) DO NOTHING RETURNING {COLUMNS}"
    );
    let row = on.first(&sql, &[name.into(), hash.into(), is_admin.into()])?;
    let taken = || {
        let words = format!("User (username={name}) already exists.");
        Error::refused(ErrorCode::ResourceAlreadyExists, words)
    };
    Person::of(row.ok_or_else(taken)?)
}

/// Changes how a user's password is kept.
pub(crate) fn set_hash(on: &mut dyn Connection, id: i64, hash: &str) -> Result<(), Error> {
    on.execute("UPDATE users SET password_hash = ? WHERE id = ?", &[hash.into(), id.into()])?;
    Ok(())
}

/// Says whether a user is an administrator.
pub(crate) fn set_admin(on: &mut dyn Connection, id: i64, is_admin: bool) -> Result<(), Error> {
    on.execute("UPDATE users SET is_admin = ? WHERE id = ?", &[is_admin.into(), id.into()])?;
    Ok(())
}

/// Refuses to take the only administrator away: nobody could make another.
///
/// # Errors
/// A refusal, and those of the store.
pub(crate) fn not_last_admin(on: &mut dyn Connection, person: &Person) -> Result<(), Error> {
    if !person.is_admin {
        return Ok(());
    }
    // two that take each other away wait for one another
    let lock = match on.dialect() {
        Dialect::Sqlite => "",
        Dialect::Postgres => " FOR UPDATE",
    };
    let sql = format!("SELECT id FROM users WHERE is_admin = ? ORDER BY id{lock}");
    if on.query(&sql, &[true.into()])?.len() > 1 {
        return Ok(());
    }
    let words = format!(
        "`{}` is the only administrator; make another user an administrator first",
        person.name
    );
    Err(Error::refused(ErrorCode::ResourceConflict, words))
}

/// Removes a user with all that was granted to it.
pub(crate) fn remove(on: &mut dyn Connection, person: &Person) -> Result<(), Error> {
    let own = super::roles::own_name(person.id);
    let of_own = "role_id IN (SELECT id FROM roles WHERE name = ?)";
    on.execute(&format!("DELETE FROM role_permissions WHERE {of_own}"), &[(&own).into()])?;
    let sql = format!("DELETE FROM user_role_assignments WHERE user_id = ? OR {of_own}");
    on.execute(&sql, &[person.id.into(), (&own).into()])?;
    on.execute("DELETE FROM roles WHERE name = ?", &[own.into()])?;
    for table in LEGACY.into_iter().chain(["longshore_user_tokens"]) {
        on.execute(&format!("DELETE FROM {table} WHERE user_id = ?"), &[person.id.into()])?;
    }
    on.execute("DELETE FROM users WHERE id = ?", &[person.id.into()])?;
    Ok(())
}
