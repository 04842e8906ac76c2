//! The searches of registered models and of their versions.

use longshore_mlflow::rest::{SearchModelVersions, SearchRegisteredModels};

use super::{
    condition::{Condition, Table},
    field::{Kind, Names},
    limit,
    operand::Operand,
    operator::Operator,
    order,
    page::{self, Page},
    select::{Column, Select, Sql},
    simple::{Attribute, Compared, Grammar, KNOWN, PREFIXES},
};
use crate::{
    Caller, Error,
    rights::{self, Scope},
    sql::marks,
    store::{Connection, Value},
};

/// The tag of what is a prompt, and no model.
const PROMPT: &str = "mlflow.prompt.is_prompt";

const MODELS: Grammar = Grammar {
    names: Names { prefixes: PREFIXES, known: KNOWN, attributes: &["name"] },
    attributes: &[Attribute { name: "name", column: "m.name", compared: Compared::Listed }],
    tags: Table {
        name: "registered_model_tags",
        key: "key",
        value: "value",
        owner: "x.workspace = m.workspace AND x.name = m.name",
    },
    null: false,
};

const VERSIONS: Grammar = Grammar {
    names: Names {
        prefixes: PREFIXES,
        known: KNOWN,
        attributes: &["name", "run_id", "source_path", "version_number"],
    },
    attributes: &[
        Attribute { name: "name", column: "m.name", compared: Compared::Listed },
        Attribute { name: "run_id", column: "m.run_id", compared: Compared::Listed },
        Attribute { name: "source_path", column: "m.source", compared: Compared::Text },
        Attribute { name: "version_number", column: "m.version", compared: Compared::QuotedNumber },
    ],
    tags: Table {
        name: "model_version_tags",
        key: "key",
        value: "value",
        owner: "x.workspace = m.workspace AND x.name = m.name AND x.version = m.version",
    },
    null: false,
};

/// The names that versions are sorted by.
const VERSION_ORDER: Names = Names {
    prefixes: PREFIXES,
    known: KNOWN,
    attributes: &["creation_timestamp", "last_updated_timestamp", "name", "version_number"],
};

/// The names of a page of the registered models that a caller may read.
///
/// # Errors
/// [`Error::Refused`] in MLflow's words, and those of the store.
pub(crate) fn models(
    on: &mut dyn Connection,
    request: &SearchRegisteredModels,
    caller: &Caller,
) -> Result<Page<String>, Error> {
    let limit = limit(request.max_results.unwrap_or(100), 1000)?;
    let conditions = MODELS.parse(request.filter.as_deref().unwrap_or_default())?;
    let columns = model_columns(&request.order_by)?;
    let scope = page::Scope::of("models", &request.order_by);
    let after = page::read(&scope, request.page_token.as_deref(), columns.len())?;
    let mut conditions = without_prompts(&MODELS, &conditions, on);
    conditions.extend(within(|kind| caller.rights.readable(kind)));
    let search =
        Search { table: "registered_models m", identity: &["m.name"], conditions, columns };
    let count = search.columns.len();
    let rows = search.rows(on, &caller.workspace, after.as_deref(), limit)?;
    Page::of(&scope, rows, limit, count, |row| row.take(count))
}

/// The names and numbers of a page of the versions that a caller may read.
///
/// # Errors
/// [`Error::Refused`] in MLflow's words, and those of the store.
pub(crate) fn versions(
    on: &mut dyn Connection,
    request: &SearchModelVersions,
    caller: &Caller,
) -> Result<Page<(String, i64)>, Error> {
    let asked = request.max_results.unwrap_or(10_000);
    if asked < 1 {
        return Err(Error::invalid(format!(
            "Invalid value for max_results. It must be a positive integer, but got {asked}"
        )));
    }
    let limit = limit(asked, 200_000)?;
    let conditions = VERSIONS.parse(request.filter.as_deref().unwrap_or_default())?;
    let columns = version_columns(&request.order_by)?;
    let scope = page::Scope::of("versions", &request.order_by);
    let after = page::read(&scope, request.page_token.as_deref(), columns.len())?;
    let mut conditions = without_prompts(&VERSIONS, &conditions, on);
    conditions.extend(within(|kind| caller.rights.readable_versions(kind)));
    conditions.push(Sql::of("m.current_stage != 'Deleted_Internal'", Vec::new()));
    let identity = &["m.name", "m.version"];
    let search = Search { table: "model_versions m", identity, conditions, columns };
    let count = search.columns.len();
    let rows = search.rows(on, &caller.workspace, after.as_deref(), limit)?;
    Page::of(&scope, rows, limit, count, |row| Ok((row.take(count)?, row.take(count + 1)?)))
}

/// A search whose SQL is made.
struct Search<'a> {
    table: &'a str,
    identity: &'a [&'a str],
    conditions: Vec<Sql>,
    columns: Vec<Column>,
}

impl Search<'_> {
    fn rows(
        &self,
        on: &mut dyn Connection,
        workspace: &str,
        after: Option<&[Value]>,
        limit: usize,
    ) -> Result<Vec<Vec<Value>>, Error> {
        let columns = self.columns.iter().map(|it| it.sql.clone());
        let identity = self.identity.iter().map(|it| (*it).to_owned());
        let select = Select {
            list: &columns.chain(identity).collect::<Vec<_>>(),
            from: &Sql::of(self.table, Vec::new()),
            parts: &[Sql::of("m.workspace = ?", vec![workspace.into()])],
            conditions: &self.conditions,
            columns: &self.columns.iter().cloned().enumerate().collect::<Vec<_>>(),
            after,
            limit: limit + 1,
        };
        select.rows(on)
    }
}

/// The conditions in SQL. Prompts are kept among models, with a tag: they are only found by whoever asks
/// for that tag, and nothing else is said by it.
fn without_prompts(
    grammar: &Grammar,
    conditions: &[Condition],
    on: &mut dyn Connection,
) -> Vec<Sql> {
    let is_mark = |it: &&Condition| it.field.kind == Kind::Tag && it.field.key == PROMPT;
    let asked = conditions.iter().find(is_mark).is_some_and(|it| {
        let is = |wanted: &str| {
            matches!(&it.operand, Operand::Text(text) if text.eq_ignore_ascii_case(wanted))
        };
        match it.operator {
            Operator::Equal => is("true"),
            Operator::NotEqual => is("false"),
            _ => false,
        }
    });
    let dialect = on.dialect();
    let kept = conditions.iter().filter(|it| asked || !is_mark(it));
    let mut all: Vec<_> = kept.map(|it| grammar.sql(it, dialect)).collect();
    if !asked {
        let table = grammar.tags.name;
        let text = format!(
            "NOT EXISTS (SELECT 1 FROM {table} x WHERE x.workspace = m.workspace AND x.name = m.name AND x.key = '{PROMPT}' AND x.value = 'true')"
        );
        all.push(Sql::of(text, Vec::new()));
    }
    all
}

/// The condition that a caller may read a model or a prompt.
fn within(readable: impl Fn(rights::Kind) -> Scope) -> Option<Sql> {
    let [models, prompts] = [rights::Kind::RegisteredModel, rights::Kind::Prompt].map(readable);
    if models == Scope::All && prompts == Scope::All {
        return None;
    }
    let is_prompt = format!(
        "EXISTS (SELECT 1 FROM registered_model_tags p WHERE p.workspace = m.workspace AND p.name = m.name AND p.key = '{PROMPT}' AND LOWER(p.value) = 'true')"
    );
    let (prompts, models) = (named(&prompts), named(&models));
    let text =
        format!("(({is_prompt} AND {}) OR (NOT {is_prompt} AND {}))", prompts.text, models.text);
    Some(Sql::of(text, [prompts.values, models.values].concat()))
}

/// The condition that a name is in a scope.
fn named(scope: &Scope) -> Sql {
    let (word, names, always) = match scope {
        Scope::All => return Sql::of("TRUE", Vec::new()),
        Scope::Only(names) => ("IN", names, "FALSE"),
        Scope::But(names) => ("NOT IN", names, "TRUE"),
    };
    if names.is_empty() {
        return Sql::of(always, Vec::new());
    }
    let values = names.iter().map(Value::from).collect();
    Sql::of(format!("m.name {word} ({})", marks(names.len())), values)
}

fn model_columns(order_by: &[String]) -> Result<Vec<Column>, Error> {
    let mut columns = Vec::new();
    for text in order_by {
        let (name, ascending) = order::parse(text)?;
        columns.push(match &*name {
            "name" => Column::full("m.name", ascending),
            "timestamp" | "last_updated_timestamp" => {
                Column::nullable("m.last_updated_time", ascending)
            }
            other => {
                return Err(Error::invalid(format!(
                    "Invalid order by key '{other}' specified. Valid keys are '{{'name', 'timestamp'}}'"
                )));
            }
        });
    }
    finished(columns, order_by, &[("m.name", true)])
}

fn version_columns(order_by: &[String]) -> Result<Vec<Column>, Error> {
    let mut columns = Vec::new();
    if order_by.is_empty() {
        columns.push(Column::nullable("m.last_updated_time", false));
    }
    for text in order_by {
        let (name, ascending) = order::parse(text)?;
        let field = VERSION_ORDER.sorted(&name)?;
        columns.push(match (field.kind, &*field.key) {
            (Kind::Attribute, "name") => Column::full("m.name", ascending),
            (Kind::Attribute, "version_number") => Column::full("m.version", ascending),
            (Kind::Attribute, "creation_timestamp") => {
                Column::nullable("m.creation_time", ascending)
            }
            (Kind::Attribute, "last_updated_timestamp") => {
                Column::nullable("m.last_updated_time", ascending)
            }
            (_, key) => {
                let valid = super::field::list(VERSION_ORDER.attributes);
                let words =
                    format!("Invalid order by key '{key}' specified. Valid keys are {valid}");
                return Err(Error::invalid(words));
            }
        });
    }
    finished(columns, order_by, &[("m.name", true), ("m.version", false)])
}

/// Refuses columns that are there twice, and adds those that tell any two rows apart.
fn finished(
    mut columns: Vec<Column>,
    order_by: &[String],
    identity: &[(&str, bool)],
) -> Result<Vec<Column>, Error> {
    let names: Vec<_> = columns.iter().map(|it| &it.sql).collect();
    order::once(&names, order_by)?;
    for (name, ascending) in identity {
        if !columns.iter().any(|it| it.sql == *name) {
            columns.push(Column::full(*name, *ascending));
        }
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::{MODELS, VERSIONS};
    use crate::search::golden;

    #[test]
    fn filters_of_models_are_read_as_mlflow_does() {
        golden::check("registered_models", |filter| MODELS.parse(filter));
    }

    #[test]
    fn filters_of_versions_are_read_as_mlflow_does() {
        golden::check("model_versions", |filter| VERSIONS.parse(filter));
    }
}
