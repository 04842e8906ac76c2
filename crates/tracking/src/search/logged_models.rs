//! The search of logged models.

mod filter;
mod order;

use longshore_mlflow::rest::{LoggedModelDataset, SearchLoggedModels};

use super::{
    condition::{Condition, Table},
    field::Kind,
    limit,
    page::{self, Page},
    select::{Select, Sql},
};
use crate::{
    Error,
    store::{Connection, Dialect, Value},
};

/// Models of a page when it is not said.
const DEFAULT: i64 = 50;

/// Most models of a page.
const MOST: i64 = 50_000;

const PARAMS: Table = Table {
    name: "logged_model_params",
    key: "param_key",
    value: "param_value",
    owner: "x.model_id = m.model_id",
};

const TAGS: Table = Table {
    name: "logged_model_tags",
    key: "tag_key",
    value: "tag_value",
    owner: "x.model_id = m.model_id",
};

/// The ids of a page of logged models, of those in some experiments.
///
/// # Errors
/// [`Error::Refused`] in MLflow's words, and those of the store.
pub(crate) fn find(
    on: &mut dyn Connection,
    request: &SearchLoggedModels,
    experiments: &[i64],
) -> Result<Page<String>, Error> {
    let asked = request.max_results.map(i64::from).filter(|it| *it != 0);
    // MLflow has no bound here: who asks for more gets a page and a token
    let limit = limit(asked.unwrap_or(DEFAULT).min(MOST), MOST)?;
    let conditions = filter::parse(request.filter.as_deref().unwrap_or_default())?;
    let (from, columns) = order::parse(&request.order_by)?;
    let count = columns.len();
    let scope = scope(request);
    let after = page::read(&scope, request.page_token.as_deref(), count)?;
    if experiments.is_empty() {
        return Ok(Page::default());
    }
    let datasets = datasets(&request.datasets)?;
    let dialect = on.dialect();
    let is_metric = |it: &Condition| it.field.kind == Kind::Metric;
    let narrowed = conditions.iter().any(is_metric);
    let mut all: Vec<_> = conditions.iter().map(|it| sql(it, &datasets, dialect)).collect();
    if !narrowed && !datasets.text.is_empty() {
        all.push(measured(Sql::of("TRUE", Vec::new()), &datasets));
    }
    let mut list: Vec<_> = columns.iter().map(|it| it.sql.clone()).collect();
    list.push("m.model_id".to_owned());
    let ids: Vec<_> = experiments.iter().map(ToString::to_string).collect();
    let within = match experiments {
        [one] => Sql::of("m.experiment_id = ?", vec![(*one).into()]),
        _ => Sql::of(format!("m.experiment_id IN ({})", ids.join(", ")), Vec::new()),
    };
    all.push(Sql::of("m.lifecycle_stage != 'deleted'", Vec::new()));
    let select = Select {
        list: &list,
        from: &from,
        parts: &[within],
        conditions: &all,
        columns: &columns.into_iter().enumerate().collect::<Vec<_>>(),
        after: after.as_deref(),
        limit: limit + 1,
    };
    Page::of(&scope, select.rows(on)?, limit, count, |row| row.take(count))
}

/// What a token of a page belongs to.
fn scope(request: &SearchLoggedModels) -> page::Scope {
    let order = request.order_by.iter().map(|it| format!("{it:?}"));
    page::Scope::of("logged models", order)
        .and("Experiment IDs in the page token do not match", &request.experiment_ids)
        .and(
            "Filter string in the page token does not match",
            request.filter.iter().filter(|it| !it.is_empty()),
        )
}

fn sql(condition: &Condition, datasets: &Sql, dialect: Dialect) -> Sql {
    match condition.field.kind {
        Kind::Metric => {
            let key = Value::from(&condition.field.key);
            let mut sql = Sql::of("x.metric_name = ? AND ", vec![key]);
            let value = condition.on("x.metric_value", dialect);
            sql.push(&value.text, value.values);
            measured(sql, datasets)
        }
        Kind::Param => condition.among(&PARAMS, dialect),
        Kind::Tag => condition.among(&TAGS, dialect),
        _ => condition.on(&format!("m.{}", condition.field.key), dialect),
    }
}

/// The condition that there is a measurement of one of the datasets.
fn measured(condition: Sql, datasets: &Sql) -> Sql {
    let begin = "EXISTS (SELECT 1 FROM logged_model_metrics x WHERE x.model_id = m.model_id AND ";
    let mut sql = Sql::of(begin, Vec::new());
    sql.push(&condition.text, condition.values);
    sql.push(&datasets.text, datasets.values.iter().cloned());
    sql.push(")", []);
    sql
}

/// The condition that a measurement is of one of the datasets.
fn datasets(datasets: &[LoggedModelDataset]) -> Result<Sql, Error> {
    let mut sql = Sql::default();
    for (index, dataset) in datasets.iter().enumerate() {
        if dataset.dataset_name.is_empty() {
            let words = "`dataset_name` in the `datasets` clause must be specified.";
            return Err(Error::invalid(words));
        }
        let or = if index == 0 { " AND (" } else { " OR " };
        sql.push(&format!("{or}x.dataset_name = ?"), [(&dataset.dataset_name).into()]);
        if let Some(digest) = dataset.dataset_digest.as_ref().filter(|it| !it.is_empty()) {
            sql.push(" AND x.dataset_digest = ?", [digest.into()]);
        }
    }
    if !datasets.is_empty() {
        sql.push(")", []);
    }
    Ok(sql)
}
