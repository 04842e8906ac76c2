//! The filter of a search of runs.

use crate::{
    Error,
    search::{
        clause::{Clause, clauses},
        condition::Condition,
        field::{Field, Kind, Names, list},
        operand::{self, Operand},
        operator::{self, LISTED, NUMERIC, OPTIONAL, Operator},
        refused,
        token::{self, Token},
    },
};

/// The names of a filter.
const FILTER: Names = Names {
    prefixes: PREFIXES,
    known: KNOWN,
    attributes: &[
        "Created",
        "Run Name",
        "Run name",
        "artifact_uri",
        "created",
        "end_time",
        "run name",
        "run_id",
        "run_name",
        "start_time",
        "status",
        "user_id",
    ],
};

/// The names of an order.
pub(super) const ORDER: Names = Names {
    prefixes: PREFIXES,
    known: KNOWN,
    attributes: &[
        "Created",
        "artifact_uri",
        "created",
        "end_time",
        "run_id",
        "run_name",
        "start_time",
        "status",
        "user_id",
    ],
};

const PREFIXES: &[(&str, Kind)] = &[
    ("metric", Kind::Metric),
    ("metrics", Kind::Metric),
    ("parameter", Kind::Param),
    ("parameters", Kind::Param),
    ("param", Kind::Param),
    ("params", Kind::Param),
    ("tag", Kind::Tag),
    ("tags", Kind::Tag),
    ("attribute", Kind::Attribute),
    ("attributes", Kind::Attribute),
    ("attr", Kind::Attribute),
    ("run", Kind::Attribute),
    ("dataset", Kind::Dataset),
    ("datasets", Kind::Dataset),
];

const KNOWN: &str = "Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']";

/// Reads a filter.
///
/// # Errors
/// [`Error::Refused`] in MLflow's words.
pub(super) fn parse(filter: &str) -> Result<Vec<Condition>, Error> {
    clauses(filter)?.iter().map(condition).collect()
}

fn condition(clause: &Clause<'_>) -> Result<Condition, Error> {
    let field = FILTER.of(&clause.name)?;
    let Some(value) = clause.value else {
        if !matches!(field.kind, Kind::Tag | Kind::Param) {
            let words = format!(
                "IS NULL / IS NOT NULL is only supported for tags and params, not for '{}' '{}'",
                field.kind.name(),
                field.key
            );
            return Err(clause.refused(&words));
        }
        let operator = clause.operator.unwrap_or(Operator::IsNull);
        return Ok(Condition { field, operator, operand: Operand::None });
    };
    let mut operand = operand(&field, &value).map_err(|words| refused(&words, value.at))?;
    let field = unalias(field);
    let operators = match field.kind {
        Kind::Metric => NUMERIC,
        Kind::Param | Kind::Tag => OPTIONAL,
        Kind::Attribute if is_number(&field.key) => NUMERIC,
        _ => LISTED,
    };
    let operator = clause.operator.filter(|it| {
        let is_list = matches!(it, Operator::In | Operator::NotIn);
        operators.contains(it) && is_list == matches!(operand, Operand::List(_))
    });
    let operator = operator.ok_or_else(|| {
        let names = operator::names(operators);
        clause.refused(&format!("Invalid comparator '{}' not one of '{names}'", clause.comparator))
    })?;
    if field.kind == Kind::Metric
        && let Operand::Int(number) = operand
    {
        operand = Operand::Real(number as f64);
    }
    Ok(Condition { field, operator, operand })
}

/// A field by the first of its names.
pub(super) fn unalias(field: Field) -> Field {
    let key = match (field.kind, &*field.key) {
        (Kind::Attribute, "created" | "Created") => "start_time",
        (Kind::Attribute, "run name" | "Run name" | "Run Name") => "run_name",
        _ => return field,
    };
    Field { key: key.to_owned(), ..field }
}

/// Whether an attribute is a number.
fn is_number(attribute: &str) -> bool {
    matches!(attribute, "start_time" | "end_time" | "created" | "Created")
}

/// What a field is compared with, or why not.
fn operand(field: &Field, value: &Token<'_>) -> Result<Operand, String> {
    let found = value.text;
    let is_text = matches!(value.kind, token::Kind::Text | token::Kind::Name);
    match field.kind {
        Kind::Metric => operand::number(value)
            .ok_or_else(|| format!("Expected numeric value type for metric. Found {found}")),
        Kind::Attribute if is_number(&field.key) => operand::number(value).ok_or_else(|| {
            let key = &field.key;
            format!("Expected numeric value type for numeric attribute: {key}. Found {found}")
        }),
        Kind::Param | Kind::Tag => operand::tagged(field.kind.name(), value),
        _ if is_text => operand::quoted(value),
        Kind::Attribute if value.kind == token::Kind::Group => {
            if field.key != "run_id" {
                let known = list(&["run_id"]);
                return Err(format!(
                    "Only {known} attributes support comparison with a list of quoted string values."
                ));
            }
            operand::listed(value)
        }
        Kind::Attribute => {
            Err(format!("Expected a quoted string value for attributes. Got value {found}"))
        }
        _ if value.kind == token::Kind::Group => operand::listed(value),
        _ => {
            Err(format!("Expected a quoted string value for dataset attributes. Got value {found}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::search::golden;

    #[test]
    fn filters_are_read_as_mlflow_does() {
        golden::check("runs", parse);
    }

    #[test]
    fn an_error_points_at_its_place() {
        let told = |filter: &str| parse(filter).unwrap_err().to_string();
        assert_eq!(
            told("params.a = 'é' AND metrics.b > c"),
            "Expected numeric value type for metric. Found c (at character 32 of the filter)"
        );
        assert_eq!(
            told("metrics.a > 1 OR metrics.b > 2"),
            "Invalid clause(s) in filter string: 'OR', 'metrics.b', '>', '2' (at character 15 of the filter)"
        );
    }
}
