//! The pages of what people review and by which questions: the newest first.

use super::{
    page::{self, Page},
    select::{Column, Select, Sql},
};
use crate::{
    Error,
    store::{Connection, Row, Value},
};

/// Most of a page.
const MOST: i32 = 50_000;

/// What is listed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List<'a> {
    /// The table; its name stands before every column.
    pub(crate) table: &'a str,
    /// The column with the time that it is sorted by.
    pub(crate) time: &'a str,
    /// The column that tells apart what is of one time.
    pub(crate) id: &'a str,
    /// The columns that are read.
    pub(crate) columns: &'a str,
}

/// A page of rows: those that each of `conditions` holds for. `of` finds the columns from the third on.
///
/// # Errors
/// [`Error::Refused`] for a page that is none, and those of the store and of `of`.
pub(crate) fn find<T>(
    on: &mut dyn Connection,
    list: List<'_>,
    conditions: &[(&str, Value)],
    (max_results, page_token): (Option<i32>, Option<&str>),
    usual: i32,
    of: impl Fn(&mut Row) -> Result<T, Error>,
) -> Result<Page<T>, Error> {
    let limit = max_results.unwrap_or(usual);
    if !(1..=MOST).contains(&limit) {
        return Err(Error::invalid(format!(
            "max_results must be between 1 and {MOST}. See the API docs for more information about request parameters."
        )));
    }
    let limit = usize::try_from(limit).unwrap_or_default();
    let columns = [
        Column::full(format!("{}.{}", list.table, list.time), false),
        Column::full(format!("{}.{}", list.table, list.id), true),
    ];
    let asked = conditions.iter().map(|(text, value)| format!("{text} {value:?}"));
    let scope = page::Scope::of::<&str>(list.table, [])
        .and("What is listed by the page token does not match", asked);
    let count = columns.len();
    let after = page::read(&scope, page_token, count)?;
    let mut all: Vec<_> = columns.iter().map(|it| it.sql.clone()).collect();
    all.extend(list.columns.split(", ").map(|it| format!("{}.{it}", list.table)));
    let mut conditions = conditions
        .iter()
        .map(|(text, value)| Sql::of(*text, vec![value.clone()]))
        .collect::<Vec<_>>();
    let part = conditions.remove(0);
    let select = Select {
        list: &all,
        from: &Sql::of(list.table, Vec::new()),
        parts: &[part],
        conditions: &conditions,
        columns: &columns.into_iter().enumerate().collect::<Vec<_>>(),
        after: after.as_deref(),
        limit: limit + 1,
    };
    Page::of(&scope, select.rows(on)?, limit, count, of)
}
