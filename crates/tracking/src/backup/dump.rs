//! From a server to a backup.

use std::{
    fs::{self, File},
    io::{BufWriter, IntoInnerError, Write},
    path::Path,
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
    clock::now,
    sql,
    store::{Connection, Location, Table, Value},
};

/// Rows that are read at a time.
const PAGE: usize = 500;

/// Writes a backup into a folder, which must be empty or not be there. A server may go on meanwhile: all rows of a
/// database are of one moment. Users come before what they were granted, so that no grant is for what is not there, and
/// the artifacts of runs after these.
///
/// # Errors
/// When something cannot be read or written. The folder is no backup then.
pub fn backup(place: &Place, folder: &Path) -> Result<Summary, Error> {
    if fs::read_dir(folder).is_ok_and(|mut inside| inside.next().is_some()) {
        return Err(unusable(folder, "it is not empty; name a new folder for each backup"));
    }
    let users = place.users.as_ref().map(|at| all(Database::Users, at, folder)).transpose()?;
    let tables = all(Database::Experiments, &place.store, folder)?;
    let artifacts = place.artifacts.as_deref().map(|from| files::save(from, folder)).transpose()?;
    let (artifacts, bytes) = artifacts.map_or((None, 0), |(list, bytes)| (Some(list), bytes));
    let manifest = Manifest { tables, users, artifacts, bytes };
    manifest.write(folder, now())?;
    Ok(manifest.summary())
}

/// Writes all tables of a database.
fn all(database: Database, at: &Location, folder: &Path) -> Result<Vec<Part>, Error> {
    let rows = folder.join(database.folder());
    fs::create_dir_all(&rows).map_err(failed(&rows))?;
    database.open(at)?.read_now(move |on| {
        database.tables(on)?.iter().map(|table| write(on, table, &rows)).collect()
    })
}

/// Writes all rows of a table, by its key.
fn write(on: &mut dyn Connection, table: &Table, folder: &Path) -> Result<Part, Error> {
    let place = folder.join(format!("{}.jsonl", table.name));
    let mut out = Digest::new(BufWriter::new(File::create(&place).map_err(failed(&place))?));
    let (list, width) = (table.list(), table.columns.len());
    let names = table.key.iter().filter_map(|column| table.columns.get(*column));
    let key: Vec<_> = names.map(|column| format!("\"{}\"", column.name)).collect();
    let (key, marks) = (key.join(", "), sql::marks(table.key.len()));
    let mut count = 0;
    let mut last: Option<Vec<Value>> = None;
    loop {
        let after =
            if last.is_some() { format!("WHERE ({key}) > ({marks})") } else { String::new() };
        let sql = format!("SELECT {list} FROM {} {after} ORDER BY {key} LIMIT {PAGE}", table.name);
        let rows = on.query(&sql, last.as_deref().unwrap_or_default())?;
        let is_last = rows.len() < PAGE;
        for found in rows {
            let values = row::values(found, width)?;
            last =
                Some(table.key.iter().filter_map(|column| values.get(*column).cloned()).collect());
            writeln!(out, "{}", row::print(&table.columns, values)).map_err(failed(&place))?;
            count += 1;
        }
        if is_last {
            break;
        }
    }
    let (out, _, sha256) = out.end();
    let file = out.into_inner().map_err(IntoInnerError::into_error);
    file.and_then(|file| file.sync_all()).map_err(failed(&place))?;
    let columns = table.columns.iter().map(|column| column.name.clone()).collect();
    Ok(Part { name: table.name.to_owned(), columns, rows: count, sha256 })
}
