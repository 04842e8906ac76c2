//! The filter of a search of traces.

use crate::{
    Error,
    search::{
        clause::{Clause, clauses},
        condition::Condition,
        field::{Field, Kind, Names},
        operand::{self, Operand},
        operator::{self, MATCHED, MATCHED_OPTIONAL, NUMERIC, Operator},
        refused,
        token::{self, Token},
    },
};

/// The names of a filter.
const FILTER: Names = Names {
    prefixes: PREFIXES,
    known: KNOWN,
    attributes: &[
        "client_request_id",
        "end_time",
        "end_time_ms",
        "execution_time",
        "execution_time_ms",
        "name",
        "prompt",
        "request_id",
        "run_id",
        "status",
        "text",
        "timestamp",
        "timestamp_ms",
    ],
};

pub(super) const PREFIXES: &[(&str, Kind)] = &[
    ("tag", Kind::Tag),
    ("tags", Kind::Tag),
    ("attribute", Kind::Attribute),
    ("attributes", Kind::Attribute),
    ("trace", Kind::Attribute),
    ("metadata", Kind::Metadata),
    ("request_metadata", Kind::Metadata),
    ("span", Kind::Span),
    ("feedback", Kind::Feedback),
    ("expectation", Kind::Expectation),
    ("issue", Kind::Issue),
];

pub(super) const KNOWN: &str = "Valid values are {'attribute', 'attributes', 'expectation', 'feedback', 'issue', 'metadata', 'request_metadata', 'span', 'tag', 'tags', 'trace'}";

/// The tag that stands for a trace's name, which is a column.
pub(super) const NAME: &str = "mlflow.traceName";

/// The tag that stands for the prompts that a trace was made with.
pub(super) const PROMPTS: &str = "mlflow.linkedPrompts";

/// The metadata that name a trace's run.
pub(super) const RUN: &str = "mlflow.sourceRun";

/// The metadata that name a trace's session, which is a column.
pub(super) const SESSION: &str = "mlflow.trace.session";

/// What a span is asked for beside its attributes.
const OF_SPANS: &[&str] = &["name", "type", "status"];

/// What is before the name of an attribute of a span.
pub(super) const ATTRIBUTES: &str = "attributes.";

/// The attributes that are compared with a list.
const LISTED: &[&str] = &["client_request_id", "name", "request_id", "run_id", "status"];

/// Those that need a number.
const BOUNDS: &[Operator] =
    &[Operator::Less, Operator::LessOrEqual, Operator::Greater, Operator::GreaterOrEqual];

/// The operators of assessments.
const ASSESSED: &[Operator] = &[
    Operator::Equal,
    Operator::NotEqual,
    Operator::Less,
    Operator::LessOrEqual,
    Operator::Greater,
    Operator::GreaterOrEqual,
    Operator::Like,
    Operator::ILike,
    Operator::RLike,
    Operator::IsNull,
    Operator::IsNotNull,
];

/// Reads a filter.
///
/// # Errors
/// [`Error::Refused`] in MLflow's words.
pub(super) fn parse(filter: &str) -> Result<Vec<Condition>, Error> {
    clauses(filter)?.iter().map(condition).collect()
}

fn condition(clause: &Clause<'_>) -> Result<Condition, Error> {
    let field = FILTER.of(&clause.name)?;
    let operand = match clause.value {
        None => Operand::None,
        Some(value) => {
            operand(&field, clause, &value).map_err(|words| refused(&words, value.at))?
        }
    };
    if field.kind == Kind::Span {
        operator(&field, clause, &operand)?;
    }
    let field = renamed(field);
    let operator = operator(&field, clause, &operand)?;
    if operator == Operator::RLike
        && let Operand::Text(pattern) = &operand
        && let Err(error) = regex::Regex::new(pattern)
    {
        let reason = error.to_string();
        let reason = reason.lines().last().unwrap_or_default();
        let at = clause.value.map_or(clause.name.at, |it| it.at);
        return Err(refused(&format!("Invalid regular expression '{pattern}': {reason}"), at));
    }
    if field.key == PROMPTS && field.kind == Kind::Tag {
        prompt(clause, operator, &operand)?;
    }
    Ok(Condition { field, operator, operand })
}

/// A field by the name that it is kept by. MLflow takes a key such as `name` for the trace's name after
/// any prefix but `span`.
pub(super) fn renamed(field: Field) -> Field {
    if field.kind == Kind::Span {
        return field;
    }
    let (kind, key) = match &*field.key.to_lowercase() {
        "name" => (Kind::Tag, NAME),
        "prompt" => (Kind::Tag, PROMPTS),
        "run_id" => (Kind::Metadata, RUN),
        "text" => (Kind::Span, "content"),
        "timestamp" => (field.kind, "timestamp_ms"),
        "execution_time" => (field.kind, "execution_time_ms"),
        "end_time" => (field.kind, "end_time_ms"),
        _ => return field,
    };
    Field { kind, key: key.to_owned() }
}

/// Whether an attribute is a number.
fn is_number(attribute: &str) -> bool {
    attribute.starts_with("timestamp")
        || attribute.starts_with("execution_time")
        || attribute.starts_with("end_time")
}

/// What a field is compared with, or why not.
fn operand(field: &Field, clause: &Clause<'_>, value: &Token<'_>) -> Result<Operand, String> {
    let found = value.text;
    let kind = field.kind.name();
    let is_text = matches!(value.kind, token::Kind::Text | token::Kind::Name);
    let number = operand::number(value);
    match field.kind {
        Kind::Feedback | Kind::Expectation => {
            let needs_number = clause.operator.is_some_and(|it| BOUNDS.contains(&it));
            match number {
                Some(number) if needs_number => Ok(number),
                None if needs_number => Err(format!(
                    "Expected a numeric value for {kind} when using comparator '{}'. Got value {found}",
                    clause.comparator
                )),
                None if is_text => operand::quoted(value),
                _ => Err(format!(
                    "Expected a quoted string value for {kind} (e.g. 'my-value'). Got value {found}"
                )),
            }
        }
        Kind::Attribute if is_number(&field.key) && value.kind != token::Kind::Group => {
            let quoted = if is_text { operand::quoted(value)? } else { Operand::None };
            let number = match &quoted {
                Operand::Text(text) => operand::number(&Token { kind: token::Kind::Number, text, at: value.at }),
                _ => number,
            };
            number.ok_or_else(|| {
                format!("Expected numeric value type for numeric attribute: {}. Found {found}", field.key)
            })
        }
        _ if is_text => operand::quoted(value),
        Kind::Attribute if value.kind == token::Kind::Group => {
            if !LISTED.contains(&&*field.key) {
                return Err(format!(
                    "Only attributes in {{'{}'}} supports comparison with a list of quoted string values.",
                    LISTED.join("', '")
                ));
            }
            operand::listed(value)
        }
        Kind::Attribute if number.is_some() => Err(
            "Only the '{'end_time', 'end_time_ms', 'execution_time', 'execution_time_ms', 'timestamp', 'timestamp_ms'}' attributes support comparison with numeric values."
                .to_owned(),
        ),
        Kind::Attribute => Err(format!(
            "Expected a quoted string value or a list of quoted string values for attributes. Got value {found}"
        )),
        Kind::Tag | Kind::Span if value.kind == token::Kind::Group => operand::listed(value),
        _ => Err(format!(
            "Expected a quoted string value for {kind} (e.g. 'my-value'). Got value {found}"
        )),
    }
}

/// What compares a field, which is known by the name that it is kept by.
fn operator(field: &Field, clause: &Clause<'_>, operand: &Operand) -> Result<Operator, Error> {
    let key = &*field.key;
    let comparator = clause.comparator;
    let (operators, words) = match field.kind {
        Kind::Issue if key != "id" => {
            let words = format!("Invalid issue attribute '{key}'. Supported attributes: id");
            return Err(clause.refused(&words));
        }
        Kind::Issue => {
            (&[Operator::Equal][..], format!("issue.{key} comparator '{comparator}' not one of"))
        }
        Kind::Span => {
            (of_span(key, clause)?, format!("span.{key} comparator '{comparator}' not one of"))
        }
        Kind::Feedback | Kind::Expectation if key.is_empty() => {
            return Err(clause.refused("Assessment field name cannot be empty"));
        }
        Kind::Feedback | Kind::Expectation => {
            (ASSESSED, format!("assessment.{key} comparator '{comparator}' not one of"))
        }
        Kind::Attribute if is_number(key) => {
            (NUMERIC, format!("Invalid comparator '{comparator}' not one of"))
        }
        Kind::Attribute => (MATCHED, format!("Invalid comparator '{comparator}' not one of")),
        _ => (MATCHED_OPTIONAL, format!("Invalid comparator '{comparator}' not one of")),
    };
    let found = clause.operator.filter(|it| {
        let is_list = matches!(it, Operator::In | Operator::NotIn);
        operators.contains(it) && is_list == matches!(operand, Operand::List(_))
    });
    found.ok_or_else(|| clause.refused(&format!("{words} '{}'", operator::names(operators))))
}

/// The operators of a field of spans.
fn of_span(key: &str, clause: &Clause<'_>) -> Result<&'static [Operator], Error> {
    const OF_ATTRIBUTES: &[Operator] =
        &[Operator::Equal, Operator::NotEqual, Operator::Like, Operator::ILike, Operator::RLike];
    match key.strip_prefix(ATTRIBUTES) {
        Some("") => Err(clause.refused("Span attribute name cannot be empty after 'attributes.'")),
        Some(_) => Ok(OF_ATTRIBUTES),
        None if OF_SPANS.contains(&key) => Ok(MATCHED),
        None if key == "content" => Ok(&[Operator::Like, Operator::ILike]),
        None => Err(clause.refused(&format!(
            "Invalid span attribute '{key}'. Supported attributes: name, status, type, attributes.<attribute_name>."
        ))),
    }
}

/// Refuses what is no version of a prompt.
fn prompt(clause: &Clause<'_>, operator: Operator, operand: &Operand) -> Result<(), Error> {
    if operator != Operator::Equal {
        return Err(clause.refused(&format!(
            "Invalid comparator '{}' for prompts filter. Only '=' is supported with format: prompt = \"name/version\"",
            clause.comparator.to_uppercase()
        )));
    }
    let Operand::Text(value) = operand else { return Ok(()) };
    if value.matches('/').count() == 1 {
        return Ok(());
    }
    Err(clause.refused(&format!(
        "Invalid prompts filter value '{value}'. Expected format: prompt = \"name/version\""
    )))
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::search::golden;

    #[test]
    fn filters_are_read_as_mlflow_does() {
        golden::check("traces", parse);
    }

    #[test]
    fn an_error_points_at_its_place() {
        let told = |filter: &str| parse(filter).unwrap_err().to_string();
        assert_eq!(told("tags.a = 'é' AND status = 5").split_once("} ").unwrap_or_default().1, "");
        assert!(told("tags.a = 'é' AND status = 5").ends_with("(at character 27 of the filter)"));
        assert!(told("name RLIKE '(a'").starts_with("Invalid regular expression '(a': "));
    }
}
