//! What the catalogue of a database says, and how that differs from a new one.

mod postgres;
mod sqlite;

use std::collections::BTreeSet;

use super::{
    rebuild::count,
    schema::{Counts, Schema},
};
use crate::{
    Error,
    store::{Connection, Dialect},
};

/// Facts in words. Those of one database are compared with those of another.
type Facts = BTreeSet<String>;

/// Rows of all tables.
///
/// # Errors
/// Those of the database.
pub(super) fn rows(on: &mut dyn Connection) -> Result<Counts, Error> {
    let sql = match on.dialect() {
        Dialect::Sqlite => {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        }
        Dialect::Postgres => {
            "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()"
        }
    };
    let mut found = Counts::new();
    for mut row in on.query(sql, &[])? {
        let table: String = row.take(0)?;
        let rows = count(on, &table)?;
        found.insert(table, rows);
    }
    Ok(found)
}

/// What a new database has and this one has not, and what this one has in its place. Tables and indexes of others do not matter.
/// The transaction must not be kept.
///
/// # Errors
/// Those of the database.
pub(super) fn differences(
    on: &mut dyn Connection,
    schema: &Schema,
) -> Result<(Vec<String>, Vec<String>), Error> {
    let (found, wanted) = match on.dialect() {
        Dialect::Sqlite => (sqlite::facts(on)?, sqlite::of(schema.new_sqlite)?),
        Dialect::Postgres => postgres::both(on, schema.new_postgres)?,
    };
    let tables: BTreeSet<_> = wanted.iter().filter_map(|it| it.split(':').next()).collect();
    let is_theirs = |fact: &String| !fact.split(':').next().is_some_and(|it| tables.contains(it));
    let other = found.difference(&wanted).filter(|it| !is_theirs(it) && !it.contains(": index "));
    let other = other.cloned().collect();
    Ok((wanted.difference(&found).cloned().collect(), other))
}
