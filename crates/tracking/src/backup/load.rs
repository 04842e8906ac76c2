//! From a backup to a server.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

use super::{
    DATABASE, Place, Summary,
    digest::Digest,
    failed, files,
    manifest::{Manifest, Part},
    row, unusable,
};
use crate::{
    Error,
    store::{Connection, Store, Table, Value, tables},
};

/// Values of one statement: SQLite takes 32,766 of them.
const VALUES: usize = 4000;

/// Reads a whole backup and compares it with what it says of itself.
///
/// # Errors
/// When it is not what was written.
pub fn check(folder: &Path) -> Result<Summary, Error> {
    let manifest = Manifest::read(folder)?;
    for table in &manifest.tables {
        let place = rows(folder, table);
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

/// Brings a backup, once it is known to be whole, into a database and a folder that are empty.
///
/// # Errors
/// When the backup is damaged or the place is not empty. The database is left empty then, and so is the folder.
pub fn restore(place: &Place, folder: &Path) -> Result<Summary, Error> {
    let summary = check(folder)?;
    let manifest = Manifest::read(folder)?;
    let store = Store::open(place.store.clone())?;
    if let Some(table) = store.read_now(first_filled)? {
        return Err(Error::invalid(format!(
            "the database is not empty: its table `{table}` has rows; name a new one by `--backend-store-uri`"
        )));
    }
    if let (Some(list), Some(to)) = (&manifest.artifacts, &place.artifacts) {
        if fs::read_dir(to).is_ok_and(|mut inside| inside.next().is_some()) {
            return Err(unusable(
                to,
                "it is not empty; name a new folder by `--artifacts-destination`",
            ));
        }
        files::bring(folder, list, to)?;
    }
    let from = folder.to_owned();
    let loaded = store.write_now(move |on| load(on, &manifest, &from));
    if let (Err(_), Some(to)) = (&loaded, &place.artifacts) {
        // it was empty before; what stays would stand in the way of the next attempt
        if let Err(error) = fs::remove_dir_all(to) {
            tracing::warn!("`{}` cannot be emptied again: {error}", to.display());
        }
    }
    loaded.map(|()| summary)
}

/// The first table with rows that no server makes by itself.
fn first_filled(on: &mut dyn Connection) -> Result<Option<&'static str>, Error> {
    for table in tables(on)? {
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

fn load(on: &mut dyn Connection, manifest: &Manifest, folder: &Path) -> Result<(), Error> {
    on.script("DELETE FROM experiments; DELETE FROM workspaces;")?;
    for table in tables(on)? {
        let part = manifest.tables.iter().find(|part| part.name == table.name);
        let names = table.columns.iter().map(|column| &column.name);
        let part = part.filter(|part| part.columns.iter().eq(names));
        let part = part.ok_or_else(|| {
            let words =
                format!("it has no table `{}` with the columns of the database", table.name);
            unusable(folder, words)
        })?;
        fill(on, &table, part, &rows(folder, part))?;
    }
    Ok(())
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
    let one = format!("({})", vec!["?"; width].join(", "));
    let all = vec![one; values.len() / width].join(", ");
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

fn rows(folder: &Path, table: &Part) -> PathBuf {
    // the name is compared with the tables of the database before it is opened for them
    let name = table.name.replace(['/', '.'], "_");
    folder.join(DATABASE).join(format!("{name}.jsonl"))
}

fn damaged(place: &Path) -> Error {
    unusable(place, "it is not the file that was backed up; take another backup")
}
