//! `longshore runs list`.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
};

use anyhow::{Result, bail};
use longshore_mlflow::rest::{Experiment, Run, RunData, RunStatus, SearchRuns, ViewType};

use super::{
    Server,
    pages::{Found, pages},
    server::view,
    show::{self, Table},
    text::{ago, clean, short},
};
use crate::{
    cli::{SearchArgs, Which},
    cmd::fitted::{Column, Room},
};

/// Something that runs have, or lack.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Field {
    Metric(String),
    Param(String),
    Tag(String),
}

impl Field {
    /// Reads `metrics.KEY`, `params.KEY` or `tags.KEY`.
    fn parse(text: &str) -> Result<Self> {
        Ok(match text.trim().split_once('.') {
            Some(("metrics" | "metric", key)) => Self::Metric(key.to_owned()),
            Some(("params" | "param" | "parameters", key)) => Self::Param(key.to_owned()),
            Some(("tags" | "tag", key)) => Self::Tag(key.to_owned()),
            _ => bail!(
                "`{text}` is no column of runs: write `metrics.KEY`, `params.KEY` or `tags.KEY`"
            ),
        })
    }

    /// How a filter calls it.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Metric(key) => format!("metrics.{key}"),
            Self::Param(key) => format!("params.{key}"),
            Self::Tag(key) => format!("tags.{key}"),
        }
    }

    fn key(&self) -> &str {
        let (Self::Metric(key) | Self::Param(key) | Self::Tag(key)) = self;
        key
    }

    /// What a run has of it.
    pub(super) fn of(&self, data: Option<&RunData>) -> Option<String> {
        let data = data?;
        match self {
            Self::Metric(key) => {
                data.metrics.iter().find(|it| it.key == *key).map(|it| short(it.value))
            }
            Self::Param(key) => {
                data.params.iter().find(|it| it.key == *key).map(|it| clean(&it.value))
            }
            Self::Tag(key) => data.tags.iter().find(|it| it.key == *key).map(|it| clean(&it.value)),
        }
    }
}

/// The columns of runs beyond what every run has.
pub(super) struct Shown {
    fields: Vec<Field>,
    /// Whether they are there however little room there is.
    chosen: bool,
}

impl Shown {
    /// All metrics and then all parameters of the runs, those that most of them have first.
    pub(super) fn all(runs: &[Run]) -> Self {
        let mut counts: BTreeMap<Field, usize> = BTreeMap::new();
        for data in runs.iter().filter_map(|run| run.data.as_ref()) {
            let metrics = data.metrics.iter().map(|it| Field::Metric(it.key.clone()));
            let params = data.params.iter().map(|it| Field::Param(it.key.clone()));
            metrics.chain(params).for_each(|field| *counts.entry(field).or_default() += 1);
        }
        let mut fields: Vec<_> = counts.into_iter().collect();
        fields.sort_by_key(|(field, count)| (matches!(field, Field::Param(_)), Reverse(*count)));
        Self { fields: fields.into_iter().map(|(field, _)| field).collect(), chosen: false }
    }

    /// Nothing.
    pub(super) fn none() -> Self {
        Self { fields: Vec::new(), chosen: false }
    }

    fn chosen(columns: &[String]) -> Result<Self> {
        let fields = columns.iter().map(|column| Field::parse(column)).collect::<Result<_>>()?;
        Ok(Self { fields, chosen: true })
    }
}

pub(super) fn list(
    server: &Server,
    experiments: &[String],
    which: Which,
    columns: &[String],
    search: &SearchArgs,
) -> Result<String> {
    let chosen = Shown::chosen(columns)?;
    let known = match experiments {
        [] => server.experiments(ViewType::All, 0)?,
        some => some.iter().map(|it| server.experiment(it)).collect::<Result<_>>()?,
    };
    let ids: Vec<_> = known.iter().map(|it| it.experiment_id.clone()).collect();
    let found = if ids.is_empty() {
        Found { items: Vec::new(), more: false }
    } else {
        pages(search.limit, |token, count| {
            let call = SearchRuns {
                experiment_ids: ids.clone(),
                run_view_type: Some(view(which)),
                filter: search.filter.clone(),
                max_results: Some(count as i32),
                order_by: search.order_by.clone(),
                page_token: token,
            };
            let reply = server.ask(&call, "the runs")?;
            Ok((reply.runs, reply.next_page_token))
        })?
    };
    show::list(server, &found, search, "runs", |runs| {
        let shown = if columns.is_empty() { Shown::all(runs) } else { chosen };
        table(runs, &shown, (known.len() > 1).then_some(&known[..]))
    })
}

/// The table of runs; with a column of their experiments when these are given.
pub(super) fn table(runs: &[Run], shown: &Shown, experiments: Option<&[Experiment]>) -> Table {
    let mut columns = vec![Column::new("RUN ID", Room::Whole), Column::new("NAME", Room::Cut)];
    if experiments.is_some() {
        columns.push(Column::new("EXPERIMENT", Room::Cut));
    }
    columns.push(Column::new("STATUS", Room::Whole));
    columns.push(Column::new("AGE", Room::Whole));
    let room = if shown.chosen { Room::Cut } else { Room::Spare };
    columns.extend(shown.fields.iter().map(|field| Column::new(clean(field.key()), room)));
    let names: HashMap<&str, &str> = experiments
        .unwrap_or_default()
        .iter()
        .filter_map(|it| Some((&*it.experiment_id, it.name.as_deref()?)))
        .collect();
    let row = |run: &Run| {
        let info = &run.info;
        let mut cells = vec![info.run_id.clone(), clean(info.run_name.as_deref().unwrap_or("-"))];
        if experiments.is_some() {
            let id = &*info.experiment_id;
            cells.push(clean(names.get(id).unwrap_or(&id)));
        }
        cells.push(status(run));
        cells.push(ago(info.start_time));
        let field = |field: &Field| field.of(run.data.as_ref()).unwrap_or_else(|| "-".into());
        cells.extend(shown.fields.iter().map(field));
        cells
    };
    (columns, runs.iter().map(row).collect())
}

/// Where a run stands, or that it is deleted.
pub(super) fn status(run: &Run) -> String {
    if run.info.lifecycle_stage.as_deref() == Some("deleted") {
        return "DELETED".to_owned();
    }
    run.info.status.map_or("-", RunStatus::name).to_owned()
}

#[cfg(test)]
mod tests {
    use longshore_mlflow::rest::{self, Run};

    use super::{Field, Shown, table};
    use crate::cmd::fitted::fitted;

    fn run(id: &str, data: &str) -> Run {
        let text = format!(
            r#"{{"info": {{"run_id": "{id}", "experiment_id": "1", "run_name": "calm-owl-{id}", "status": "FINISHED"}}, "data": {data}}}"#
        );
        rest::parse_reply(text.as_bytes()).unwrap()
    }

    #[test]
    fn what_most_runs_have_comes_first_and_what_has_no_room_is_left_out() {
        let metric = |key: &str, value: &str| {
            format!(r#"{{"key": "{key}", "value": {value}, "timestamp": 1}}"#)
        };
        let both = format!(
            r#"{{"metrics": [{}, {}], "params": [{{"key": "alpha", "value": "0.1"}}]}}"#,
            metric("auc", "0.98765432"),
            metric("rmse", "NaN")
        );
        let one = format!(r#"{{"metrics": [{}]}}"#, metric("rmse", "2"));
        let runs = [run("1", &both), run("2", &one)];
        let shown = Shown::all(&runs);
        let names: Vec<_> = shown.fields.iter().map(Field::name).collect();
        assert_eq!(names, ["metrics.rmse", "metrics.auc", "params.alpha"]);
        let (columns, rows) = table(&runs, &shown, None);
        let (text, left_out) = fitted(&columns, &rows, Some(52));
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(left_out, 1);
        assert_eq!(lines[0], "RUN ID  NAME        STATUS    AGE  rmse  auc");
        assert_eq!(lines[1], "1       calm-owl-1  FINISHED  ?    NaN   0.987654");
        assert_eq!(lines[2], "2       calm-owl-2  FINISHED  ?    2     -");
    }

    #[test]
    fn a_column_is_named_as_in_a_filter() {
        assert_eq!(Field::parse("metrics.a.b").unwrap(), Field::Metric("a.b".into()));
        assert!(Field::parse("rmse").unwrap_err().to_string().contains("`metrics.KEY`"));
    }
}
