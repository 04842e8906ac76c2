use super::{
    Kind,
    files::Cleared,
    sweep::{PAGE, Sweep, values},
};
use crate::{Error, sql::marks, store::Value};

/// The numbers of the states in which a job has ended: succeeded, failed, timed out, cancelled.
const ENDED: &str = "(2, 3, 4, 5)";

/// Collects jobs that have ended. One that is named and has not is left alone, as by MLflow.
pub(super) fn collect(sweep: &mut Sweep<'_>) -> Result<(), Error> {
    let mut conditions = format!("status IN {ENDED}");
    let mut given: Vec<Value> = Vec::new();
    if sweep.wish.older_than.as_ref().is_some_and(|age| age.millis() > 0) {
        conditions.push_str(" AND creation_time < ?");
        given.push(sweep.scope.before.into());
    }
    if let Some(workspace) = &sweep.wish.workspace {
        conditions.push_str(" AND workspace = ?");
        given.push(workspace.into());
    }
    let parts: Vec<Option<&[String]>> = match &sweep.wish.job_ids {
        Some(ids) => ids.chunks(PAGE).map(Some).collect(),
        None => vec![None],
    };
    for part in parts {
        let mut last = String::new();
        loop {
            let mut given = given.clone();
            given.extend(values(part.unwrap_or_default()));
            given.push(last.clone().into());
            let named =
                part.map(|ids| format!(" AND id IN ({})", marks(ids.len()))).unwrap_or_default();
            let sql = format!(
                "SELECT id FROM jobs WHERE {conditions}{named} AND id > ? ORDER BY id LIMIT {PAGE}"
            );
            let is_dry = sweep.wish.dry_run;
            let work = move |on: &mut dyn crate::store::Connection| {
                let rows = on.query(&sql, &given)?;
                let ids: Vec<String> =
                    rows.into_iter().map(|mut row| row.take(0)).collect::<Result<_, _>>()?;
                if !is_dry && !ids.is_empty() {
                    let sql = format!("DELETE FROM jobs WHERE id IN ({})", marks(ids.len()));
                    on.execute(&sql, &values(&ids))?;
                }
                Ok(ids)
            };
            let ids =
                if is_dry { sweep.store.read_now(work)? } else { sweep.store.write_now(work)? };
            let Some(end) = ids.last() else { break };
            last.clone_from(end);
            for id in ids {
                sweep.gone(Kind::Job, id, Cleared::default());
            }
        }
    }
    Ok(())
}
