//! Pages for people about one thing: facts by their names, then tables.

use std::fmt::Write;

use super::table::table;

/// A line for each fact that is known.
pub(crate) fn facts<'n>(
    page: &mut String,
    facts: impl IntoIterator<Item = (&'n str, Option<String>)>,
) {
    for (name, value) in facts {
        if let Some(value) = value {
            let _ = writeln!(page, "{:<16}{value}", format!("{name}:"));
        }
    }
}

/// A table with a title; nothing when it has no rows.
pub(crate) fn section(page: &mut String, title: &str, headings: &[&str], rows: &[Vec<String>]) {
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(page, "\n{title}:");
    for line in table(headings, rows).lines() {
        let _ = writeln!(page, "  {line}");
    }
}
