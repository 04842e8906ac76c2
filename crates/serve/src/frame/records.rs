//! Rows as objects by column name.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use super::{Bounds, Builder, Frame, collapse, rows};
use crate::{
    failure::Failure,
    json::{Scanner, twice},
    schema::Names,
};

/// Where a key's value goes.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Column(usize),
    /// The model does not take it.
    Dropped,
}

struct Records<'a, 'n> {
    /// The columns that the model takes; without them, every key makes one.
    wanted: Option<&'n Names>,
    names: Vec<Cow<'a, str>>,
    columns: Vec<Builder>,
    /// The column of each name met so far.
    found: HashMap<Cow<'a, str>, Place>,
    /// The keys of the first row with their columns: later rows mostly repeat them.
    order: Vec<(Cow<'a, str>, Place)>,
    rows: usize,
}

/// Reads a list of objects. Columns that the model does not take are left out; values that a row
/// lacks are missing.
pub(crate) fn read<'a>(
    scanner: &mut Scanner<'a>,
    wanted: Option<&Names>,
    bounds: &Bounds,
) -> Result<Frame<'a>, Failure> {
    let mut records = Records {
        wanted,
        names: Vec::new(),
        columns: Vec::new(),
        found: HashMap::new(),
        order: Vec::new(),
        rows: 0,
    };
    let mut first = true;
    scanner.begin(b'[')?;
    while scanner.more(b']', &mut first)? {
        bounds.check_rows(records.rows + 1)?;
        if scanner.peek() != Some(b'{') {
            return Err(Failure::invalid(format!(
                "row {} is not an object by column name while row 0 is",
                records.rows
            )));
        }
        records.row(scanner)?;
        bounds.check_cells(records.rows, records.columns.len())?;
    }
    let rows = records.rows;
    let columns = records.columns.into_iter().map(Builder::finish).collect();
    Ok(Frame { rows, names: Some(records.names), data: collapse(columns, rows) })
}

impl<'a> Records<'a, '_> {
    fn row(&mut self, scanner: &mut Scanner<'a>) -> Result<(), Failure> {
        let row = self.rows;
        let mut dropped: HashSet<Cow<'a, str>> = HashSet::new();
        let (mut first, mut at) = (true, 0);
        scanner.begin(b'{')?;
        while scanner.more(b'}', &mut first)? {
            let key = scanner.key()?;
            let place = match self.order.get(at) {
                Some((name, place)) if *name == key => *place,
                _ => self.place(key.clone()),
            };
            if row == 0 {
                self.order.push((key.clone(), place));
            }
            at += 1;
            match place {
                Place::Dropped => {
                    scanner.skip()?;
                    if !dropped.insert(key.clone()) {
                        return Err(twice(&key));
                    }
                }
                Place::Column(index) => {
                    let Some(column) = self.columns.get_mut(index) else { continue };
                    if column.len() > row {
                        return Err(twice(&key));
                    }
                    let value = value(scanner, row, &key)?;
                    column.push(value);
                }
            }
        }
        for column in &mut self.columns {
            if column.len() == row {
                column.push_missing();
            }
        }
        self.rows += 1;
        Ok(())
    }

    fn place(&mut self, key: Cow<'a, str>) -> Place {
        if let Some(place) = self.found.get(&key) {
            return *place;
        }
        let taken = self.wanted.is_none_or(|names| names.contains(&key));
        let place = if taken {
            // a column that begins late was missing before
            self.columns.push(Builder::Missing(self.rows));
            self.names.push(key.clone());
            Place::Column(self.columns.len() - 1)
        } else {
            Place::Dropped
        };
        self.found.insert(key, place);
        place
    }
}

/// A single value; a list of one value is taken for it, as clients of KServe write tables.
fn value<'a>(
    scanner: &mut Scanner<'a>,
    row: usize,
    key: &str,
) -> Result<crate::json::Scalar<'a>, Failure> {
    match scanner.peek() {
        Some(b'[') => {
            scanner.begin(b'[')?;
            let value = rows::value(scanner, row, 0)?;
            if scanner.more(b']', &mut false)? {
                return Err(Failure::invalid(format!(
                    "row {row}, column `{key}` is a list where a single value is expected"
                )));
            }
            Ok(value)
        }
        Some(b'{') => Err(Failure::invalid(format!(
            "row {row}, column `{key}` is an object where a single value is expected"
        ))),
        _ => scanner.scalar(),
    }
}

#[cfg(test)]
mod tests {
    use longshore_engine::{Column, Data, Matrix};

    use super::*;

    fn frame<'a>(text: &'a str, wanted: Option<&Names>) -> Result<Frame<'a>, String> {
        let mut scanner = Scanner::new(text.as_bytes(), 64).unwrap();
        let bounds = Bounds { rows: 100, cells: 6 };
        read(&mut scanner, wanted, &bounds).map_err(|f| f.message.to_string())
    }

    #[test]
    fn columns_are_the_union_of_all_keys() {
        let frame = frame(r#"[{"b":1,"a":2},{"a":3,"c":4}]"#, None).unwrap();
        assert_eq!(frame.names.unwrap(), ["b", "a", "c"]);
        let Data::F64(Matrix { columns: 3, values }) = frame.data else { panic!("3 columns") };
        assert_eq!(values[..2], [1.0, 2.0]);
        assert!(values[2].is_nan() && values[3].is_nan());
        assert_eq!(values[4..], [3.0, 4.0]);
    }

    #[test]
    fn what_the_model_does_not_take_is_dropped() {
        let wanted = Names::new(["a".into(), "t".into()]);
        let text = r#"[{"x":{"deep":[1]},"t":"u","a":[2]},{"a":3,"t":"v","x":1}]"#;
        let frame = frame(text, Some(&wanted)).unwrap();
        assert_eq!(frame.names.unwrap(), ["t", "a"]);
        let Data::Columns(columns) = frame.data else { panic!("columns expected") };
        assert_eq!(columns[1], Column::I64(vec![2, 3]));
    }

    #[test]
    fn faults_are_named() {
        let wanted = Names::new(["a".into()]);
        for (text, expected) in [
            (r#"[{"a":1,"a":2}]"#, "the key `a` comes twice"),
            (r#"[{"x":1,"x":2}]"#, "the key `x` comes twice"),
            (r#"[{"a":1},{"a":1,"a":1}]"#, "the key `a` comes twice"),
            (r#"[{"a":1},2]"#, "row 1 is not an object"),
            (r#"[{"a":[1,2]}]"#, "row 0, column `a` is a list"),
            (r#"[{"a":{}}]"#, "row 0, column `a` is an object"),
        ] {
            let message = frame(text, Some(&wanted)).unwrap_err();
            assert!(message.contains(expected), "{text}: {message}");
        }
        let sparse = r#"[{"a":1},{"b":1},{"c":1}]"#;
        assert!(frame(sparse, None).unwrap_err().contains("mostly missing"));
    }
}
