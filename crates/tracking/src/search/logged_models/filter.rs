//! The filter of a search of logged models, which has a grammar of its own.

use longshore_mlflow::rest::LoggedModelStatus;

use crate::{
    Error,
    search::{
        clause::{Clause, clauses},
        condition::Condition,
        field::{Field, Kind, list},
        operand::{self, Operand},
        operator::{LISTED, NUMERIC, Operator},
        refused,
        token::{self, Token},
    },
    store::Value,
};

/// The attributes, which are named like their columns.
pub(super) const ATTRIBUTES: &[&str] = &[
    "artifact_location",
    "creation_timestamp_ms",
    "experiment_id",
    "last_updated_timestamp_ms",
    "model_id",
    "model_type",
    "name",
    "source_run_id",
    "status",
    "status_message",
];

/// Reads a filter.
///
/// # Errors
/// [`Error::Refused`] in MLflow's words.
pub(super) fn parse(filter: &str) -> Result<Vec<Condition>, Error> {
    let found = clauses(filter).map_err(|error| {
        let quote = if filter.contains('\'') { '"' } else { '\'' };
        Error::invalid(format!(
            "Invalid filter string: {quote}{filter}{quote}. Expected a list of comparisons separated by 'AND' (e.g. 'metrics.loss > 0.1 AND params.lr = 0.01'). {error}"
        ))
    })?;
    found.iter().map(condition).collect()
}

/// The column of an attribute.
pub(super) fn column(attribute: &str) -> &str {
    match attribute {
        "creation_time" | "creation_timestamp" => "creation_timestamp_ms",
        "last_updated_time" | "last_updated_timestamp" => "last_updated_timestamp_ms",
        other => other,
    }
}

/// Whether an attribute is a number.
fn is_number(column: &str) -> bool {
    column.ends_with("_timestamp_ms") || column == "experiment_id"
}

fn field(name: &str) -> Result<Field, String> {
    let bare = |text: &str| {
        let inner = |quote| text.strip_prefix(quote)?.strip_suffix(quote);
        inner('`').or_else(|| inner('"')).unwrap_or(text).to_owned()
    };
    let (kind, key) = match name.split_once('.') {
        None => (Kind::Attribute, bare(name)),
        Some((prefix, key)) => {
            let kind = match prefix {
                "attributes" => Kind::Attribute,
                "metrics" => Kind::Metric,
                "params" => Kind::Param,
                "tags" => Kind::Tag,
                other => {
                    let known = list(&["attributes", "metrics", "params", "tags"]);
                    return Err(format!(
                        "Invalid entity type: '{other}'. Expected one of {known}."
                    ));
                }
            };
            (kind, bare(key))
        }
    };
    if kind != Kind::Attribute {
        return Ok(Field { kind, key });
    }
    let column = column(&key);
    if !ATTRIBUTES.contains(&column) {
        let known = list(ATTRIBUTES);
        return Err(format!("Invalid attribute key '{key}' specified. Valid keys are {known}"));
    }
    Ok(Field { kind, key: column.to_owned() })
}

/// The word before the dot of a field.
fn entity(kind: Kind) -> &'static str {
    match kind {
        Kind::Metric => "metrics",
        Kind::Param => "params",
        Kind::Tag => "tags",
        _ => "attributes",
    }
}

fn condition(clause: &Clause<'_>) -> Result<Condition, Error> {
    let field = field(clause.name.text).map_err(|words| clause.refused(&words))?;
    let is_number =
        field.kind == Kind::Metric || (field.kind == Kind::Attribute && is_number(&field.key));
    let is_status = field.kind == Kind::Attribute && field.key == "status";
    let operators = match (is_number, is_status) {
        (true, _) => NUMERIC,
        (_, true) => &[Operator::Equal, Operator::NotEqual, Operator::In, Operator::NotIn],
        _ => LISTED,
    };
    let Some(operator) = clause.operator.filter(|it| operators.contains(it)) else {
        let names: Vec<_> = operators.iter().map(|it| it.name()).collect();
        let words = format!(
            "Invalid comparison operator for {}.{}: '{}'. Expected one of ('{}').",
            entity(field.kind),
            field.key,
            clause.comparator,
            names.join("', '")
        );
        return Err(clause.refused(&words));
    };
    let operand = match &clause.value {
        Some(value) => operand(&field, operator, is_number, value)
            .map_err(|words| refused(&words, value.at))?,
        None => Operand::None,
    };
    let operand = if is_status { statuses(operand).map_err(Error::invalid)? } else { operand };
    Ok(Condition { field, operator, operand })
}

fn operand(
    field: &Field,
    operator: Operator,
    is_number: bool,
    value: &Token<'_>,
) -> Result<Operand, String> {
    let found = value.text;
    let key = &field.key;
    if is_number {
        return match operand::number(value) {
            Some(Operand::Int(number)) if field.kind == Kind::Metric => {
                Ok(Operand::Real(number as f64))
            }
            Some(number) => Ok(number),
            None => Err(format!("Expected a number for '{key}'. Found {found}")),
        };
    }
    let is_list = matches!(operator, Operator::In | Operator::NotIn);
    match value.kind {
        token::Kind::Group if is_list => operand::listed(value),
        token::Kind::Group => Err(format!("Expected one value for '{key}'. Found {found}")),
        // MLflow takes what has no quotes as it is
        token::Kind::Number => Ok(Operand::Text(found.to_owned())),
        _ => Ok(operand::quoted(value).unwrap_or_else(|_| Operand::Text(found.to_owned()))),
    }
}

/// The numbers that statuses are stored as.
fn statuses(operand: Operand) -> Result<Operand, String> {
    let number = |text: &str| {
        let name = match text {
            "PENDING" => "LOGGED_MODEL_PENDING",
            "READY" => "LOGGED_MODEL_READY",
            "FAILED" | "UPLOAD_FAILED" => "LOGGED_MODEL_UPLOAD_FAILED",
            other => other,
        };
        let status = LoggedModelStatus::parse(name);
        status.map(|it| i64::from(it.number())).ok_or_else(|| {
            format!("Invalid status '{text}'. Expected one of ['PENDING', 'READY', 'FAILED'].")
        })
    };
    Ok(match operand {
        Operand::Text(text) => Operand::Int(number(&text)?),
        Operand::List(all) => {
            let numbers = all.iter().map(|it| match it {
                Value::Text(text) => number(text).map(Value::Int),
                other => Ok(other.clone()),
            });
            Operand::List(numbers.collect::<Result<_, _>>()?)
        }
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::search::{golden, operand::Operand};

    #[test]
    fn filters_are_read_as_mlflow_does() {
        // nothing is known by a name in single quotes, or by that of no attribute
        let refused = ["'name' = 'a'", "5 = 5", "NAME = 'a'", "nosuch = 'a'"];
        // there is one value for `=`, and there are some texts for `IN`
        let lists = ["name IN ()", "name IN (1)"];
        // MLflow takes double quotes for a part of what they are around
        let quotes =
            ["name ILIKE \"a_%\"", "tags.\"a b\" = 'c'", "tag.a != \"b\"", "tags.a = \"it's\""];
        // MLflow compares the words with the numbers that it stores
        let statuses = ["status = 'READY'", "status != 'PENDING'", "status IN ('READY', 'FAILED')"];
        let words = [
            "status LIKE 'R%'",
            "status = 'x'",
            "name IS NULL",
            "tags.a IS NULL",
            "tags.a is not null",
        ];
        let others = [&refused[..], &lists, &quotes, &statuses, &words].concat();
        golden::check_but("logged_models", &others, parse);
    }

    #[test]
    fn a_status_is_the_number_that_is_stored() {
        let read = parse("status = 'READY'").unwrap();
        assert_eq!(read[0].operand, Operand::Int(2));
        let told = parse("status = 'x'").unwrap_err().to_string();
        assert_eq!(told, "Invalid status 'x'. Expected one of ['PENDING', 'READY', 'FAILED'].");
    }
}
