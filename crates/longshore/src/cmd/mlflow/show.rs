//! How what a server says is shown.

use std::io::Write;

use anyhow::Result;
use longshore_mlflow::rest::{self, Wire};
use serde_json::Value;

use super::{Server, pages::Found};
use crate::{
    cli::SearchArgs,
    cmd::fitted::{Column, fitted, terminal_width},
};

/// Columns and rows of a table.
pub(super) type Table = (Vec<Column>, Vec<Vec<String>>);

/// A list as JSON or as a table, and on standard error what it does not show.
pub(super) fn list<T: Wire>(
    server: &Server,
    found: &Found<T>,
    search: &SearchArgs,
    what: &str,
    table: impl FnOnce(&[T]) -> Table,
) -> Result<String> {
    if found.more {
        note(&format!(
            "there are more {what} than these {}: `--limit 0` shows all",
            found.items.len()
        ));
    }
    if server.json {
        return json_list(&found.items);
    }
    if found.items.is_empty() {
        let why = if search.filter.is_some() { " that the filter finds" } else { "" };
        return Ok(format!("no {what}{why} at {}", server.address()));
    }
    let (columns, rows) = table(&found.items);
    let width = (!search.wide).then(terminal_width);
    let (text, left_out) = fitted(&columns, &rows, width);
    if left_out > 0 {
        let what = if left_out == 1 { "column has" } else { "columns have" };
        note(&format!("{left_out} more {what} no room here: `--wide` or `--json` shows them"));
    }
    Ok(text)
}

/// A hint, which is no part of the answer.
pub(in crate::cmd) fn note(text: &str) {
    let mut out = std::io::stderr().lock();
    let _ = writeln!(out, "{text}");
}

/// A message as JSON.
pub(in crate::cmd) fn json(message: &impl Wire) -> Result<String> {
    Ok(serde_json::to_string_pretty(&value(message)?)?)
}

/// Messages as a list of JSON.
pub(in crate::cmd) fn json_list(messages: &[impl Wire]) -> Result<String> {
    let all = messages.iter().map(value).collect::<Result<Vec<_>>>()?;
    Ok(serde_json::to_string_pretty(&all)?)
}

pub(in crate::cmd) fn value(message: &impl Wire) -> Result<Value> {
    Ok(serde_json::from_str(&rest::print(message))?)
}
