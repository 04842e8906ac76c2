//! Issues: what is wrong with an application, as its traces show. Traces are linked to one by assessments.

use super::{call::calls, message::messages};

messages! {
    /// An issue.
    pub struct Issue {
        /// `iss-` and 32 hexadecimal digits.
        issue_id: String,
        /// The experiment it belongs to.
        experiment_id: String,
        /// What it is, in a few words.
        name: String,
        /// What it is.
        description: String,
        /// How far it is: `pending`, `rejected` or `resolved`.
        status: String,
        /// How bad it is: `not_an_issue`, `low`, `medium` or `high`.
        severity: Option<String>,
        /// What it comes of.
        root_causes: Vec<String>,
        /// The run that found it.
        source_run_id: Option<String>,
        /// Milliseconds since 1970.
        created_timestamp: i64,
        /// Milliseconds since 1970.
        last_updated_timestamp: i64,
        /// Who made it.
        created_by: Option<String>,
        /// The kinds it is of.
        categories: Vec<String>,
        /// Traces that are linked to it, when that was asked for.
        trace_count: Option<i32>,
    }

    /// Makes an issue.
    pub struct CreateIssue {
        /// The experiment, which must be active.
        experiment_id: String,
        /// What it is, in a few words.
        name: String,
        /// What it is.
        description: String,
        /// How far it is; `pending` when it is not said.
        status: Option<String>,
        /// How bad it is.
        severity: Option<String>,
        /// What it comes of.
        root_causes: Vec<String>,
        /// The run that found it.
        source_run_id: Option<String>,
        /// Who made it.
        created_by: Option<String>,
        /// The kinds it is of.
        categories: Vec<String>,
    }

    /// Changes an issue: what is not said stays.
    pub struct UpdateIssue {
        /// Its id.
        issue_id: String,
        /// What it is, in a few words.
        name: Option<String>,
        /// What it is.
        description: Option<String>,
        /// How far it is.
        status: Option<String>,
        /// How bad it is.
        severity: Option<String>,
    }

    /// Asks for an issue.
    pub struct GetIssue {
        /// Its id.
        issue_id: String,
    }

    /// The answer to [`CreateIssue`], [`UpdateIssue`] and [`GetIssue`].
    pub struct IssueReply {
        /// The issue.
        issue: Issue,
    }

    /// Looks for issues, the worst first.
    pub struct SearchIssues {
        /// The experiment; all when it is not said.
        experiment_id: Option<String>,
        /// What must hold of `status` and `source_run_id`, by `=` and `!=`.
        filter_string: Option<String>,
        /// Most of a page; 100 when it is not said.
        max_results: Option<i32>,
        /// The page; the first when it is not said.
        page_token: Option<String>,
        /// Whether traces are counted, by which issues are sorted then too.
        include_trace_count: Option<bool>,
    }

    /// The answer to [`SearchIssues`].
    pub struct SearchIssuesReply {
        /// The issues.
        issues: Vec<Issue>,
        /// The next page; empty on the last.
        next_page_token (default): String,
    }
}

calls! {
    CreateIssue: Post "3.0/mlflow/issues" -> IssueReply;
    UpdateIssue: Patch "3.0/mlflow/issues/{issue_id}" -> IssueReply;
    GetIssue: Get "3.0/mlflow/issues/{issue_id}" -> IssueReply;
    SearchIssues: Post "3.0/mlflow/issues/search" -> SearchIssuesReply;
}
