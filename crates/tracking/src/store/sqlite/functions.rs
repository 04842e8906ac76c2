//! Functions that SQLite lacks and PostgreSQL has.

use std::sync::Arc;

use regex::Regex;
use rusqlite::{
    Connection as Handle, Error,
    functions::{Context, FunctionFlags},
    types::ValueRef,
};

/// Adds them to a connection.
///
/// # Errors
/// Those of SQLite.
pub(super) fn add(handle: &Handle) -> Result<(), Error> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    handle.create_scalar_function("regexp", 2, flags, matches)
}

/// `text REGEXP pattern`: whether the pattern is somewhere in the text. No text is matched by nothing.
fn matches(context: &mut Context<'_>) -> Result<bool, Error> {
    let pattern: Arc<Regex> = context.get_or_create_aux(0, |pattern| {
        let pattern = pattern.as_str().map_err(|error| Box::new(error) as _);
        pattern.and_then(|it: &str| Regex::new(it).map_err(boxed))
    })?;
    Ok(match context.get_raw(1) {
        ValueRef::Text(text) => std::str::from_utf8(text).is_ok_and(|text| pattern.is_match(text)),
        _ => false,
    })
}

fn boxed(error: regex::Error) -> Box<dyn std::error::Error + Send + Sync> {
    Box::new(error)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::add;

    #[test]
    fn a_pattern_is_looked_for_in_a_text() {
        let handle = Connection::open_in_memory().unwrap();
        add(&handle).unwrap();
        let is = |sql: &str| handle.query_row(sql, [], |row| row.get::<_, bool>(0));
        assert!(is("SELECT 'abc' REGEXP 'b.'").unwrap());
        assert!(!is("SELECT 'abc' REGEXP '^b'").unwrap());
        assert!(!is("SELECT NULL REGEXP 'b'").unwrap());
        assert!(is("SELECT 'abc' REGEXP '('").is_err());
    }
}
