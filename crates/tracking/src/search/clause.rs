//! The comparisons that a filter is made of, before anything is known about what they compare.

use super::{
    operator::Operator,
    refused,
    token::{self, Kind, Token},
};
use crate::Error;

/// A comparison as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clause<'a> {
    /// What is on its left.
    pub(super) name: Token<'a>,
    /// What compares, as it was written.
    pub(super) comparator: &'a str,
    /// What compares; `None` when the grammar does not have it.
    pub(super) operator: Option<Operator>,
    /// What is on its right; nothing for `IS NULL`.
    pub(super) value: Option<Token<'a>>,
}

impl Clause<'_> {
    /// A refusal that points at this comparison.
    pub(super) fn refused(&self, words: &str) -> Error {
        refused(words, self.name.at)
    }
}

/// Cuts a filter into the comparisons that it joins by `AND`.
///
/// # Errors
/// [`Error::Refused`] in MLflow's words, for what is no comparison.
pub(super) fn clauses(filter: &str) -> Result<Vec<Clause<'_>>, Error> {
    let tokens = token::cut(filter);
    let mut clauses: Vec<Clause<'_>> = Vec::new();
    let mut strangers = Vec::new();
    let mut is_joined = true;
    let mut rest = &tokens[..];
    while let [first, behind @ ..] = rest {
        if first.is("AND") {
            (is_joined, rest) = (true, behind);
        } else if is_joined && let Some((clause, behind)) = comparison(rest) {
            clauses.push(clause);
            (is_joined, rest) = (false, behind);
        } else {
            strangers.push(*first);
            rest = behind;
        }
    }
    if let Some(first) = strangers.first() {
        let texts: Vec<_> = strangers.iter().map(|it| format!("'{}'", it.text)).collect();
        let words = format!("Invalid clause(s) in filter string: {}", texts.join(", "));
        return Err(refused(&words, first.at));
    }
    if let Some(clause) = clauses.iter().find(|it| it.name.kind != Kind::Name) {
        let words = "Invalid comparison clause. Expected 'Identifier' found";
        return Err(clause.refused(&format!("{words} '{}'", clause.name.text)));
    }
    Ok(clauses)
}

/// The comparison that some tokens begin with, and the tokens behind it.
fn comparison<'a, 't>(tokens: &'t [Token<'a>]) -> Option<(Clause<'a>, &'t [Token<'a>])> {
    let is_name = |it: &Token<'_>| it.kind == Kind::Name;
    let is_group = |it: &Token<'_>| it.kind == Kind::Group;
    let is_value =
        |it: &Token<'_>| matches!(it.kind, Kind::Name | Kind::Number | Kind::Text | Kind::Group);
    let clause = |name, operator: Operator, value| Clause {
        name,
        comparator: operator.name(),
        operator: Some(operator),
        value,
    };
    match tokens {
        [name, by, not, null, rest @ ..]
            if is_name(name) && by.is("IS") && not.is("NOT") && null.is("NULL") =>
        {
            Some((clause(*name, Operator::IsNotNull, None), rest))
        }
        [name, not, by, list, rest @ ..]
            if is_name(name) && not.is("NOT") && by.is("IN") && is_group(list) =>
        {
            Some((clause(*name, Operator::NotIn, Some(*list)), rest))
        }
        [name, by, null, rest @ ..] if is_name(name) && by.is("IS") && null.is("NULL") => {
            Some((clause(*name, Operator::IsNull, None), rest))
        }
        [name, by, list, rest @ ..] if is_name(name) && by.is("IN") && is_group(list) => {
            Some((clause(*name, Operator::In, Some(*list)), rest))
        }
        [name, by, value, rest @ ..]
            if is_value(name) && by.kind == Kind::Operator && is_value(value) =>
        {
            let operator = Operator::parse(by.text);
            Some((Clause { name: *name, comparator: by.text, operator, value: Some(*value) }, rest))
        }
        _ => None,
    }
}
