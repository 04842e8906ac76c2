//! Issues of an experiment. Assessments of traces name them; nothing here looks for any.

use longshore_mlflow::{
    Error as Fault,
    rest::{
        CreateIssue, GetIssue, Issue, IssueReply, SearchIssues, SearchIssuesReply, UpdateIssue,
        limits::length, print,
    },
};

use super::{experiments, runs};
use crate::{
    Caller, Error,
    operation::{Access, Context, Level, Need, Object, Operation},
    random,
    rights::{EVERY, Kind},
    routes::Route,
    search::issues::{COLUMNS, FROM, SEVERITIES, STATUSES, Search},
    store::{Connection, Row},
};

/// Longest name, in characters.
const NAME: usize = 250;

/// Longest name of who made one, in characters.
const MAKER: usize = 255;

/// The routes of issues.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::of::<CreateIssue>(),
        Route::of::<SearchIssues>(),
        Route::of::<GetIssue>(),
        Route::of::<UpdateIssue>(),
    ]
}

/// An issue, from [`COLUMNS`], of which the first is at `at`. Who may see no runs is not told the one that found it.
fn of(row: &mut Row, at: usize, caller: &Caller) -> Result<Issue, Error> {
    let texts = |column: &str, text: Option<String>| {
        let read = text.filter(|it| !it.is_empty()).map(|it| serde_json::from_str(&it)).transpose();
        read.map(Option::unwrap_or_default).map_err(|error| {
            Error::Schema(format!("`issues.{column}` is no list of texts: {error}"))
        })
    };
    let source_run_id: Option<String> = row.take(at + 7)?;
    let sees_runs = caller
        .rights
        .limited()
        .is_none_or(|it| it.fold(Kind::Run, EVERY) != Some(crate::rights::Permission::Deny));
    Ok(Issue {
        issue_id: row.take(at)?,
        experiment_id: row.take::<i64>(at + 1)?.to_string(),
        name: row.take(at + 2)?,
        description: row.take(at + 3)?,
        status: row.take(at + 4)?,
        severity: row.take(at + 5)?,
        root_causes: texts("root_causes", row.take(at + 6)?)?,
        source_run_id: source_run_id.filter(|_| sees_runs),
        created_timestamp: row.take(at + 8)?,
        last_updated_timestamp: row.take(at + 9)?,
        created_by: row.take(at + 10)?,
        categories: texts("categories", row.take(at + 11)?)?,
        trace_count: None,
    })
}

/// The issue of a workspace with an id.
fn by_id(on: &mut dyn Connection, context: &Context<'_>, id: &str) -> Result<Issue, Error> {
    let sql = format!("SELECT {COLUMNS} FROM {FROM} WHERE i.issue_id = ? AND e.workspace = ?");
    let found = on.first(&sql, &[id.into(), (&context.caller.workspace).into()])?;
    let missing = || Error::missing(format!("Issue with ID '{id}' not found"));
    of(&mut found.ok_or_else(missing)?, 0, context.caller)
}

/// Refuses a word that is none of those that are known.
fn known(parameter: &str, word: Option<&String>, words: &[&str]) -> Result<(), Error> {
    match word {
        Some(word) if !words.contains(&word.as_str()) => Err(Error::invalid(format!(
            "Invalid {parameter} '{word}'. Valid values are '{}'.",
            words.join("', '")
        ))),
        _ => Ok(()),
    }
}

/// Refuses a text that is not there.
fn filled(parameter: &str, text: &str) -> Result<(), Error> {
    if text.is_empty() {
        return Err(Fault::MissingParameter { parameter: parameter.to_owned() }.into());
    }
    Ok(())
}

/// What was said, if it says anything.
fn said(text: Option<&String>) -> Option<String> {
    text.filter(|it| !it.is_empty()).cloned()
}

impl Operation for CreateIssue {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::Experiment(&self.experiment_id))
    }

    fn also_needs(&self) -> Vec<Need<'_>> {
        let run = self.source_run_id.as_ref().filter(|it| !it.is_empty());
        run.map(|it| Need::of(Level::Read, Object::Run(it))).into_iter().collect()
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        filled("name", &self.name)?;
        filled("description", &self.description)?;
        filled("experiment_id", &self.experiment_id)?;
        known("status", self.status.as_ref(), &STATUSES)?;
        known("severity", self.severity.as_ref(), &SEVERITIES)?;
        length("name", &self.name, NAME)?;
        length("created_by", self.created_by.as_deref().unwrap_or_default(), MAKER)?;
        let experiment = experiments::number(on, context, &self.experiment_id)?;
        let issue = Issue {
            issue_id: format!("iss-{}", random::id()?),
            experiment_id: experiment.to_string(),
            name: self.name.clone(),
            description: self.description.clone(),
            status: self.status.clone().unwrap_or_else(|| STATUSES[0].to_owned()),
            severity: self.severity.clone(),
            root_causes: self.root_causes.clone(),
            source_run_id: said(self.source_run_id.as_ref()),
            created_timestamp: context.now,
            last_updated_timestamp: context.now,
            created_by: said(self.created_by.as_ref()),
            categories: self.categories.clone(),
            trace_count: None,
        };
        if let Some(run) = &issue.source_run_id {
            runs::info(on, context, run)?;
        }
        let list = |texts: &Vec<String>| (!texts.is_empty()).then(|| print(texts));
        let sql = "INSERT INTO issues (issue_id, experiment_id, name, description, status, severity, root_causes, source_run_id, categories, created_timestamp, last_updated_timestamp, created_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        let values = [
            (&issue.issue_id).into(),
            experiment.into(),
            (&issue.name).into(),
            (&issue.description).into(),
            (&issue.status).into(),
            issue.severity.clone().into(),
            list(&issue.root_causes).into(),
            issue.source_run_id.clone().into(),
            list(&issue.categories).into(),
            issue.created_timestamp.into(),
            issue.last_updated_timestamp.into(),
            issue.created_by.clone().into(),
        ];
        on.execute(sql, &values)?;
        Ok(IssueReply { issue })
    }
}

impl Operation for GetIssue {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Read, Object::Issue(&self.issue_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        Ok(IssueReply { issue: by_id(on, context, &self.issue_id)? })
    }
}

impl Operation for UpdateIssue {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::Issue(&self.issue_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        known("status", self.status.as_ref(), &STATUSES)?;
        known("severity", self.severity.as_ref(), &SEVERITIES)?;
        let mut issue = by_id(on, context, &self.issue_id)?;
        // an empty text says nothing
        issue.name = said(self.name.as_ref()).unwrap_or(issue.name);
        issue.description = said(self.description.as_ref()).unwrap_or(issue.description);
        issue.status = self.status.clone().unwrap_or(issue.status);
        issue.severity = self.severity.clone().or(issue.severity);
        issue.last_updated_timestamp = context.now;
        length("name", &issue.name, NAME)?;
        let sql = "UPDATE issues SET name = ?, description = ?, status = ?, severity = ?, last_updated_timestamp = ? WHERE issue_id = ?";
        let values = [
            (&issue.name).into(),
            (&issue.description).into(),
            (&issue.status).into(),
            issue.severity.clone().into(),
            issue.last_updated_timestamp.into(),
            (&issue.issue_id).into(),
        ];
        on.execute(sql, &values)?;
        Ok(IssueReply { issue })
    }
}

impl Operation for SearchIssues {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        match self.experiment_id.as_deref().filter(|it| !it.is_empty()) {
            Some(id) => Need::of(Level::Read, Object::Experiment(id)),
            // as in MLflow: who may not read everything names an experiment
            None => Need::of(Level::Read, Object::Server),
        }
    }

    fn also_needs(&self) -> Vec<Need<'_>> {
        let filter = self.filter_string.as_deref().unwrap_or_default();
        // which issues a run found tells of the run
        let tells = filter.contains("source_run_id");
        tells.then(|| Need::of(Level::Read, Object::New(Kind::Run))).into_iter().collect()
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let search = Search::of(self, &context.caller.workspace)?;
        let page = search.page(on, |row, at, traces| {
            Ok(Issue { trace_count: traces, ..of(row, at, context.caller)? })
        })?;
        Ok(SearchIssuesReply { issues: page.found, next_page_token: page.next.unwrap_or_default() })
    }
}
