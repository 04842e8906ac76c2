//! What a field is compared with.

use super::token::{Kind, Token};
use crate::store::Value;

/// What a field is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operand {
    /// Nothing: the operator says it all.
    None,
    /// A text.
    Text(String),
    /// An integer.
    Int(i64),
    /// A number that is not.
    Real(f64),
    /// Texts, or the integers that they were.
    List(Vec<Value>),
}

impl Operand {
    /// How many values it has.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::None => 0,
            Self::List(list) => list.len(),
            _ => 1,
        }
    }

    /// Its values, in the order of their marks.
    pub(super) fn values(&self) -> Vec<Value> {
        match self {
            Self::None => Vec::new(),
            Self::Text(text) => vec![text.into()],
            Self::Int(number) => vec![(*number).into()],
            Self::Real(number) => vec![(*number).into()],
            Self::List(list) => list.clone(),
        }
    }
}

/// The text of a token that is in single or double quotes. Nothing inside of them has a meaning.
fn text(token: &Token<'_>) -> Option<String> {
    let inner = |quote| token.text.strip_prefix(quote)?.strip_suffix(quote);
    let is_one = token.text.len() > 1;
    is_one.then(|| inner('\'').or_else(|| inner('"')).map(ToOwned::to_owned)).flatten()
}

/// The text in quotes that a field is compared with.
///
/// # Errors
/// MLflow's words.
pub(super) fn quoted(token: &Token<'_>) -> Result<Operand, String> {
    text(token).map(Operand::Text).ok_or_else(|| {
        format!(
            "Parameter value is either not quoted or unidentified quote types used for string value {}. Use either single or double quotes.",
            token.text
        )
    })
}

/// The list that a field is compared with.
///
/// # Errors
/// MLflow's words.
pub(super) fn listed(token: &Token<'_>) -> Result<Operand, String> {
    let texts = list(token.text)?;
    Ok(Operand::List(texts.into_iter().map(Value::Text).collect()))
}

/// The text in quotes that a tag is compared with.
///
/// # Errors
/// MLflow's words. `kind` is what it calls the field.
pub(super) fn tagged(kind: &str, token: &Token<'_>) -> Result<Operand, String> {
    if matches!(token.kind, Kind::Text | Kind::Name) {
        return quoted(token);
    }
    let found = token.text;
    Err(format!("Expected a quoted string value for {kind} (e.g. 'my-value'). Got value {found}"))
}

/// The number that a token is. An integer that no column can hold is a float.
pub(super) fn number(token: &Token<'_>) -> Option<Operand> {
    if token.kind != Kind::Number {
        return None;
    }
    let int = token.text.parse().map(Operand::Int).ok();
    int.or_else(|| token.text.parse().map(Operand::Real).ok())
}

/// Reads a list of quoted texts in round brackets, as Python writes a tuple.
///
/// # Errors
/// MLflow's words.
fn list(group: &str) -> Result<Vec<String>, &'static str> {
    const ILL: &str = "While parsing a list in the query, expected a non-empty list of string values, but got ill-formed list.";
    const EMPTY: &str = "While parsing a list in the query, expected a non-empty list of string values, but got empty list";
    const OTHER: &str = "While parsing a list in the query, expected string value, punctuation, or whitespace, but got different type in list";
    let inner = group.strip_prefix('(').and_then(|it| it.strip_suffix(')')).ok_or(ILL)?;
    let mut rest = inner.trim_start();
    let mut found = Vec::new();
    if rest.is_empty() {
        return Err(EMPTY);
    }
    while !rest.is_empty() {
        let quote = rest.chars().next().unwrap_or_default();
        if quote != '\'' && quote != '"' {
            return Err(if quote == ',' || quote == ')' { ILL } else { OTHER });
        }
        let (item, behind) = item(rest, quote).ok_or(ILL)?;
        found.push(item);
        rest = behind.trim_start();
        rest = match rest.strip_prefix(',') {
            Some(next) => next.trim_start(),
            None if rest.is_empty() => rest,
            None => return Err(ILL),
        };
    }
    Ok(found)
}

/// The text that `rest` begins with, and what is behind it. A backslash before a quote or a backslash
/// takes its meaning away, as in Python.
fn item(rest: &str, quote: char) -> Option<(String, &str)> {
    let mut item = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((index, it)) = chars.next() {
        if it == quote {
            return Some((item, rest.get(index + 1..)?));
        }
        item.push(it);
        if it == '\\' {
            match chars.next()? {
                (_, next @ ('\'' | '"' | '\\')) => {
                    item.pop();
                    item.push(next);
                }
                (_, next) => item.push(next),
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::list;

    #[test]
    fn a_list_holds_texts_only() {
        assert_eq!(list("('a', \"b'c\")"), Ok(vec!["a".to_owned(), "b'c".to_owned()]));
        assert_eq!(list("( 'a' ,)"), Ok(vec!["a".to_owned()]));
        assert_eq!(list(r"('it\'s \\')"), Ok(vec![r"it's \".to_owned()]));
        assert!(list("()").unwrap_err().ends_with("but got empty list"));
        assert!(list("('a' 'b')").unwrap_err().ends_with("but got ill-formed list."));
        assert!(list("('a',, 'b')").unwrap_err().ends_with("but got ill-formed list."));
        assert!(list("(1, 'b')").unwrap_err().contains("different type in list"));
        assert!(list("(a)").unwrap_err().contains("different type in list"));
    }
}
