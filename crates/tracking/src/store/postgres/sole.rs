use std::{sync::Arc, thread, time::Duration};

use super::session::{Link, Open};
use crate::{
    Error,
    store::{Connection, Location, Row},
};

/// What begins a transaction: no bound of the role ends it, but it does not wait for ever for a table that others hold.
const BEGIN: &str = "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '30s'; SELECT pg_advisory_xact_lock(5000317)";

/// A database of Postgres that is open for one who changes its schema.
pub(in crate::store) struct Sole(Link);

impl Sole {
    pub(in crate::store) fn open(location: Arc<Location>) -> Result<Self, Error> {
        let mut link = Link::new(location)?;
        link.connected()?;
        Ok(Self(link))
    }

    /// Other sessions of the database. One that has ended is there for a moment more.
    pub(in crate::store) fn others(&mut self) -> Result<Vec<String>, Error> {
        let sql = "SELECT coalesce(nullif(application_name, ''), usename::text, 'unknown'), coalesce(host(client_addr), 'this machine'), count(*) \
                   FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
                   AND coalesce(backend_type, 'client backend') = 'client backend' GROUP BY 1, 2 ORDER BY 1, 2";
        let mut found = Vec::new();
        for _ in 0..10 {
            found = self.transact(false, |on| {
                let words = |mut row: Row| {
                    let (name, address): (String, String) = (row.take(0)?, row.take(1)?);
                    let count: i64 = row.take(2)?;
                    Ok(format!("{count} connections of `{name}` from {address}"))
                };
                on.query(sql, &[])?.into_iter().map(words).collect::<Result<Vec<_>, Error>>()
            })?;
            if found.is_empty() {
                break;
            }
            thread::sleep(Duration::from_millis(100));
        }
        Ok(found)
    }

    pub(in crate::store) fn transact<T>(
        &mut self,
        is_kept: bool,
        work: impl FnOnce(&mut dyn Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut open = Open::new(self.0.connected()?, "");
        open.script(BEGIN)?;
        let done = work(&mut open);
        let ended = if is_kept && done.is_ok() { open.commit() } else { open.rollback() };
        ended.map_err(|_| Error::Unavailable)?;
        done
    }
}
