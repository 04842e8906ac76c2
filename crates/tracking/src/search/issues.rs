//! The search of issues: the worst first, of those the ones that most traces show, of those the newest.

use longshore_mlflow::rest::{SearchIssues, names};

use super::{
    clause::{Clause, clauses},
    limit,
    operator::Operator,
    page::{self, Page},
    select::{Column, Select, Sql},
};
use crate::{
    Error,
    store::{Connection, Row},
};

/// Most issues of a page.
const MOST: i64 = 50_000;

/// Issues of a page when the request does not say how many.
const USUAL: i32 = 100;

/// How far an issue is; the first when nobody said.
pub(crate) const STATUSES: [&str; 3] = ["pending", "rejected", "resolved"];

/// How bad an issue is, the worst last.
pub(crate) const SEVERITIES: [&str; 4] = ["not_an_issue", "low", "medium", "high"];

/// The tables of issues.
pub(crate) const FROM: &str = "issues i JOIN experiments e ON e.experiment_id = i.experiment_id";

/// The columns of an issue.
pub(crate) const COLUMNS: &str = "i.issue_id, i.experiment_id, i.name, i.description, i.status, i.severity, i.root_causes, i.source_run_id, i.created_timestamp, i.last_updated_timestamp, i.created_by, i.categories";

/// Traces that are linked to an issue.
const TRACES: &str = "(SELECT COUNT(DISTINCT a.trace_id) FROM assessments a WHERE a.name = i.issue_id AND a.assessment_type = 'issue')";

/// A search that can be answered.
pub(crate) struct Search<'a> {
    request: &'a SearchIssues,
    part: Sql,
    conditions: Vec<Sql>,
    limit: usize,
}

impl<'a> Search<'a> {
    /// What a request asks for in a workspace.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub(crate) fn of(request: &'a SearchIssues, workspace: &str) -> Result<Self, Error> {
        let limit = limit(request.max_results.unwrap_or(USUAL).into(), MOST)?;
        let mut part = Sql::of("e.workspace = ?", vec![workspace.into()]);
        if let Some(id) = request.experiment_id.as_deref().filter(|it| !it.is_empty()) {
            part.push(" AND i.experiment_id = ?", [names::experiment_id(id)?.into()]);
        }
        let filter = request.filter_string.as_deref().unwrap_or_default();
        let conditions = clauses(filter)?.iter().map(condition).collect::<Result<_, _>>()?;
        Ok(Self { request, part, conditions, limit })
    }

    /// The page: `of` finds [`COLUMNS`] from where it is told, and is told how many traces are linked, if that is asked for.
    ///
    /// # Errors
    /// [`Error::Refused`] for a page that is none, and those of the store and of `of`.
    pub(crate) fn page<T>(
        &self,
        on: &mut dyn Connection,
        of: impl Fn(&mut Row, usize, Option<i32>) -> Result<T, Error>,
    ) -> Result<Page<T>, Error> {
        let counts = self.request.include_trace_count.unwrap_or_default();
        let ranks =
            SEVERITIES.iter().enumerate().map(|(rank, it)| format!("WHEN '{it}' THEN {rank}"));
        let severity =
            format!("CASE i.severity {} ELSE -1 END", ranks.collect::<Vec<_>>().join(" "));
        let mut columns = vec![Column::full(severity, false)];
        columns.extend(counts.then(|| Column::full(TRACES, false)));
        columns.push(Column::full("i.created_timestamp", false));
        columns.push(Column::full("i.issue_id", false));
        let asked = [self.request.experiment_id.as_deref(), self.request.filter_string.as_deref()];
        let scope = page::Scope::of("issues", [if counts { "traces" } else { "" }]).and(
            "Experiment or filter in the page token does not match",
            asked.map(Option::unwrap_or_default),
        );
        let count = columns.len();
        let after = page::read(&scope, self.request.page_token.as_deref(), count)?;
        let mut list: Vec<_> = columns.iter().map(|it| it.sql.clone()).collect();
        list.extend(COLUMNS.split(", ").map(ToOwned::to_owned));
        let select = Select {
            list: &list,
            from: &Sql::of(FROM, Vec::new()),
            parts: std::slice::from_ref(&self.part),
            conditions: &self.conditions,
            columns: &columns.into_iter().enumerate().collect::<Vec<_>>(),
            after: after.as_deref(),
            limit: self.limit + 1,
        };
        Page::of(&scope, select.rows(on)?, self.limit, count, |row| {
            let traces = if counts { Some(row.take::<i64>(1)?) } else { None };
            of(row, count, traces.map(|it| it.try_into().unwrap_or(i32::MAX)))
        })
    }
}

/// A comparison in SQL. Quotes around what is compared may be missing, as in MLflow.
fn condition(clause: &Clause<'_>) -> Result<Sql, Error> {
    let column = match bare(clause.name.text) {
        "status" => "i.status",
        "source_run_id" => "i.source_run_id",
        other => {
            let words = "Supported fields: {'status', 'source_run_id'}";
            return Err(clause.refused(&format!("Invalid filter field '{other}'. {words}")));
        }
    };
    let takes = |it: &Operator| matches!(it, Operator::Equal | Operator::NotEqual);
    match (clause.operator.filter(takes), clause.value) {
        (Some(operator), Some(value)) => {
            let text = bare(value.text).trim();
            Ok(Sql::of(format!("{column} {} ?", operator.name()), vec![text.into()]))
        }
        _ => Err(clause.refused(&format!(
            "Invalid comparator '{}'. Supported comparators: {{'=', '!='}}",
            clause.comparator
        ))),
    }
}

/// A text without the quotes around it.
fn bare(text: &str) -> &str {
    let without = |quote| text.strip_prefix(quote).and_then(|it| it.strip_suffix(quote));
    without('\'').or_else(|| without('"')).or_else(|| without('`')).unwrap_or(text)
}
