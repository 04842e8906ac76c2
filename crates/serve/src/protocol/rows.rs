//! The forms in which V1 and MLflow send rows.

use crate::{
    failure::Failure,
    frame::{Bounds, Frame, columns, records, rows},
    json::Scanner,
    schema::Schema,
};

/// A list of rows: lists, objects by column name, or single values.
pub(super) fn list<'a>(
    scanner: &mut Scanner<'a>,
    schema: &Schema,
    bounds: &Bounds,
) -> Result<Frame<'a>, Failure> {
    let mut ahead = scanner.clone();
    if ahead.eat(b'[') && ahead.peek() == Some(b'{') {
        return records::read(scanner, schema.names(), bounds);
    }
    rows::read(scanner, schema.columns(), bounds)
}

/// The same, or an object of columns.
pub(super) fn list_or_columns<'a>(
    scanner: &mut Scanner<'a>,
    schema: &Schema,
    bounds: &Bounds,
) -> Result<Frame<'a>, Failure> {
    if scanner.peek() == Some(b'{') {
        return columns::read(scanner, schema.names(), bounds);
    }
    list(scanner, schema, bounds)
}
