//! The search of traces.

mod analytics;
mod assessments;
mod correlation;
mod filter;
mod metrics;
mod order;
mod plan;
mod spans;
mod sql;

use self::plan::Plan;
pub(crate) use self::{correlation::count, metrics::query};
use super::{
    limit,
    page::{self, Page},
};
use crate::{Error, store::Connection};

/// Traces of a page when it is not said.
const DEFAULT: i64 = 100;

/// Most traces of a page.
const MOST: i64 = 500;

/// What is asked of traces.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    /// The experiments they are in.
    pub(crate) experiments: &'a [i64],
    /// Comparisons joined by `AND`.
    pub(crate) filter: Option<&'a str>,
    /// Most of a page.
    pub(crate) max_results: Option<i32>,
    /// What they are sorted by.
    pub(crate) order_by: &'a [String],
    /// The token that the page before gave.
    pub(crate) page_token: Option<&'a str>,
}

/// The ids of a page of traces.
///
/// # Errors
/// [`Error::Refused`] in MLflow's words, and those of the store.
pub(crate) fn find(on: &mut dyn Connection, asked: Asked<'_>) -> Result<Page<String>, Error> {
    let Asked { experiments, filter, max_results, order_by, page_token } = asked;
    let limit = limit(max_results.map_or(DEFAULT, i64::from), MOST)?;
    let conditions = filter::parse(filter.unwrap_or_default())?;
    let order = order::parse(order_by)?;
    let scope = page::Scope::of("traces", order_by);
    let count = order::columns(&order).len();
    let after = page::read(&scope, page_token, count)?;
    if experiments.is_empty() {
        return Ok(Page::default());
    }
    let plan = Plan { experiments, conditions: &conditions, order: &order };
    let rows = plan.rows(on, after.as_deref(), limit + 1)?;
    Page::of(&scope, rows, limit, count, |row| row.take(count))
}
