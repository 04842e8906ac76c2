//! MLflow's schema: made in a database that is empty, recognised in one that is not.
//!
//! `schema/*.sql` are written by `tests/tracking-schema`, from databases that the real MLflow made.

use super::{
    Connection, Dialect,
    connection::has_table,
    revisions::{TRACKING, releases},
};
use crate::Error;

/// The revision of MLflow's schema that this server reads and writes.
pub(crate) const REVISION: &str = "dc11669786a5";

/// The release of MLflow whose schema that is.
const RELEASE: &str = "3.17";

/// Indexes of our own. MLflow neither needs nor minds them.
const INDEXES: &str = include_str!("schema/indexes.sql");

/// Makes the schema when the database is empty.
///
/// # Errors
/// [`Error::Revision`] when the database has another schema; those of the database.
pub(super) fn prepare(on: &mut dyn Connection) -> Result<(), Error> {
    if has_table(on, "alembic_version")? {
        let row = on.first("SELECT version_num FROM alembic_version", &[])?;
        let found = row.map(|mut row| row.take::<String>(0)).transpose()?.unwrap_or_default();
        if found != REVISION {
            return Err(Error::Revision(other(&found)));
        }
    } else if has_table(on, "experiments")? {
        return Err(Error::Revision(format!(
            "it has tables of MLflow but no revision, as MLflow before 1.0 made them; {REMEDY}"
        )));
    } else {
        make(on)?;
    }
    index(on)
}

/// Adds what is missing of our own indexes. Asking first spares the locks that adding needs.
fn index(on: &mut dyn Connection) -> Result<(), Error> {
    let (sql, text) = match on.dialect() {
        Dialect::Sqlite => (
            "SELECT count(*) FROM sqlite_master WHERE type = 'index' AND name LIKE 'longshore%'",
            INDEXES.to_owned(),
        ),
        Dialect::Postgres => (
            "SELECT count(*) FROM pg_indexes WHERE schemaname = current_schema() AND indexname LIKE 'longshore%'",
            INDEXES.replace("_time DESC", "_time DESC NULLS LAST"),
        ),
    };
    let found = on.first(sql, &[])?.map(|mut row| row.take::<i64>(0)).transpose()?;
    let wanted = INDEXES.matches("CREATE INDEX").count();
    if found.and_then(|it| usize::try_from(it).ok()) == Some(wanted) {
        Ok(())
    } else {
        on.script(&text)
    }
}

const REMEDY: &str = "bring it forward with `longshore tracking migrate` and the same location";

fn other(found: &str) -> String {
    let behind = TRACKING.iter().rev().position(|it| it.id == found);
    match behind {
        Some(steps) => format!(
            "its schema is at revision `{found}` of {}, {steps} before `{REVISION}` of MLflow {RELEASE}; {REMEDY}",
            releases(TRACKING, found)
        ),
        None => format!(
            "its schema is at revision `{found}`, which MLflow {RELEASE} does not know: a later MLflow made \
             it, and this server reads and writes `{REVISION}` only; use a Longshore that knows it, or \
             another database"
        ),
    }
}

fn make(on: &mut dyn Connection) -> Result<(), Error> {
    on.script(match on.dialect() {
        Dialect::Sqlite => include_str!("schema/sqlite.sql"),
        Dialect::Postgres => include_str!("schema/postgres.sql"),
    })?;
    on.execute("INSERT INTO alembic_version (version_num) VALUES (?)", &[REVISION.into()])?;
    let sql = "INSERT INTO workspaces (name, description) VALUES ('default', 'Default workspace for legacy resources')";
    on.execute(sql, &[])?;
    Ok(())
}

/// Makes the experiment that runs go to when they name none, if it is not there.
///
/// # Errors
/// Those of the database.
pub(super) fn seed(on: &mut dyn Connection, location: &str, now: i64) -> Result<(), Error> {
    // two servers may begin together, and an experiment of another number may have the name
    let sql = "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time, workspace) VALUES (0, 'Default', ?, 'active', ?, ?, 'default') ON CONFLICT DO NOTHING";
    on.execute(sql, &[location.into(), now.into(), now.into()])?;
    Ok(())
}
