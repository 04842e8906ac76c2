//! Columns by name, each a list of values.

use std::borrow::Cow;

use super::{Bounds, Builder, Frame, collapse, rows};
use crate::{
    failure::Failure,
    json::{Scanner, twice},
    schema::Names,
};

/// Reads an object of lists of equal length; items may be lists of one value (numpy's n × 1).
pub(crate) fn read<'a>(
    scanner: &mut Scanner<'a>,
    wanted: Option<&Names>,
    bounds: &Bounds,
) -> Result<Frame<'a>, Failure> {
    let mut names: Vec<Cow<'a, str>> = Vec::new();
    let mut columns: Vec<Builder> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    let mut first = true;
    scanner.begin(b'{')?;
    while scanner.more(b'}', &mut first)? {
        let key = scanner.key()?;
        if !seen.insert(key.clone()) {
            return Err(twice(&key));
        }
        if wanted.is_some_and(|names| !names.contains(&key)) {
            scanner.skip()?;
            continue;
        }
        let column = column(scanner, &key, bounds)?;
        if let Some((name, before)) = names.first().zip(columns.first())
            && before.len() != column.len()
        {
            return Err(Failure::invalid(format!(
                "column `{key}` has {} values while column `{name}` has {}",
                column.len(),
                before.len()
            )));
        }
        names.push(key);
        columns.push(column);
    }
    let rows = columns.first().map_or(0, Builder::len);
    let columns = columns.into_iter().map(Builder::finish).collect();
    Ok(Frame { rows, names: Some(names), data: collapse(columns, rows) })
}

fn column(scanner: &mut Scanner<'_>, name: &str, bounds: &Bounds) -> Result<Builder, Failure> {
    let mut column = Builder::default();
    if scanner.peek() != Some(b'[') {
        return Err(Failure::invalid(format!("column `{name}` is not a list of values")));
    }
    let mut first = true;
    scanner.begin(b'[')?;
    while scanner.more(b']', &mut first)? {
        let row = column.len();
        bounds.check_rows(row + 1)?;
        let nested = scanner.peek() == Some(b'[');
        if nested {
            scanner.begin(b'[')?;
        }
        let value = rows::value(scanner, row, 0)?;
        column.push(value);
        if nested && scanner.more(b']', &mut false)? {
            return Err(Failure::invalid(format!(
                "column `{name}`, row {row} is a list where a single value is expected"
            )));
        }
    }
    Ok(column)
}

#[cfg(test)]
mod tests {
    use longshore_engine::{Data, Matrix};

    use super::*;

    fn frame(text: &str) -> Result<Frame<'_>, String> {
        let mut scanner = Scanner::new(text.as_bytes(), 64).unwrap();
        let bounds = Bounds { rows: 3, cells: 100 };
        read(&mut scanner, None, &bounds).map_err(|f| f.message.to_string())
    }

    #[test]
    fn columns_are_read_side_by_side() {
        let frame = frame(r#"{"a":[1,2],"b":[[3],[4]]}"#).unwrap();
        assert_eq!(frame.rows, 2);
        assert_eq!(frame.data, Data::F64(Matrix { columns: 2, values: vec![1.0, 3.0, 2.0, 4.0] }));
    }

    #[test]
    fn faults_are_named() {
        for (text, expected) in [
            (r#"{"a":[1,2],"b":[3]}"#, "column `b` has 1 values while column `a` has 2"),
            (r#"{"a":[1],"a":[3]}"#, "the key `a` comes twice"),
            (r#"{"a":1}"#, "column `a` is not a list"),
            (r#"{"a":[[1,2]]}"#, "column `a`, row 0 is a list"),
            (r#"{"a":[1,2,3,4]}"#, "exceeds the limit of 3 rows"),
        ] {
            let message = frame(text).unwrap_err();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }
}
