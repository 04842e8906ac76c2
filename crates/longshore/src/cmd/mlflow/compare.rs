//! `longshore runs compare`.

use std::collections::BTreeSet;

use anyhow::Result;
use longshore_mlflow::rest::Run;

use super::{
    Server,
    run::took,
    runs::{Field, Shown, status, table},
    show,
};
use crate::cmd::{
    fitted::{Column, Room, fitted, terminal_width},
    table::{cut, or_dash},
};

/// Most characters of a name in the first column.
const NAME: usize = 30;

/// Characters that a run's column has at least.
const VALUE: usize = 12;

/// The runs, and then what they have with a column for each.
pub(super) fn run(
    server: &Server,
    runs: &[String],
    experiment: Option<&str>,
    differences: bool,
) -> Result<String> {
    let runs = runs.iter().map(|run| server.run(run, experiment)).collect::<Result<Vec<_>>>()?;
    if server.json {
        return show::json_list(&runs);
    }
    Ok(page(&runs, differences, terminal_width()))
}

fn page(runs: &[Run], differences: bool, width: usize) -> String {
    let (mut columns, mut rows) = table(runs, &Shown::none(), None);
    columns.insert(0, Column::new("", Room::Whole));
    rows.iter_mut().enumerate().for_each(|(at, row)| row.insert(0, number(at)));
    let mut page = fitted(&columns, &rows, Some(width)).0;
    let rows = rows_of(runs, differences);
    if rows.is_empty() {
        page.push_str("\n\nthere is no difference between them");
        return page;
    }
    let names = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).min(NAME);
    let room = (width.saturating_sub(names) / (VALUE + 2)).max(1);
    for some in (0..runs.len()).collect::<Vec<_>>().chunks(room) {
        let mut columns = vec![Column::new("", Room::Whole)];
        columns.extend(some.iter().map(|at| Column::new(number(*at), Room::Cut)));
        let row = |(name, values): &(String, Vec<Option<String>>)| {
            let values = some.iter().map(|at| or_dash(values[*at].clone()));
            std::iter::once(cut(name, NAME)).chain(values).collect()
        };
        let rows: Vec<_> = rows.iter().map(row).collect();
        page.push_str("\n\n");
        page.push_str(&fitted(&columns, &rows, Some(width)).0);
    }
    page
}

fn number(at: usize) -> String {
    format!("#{}", at + 1)
}

/// What any of the runs has, with the values of all.
fn rows_of(runs: &[Run], differences: bool) -> Vec<(String, Vec<Option<String>>)> {
    let mut fields = BTreeSet::new();
    for data in runs.iter().filter_map(|run| run.data.as_ref()) {
        fields.extend(data.metrics.iter().map(|it| Field::Metric(it.key.clone())));
        fields.extend(data.params.iter().map(|it| Field::Param(it.key.clone())));
        let own = data.tags.iter().filter(|it| !it.key.starts_with("mlflow."));
        fields.extend(own.map(|it| Field::Tag(it.key.clone())));
    }
    let all = |of: &dyn Fn(&Run) -> Option<String>| runs.iter().map(of).collect::<Vec<_>>();
    let mut rows =
        vec![("status".to_owned(), all(&|run| Some(status(run)))), ("took".to_owned(), all(&took))];
    rows.extend(fields.iter().map(|field| (field.name(), all(&|run| field.of(run.data.as_ref())))));
    rows.retain(|(_, values)| !differences || values.iter().any(|value| *value != values[0]));
    rows
}

#[cfg(test)]
mod tests {
    use longshore_mlflow::rest::{self, Run};

    use super::page;

    fn run(at: usize, rmse: f64) -> Run {
        let text = format!(
            r#"{{"info": {{"run_id": "{at:032}", "experiment_id": "1", "run_name": "r{at}", "status": "FINISHED", "start_time": 1000, "end_time": 3000}},
                "data": {{"metrics": [{{"key": "rmse", "value": {rmse}, "timestamp": 1}}], "params": [{{"key": "alpha", "value": "0.1"}}]}}}}"#
        );
        rest::parse_reply(text.as_bytes()).unwrap()
    }

    #[test]
    fn runs_stand_beside_each_other() {
        let runs = [run(1, 0.5), run(2, 0.25)];
        let text = page(&runs, false, 80);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines[3..],
            [
                "",
                "              #1        #2",
                "status        FINISHED  FINISHED",
                "took          2.0s      2.0s",
                "metrics.rmse  0.5       0.25",
                "params.alpha  0.1       0.1",
            ]
        );
        let text = page(&runs, true, 80);
        assert!(text.contains("metrics.rmse") && !text.contains("params.alpha"), "{text}");
        let same = page(&[run(1, 0.5), run(2, 0.5)], true, 80);
        assert!(same.ends_with("no difference between them"), "{same}");
    }

    #[test]
    fn more_runs_than_fit_are_shown_in_several_tables() {
        let runs: Vec<_> = (0..9).map(|at| run(at, at as f64)).collect();
        let text = page(&runs, false, 80);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert_eq!(text.matches("metrics.rmse").count(), 3, "{text}");
        assert!(text.contains("#9"));
    }
}
