use std::sync::Arc;

use super::{Row, Value};
use crate::{
    Error,
    sql::{ROWS, tuples},
};

/// Which SQL a database speaks, where the two differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// A connection in a transaction. Statements are written once for all databases: values are marked `?`,
/// in the order of `values`.
pub trait Connection {
    /// Which SQL it speaks, where that matters.
    fn dialect(&self) -> Dialect;

    /// Changes something; the number of rows that were.
    ///
    /// # Errors
    /// Those of the database.
    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, Error>;

    /// Adds rows of `width` values each: `begin` names the table and its columns, `end` says what becomes of rows that
    /// are there. The number of rows that were added or changed.
    ///
    /// # Errors
    /// Those of the database; some rows may be added then.
    fn insert(
        &mut self,
        begin: &str,
        width: usize,
        rows: &[Value],
        end: &str,
    ) -> Result<u64, Error> {
        let (mut sql, mut prepared, mut count) = (String::new(), 0, 0);
        for rows in rows.chunks(width * ROWS) {
            if prepared != rows.len() {
                prepared = rows.len();
                sql = format!("{begin} VALUES {} {end}", tuples(width, prepared / width));
            }
            count += self.execute(&sql, rows)?;
        }
        Ok(count)
    }

    /// Runs several statements that have no values.
    ///
    /// # Errors
    /// Those of the database.
    fn script(&mut self, sql: &str) -> Result<(), Error>;

    /// All rows of a query.
    ///
    /// # Errors
    /// Those of the database.
    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, Error>;

    /// The first row of a query, when there is one.
    ///
    /// # Errors
    /// Those of the database.
    fn first(&mut self, sql: &str, values: &[Value]) -> Result<Option<Row>, Error> {
        Ok(self.query(sql, values)?.into_iter().next())
    }

    /// The text that was [kept](Connection::keep) of a run and is still right.
    fn kept(&mut self, _run: &str) -> Option<Arc<str>> {
        None
    }

    /// Keeps a text that was made of a run, where that can be done.
    fn keep(&mut self, _run: &str, _text: &Arc<str>) {}
}

/// Whether there is a table of that name.
///
/// # Errors
/// Those of the database.
pub(crate) fn has_table(on: &mut dyn Connection, table: &str) -> Result<bool, Error> {
    let sql = match on.dialect() {
        Dialect::Sqlite => "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?",
        Dialect::Postgres => {
            "SELECT 1 FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = ?"
        }
    };
    Ok(on.first(sql, &[table.into()])?.is_some())
}
