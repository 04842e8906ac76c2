//! From a backup to a server.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

use super::{
    Database, Place, Summary,
    digest::Digest,
    failed, files,
    manifest::{Manifest, Part},
    row, unusable,
};
use crate::{
    Error,
    sql::tuples,
    store::{Connection, Location, Store, Table, Value},
};

/// Values of one statement: SQLite takes 32,766 of them.
const VALUES: usize = 4000;

/// Reads a whole backup and compares it with what it says of itself.
///
/// # Errors
/// When it is not what was written.
pub fn check(folder: &Path) -> Result<Summary, Error> {
    let manifest = Manifest::read(folder)?;
    let users = manifest.users.as_deref().unwrap_or_default();
    let users = users.iter().map(|table| (Database::Users, table));
    let tables = manifest.tables.iter().map(|table| (Database::Experiments, table));
    for (database, table) in tables.chain(users) {
        let place = rows(folder, database, table);
        let mut digest = Digest::new(File::open(&place).map_err(failed(&place))?);
        io::copy(&mut digest, &mut io::sink()).map_err(failed(&place))?;
        if digest.end().2 != table.sha256 {
            return Err(damaged(&place));
        }
    }
    if let Some(list) = &manifest.artifacts {
        files::check(folder, list)?;
    }
    Ok(manifest.summary())
}

/// Brings a backup, once it is known to be whole, into databases and a folder that are empty.
///
/// # Errors
/// When the backup is damaged or the place is not empty. The databases are left empty then, and so is the folder.
pub fn restore(place: &Place, folder: &Path) -> Result<Summary, Error> {
    let summary = check(folder)?;
    let manifest = Manifest::read(folder)?;
    let store = emptied(Database::Experiments, &place.store)?;
    let users = match (manifest.users, &place.users) {
        (Some(tables), Some(at)) => Some((emptied(Database::Users, at)?, tables)),
        _ => None,
    };
    if let (Some(list), Some(to)) = (&manifest.artifacts, &place.artifacts) {
        if fs::read_dir(to).is_ok_and(|mut inside| inside.next().is_some()) {
            return Err(unusable(
                to,
                "it is not empty; name a new folder by `--artifacts-destination`",
            ));
        }
        files::bring(folder, list, to)?;
    }
    let loaded = load(Database::Experiments, &store, manifest.tables, folder).and_then(|()| {
        let Some((users, tables)) = users else { return Ok(()) };
        let loaded = load(Database::Users, &users, tables, folder);
        if loaded.is_err() {
            store.write_now(|on| empty(Database::Experiments, on))?;
        }
        loaded
    });
    if let (Err(_), Some(to)) = (&loaded, &place.artifacts) {
        // it was empty before; what stays would stand in the way of the next attempt
        if let Err(error) = fs::remove_dir_all(to) {
            tracing::warn!("`{}` cannot be emptied again: {error}", to.display());
        }
    }
    loaded.map(|()| summary)
}

/// Opens a database, which must have no rows that somebody wrote.
fn emptied(database: Database, at: &Location) -> Result<Store, Error> {
    let store = database.open(at)?;
    if let Some(table) = store.read_now(move |on| first_filled(database, on))? {
        let (which, named) = match database {
            Database::Experiments => ("the database", "`--backend-store-uri`"),
            Database::Users => {
                ("the database of users", "`database_uri` in the configuration of users")
            }
        };
        return Err(Error::invalid(format!(
            "{which} is not empty: its table `{table}` has rows; name a new one by {named}"
        )));
    }
    Ok(store)
}

/// The first table with rows that no server makes by itself.
fn first_filled(
    database: Database,
    on: &mut dyn Connection,
) -> Result<Option<&'static str>, Error> {
    for table in database.tables(on)? {
        let own = match table.name {
            "experiments" => "WHERE experiment_id <> 0",
            "workspaces" => "WHERE name <> 'default'",
            _ => "",
        };
        if on.first(&format!("SELECT 1 FROM {} {own} LIMIT 1", table.name), &[])?.is_some() {
            return Ok(Some(table.name));
        }
    }
    Ok(None)
}

/// Deletes all rows.
fn empty(database: Database, on: &mut dyn Connection) -> Result<(), Error> {
    let tables = database.tables(on)?;
    tables.iter().rev().try_for_each(|it| on.script(&format!("DELETE FROM {}", it.name)))
}

/// Writes all rows of a database, or none.
fn load(database: Database, store: &Store, parts: Vec<Part>, folder: &Path) -> Result<(), Error> {
    let folder = folder.to_owned();
    store.write_now(move |on| {
        empty(database, on)?;
        for table in database.tables(on)? {
            let part = parts.iter().find(|part| part.name == table.name);
            let names = table.columns.iter().map(|column| &column.name);
            let part = part.filter(|part| part.columns.iter().eq(names));
            let part = part.ok_or_else(|| {
                let words =
                    format!("it has no table `{}` with the columns of the database", table.name);
                unusable(&folder, words)
            })?;
            fill(on, &table, part, &rows(&folder, database, part))?;
        }
        Ok(())
    })
}

/// Writes all rows of a table, and counts them in the database.
fn fill(on: &mut dyn Connection, table: &Table, part: &Part, place: &Path) -> Result<(), Error> {
    let width = table.columns.len();
    let most = (VALUES / width).max(1);
    let mut waiting: Vec<Value> = Vec::new();
    for line in BufReader::new(File::open(place).map_err(failed(place))?).lines() {
        let line = line.map_err(failed(place))?;
        waiting.extend(row::parse(&line, width).ok_or_else(|| damaged(place))?);
        if waiting.len() >= most * width {
            insert(on, table, &waiting)?;
            waiting.clear();
        }
    }
    if !waiting.is_empty() {
        insert(on, table, &waiting)?;
    }
    let row = on.first(&format!("SELECT count(*) FROM {}", table.name), &[])?;
    let found = row.map(|mut row| row.take::<i64>(0)).transpose()?.unwrap_or_default();
    if u64::try_from(found) != Ok(part.rows) {
        return Err(damaged(place));
    }
    count_on(on, table)
}

fn insert(on: &mut dyn Connection, table: &Table, values: &[Value]) -> Result<(), Error> {
    let width = table.columns.len();
    let all = tuples(width, values.len() / width);
    let sql = format!("INSERT INTO {} ({}) VALUES {all}", table.name, table.list());
    on.execute(&sql, values).map(drop)
}

/// Lets the sequences of Postgres go on after the numbers that are there.
fn count_on(on: &mut dyn Connection, table: &Table) -> Result<(), Error> {
    let counted = table.columns.iter().filter(|column| column.is_counted);
    for column in counted {
        let (table, column) = (table.name, &column.name);
        let sql = format!(
            "SELECT setval(pg_get_serial_sequence('{table}', '{column}'), (SELECT coalesce(max(\"{column}\"), 0) + 1 FROM {table}), false)"
        );
        on.query(&sql, &[])?;
    }
    Ok(())
}

fn rows(folder: &Path, database: Database, table: &Part) -> PathBuf {
    // the name is compared with the tables of the database before it is opened for them
    let name = table.name.replace(['/', '.'], "_");
    folder.join(database.folder()).join(format!("{name}.jsonl"))
}

fn damaged(place: &Path) -> Error {
    unusable(place, "it is not the file that was backed up; take another backup")
}
