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
    rows::read(scanner, schema.width(), bounds)
}

/// The list of a whole request. Single values in the place of rows are refused with the list that may be meant.
pub(super) fn instances<'a>(
    scanner: &mut Scanner<'a>,
    schema: &Schema,
    bounds: &Bounds,
) -> Result<Frame<'a>, Failure> {
    let whole = scanner.clone();
    let frame = list(scanner, schema, bounds)?;
    let mut ahead = whole.clone();
    if ahead.eat(b'[') && !matches!(ahead.peek(), Some(b'[' | b'{' | b']')) {
        schema.check_single(|columns| nested(&whole, frame.rows, columns))?;
    }
    Ok(frame)
}

/// How single values are sent as one row, or which form rows have.
fn nested(whole: &Scanner<'_>, values: usize, columns: usize) -> String {
    const LONGEST: usize = 200;
    let sent = whole.clone().skip().ok().filter(|text| text.len() <= LONGEST);
    match sent {
        Some(text) if values == columns => format!("a row is a list of its own: send [{text}]"),
        _ => {
            let more = if columns > 3 { ", …" } else { "" };
            let row = vec!["value"; columns.min(3)].join(", ");
            format!("a row is a list of its own, as in [[{row}{more}]]")
        }
    }
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
    instances(scanner, schema, bounds)
}

/// The same as KServe takes it: it makes a pandas frame of each item and puts the frames one below
/// the other (`get_predict_input`), so that an item may be an object of columns or a list of rows.
pub(super) fn items_or_columns<'a>(
    scanner: &mut Scanner<'a>,
    schema: &Schema,
    bounds: &Bounds,
) -> Result<Frame<'a>, Failure> {
    let mut ahead = scanner.clone();
    if ahead.eat(b'[') {
        if ahead.peek() == Some(b'[') && ahead.eat(b'[') && ahead.peek() == Some(b'{') {
            return records::read_lists(scanner, schema.names(), bounds);
        }
        if !schema.are_dicts() && is_columns(&mut ahead) {
            return columns::read_list(scanner, schema.names(), bounds);
        }
    }
    list_or_columns(scanner, schema, bounds)
}

/// True when an object comes next whose first value is a list or an object.
pub(super) fn is_columns(scanner: &mut Scanner<'_>) -> bool {
    let first = scanner.eat(b'{') && scanner.peek() == Some(b'"') && scanner.key().is_ok();
    first && matches!(scanner.peek(), Some(b'[' | b'{'))
}
