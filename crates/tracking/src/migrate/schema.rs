//! The schemas that are brought forward: their revisions, and the statements of each.

use std::collections::BTreeMap;

use crate::{
    Error,
    store::{
        Connection, Dialect, has_table,
        revisions::{self, Chain, Revision},
    },
};

/// Rows by table.
pub type Counts = BTreeMap<String, i64>;

/// Stands among statements where a revision changes rows.
pub(super) const ROWS: &str = "-- rows";

/// A schema with its revisions.
#[derive(Debug)]
pub struct Schema {
    /// Its revisions.
    pub chain: Chain,
    /// The table that says at which one a database is.
    pub(super) versions: &'static str,
    /// A table that every database of it has.
    first: &'static str,
    /// Statements of all revisions, by database.
    pub(super) sqlite: &'static str,
    pub(super) postgres: &'static str,
    /// The last revision, as a new database has it.
    pub(super) new_sqlite: &'static str,
    pub(super) new_postgres: &'static str,
}

/// The schema of experiments and models.
pub static TRACKING: Schema = Schema {
    chain: revisions::TRACKING,
    versions: "alembic_version",
    first: "experiments",
    sqlite: include_str!("tracking/sqlite.sql"),
    postgres: include_str!("tracking/postgres.sql"),
    new_sqlite: include_str!("../store/schema/sqlite.sql"),
    new_postgres: include_str!("../store/schema/postgres.sql"),
};

/// The schema of users.
pub static USERS: Schema = Schema {
    chain: revisions::USERS,
    versions: "alembic_version_auth",
    first: "users",
    sqlite: include_str!("users/sqlite.sql"),
    postgres: include_str!("users/postgres.sql"),
    new_sqlite: include_str!("../users/schema/sqlite.sql"),
    new_postgres: include_str!("../users/schema/postgres.sql"),
};

impl Schema {
    /// The revision of a database; `None` before there were any.
    pub(super) fn revision(&self, on: &mut dyn Connection) -> Result<Option<&'static str>, Error> {
        if has_table(on, self.versions)? {
            let rows = on.query(&format!("SELECT version_num FROM {}", self.versions), &[])?;
            let found = rows.into_iter().map(|mut row| row.take::<String>(0));
            let found = found.collect::<Result<Vec<_>, _>>()?;
            match &found[..] {
                [] => {}
                [id] => {
                    let known = self.chain.iter().find(|it| it.id == id);
                    return known.map(|it| Some(it.id)).ok_or_else(|| Error::Revision(format!(
                        "its schema is at revision `{id}`, which MLflow 3.17 does not know: a later MLflow made it; use a Longshore that knows it"
                    )));
                }
                _ => {
                    return Err(Error::Revision(format!(
                        "its table `{}` names several revisions: {}",
                        self.versions,
                        found.join(", ")
                    )));
                }
            }
        }
        if !has_table(on, self.first)? {
            return Err(Error::Revision(format!(
                "it has no table `{}` of MLflow, so that there is nothing to bring forward; a server makes its tables when it starts",
                self.first
            )));
        }
        // MLflow before 3.6 made its users without a revision
        let initial = self.chain.first().filter(|_| self.first == "users");
        Ok(initial.map(|it| it.id))
    }

    /// The revision that follows one.
    pub(super) fn after(&self, from: Option<&str>) -> Option<&'static Revision> {
        let at = from.and_then(|id| self.chain.iter().position(|it| it.id == id));
        self.chain.get(at.map_or(0, |at| at + 1))
    }

    /// Says that the database is at a revision.
    pub(super) fn arrive(&self, on: &mut dyn Connection, id: &str) -> Result<(), Error> {
        let table = self.versions;
        on.script(&format!(
            "CREATE TABLE IF NOT EXISTS {table} (version_num VARCHAR(32) NOT NULL, CONSTRAINT {table}_pkc PRIMARY KEY (version_num))"
        ))?;
        if on.execute(&format!("UPDATE {table} SET version_num = ?"), &[id.into()])? == 0 {
            on.execute(&format!("INSERT INTO {table} (version_num) VALUES (?)"), &[id.into()])?;
        }
        Ok(())
    }

    /// The statements of a revision, with [`ROWS`] where it changes rows.
    pub(super) fn statements(
        &self,
        dialect: Dialect,
        id: &str,
    ) -> impl Iterator<Item = &'static str> + use<> {
        let text = match dialect {
            Dialect::Sqlite => self.sqlite,
            Dialect::Postgres => self.postgres,
        };
        let begin = format!("-- revision {id}");
        let all = text.split("\n\n").map(str::trim_end);
        all.skip_while(move |it| *it != begin)
            .skip(1)
            .take_while(|it| !it.starts_with("-- revision "))
    }
}
