//! The search of experiments.

use longshore_mlflow::rest::{SearchExperiments, ViewType};

use super::{
    condition::Table,
    field::{Kind, Names},
    limit, order,
    page::{self, Page},
    select::{Column, Select, Sql},
    simple::{Attribute, Compared, Grammar, KNOWN, PREFIXES},
    stage,
};
use crate::{
    Caller, Error,
    rights::{self, Scope},
    store::Connection,
};

/// Most experiments of a page.
const MOST: i64 = 50_000;

const GRAMMAR: Grammar = Grammar {
    names: Names {
        prefixes: PREFIXES,
        known: KNOWN,
        attributes: &["creation_time", "experiment_id", "last_update_time", "name"],
    },
    attributes: &[
        Attribute { name: "name", column: "e.name", compared: Compared::Text },
        Attribute { name: "experiment_id", column: "e.experiment_id", compared: Compared::Id },
        Attribute { name: "creation_time", column: "e.creation_time", compared: Compared::Number },
        Attribute {
            name: "last_update_time",
            column: "e.last_update_time",
            compared: Compared::Number,
        },
    ],
    tags: Table {
        name: "experiment_tags",
        key: "key",
        value: "value",
        owner: "x.experiment_id = e.experiment_id",
    },
    null: true,
};

/// The ids of a page of the experiments that a caller may read.
///
/// # Errors
/// [`Error::Refused`] in MLflow's words, and those of the store.
pub(crate) fn find(
    on: &mut dyn Connection,
    request: &SearchExperiments,
    caller: &Caller,
) -> Result<Page<i64>, Error> {
    // MLflow takes no default here
    let limit = limit(request.max_results.unwrap_or_default(), MOST)?;
    let conditions = GRAMMAR.parse(request.filter.as_deref().unwrap_or_default())?;
    let columns = columns(&request.order_by)?;
    let scope = page::Scope::of("experiments", &request.order_by);
    let after = page::read(&scope, request.page_token.as_deref(), columns.len())?;
    let mut conditions: Vec<_> =
        conditions.iter().map(|it| GRAMMAR.sql(it, on.dialect())).collect();
    if let Some(stage) = stage(request.view_type.unwrap_or(ViewType::ActiveOnly)) {
        conditions.push(Sql::of(format!("e.lifecycle_stage = '{stage}'"), Vec::new()));
    }
    conditions.extend(within("e.experiment_id", &caller.rights.readable(rights::Kind::Experiment)));
    let mut list: Vec<_> = columns.iter().map(|it| it.sql.clone()).collect();
    list.push("e.experiment_id".to_owned());
    let count = columns.len();
    let select = Select {
        list: &list,
        from: &Sql::of("experiments e", Vec::new()),
        parts: &[Sql::of("e.workspace = ?", vec![(&caller.workspace).into()])],
        conditions: &conditions,
        columns: &columns.into_iter().enumerate().collect::<Vec<_>>(),
        after: after.as_deref(),
        limit: limit + 1,
    };
    Page::of(&scope, select.rows(on)?, limit, count, |row| row.take(count))
}

/// The condition that an experiment is in a scope. Its ids are numbers, and so they are written.
fn within(column: &str, scope: &Scope) -> Option<Sql> {
    let (word, ids) = match scope {
        Scope::All => return None,
        Scope::Only(ids) => ("IN", ids),
        Scope::But(ids) => ("NOT IN", ids),
    };
    let ids: Vec<_> =
        ids.iter().filter_map(|id| id.parse::<i64>().ok()).map(|id| id.to_string()).collect();
    match (ids.is_empty(), word) {
        (true, "IN") => Some(Sql::of("FALSE", Vec::new())),
        (true, _) => None,
        _ => Some(Sql::of(format!("{column} {word} ({})", ids.join(", ")), Vec::new())),
    }
}

fn columns(order_by: &[String]) -> Result<Vec<Column>, Error> {
    if order_by.is_empty() {
        let newest = Column::nullable("e.creation_time", false);
        return Ok(vec![newest, Column::full("e.experiment_id", true)]);
    }
    let mut columns = Vec::new();
    for text in order_by {
        let (name, ascending) = order::parse(text)?;
        let field = GRAMMAR.names.sorted(&name)?;
        if field.kind != Kind::Attribute {
            return Err(Error::invalid(format!("Invalid order_by entity: {}", field.kind.name())));
        }
        columns.push(match &*field.key {
            it @ ("name" | "experiment_id") => Column::full(format!("e.{it}"), ascending),
            other => Column::nullable(format!("e.{other}"), ascending),
        });
    }
    if !columns.iter().any(|it| it.sql == "e.experiment_id") {
        columns.push(Column::full("e.experiment_id", false));
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::GRAMMAR;
    use crate::search::golden;

    #[test]
    fn filters_are_read_as_mlflow_does() {
        golden::check("experiments", |filter| GRAMMAR.parse(filter));
    }
}
