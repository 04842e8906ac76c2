//! The rows of runs.

use super::{Kind, claim, sweep::Table};
use crate::{
    Error,
    clock::now,
    sql::marks,
    store::{Connection, Dialect, Value},
};

/// Rows of metrics that one transaction deletes: a server waits for it.
const ROWS: usize = 20_000;

pub(super) const TABLE: Table = Table {
    kind: Kind::Run,
    name: "runs",
    id: "run_uuid",
    uri: "artifact_uri",
    deleted: || {
        let claimed = claim::RUN;
        format!("(runs.lifecycle_stage = 'deleted' AND runs.deleted_time <= ? OR {claimed})")
    },
    claim: |on, ids| claim::runs(on, ids, now()),
    release: claim::release_runs,
    delete,
};

/// Deletes rows of runs, their metrics first: true once all are gone.
fn delete(on: &mut dyn Connection, ids: &[Value]) -> Result<bool, Error> {
    let marks = marks(ids.len());
    let sql = match on.dialect() {
        Dialect::Sqlite => format!(
            "DELETE FROM metrics WHERE rowid IN (SELECT rowid FROM metrics WHERE run_uuid IN ({marks}) LIMIT {ROWS})"
        ),
        Dialect::Postgres => format!(
            "DELETE FROM metrics WHERE ctid = ANY (ARRAY(SELECT ctid FROM metrics WHERE run_uuid IN ({marks}) LIMIT {ROWS}))"
        ),
    };
    if on.execute(&sql, ids)? >= ROWS as u64 {
        return Ok(false);
    }
    for table in ["latest_metrics", "params", "tags", "runs"] {
        on.execute(&format!("DELETE FROM {table} WHERE run_uuid IN ({marks})"), ids)?;
    }
    Ok(true)
}
