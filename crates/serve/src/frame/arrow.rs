//! Rows in Arrow's IPC format, as a stream and as a file (arrow.apache.org/docs/format/Columnar.html).
//!
//! The library reads the messages' heads. Their bodies are read here, straight into columns: every
//! length is held against what is there before it is used, and what is compressed or stands for many
//! values takes its room from the request's budget first.

use bytes::Bytes;

mod batch;
mod dictionary;
mod field;
mod items;
mod message;

use super::{
    Bounds, Frame,
    typed::{Chosen, Typed, index_columns},
};
use crate::{budget::Budget, failure::Failure, schema::Names};
use batch::Batch;
use dictionary::Dictionaries;
use message::{Head, Messages};

/// Reads a table. `binary` says, by name and place, which columns take bytes as they are.
pub(crate) fn read(
    body: &Bytes,
    wanted: Option<&Names>,
    binary: impl Fn(&str, usize) -> bool,
    bounds: &Bounds,
    budget: &mut Budget<'_>,
) -> Result<Frame<'static>, Failure> {
    let mut messages = Messages::of(body)?;
    let is_file = messages.is_file();
    let schema = messages.schema()?;
    let fields = field::read(schema, budget)?;
    let index = index_columns(field::metadata(schema, "pandas"), budget)?;
    let chosen = Chosen::new(fields.iter().map(|field| &*field.name), &index, wanted)?;
    let mut columns = Vec::with_capacity(chosen.names.len());
    let taken = || fields.iter().zip(&chosen.taken).filter(|(_, taken)| **taken);
    for (at, (field, _)) in taken().enumerate() {
        columns.push(field.column(binary(&field.name, at))?);
    }
    let mut typed: Vec<Typed> =
        columns.iter().map(|column| Typed::new(column.kind.is_float())).collect();
    let mut dictionaries = Dictionaries::of(&columns);
    let mut rows = 0;
    while let Some(message) = messages.next()? {
        match message.parts()? {
            (Head::Rows(rows_of_batch), body) => {
                let mut batch = Batch::new(rows_of_batch, body)?;
                bounds.check_rows(rows + batch.rows)?;
                let mut places = columns.iter().zip(&mut typed);
                for (field, taken) in fields.iter().zip(&chosen.taken) {
                    if !taken {
                        batch.skip(field)?;
                        continue;
                    }
                    let Some((column, typed)) = places.next() else { break };
                    let chunk = batch.take(column.layout(), budget)?;
                    items::append(column, &chunk, &dictionaries, typed, budget)?;
                }
                rows += batch.rows;
            }
            (Head::Dictionary { id, is_delta, rows }, body) => {
                if !is_delta && is_file && dictionaries.has_values(id) {
                    return Err(malformed("the file has two dictionaries for one column"));
                }
                dictionaries.add(id, is_delta, rows, body, budget)?;
            }
            (Head::Schema(_), _) => return Err(malformed("it has two schemas")),
        }
    }
    Ok(chosen.frame(typed, rows))
}

/// The body is not what its type says.
fn malformed(what: &str) -> Failure {
    Failure::invalid(format!("the body is not well-formed Arrow IPC: {what}"))
}
