//! The rows of runs.

use super::{
    Kind, claim,
    files::Owner,
    sweep::{PAGE, Scope, Table, Which, marks, owners, values},
};
use crate::{
    Error,
    clock::now,
    store::{Connection, Dialect, Value},
};

/// Rows of metrics that one transaction deletes: a server waits for it.
const ROWS: usize = 20_000;

pub(super) const TABLE: Table = Table {
    kind: Kind::Run,
    page,
    claim: |on, ids| claim::runs(on, ids, now()),
    release: claim::release_runs,
    delete,
};

fn page(
    on: &mut dyn Connection,
    which: &Which,
    scope: &Scope,
    last: &str,
) -> Result<Vec<Owner>, Error> {
    let (wanted, given) = match which {
        Which::Named(ids) => (format!("runs.run_uuid IN ({})", marks(ids.len())), values(ids)),
        Which::Deleted => (
            format!(
                "(runs.lifecycle_stage = 'deleted' AND runs.deleted_time <= ? OR {})",
                claim::RUN
            ),
            vec![scope.before.into()],
        ),
        Which::Of(experiment) => ("runs.experiment_id = ?".to_owned(), vec![(*experiment).into()]),
    };
    let sql = format!(
        "SELECT runs.run_uuid, runs.artifact_uri, e.workspace FROM runs LEFT JOIN experiments e ON e.experiment_id = runs.experiment_id WHERE {wanted} AND {} AND runs.run_uuid > ? ORDER BY runs.run_uuid LIMIT {PAGE}",
        scope.inside("runs")
    );
    owners(on.query(&sql, &[given, scope.values(), vec![last.into()]].concat())?)
}

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
