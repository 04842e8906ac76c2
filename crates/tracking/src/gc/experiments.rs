//! Experiments with all that is in them.

use super::{
    Kind, claim,
    files::{Cleared, Owner},
    models, runs,
    sweep::{PAGE, Scope, Sweep, Which, values},
};
use crate::{
    Error, operations,
    sql::marks,
    store::{Connection, Value},
};

/// Tables of what an experiment has that nothing in the database deletes with it, in their order.
const INSIDE: [&str; 7] = [
    "sql_trace_rollup_rebuild_queue",
    "sql_trace_metric_daily_rollups",
    "sql_span_cost_daily_rollups",
    "sql_assessment_daily_rollups",
    "online_scoring_configs",
    "experiment_tags",
    "experiments",
];

/// Collects experiments.
pub(super) fn collect(sweep: &mut Sweep<'_>) -> Result<(), Error> {
    let (named, scope) = (sweep.wish.experiments.clone(), sweep.scope.clone());
    let is_aged = sweep.wish.older_than.is_some();
    let work = move |on: &mut dyn Connection| find(on, named.as_deref(), &scope, is_aged);
    for (id, owner) in sweep.store.read_now(work)? {
        one(sweep, id, &owner)?;
    }
    Ok(())
}

/// The experiments that are to go.
fn find(
    on: &mut dyn Connection,
    named: Option<&[String]>,
    scope: &Scope,
    is_aged: bool,
) -> Result<Vec<(i64, Owner)>, Error> {
    let (wanted, given) = match named {
        Some(ids) => {
            let ids: Vec<Value> =
                ids.iter().filter_map(|it| it.parse::<i64>().ok()).map(Value::from).collect();
            if ids.is_empty() {
                return Ok(Vec::new());
            }
            (format!("experiment_id IN ({})", marks(ids.len())), ids)
        }
        None if is_aged => (
            format!(
                "(lifecycle_stage = 'deleted' AND last_update_time < ? OR {})",
                claim::EXPERIMENT
            ),
            vec![scope.before.into()],
        ),
        None => (format!("(lifecycle_stage = 'deleted' OR {})", claim::EXPERIMENT), Vec::new()),
    };
    let sql = format!(
        "SELECT experiment_id, artifact_location, workspace FROM experiments WHERE {wanted} AND {} ORDER BY experiment_id",
        scope.experiments()
    );
    let rows = on.query(&sql, &[given, scope.values()].concat())?;
    let owner = |mut row: crate::store::Row| {
        let id: i64 = row.take(0)?;
        Ok((id, Owner { id: id.to_string(), uri: row.take(1)?, workspace: row.take(2)? }))
    };
    rows.into_iter().map(owner).collect()
}

fn one(sweep: &mut Sweep<'_>, id: i64, owner: &Owner) -> Result<(), Error> {
    if let Some(run) = young(sweep, id)? {
        let words = format!(
            "its run {run} was deleted later than that; Only runs older than the required age can be deleted"
        );
        sweep.left(Kind::Experiment, owner.id.clone(), &Error::invalid(words));
        return Ok(());
    }
    let is_dry = sweep.wish.dry_run;
    if !is_dry && !sweep.store.write_now(move |on| claim::experiment(on, id))? {
        return Ok(());
    }
    let mut cleared = Cleared::default();
    let all = sweep.things(&runs::TABLE, &Which::Of(id))?
        && sweep.things(&models::TABLE, &Which::Of(id))?
        && traces(sweep, id, owner, &mut cleared)?;
    if !all {
        if !is_dry {
            sweep.store.write_now(move |on| claim::release_experiment(on, id))?;
        }
        let words = "some of what is in it could not be collected; do so, then try again";
        sweep.left(Kind::Experiment, owner.id.clone(), &Error::invalid(words));
        return Ok(());
    }
    if !is_dry {
        sweep.store.write_now(move |on| {
            INSIDE.iter().try_for_each(|table| {
                let sql = format!("DELETE FROM {table} WHERE experiment_id = ?");
                on.execute(&sql, &[id.into()]).map(drop)
            })
        })?;
        if !sweep.wish.without_artifacts {
            sweep.wait(sweep.files.prune(owner));
        }
    }
    sweep.gone(Kind::Experiment, owner.id.clone(), cleared);
    Ok(())
}

/// A run of an experiment that was deleted too late to be collected.
fn young(sweep: &Sweep<'_>, id: i64) -> Result<Option<String>, Error> {
    if sweep.wish.older_than.is_none() {
        return Ok(None);
    }
    let before = sweep.scope.before;
    sweep.store.read_now(move |on| {
        let sql = "SELECT run_uuid FROM runs WHERE experiment_id = ? AND lifecycle_stage = 'deleted' AND (deleted_time IS NULL OR deleted_time > ?) LIMIT 1";
        on.first(sql, &[id.into(), before.into()])?.map(|mut row| row.take(0)).transpose()
    })
}

/// Collects the traces of an experiment: whether all could be.
fn traces(
    sweep: &mut Sweep<'_>,
    id: i64,
    experiment: &Owner,
    cleared: &mut Cleared,
) -> Result<bool, Error> {
    let (mut last, mut all) = ((i64::MIN, String::new()), true);
    loop {
        let after = last.clone();
        let page = sweep.store.read_now(move |on| {
            let sql = format!(
                "SELECT timestamp_ms, request_id FROM trace_info WHERE experiment_id = ? AND (timestamp_ms, request_id) > (?, ?) ORDER BY timestamp_ms, request_id LIMIT {PAGE}"
            );
            let rows = on.query(&sql, &[id.into(), after.0.into(), (&after.1).into()])?;
            rows.into_iter().map(|mut row| Ok((row.take(0)?, row.take(1)?))).collect::<Result<Vec<(i64, String)>, Error>>()
        })?;
        let Some(end) = page.last() else { return Ok(all) };
        last.clone_from(end);
        let owners: Vec<_> =
            page.into_iter().map(|(_, trace)| of_trace(experiment, trace)).collect();
        let mut gone = Vec::new();
        for (owner, found) in owners.iter().zip(sweep.clear(&owners)?) {
            match found {
                Ok(found) => {
                    cleared.size += found.size;
                    cleared.stays.extend(found.stays);
                    gone.push(owner.id.clone());
                }
                Err(error) => {
                    all = false;
                    tracing::warn!("the files of the trace {} stay: {error}", owner.id);
                }
            }
        }
        sweep.summary.traces += gone.len() as u64;
        if !sweep.wish.dry_run && !gone.is_empty() {
            sweep.store.write_now(move |on| {
                let sql =
                    format!("DELETE FROM trace_info WHERE request_id IN ({})", marks(gone.len()));
                on.execute(&sql, &values(&gone))
            })?;
        }
    }
}

fn of_trace(experiment: &Owner, id: String) -> Owner {
    let uri = experiment.uri.as_deref().filter(|uri| !uri.is_empty());
    let uri = uri.map(|uri| operations::below(uri, &format!("traces/{id}/artifacts")));
    Owner { id, uri, workspace: experiment.workspace.clone() }
}
