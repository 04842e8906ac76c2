//! Filters of attributes and tags: those of experiments, registered models and versions.

use super::{
    clause::{Clause, clauses},
    condition::{Condition, Table},
    field::{Field, Kind, Names, list},
    operand::{self, Operand},
    operator::{NUMERIC, OPTIONAL, Operator, TEXT},
    refused,
    select::Sql,
    token::{self, Token},
};
use crate::{Error, store::Dialect};

/// How an attribute is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compared {
    /// As a text.
    Text,
    /// As a text, also with a list of them.
    Listed,
    /// As a text, also with a list of them that it must be in.
    Among,
    /// As an integer.
    Number,
    /// As an integer, which may be in quotes.
    QuotedNumber,
    /// As an integer in quotes that is only the same or not, also with a list of them.
    Id,
}

impl Compared {
    fn takes_lists(self) -> bool {
        matches!(self, Self::Listed | Self::Among | Self::Id)
    }
}

/// An attribute.
pub(super) struct Attribute {
    /// Its name.
    pub(super) name: &'static str,
    /// Its column.
    pub(super) column: &'static str,
    /// How it is compared.
    pub(super) compared: Compared,
}

/// A grammar of attributes and tags.
pub(super) struct Grammar {
    pub(super) names: Names,
    pub(super) attributes: &'static [Attribute],
    pub(super) tags: Table,
    /// Whether a tag can be asked for by its absence.
    pub(super) null: bool,
}

/// The words before a dot.
pub(super) const PREFIXES: &[(&str, Kind)] =
    &[("attribute", Kind::Attribute), ("tag", Kind::Tag), ("tags", Kind::Tag)];

/// What an error says of other words.
pub(super) const KNOWN: &str = "Valid entity types are ('attribute', 'tag', 'tags')";

impl Grammar {
    /// Reads a filter.
    ///
    /// # Errors
    /// [`Error::Refused`] in MLflow's words.
    pub(super) fn parse(&self, filter: &str) -> Result<Vec<Condition>, Error> {
        clauses(filter)?.iter().map(|clause| self.condition(clause)).collect()
    }

    /// A condition in SQL.
    pub(super) fn sql(&self, condition: &Condition, dialect: Dialect) -> Sql {
        match self.attribute(&condition.field) {
            Some(attribute) => condition.on(attribute.column, dialect),
            None => condition.among(&self.tags, dialect),
        }
    }

    fn attribute(&self, field: &Field) -> Option<&Attribute> {
        let is = |it: &&Attribute| field.kind == Kind::Attribute && it.name == field.key;
        self.attributes.iter().find(is)
    }

    fn condition(&self, clause: &Clause<'_>) -> Result<Condition, Error> {
        let field = self.names.of(&clause.name)?;
        let attribute = self.attribute(&field);
        let wrong = |words: &str| Err(clause.refused(words));
        let Some(value) = clause.value else {
            if let Some(Attribute { name, .. }) = attribute {
                return wrong(&format!(
                    "IS NULL / IS NOT NULL is only supported for tags, not for attribute '{name}'"
                ));
            }
            let operator = clause.operator.filter(|_| self.null);
            let Some(operator) = operator else {
                return wrong("Invalid comparator for tag: IS NULL / IS NOT NULL");
            };
            return Ok(Condition { field, operator, operand: Operand::None });
        };
        let comparator = clause.comparator;
        let Some(Attribute { name, compared, .. }) = attribute else {
            let operand = operand::tagged("tag", &value).map_err(|it| refused(&it, value.at))?;
            let operators = if self.null { OPTIONAL } else { TEXT };
            let Some(operator) = clause.operator.filter(|it| operators.contains(it)) else {
                return wrong(&format!("Invalid comparator for tag: {comparator}"));
            };
            return Ok(Condition { field, operator, operand });
        };
        let operand = self.operand(name, *compared, &value);
        let operand = operand.map_err(|words| refused(&words, value.at))?;
        let operators = match compared {
            Compared::Text => TEXT,
            Compared::Listed => super::operator::LISTED,
            Compared::Among => super::operator::AMONG,
            Compared::Number | Compared::QuotedNumber => NUMERIC,
            Compared::Id => {
                &[Operator::Equal, Operator::NotEqual, Operator::In, Operator::NotIn][..]
            }
        };
        let operator = clause.operator.filter(|it| {
            let is_list = matches!(it, Operator::In | Operator::NotIn);
            operators.contains(it) && is_list == matches!(operand, Operand::List(_))
        });
        let Some(operator) = operator else {
            return wrong(&match compared {
                Compared::Id => format!("Invalid comparator for {name}: {comparator}"),
                Compared::QuotedNumber => {
                    format!("Invalid comparator for attribute {name}: {comparator}")
                }
                _ if self.null => {
                    let names = super::operator::names(operators);
                    format!("Invalid comparator '{comparator}' not one of '{names}'")
                }
                _ => format!("Invalid comparator for attribute: {comparator}"),
            });
        };
        let operand = integers(name, *compared, operand).map_err(|it| refused(&it, value.at))?;
        Ok(Condition { field, operator, operand })
    }

    /// What an attribute is compared with, or why not.
    fn operand(
        &self,
        name: &str,
        compared: Compared,
        value: &Token<'_>,
    ) -> Result<Operand, String> {
        let found = value.text;
        if compared == Compared::Number {
            return operand::number(value).ok_or_else(|| {
                format!("Expected numeric value type for numeric attribute: {name}. Found {found}")
            });
        }
        match value.kind {
            token::Kind::Text | token::Kind::Name => operand::quoted(value),
            token::Kind::Group if compared.takes_lists() => operand::listed(value),
            token::Kind::Group => {
                let of = |it: &&Attribute| it.compared.takes_lists();
                let known: Vec<_> = self.attributes.iter().filter(of).map(|it| it.name).collect();
                let known = list(&known);
                Err(format!(
                    "Only {known} attributes support comparison with a list of quoted string values."
                ))
            }
            token::Kind::Number if compared == Compared::QuotedNumber => {
                operand::number(value).ok_or_else(|| format!("`{found}` is no number"))
            }
            _ => Err(self.unquoted(found)),
        }
    }

    /// The words for a number where a text is wanted.
    fn unquoted(&self, found: &str) -> String {
        let of = |it: &&Attribute| it.compared == Compared::QuotedNumber;
        let numbers: Vec<_> = self.attributes.iter().filter(of).map(|it| it.name).collect();
        if !numbers.is_empty() {
            let numbers = numbers.join("', '");
            return format!(
                "Only the '{{'{numbers}'}}' attributes support comparison with numeric values."
            );
        }
        let or = if self.null { "" } else { " or a list of quoted string values" };
        format!("Expected a quoted string value{or} for attributes. Got value {found}")
    }
}

/// The integers that an attribute of integers is compared with.
fn integers(name: &str, compared: Compared, operand: Operand) -> Result<Operand, String> {
    let id = |text: &str| text.trim().parse::<i64>().map_err(|_| super::no_experiment_id(text));
    let wrong = |found: &str| Err(format!("Invalid value for numeric attribute '{name}': {found}"));
    Ok(match (compared, operand) {
        (Compared::Id, Operand::Text(text)) => Operand::Int(id(&text)?),
        (Compared::Id, Operand::List(list)) => {
            let ids = list.iter().map(|it| match it {
                crate::store::Value::Text(text) => Ok(id(text)?.into()),
                other => Ok(other.clone()),
            });
            Operand::List(ids.collect::<Result<_, String>>()?)
        }
        (Compared::QuotedNumber, Operand::Text(text)) => match text.trim().parse() {
            Ok(number) => Operand::Int(number),
            Err(_) => return wrong(&format!("'{text}'")),
        },
        (Compared::QuotedNumber, Operand::Real(number)) => return wrong(&number.to_string()),
        (Compared::Number, Operand::Real(number)) => return wrong(&format!("'{number}'")),
        (_, operand) => operand,
    })
}
