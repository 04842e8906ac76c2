//! The tables of a database, as the database itself describes them.

use super::{Connection, Dialect};
use crate::Error;

/// A table of MLflow's schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its columns, without those that the database computes.
    pub(crate) columns: Vec<TableColumn>,
    /// The places in `columns` of its primary key.
    pub(crate) key: Vec<usize>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TableColumn {
    /// Its name.
    pub(crate) name: String,
    /// Whether it holds truth values, which SQLite keeps as numbers.
    pub(crate) is_bool: bool,
    /// Whether the database counts its values up by a sequence, which is a thing of Postgres.
    pub(crate) is_counted: bool,
}

impl Table {
    /// The names of its columns, for a statement.
    pub(crate) fn list(&self) -> String {
        let names: Vec<_> = self.columns.iter().map(|it| format!("\"{}\"", it.name)).collect();
        names.join(", ")
    }
}

/// All tables that hold what clients have written, in an order in which each refers to those before it only.
///
/// # Errors
/// Those of the database.
pub(crate) fn tables(on: &mut dyn Connection) -> Result<Vec<Table>, Error> {
    of_schema(on, include_str!("schema/sqlite.sql"))
}

/// The same of the tables that a schema makes.
///
/// # Errors
/// Those of the database.
pub(crate) fn of_schema(
    on: &mut dyn Connection,
    schema: &'static str,
) -> Result<Vec<Table>, Error> {
    let names = schema.lines().filter_map(|line| line.strip_prefix("CREATE TABLE "));
    let names = names.filter_map(|rest| rest.split([' ', '(']).next());
    names.filter(|name| !name.starts_with("alembic_version")).map(|name| table(on, name)).collect()
}

fn table(on: &mut dyn Connection, name: &'static str) -> Result<Table, Error> {
    // name, whether truth values, whether counted, place in the key from 1, else 0
    let sql = match on.dialect() {
        Dialect::Sqlite => {
            "SELECT name, upper(type) = 'BOOLEAN', 0, pk FROM pragma_table_info(?) ORDER BY cid"
        }
        Dialect::Postgres => {
            "SELECT a.attname::text, a.atttypid = 'boolean'::regtype, \
             pg_get_serial_sequence(c.oid::regclass::text, a.attname::text) IS NOT NULL, \
             coalesce(array_position(i.indkey::int2[], a.attnum), -1) + 1 \
             FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid \
             LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary \
             WHERE c.oid = to_regclass(?::text) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' \
             ORDER BY a.attnum"
        }
    };
    let (mut columns, mut key) = (Vec::new(), Vec::new());
    for mut row in on.query(sql, &[name.into()])? {
        let place: i64 = row.take(3)?;
        if place > 0 {
            key.push((place, columns.len()));
        }
        let (is_bool, is_counted) = (row.take(1)?, row.take(2)?);
        columns.push(TableColumn { name: row.take(0)?, is_bool, is_counted });
    }
    if key.is_empty() {
        return Err(Error::Schema(format!("the table `{name}` is missing or has no primary key")));
    }
    key.sort_unstable();
    Ok(Table { name, columns, key: key.into_iter().map(|(_, column)| column).collect() })
}
