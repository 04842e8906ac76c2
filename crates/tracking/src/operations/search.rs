//! Searches: what is found is read whole, by a query for each kind of data.

use longshore_mlflow::rest::{SearchRuns, SearchRunsReply};

use super::runs;
use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation},
    routes::Route,
    search,
    sql::{ROWS, marks},
    store::{Connection, Value},
};

/// The routes of searches.
pub(super) fn routes() -> Vec<Route> {
    vec![Route::of::<SearchRuns>()]
}

/// The experiments with `ids` in the caller's workspace, each once. An id of none is left out: nothing is
/// found in it.
///
/// # Errors
/// A refusal of what is no id, and those of the store.
fn experiments(
    on: &mut dyn Connection,
    context: &Context<'_>,
    ids: &[String],
) -> Result<Vec<i64>, Error> {
    let numbers = ids.iter().map(|id| {
        let wrong =
            || format!("Invalid experiment ID '{id}'. Experiment ID must be a valid integer.");
        id.trim().parse().map_err(|_| Error::invalid(wrong()))
    });
    let mut numbers = numbers.collect::<Result<Vec<i64>, _>>()?;
    numbers.sort_unstable();
    numbers.dedup();
    let mut found = Vec::new();
    for numbers in numbers.chunks(ROWS) {
        let sql = format!(
            "SELECT experiment_id FROM experiments WHERE workspace = ? AND experiment_id IN ({})",
            marks(numbers.len())
        );
        let ids = numbers.iter().map(|id| Value::from(*id));
        let values: Vec<_> = [(&context.caller.workspace).into()].into_iter().chain(ids).collect();
        for mut row in on.query(&sql, &values)? {
            found.push(row.take(0)?);
        }
    }
    Ok(found)
}

impl Operation for SearchRuns {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        let objects = self.experiment_ids.iter().map(|id| Object::Experiment(id)).collect();
        Need { level: Level::Read, objects }
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let experiments = experiments(on, context, &self.experiment_ids)?;
        let page = search::runs::find(on, self, &experiments)?;
        let runs = runs::load(on, &page.found)?;
        Ok(SearchRunsReply { runs, next_page_token: page.next })
    }
}
