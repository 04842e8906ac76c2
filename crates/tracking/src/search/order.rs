//! What results are sorted by.

use crate::Error;

/// Reads a field and its direction: true for ascending. The field keeps its quotes.
///
/// # Errors
/// [`Error::Refused`] in MLflow's words.
pub(super) fn parse(text: &str) -> Result<(String, bool), Error> {
    let unread =
        || Error::invalid(format!("Invalid order_by clause '{text}'. Could not be parsed."));
    let mut words = words(text).ok_or_else(unread)?.into_iter();
    let field = words.next().ok_or_else(unread)?;
    let direction = words.next();
    if words.next().is_some() {
        return Err(unread());
    }
    let ascending = match direction.as_deref() {
        None => true,
        Some(it) if it.eq_ignore_ascii_case("asc") => true,
        Some(it) if it.eq_ignore_ascii_case("desc") => false,
        Some(_) => {
            return Err(Error::invalid(format!(
                "Invalid ordering key in order_by clause '{text}'."
            )));
        }
    };
    Ok((field, ascending))
}

/// The words of a text; blanks in quotes do not end a word.
fn words(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    for it in text.chars() {
        match quote {
            Some(end) => {
                word.push(it);
                if it == end {
                    quote = None;
                }
            }
            None if it.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            None if matches!(it, ',' | ';' | '(' | ')' | '=' | '<' | '>') => return None,
            None => {
                quote = matches!(it, '`' | '"' | '\'').then_some(it);
                word.push(it);
            }
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    quote.is_none().then_some(words)
}

/// Refuses a field that is there twice: nobody can tell which direction is meant.
///
/// # Errors
/// [`Error::Refused`] in MLflow's words.
pub(super) fn once<T: PartialEq>(fields: &[T], order_by: &[String]) -> Result<(), Error> {
    let twice = fields
        .iter()
        .enumerate()
        .any(|(index, field)| fields.iter().take(index).any(|before| before == field));
    if !twice {
        return Ok(());
    }
    let quoted: Vec<_> = order_by.iter().map(|it| format!("'{it}'")).collect();
    Err(Error::invalid(format!("`order_by` contains duplicate fields: [{}]", quoted.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_direction_is_optional() {
        let is = |text: &str, field: &str, ascending| {
            assert_eq!(parse(text).unwrap(), (field.to_owned(), ascending), "{text}");
        };
        is("metrics.loss", "metrics.loss", true);
        is(" tags.`a b`  DESC ", "tags.`a b`", false);
        is("params.\"a b\" asc", "params.\"a b\"", true);
    }

    #[test]
    fn what_is_no_field_is_refused() {
        let told = |text: &str| parse(text).unwrap_err().to_string();
        assert_eq!(told("a b"), "Invalid ordering key in order_by clause 'a b'.");
        for text in ["", " ", "a desc b", "a, b", "a; b", "`a", "a = 1"] {
            assert_eq!(
                told(text),
                format!("Invalid order_by clause '{text}'. Could not be parsed.")
            );
        }
    }
}
