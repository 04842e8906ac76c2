//! The search of runs.

mod filter;
mod order;
mod plan;
mod sql;

use longshore_mlflow::rest::{SearchRuns, ViewType};

use self::plan::Plan;
use super::{
    limit,
    page::{self, Page},
    stage,
};
use crate::{Error, store::Connection};

/// Runs of a page when it is not said.
const DEFAULT: i64 = 1000;

/// Most runs of a page.
const MOST: i64 = 50_000;

/// The ids of a page of runs, of those in some experiments.
///
/// # Errors
/// [`Error::Refused`] in MLflow's words, and those of the store.
pub(crate) fn find(
    on: &mut dyn Connection,
    request: &SearchRuns,
    experiments: &[i64],
) -> Result<Page<String>, Error> {
    let limit = limit(request.max_results.map_or(DEFAULT, i64::from), MOST)?;
    let conditions = filter::parse(request.filter.as_deref().unwrap_or_default())?;
    let order = order::parse(&request.order_by)?;
    let stage = stage(request.run_view_type.unwrap_or(ViewType::ActiveOnly));
    let plan = Plan { experiments, stage, conditions: &conditions, order: &order };
    let scope = page::Scope::of("runs", &request.order_by);
    let count = plan.columns().len();
    let after = page::read(&scope, request.page_token.as_deref(), count)?;
    if experiments.is_empty() {
        return Ok(Page::default());
    }
    let rows = plan.rows(on, after.as_deref(), limit + 1)?;
    Page::of(&scope, rows, limit, count, |row| row.take(count))
}
