//! Rows in a Parquet file (parquet.apache.org/docs/file-format).
//!
//! The reader is our own because the files are strangers'. A footer of a few bytes may announce
//! billions of columns, or columns in each other without end; a page of a few bytes may announce
//! billions of values. This reader checks the number of rows before it reads any value, reads only
//! tables of single values, and takes the room of each page and value from the request's budget
//! first.

use bytes::Bytes;

mod bits;
mod convert;
mod delta;
pub(crate) mod file;
mod footer;
mod page;
mod thrift;
mod values;

use super::{
    Bounds, Frame,
    typed::{Chosen, Typed, index_columns},
};
use crate::{budget::Budget, failure::Failure, schema::Names};
pub use convert::ColumnKind;
use convert::Converter;
use footer::Footer;

/// Reads a table. `binary` says, by name and place, which columns take bytes as they are.
pub(crate) fn read(
    body: &Bytes,
    wanted: Option<&Names>,
    binary: impl Fn(&str, usize) -> bool,
    bounds: &Bounds,
    budget: &mut Budget<'_>,
) -> Result<Frame<'static>, Failure> {
    let Footer { fields, groups, rows, pandas } = Footer::read(body, budget)?;
    bounds.check_rows(rows)?;
    let index = index_columns(pandas.as_deref(), budget)?;
    let chosen = Chosen::new(fields.iter().map(|field| &*field.name), &index, wanted)?;
    let mut columns = Vec::with_capacity(chosen.names.len());
    let taken = fields.iter().zip(&chosen.taken).filter(|(_, taken)| **taken);
    for (at, (field, _)) in taken.enumerate() {
        let converter = Converter::of(field, binary(&field.name, at))?;
        let mut typed = Typed::new(converter.is_float());
        for group in &groups {
            let chunk = group
                .chunks
                .get(field.leaf)
                .ok_or_else(|| malformed("a group of rows has less columns than the schema"))?;
            let rows = typed.len() + group.rows;
            page::read(
                body,
                chunk,
                field,
                group.rows,
                &mut |value, budget| converter.append(value, &mut typed, budget),
                budget,
            )?;
            if typed.len() != rows {
                return Err(malformed("a column has another number of values than its group rows"));
            }
        }
        columns.push(typed);
    }
    Ok(chosen.frame(columns, rows))
}

/// The body is not what its type says.
fn malformed(what: &str) -> Failure {
    Failure::invalid(format!("the body is not well-formed Parquet: {what}"))
}
