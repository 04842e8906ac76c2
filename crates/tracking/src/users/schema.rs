//! MLflow's schema of users: made in a database that has none, recognised in one that has.
//!
//! `schema/*.sql` are written by `tests/tracking-schema`, from databases that the real MLflow made.

use crate::{
    Error,
    store::{
        Connection, Dialect, Table, has_table, of_schema,
        revisions::{self, releases},
    },
};

/// The revision of MLflow's schema of users that this server reads and writes.
pub(crate) const REVISION: &str = "f1a2b3c4d5e6";

const REMEDY: &str =
    "bring it forward with `longshore tracking migrate` and the flags of the server";

/// Makes the schema where there is none.
///
/// # Errors
/// [`Error::Revision`] when the database has another schema; those of the database.
pub(crate) fn prepare(on: &mut dyn Connection) -> Result<(), Error> {
    if !has_table(on, "alembic_version_auth")? {
        if has_table(on, "users")? {
            return Err(Error::Revision(format!(
                "its users have no revision, as MLflow before 3.6 made them; {REMEDY}"
            )));
        }
        on.script(match on.dialect() {
            Dialect::Sqlite => include_str!("schema/sqlite.sql"),
            Dialect::Postgres => include_str!("schema/postgres.sql"),
        })?;
        let sql = "INSERT INTO alembic_version_auth (version_num) VALUES (?)";
        on.execute(sql, &[REVISION.into()])?;
        return Ok(());
    }
    let row = on.first("SELECT version_num FROM alembic_version_auth", &[])?;
    let found = row.map(|mut row| row.take::<String>(0)).transpose()?.unwrap_or_default();
    if found == REVISION {
        return Ok(());
    }
    let is_before = revisions::USERS.iter().any(|it| it.id == found);
    Err(Error::Revision(if is_before {
        format!(
            "its users are at revision `{found}` of {}, before `{REVISION}`; {REMEDY}",
            releases(revisions::USERS, &found)
        )
    } else {
        format!(
            "its users are at revision `{found}`, which MLflow 3.17 does not know: a later MLflow \
             made it; use a Longshore that knows it, or another database"
        )
    }))
}

/// All tables of users, in an order in which each refers to those before it only.
///
/// # Errors
/// Those of the database.
pub(crate) fn tables(on: &mut dyn Connection) -> Result<Vec<Table>, Error> {
    of_schema(on, include_str!("schema/sqlite.sql"))
}
