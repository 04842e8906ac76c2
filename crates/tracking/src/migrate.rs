//! Brings databases of older releases of MLflow forward to the schema that this server uses.
//!
//! MLflow's revisions are applied one by one, each in a transaction that also says that the database is at it: whoever is killed
//! begins again where it stopped, and MLflow itself could go on from there. The statements are those of
//! `tests/tracking-schema/steps.py`, which compares what the real MLflow makes; what changes rows is in `rows`.

mod facts;
mod grants;
mod rebuild;
mod rows;
mod schema;
mod traces;

use std::path::PathBuf;

pub use schema::{Counts, Schema, TRACKING, USERS};

use crate::{
    Error,
    clock::now,
    store::{
        Dialect, Location, Sole,
        revisions::{Revision, releases},
    },
};

/// A database that may be of an older release.
pub struct Database {
    sole: Sole,
    schema: &'static Schema,
    /// Rows that moved to columns or came into being on the way.
    moved: Counts,
}

/// What there is to do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The revision of the database; `None` before there were any.
    pub revision: Option<&'static str>,
    /// The releases of MLflow whose databases are at it.
    pub releases: String,
    /// What comes, the first first. Nothing when the database is at the last revision.
    pub steps: &'static [Revision],
    /// Its rows.
    pub rows: Counts,
    /// Who else has the database open, as far as that can be known.
    pub others: Vec<String>,
}

/// How a database came out.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// Its rows.
    pub rows: Counts,
    /// Tables with another number of rows than they should have, in words.
    pub lost: Vec<String>,
    /// What a new database has and this one has not, in words.
    pub missing: Vec<String>,
    /// What this one has otherwise, in words.
    pub other: Vec<String>,
}

impl Database {
    /// Opens a database that is there.
    ///
    /// # Errors
    /// When it is not, or cannot be opened.
    pub fn open(location: &Location, schema: &'static Schema) -> Result<Self, Error> {
        Ok(Self { sole: Sole::open(location)?, schema, moved: Counts::new() })
    }

    /// What there is to do. Nothing is changed.
    ///
    /// # Errors
    /// [`Error::Revision`] when it is at a revision that is not known, or is no database of MLflow; those of the database.
    pub fn plan(&mut self) -> Result<Plan, Error> {
        let schema = self.schema;
        let (revision, rows) = self.sole.look(|on| Ok((schema.revision(on)?, facts::rows(on)?)))?;
        let at = revision.and_then(|id| schema.chain.iter().position(|it| it.id == id));
        let steps = at.map_or(schema.chain, |at| schema.chain.get(at + 1..).unwrap_or_default());
        let releases = match revision {
            Some(id) => releases(schema.chain, id),
            None => "an MLflow before revisions".to_owned(),
        };
        Ok(Plan { revision, releases, steps, rows, others: self.sole.others()? })
    }

    /// Has nobody else use the database until this is dropped, where it can do that: files of SQLite can.
    ///
    /// # Errors
    /// When it is in use.
    pub fn lock(&mut self) -> Result<(), Error> {
        self.sole.lock()
    }

    /// Writes a copy of a file of SQLite beside it: where it is. Postgres has none.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn copy(&mut self, plan: &Plan) -> Result<Option<PathBuf>, Error> {
        self.sole.copy(&format!("at-{}", plan.revision.unwrap_or("none")))
    }

    /// Brings the database to the next revision, whole or not at all: to which, or `None` when it is at the last one.
    ///
    /// # Errors
    /// When a statement fails, or rows would be lost; the database stays at its revision.
    pub fn step(&mut self) -> Result<Option<&'static Revision>, Error> {
        let (schema, now) = (self.schema, now());
        let mut moved = Counts::new();
        let done = self.sole.change(|on| {
            let from = schema.revision(on)?;
            let Some(next) = schema.after(from) else { return Ok(None) };
            let mut apply = || {
                for statement in schema.statements(on.dialect(), next.id) {
                    match (statement, on.dialect()) {
                        (schema::ROWS, _) => rows::change(on, next.id, now, &mut moved)?,
                        (sql, Dialect::Sqlite) => rebuild::run(on, sql)?,
                        (sql, Dialect::Postgres) => on.script(sql)?,
                    }
                }
                schema.arrive(on, next.id)
            };
            apply()
                .map(|()| Some(next))
                .map_err(|error| Error::Migration { revision: next.id, reason: Box::new(error) })
        })?;
        for (table, count) in moved {
            *self.moved.entry(table).or_default() += count;
        }
        Ok(done)
    }

    /// Compares the database with a new one of the last revision, and its rows with those that a plan saw.
    ///
    /// # Errors
    /// Those of the database.
    pub fn verify(&mut self, before: &Plan) -> Result<Verdict, Error> {
        let schema = self.schema;
        let (rows, (missing, other)) =
            self.sole.look(|on| Ok((facts::rows(on)?, facts::differences(on, schema)?)))?;
        let lost = before.rows.iter().filter(|(table, _)| *table != schema.versions);
        let lost = lost.filter_map(|(table, count)| {
            let wanted = count + self.moved.get(table).copied().unwrap_or_default();
            let found = rows.get(table).copied().unwrap_or_default();
            (found != wanted).then(|| format!("`{table}` has {found} rows in place of {wanted}"))
        });
        Ok(Verdict { lost: lost.collect(), rows, missing, other })
    }

    /// The file that the database is, if it is one.
    pub fn file(&self) -> Option<&std::path::Path> {
        self.sole.file()
    }
}

#[cfg(test)]
mod tests;
