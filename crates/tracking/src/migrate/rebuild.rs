//! What SQLite needs to change a table: it is made anew, with its rows, indexes and triggers.

use crate::{
    Error,
    store::{Connection, has_table},
};

/// The name of a table while it is made.
const NEW: &str = "longshore_new";

/// Runs a statement. One that creates a table that is there makes it anew, and one that adds a column that is there does nothing:
/// MLflow may have been killed in the middle of a revision, since it applies them to SQLite without a transaction.
///
/// # Errors
/// Those of the database, and when a table would not have all of its rows.
pub(super) fn run(on: &mut dyn Connection, sql: &str) -> Result<(), Error> {
    if let Some(rest) = sql.strip_prefix("CREATE TABLE ")
        && let Some((table, _)) = rest.split_once(" (")
        && has_table(on, table)?
    {
        return make(on, table, rest);
    }
    let words: Vec<_> = sql.split_whitespace().take(6).collect();
    if let ["ALTER", "TABLE", table, "ADD", "COLUMN", column] = words[..]
        && columns(on, table)?.iter().any(|it| it == column.trim_matches('"'))
    {
        return Ok(());
    }
    if let ["CREATE", "TRIGGER", name, ..] = words[..] {
        on.script(&format!("DROP TRIGGER IF EXISTS {name}"))?;
    }
    on.script(sql)
}

fn make(on: &mut dyn Connection, table: &str, rest: &str) -> Result<(), Error> {
    let (_, body) = rest.split_at(table.len());
    on.script(&format!("DROP TABLE IF EXISTS {NEW}; CREATE TABLE {NEW}{body}"))?;
    let (old, new) = (columns(on, table)?, columns(on, NEW)?);
    let kept: Vec<_> =
        new.iter().filter(|it| old.contains(it)).map(|it| format!("\"{it}\"")).collect();
    let kept = kept.join(", ");
    let count = count(on, table)?;
    let copied =
        on.execute(&format!("INSERT INTO {NEW} ({kept}) SELECT {kept} FROM {table}"), &[])?;
    if i64::try_from(copied) != Ok(count) {
        return Err(Error::Schema(format!("`{table}` has {count} rows, and {copied} were copied")));
    }
    // those of users too; those of constraints have no text
    let sql = "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND type IN ('index', 'trigger') AND sql IS NOT NULL";
    let more = on.query(sql, &[table.into()])?;
    on.script(&format!("DROP TABLE {table}; ALTER TABLE {NEW} RENAME TO {table}"))?;
    for mut row in more {
        on.script(&row.take::<String>(0)?)?;
    }
    Ok(())
}

/// Rows of a table.
pub(super) fn count(on: &mut dyn Connection, table: &str) -> Result<i64, Error> {
    let row = on.first(&format!("SELECT count(*) FROM \"{table}\""), &[])?;
    Ok(row.map(|mut row| row.take(0)).transpose()?.unwrap_or_default())
}

/// The columns of a table that the database does not compute.
fn columns(on: &mut dyn Connection, table: &str) -> Result<Vec<String>, Error> {
    let sql = "SELECT name FROM pragma_table_info(?)";
    let rows = on.query(sql, &[table.into()])?;
    rows.into_iter().map(|mut row| row.take(0)).collect()
}
