//! The search of evaluation datasets, and the pages of their records.

use longshore_mlflow::rest::SearchEvaluationDatasets;

use super::{
    condition::Table,
    field::{Kind, Names},
    limit, order,
    page::{self, Page},
    select::{Column, Select, Sql},
    simple::{Attribute, Compared, Grammar},
};
use crate::{
    Error,
    sql::marks,
    store::{Connection, Row, Value},
};

/// Most datasets of a page.
const MOST: i64 = 50_000;

/// Datasets of a page when the request does not say how many.
const USUAL: i64 = 1000;

/// Most records of a page, however many are asked for.
const MOST_RECORDS: i64 = 50_000;

const GRAMMAR: Grammar = Grammar {
    names: Names {
        prefixes: &[("tags", Kind::Tag)],
        known: "The only valid entity type is 'tags'",
        attributes: &["created_by", "created_time", "last_update_time", "last_updated_by", "name"],
    },
    attributes: &[
        Attribute { name: "name", column: "d.name", compared: Compared::Among },
        Attribute { name: "created_time", column: "d.created_time", compared: Compared::Number },
        Attribute {
            name: "last_update_time",
            column: "d.last_update_time",
            compared: Compared::Number,
        },
        Attribute { name: "created_by", column: "d.created_by", compared: Compared::Text },
        Attribute {
            name: "last_updated_by",
            column: "d.last_updated_by",
            compared: Compared::Text,
        },
    ],
    tags: Table {
        name: "evaluation_dataset_tags",
        key: "key",
        value: "value",
        owner: "x.dataset_id = d.dataset_id",
    },
    null: false,
};

/// What datasets can be sorted by.
const SORTED: &[&str] = &["created_time", "last_update_time", "name"];

/// The ids of a page of the datasets of a workspace.
///
/// # Errors
/// [`Error::Refused`] in MLflow's words, and those of the store.
pub(crate) fn find(
    on: &mut dyn Connection,
    request: &SearchEvaluationDatasets,
    workspace: &str,
) -> Result<Page<String>, Error> {
    let limit = limit(request.max_results.unwrap_or(USUAL), MOST)?;
    let conditions = GRAMMAR.parse(request.filter_string.as_deref().unwrap_or_default())?;
    let columns = columns(&request.order_by)?;
    let scope = page::Scope::of("evaluation datasets", &request.order_by);
    let after = page::read(&scope, request.page_token.as_deref(), columns.len())?;
    let mut conditions: Vec<_> =
        conditions.iter().map(|it| GRAMMAR.sql(it, on.dialect())).collect();
    if !request.experiment_ids.is_empty() {
        conditions.push(of_experiments(&request.experiment_ids));
    }
    let mut list: Vec<_> = columns.iter().map(|it| it.sql.clone()).collect();
    list.push("d.dataset_id".to_owned());
    let count = columns.len();
    let select = Select {
        list: &list,
        from: &Sql::of("evaluation_datasets d", Vec::new()),
        parts: &[Sql::of("d.workspace = ?", vec![workspace.into()])],
        conditions: &conditions,
        columns: &columns.into_iter().enumerate().collect::<Vec<_>>(),
        after: after.as_deref(),
        limit: limit + 1,
    };
    Page::of(&scope, select.rows(on)?, limit, count, |row| row.take(count))
}

/// A page of the records of a dataset, the oldest first: `of` makes each of the columns in `list`, which
/// it finds from the third on.
///
/// # Errors
/// [`Error::Refused`] for a page that is none, and those of the store and of `of`.
pub(crate) fn records<T>(
    on: &mut dyn Connection,
    dataset_id: &str,
    (max_results, page_token): (Option<i64>, Option<&str>),
    list: &[&str],
    of: impl Fn(&mut Row) -> Result<T, Error>,
) -> Result<Page<T>, Error> {
    // MLflow takes 0 for its default
    let asked = max_results.filter(|it| *it != 0).unwrap_or(USUAL).min(MOST_RECORDS);
    let limit = limit(asked, MOST_RECORDS)?;
    let columns =
        [Column::nullable("r.created_time", true), Column::full("r.dataset_record_id", true)];
    let scope = page::Scope::of("evaluation dataset records", [dataset_id]);
    let after = page::read(&scope, page_token, columns.len())?;
    let mut all: Vec<_> = columns.iter().map(|it| it.sql.clone()).collect();
    all.extend(list.iter().map(|it| (*it).to_owned()));
    let count = columns.len();
    let select = Select {
        list: &all,
        from: &Sql::of("evaluation_dataset_records r", Vec::new()),
        parts: &[Sql::of("r.dataset_id = ?", vec![dataset_id.into()])],
        conditions: &[],
        columns: &columns.into_iter().enumerate().collect::<Vec<_>>(),
        after: after.as_deref(),
        limit: limit + 1,
    };
    Page::of(&scope, select.rows(on)?, limit, count, of)
}

/// The condition that a dataset belongs to any of some experiments.
fn of_experiments(ids: &[String]) -> Sql {
    let text = format!(
        "d.dataset_id IN (SELECT source_id FROM entity_associations WHERE source_type = 'evaluation_dataset' AND destination_type = 'experiment' AND destination_id IN ({}))",
        marks(ids.len())
    );
    Sql::of(text, ids.iter().map(Value::from).collect())
}

fn columns(order_by: &[String]) -> Result<Vec<Column>, Error> {
    let mut columns = Vec::new();
    if order_by.is_empty() {
        columns.push(Column::nullable("d.created_time", false));
    }
    for text in order_by {
        let (name, ascending) = order::parse(text)?;
        let field = GRAMMAR.names.sorted(&name)?;
        if field.kind != Kind::Attribute {
            return Err(Error::invalid(format!("Invalid order_by entity: {}", field.kind.name())));
        }
        if !SORTED.contains(&&*field.key) {
            let valid = super::field::list(SORTED);
            return Err(Error::invalid(format!(
                "Invalid attribute key '{}' specified. Valid keys are '{valid}'",
                field.key
            )));
        }
        let column = format!("d.{}", field.key);
        columns.push(match &*field.key {
            "name" => Column::full(column, ascending),
            _ => Column::nullable(column, ascending),
        });
    }
    columns.push(Column::full("d.dataset_id", false));
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::{GRAMMAR, columns};
    use crate::search::golden;

    #[test]
    fn filters_are_read_as_mlflow_does() {
        // MLflow reads comparators that its SQL does not have for texts, and takes quotes for a part of a key
        let others = [
            "name > 'a'",
            "name RLIKE 'a'",
            "created_by > 'a'",
            "tags.`a b` = 'c'",
            "tags.\"a b\" = 'c'",
        ];
        golden::check_reading("evaluation_datasets", &others, |filter| GRAMMAR.parse(filter));
    }

    #[test]
    fn not_every_attribute_can_be_sorted_by() {
        assert_eq!(columns(&["name DESC".to_owned()]).unwrap().len(), 2);
        for text in ["created_by", "tags.a", "dataset_id"] {
            assert!(columns(&[text.to_owned()]).is_err(), "{text}");
        }
    }
}
