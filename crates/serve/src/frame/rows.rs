//! Rows as lists, or one value a row.

use longshore_engine::{Data, Matrix, quantity};

use super::{Bounds, Builder, Frame, collapse};
use crate::{
    failure::Failure,
    json::{Scalar, Scanner},
};

/// Reads a list whose items are lists of values, or single values (one column).
///
/// A list of lists of numbers goes straight into a matrix; anything else starts over and is read
/// into columns, which is also where a fault is named.
pub(crate) fn read<'a>(
    scanner: &mut Scanner<'a>,
    width: Option<usize>,
    bounds: &Bounds,
) -> Result<Frame<'a>, Failure> {
    let mut fast = scanner.clone();
    if let Some((rows, matrix)) = matrix(&mut fast, width.unwrap_or(16), bounds.rows) {
        *scanner = fast;
        return Ok(Frame { rows, names: None, data: Data::F64(matrix), unknown: Vec::new() });
    }
    columns(scanner, bounds)
}

/// The fast path: `None` as soon as anything is not a number or not in its place.
fn matrix(
    scanner: &mut Scanner<'_>,
    width: usize,
    max_rows: usize,
) -> Option<(usize, Matrix<f64>)> {
    let mut values: Vec<f64> = Vec::with_capacity(width.min(1 << 12));
    let (mut rows, mut columns) = (0, 0);
    if !scanner.eat(b'[') {
        return None;
    }
    loop {
        let start = values.len();
        scanner.doubles(&mut values)?;
        let found = values.len() - start;
        if rows == 0 {
            columns = found;
        } else if found != columns {
            return None;
        }
        rows += 1;
        if rows > max_rows {
            return None;
        }
        if scanner.eat(b',') {
            continue;
        }
        return scanner.eat(b']').then_some((rows, Matrix { columns, values }));
    }
}

/// The careful path.
#[inline(never)]
fn columns<'a>(scanner: &mut Scanner<'a>, bounds: &Bounds) -> Result<Frame<'a>, Failure> {
    let mut columns: Vec<Builder> = Vec::new();
    let (mut rows, mut first, mut single) = (0, true, None);
    scanner.begin(b'[')?;
    while scanner.more(b']', &mut first)? {
        bounds.check_rows(rows + 1)?;
        let is_list = scanner.peek() == Some(b'[');
        if *single.get_or_insert(!is_list) == is_list {
            return Err(Failure::invalid(format!(
                "row {rows} is {} while the rows before are {}",
                if is_list { "a list" } else { "a single value" },
                if is_list { "single values" } else { "lists" },
            )));
        }
        let found = if is_list {
            row(scanner, rows, &mut columns)?
        } else {
            let value = value(scanner, rows, 0)?;
            push(&mut columns, rows, 0, value);
            1
        };
        if rows > 0 && found != columns.len() {
            return Err(Failure::invalid(format!(
                "row {rows} has {} while row 0 has {}",
                quantity(found, "value"),
                columns.len().min(width_of_first(&columns, rows)),
            )));
        }
        rows += 1;
    }
    let columns: Vec<_> = columns.into_iter().map(Builder::finish).collect();
    Ok(Frame { rows, names: None, data: collapse(columns, rows), unknown: Vec::new() })
}

/// Columns that were there before row `row` began.
fn width_of_first(columns: &[Builder], row: usize) -> usize {
    columns.iter().filter(|column| column.len() >= row).count()
}

fn row(
    scanner: &mut Scanner<'_>,
    row: usize,
    columns: &mut Vec<Builder>,
) -> Result<usize, Failure> {
    let (mut first, mut at) = (true, 0);
    scanner.begin(b'[')?;
    while scanner.more(b']', &mut first)? {
        let value = value(scanner, row, at)?;
        if row > 0 && at == columns.len() {
            return Err(Failure::invalid(format!(
                "row {row} has more values than row 0, which has {}",
                columns.len()
            )));
        }
        push(columns, row, at, value);
        at += 1;
    }
    Ok(at)
}

fn push(columns: &mut Vec<Builder>, row: usize, at: usize, value: Scalar<'_>) {
    if row == 0 && at == columns.len() {
        columns.push(Builder::default());
    }
    if let Some(column) = columns.get_mut(at) {
        column.push(value);
    }
}

/// A single value; a list or an object in its place is named by row and column.
fn value<'a>(scanner: &mut Scanner<'a>, row: usize, column: usize) -> Result<Scalar<'a>, Failure> {
    single(scanner, row, || column.to_string())
}

/// The same for a column that `shown` writes.
pub(super) fn single<'a>(
    scanner: &mut Scanner<'a>,
    row: usize,
    shown: impl Fn() -> String,
) -> Result<Scalar<'a>, Failure> {
    let found = match scanner.peek() {
        Some(b'[') => "a list",
        Some(b'{') => "an object",
        _ => return scanner.scalar(),
    };
    let column = shown();
    Err(Failure::invalid(format!(
        "row {row}, column {column} is {found} where a single value is expected"
    )))
}

#[cfg(test)]
mod tests {
    use longshore_engine::{Column, TextColumn};

    use super::*;

    fn frame(text: &str) -> Result<(usize, Data), String> {
        let mut scanner = Scanner::new(text.as_bytes(), 64).unwrap();
        let bounds = Bounds { rows: 3, cells: 100 };
        let frame = read(&mut scanner, None, &bounds).map_err(|f| f.message.to_string())?;
        scanner.finish().map_err(|f| f.message.to_string())?;
        Ok((frame.rows, frame.data))
    }

    fn doubles(columns: usize, values: &[f64]) -> Data {
        Data::F64(Matrix { columns, values: values.to_vec() })
    }

    #[test]
    fn numbers_become_a_matrix_on_both_paths() {
        let expected = doubles(2, &[1.0, 2.5, -3.0, 4e3]);
        assert_eq!(frame("[[1, 2.5],[-3,4e3]]"), Ok((2, expected)));
        assert_eq!(frame("[1, 2]"), Ok((2, doubles(1, &[1.0, 2.0]))));
        assert_eq!(frame("[]"), Ok((0, doubles(0, &[]))));
        let (_, Data::F64(matrix)) = frame("[[null, NaN, Infinity]]").unwrap() else {
            panic!("a matrix expected")
        };
        assert!(matrix.values[0].is_nan() && matrix.values[1].is_nan());
        assert_eq!(matrix.values[2], f64::INFINITY);
    }

    #[test]
    fn mixed_rows_become_columns() {
        let texts: TextColumn = [Some("a"), None].into_iter().collect();
        let expected = Data::Columns(vec![Column::Text(texts), Column::F64(vec![1.0, 2.5])]);
        assert_eq!(frame(r#"[["a", 1], [null, 2.5]]"#), Ok((2, expected)));
    }

    #[test]
    fn faults_are_named_by_row_and_column() {
        for (text, expected) in [
            ("[[1,2],[3]]", "row 1 has 1 value while row 0 has 2"),
            ("[[1,2],[3,4,5]]", "row 1 has more values than row 0, which has 2"),
            ("[[1],2]", "row 1 is a single value while the rows before are lists"),
            ("[1,[2]]", "row 1 is a list while the rows before are single values"),
            ("[[1,[2]]]", "row 0, column 1 is a list where a single value is expected"),
            ("[[1],[2],[3],[4]]", "exceeds the limit of 3 rows"),
            ("[[1],[2]", "expected `,` or `]`, found the end of the body"),
            ("[[1,02]]", "is not valid JSON at byte 5"),
            ("7", "expected a list at byte 0, found a number"),
        ] {
            let message = frame(text).unwrap_err();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }
}
