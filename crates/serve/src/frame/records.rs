//! Rows as objects by column name.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::{Bounds, Builder, Frame, UNKNOWN, collapse, rows};
use crate::{
    failure::Failure,
    json::{Scanner, twice},
    names::quoted,
    schema::Names,
};

/// Where a key's value goes.
#[derive(Clone, Copy, PartialEq)]
enum KeyUse {
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
    found: HashMap<Cow<'a, str>, KeyUse>,
    /// The keys of the first row with their columns: later rows mostly repeat them.
    order: Vec<(Cow<'a, str>, KeyUse)>,
    unknown: Vec<Cow<'a, str>>,
    rows: usize,
    /// A column that a row lacks is a missing value.
    fills: bool,
}

/// Reads a list of objects. Columns that the model does not take are left out; one that the model
/// takes is in every row or in none.
pub(crate) fn read<'a>(
    scanner: &mut Scanner<'a>,
    wanted: Option<&Names>,
    bounds: &Bounds,
) -> Result<Frame<'a>, Failure> {
    let mut records = Records::new(wanted);
    records.list(scanner, bounds)?;
    Ok(records.finish())
}

/// Reads a list of lists of objects, whose rows follow one another: an older form of KServe, whose
/// server makes a table of each list with pandas. Columns that a row lacks are missing values, as
/// there, unless a key that no column has lets on that one is misspelt.
pub(crate) fn read_lists<'a>(
    scanner: &mut Scanner<'a>,
    wanted: Option<&Names>,
    bounds: &Bounds,
) -> Result<Frame<'a>, Failure> {
    let mut records = Records { fills: true, ..Records::new(wanted) };
    let (mut first, mut at) = (true, 0);
    scanner.begin(b'[')?;
    while scanner.more(b']', &mut first)? {
        if scanner.peek() != Some(b'[') {
            return Err(Failure::invalid(format!(
                "item {at} is {} while item 0 is a list of rows",
                scanner.shape()
            )));
        }
        records.list(scanner, bounds)?;
        at += 1;
    }
    records.fill(bounds)?;
    Ok(records.finish())
}

impl<'a, 'n> Records<'a, 'n> {
    fn new(wanted: Option<&'n Names>) -> Self {
        Self {
            wanted,
            names: Vec::new(),
            columns: Vec::new(),
            found: HashMap::new(),
            order: Vec::new(),
            unknown: Vec::new(),
            rows: 0,
            fills: false,
        }
    }

    /// Adds the columns that no row has.
    fn fill(&mut self, bounds: &Bounds) -> Result<(), Failure> {
        let Some(wanted) = self.wanted else { return Ok(()) };
        let found =
            |name: &str| self.names.iter().any(|found| wanted.find(found) == wanted.find(name));
        let absent: Vec<_> = wanted.iter().filter(|name| !found(name)).collect();
        if self.names.is_empty() || !self.unknown.is_empty() || self.are_dicts() {
            return Ok(());
        }
        bounds.check_cells(self.rows, self.columns.len() + absent.len())?;
        for name in absent {
            self.names.push(Cow::Owned(name.to_owned()));
            self.columns.push(Builder::Missing(self.rows));
        }
        Ok(())
    }

    /// True when rows are dicts.
    fn are_dicts(&self) -> bool {
        self.wanted.is_some_and(Names::are_keys)
    }

    fn may_lack(&self, name: &str) -> bool {
        let fills = self.fills && self.unknown.is_empty();
        fills || self.wanted.is_some_and(|names| names.may_lack(name))
    }

    fn finish(self) -> Frame<'a> {
        let rows = self.rows;
        let columns = self.columns.into_iter().map(Builder::finish).collect();
        let data = collapse(columns, rows);
        Frame { rows, names: Some(self.names), data, unknown: self.unknown }
    }

    fn list(&mut self, scanner: &mut Scanner<'a>, bounds: &Bounds) -> Result<(), Failure> {
        let mut first = true;
        scanner.begin(b'[')?;
        while scanner.more(b']', &mut first)? {
            bounds.check_rows(self.rows + 1)?;
            if scanner.peek() != Some(b'{') {
                return Err(Failure::invalid(format!(
                    "row {} is not an object by column name while row 0 is; it is {}",
                    self.rows,
                    scanner.shape()
                )));
            }
            self.row(scanner)?;
            bounds.check_cells(self.rows, self.columns.len())?;
        }
        Ok(())
    }

    fn row(&mut self, scanner: &mut Scanner<'a>) -> Result<(), Failure> {
        let (row, dicts) = (self.rows, self.are_dicts());
        let mut dropped: HashSet<Cow<'a, str>> = HashSet::new();
        let (mut first, mut at) = (true, 0);
        scanner.begin(b'{')?;
        while scanner.more(b'}', &mut first)? {
            let key = scanner.key()?;
            let key_use = match self.order.get(at) {
                Some((name, key_use)) if *name == key => *key_use,
                _ => self.key_use(key.clone())?,
            };
            if row == 0 {
                self.order.push((key.clone(), key_use));
            }
            at += 1;
            match key_use {
                KeyUse::Dropped => {
                    scanner.skip()?;
                    if !dropped.insert(key.clone()) {
                        return Err(twice(&key));
                    }
                }
                KeyUse::Column(index) => {
                    let Some(column) = self.columns.get_mut(index) else { continue };
                    if column.len() > row {
                        return Err(twice(&key));
                    }
                    value(scanner, row, &key, column, dicts)?;
                }
            }
        }
        let lacking = |(_, column): &(_, &Builder)| column.len() == row;
        let mut lacking = self.names.iter().zip(&self.columns).filter(lacking);
        if let Some((name, _)) = lacking.find(|(name, _)| !self.may_lack(name)) {
            return Err(super::lacks(name, row));
        }
        for column in self.columns.iter_mut().filter(|column| column.len() == row) {
            if dicts {
                column.push_absent(1);
            } else {
                column.push_missing();
            }
        }
        self.rows += 1;
        Ok(())
    }

    fn key_use(&mut self, key: Cow<'a, str>) -> Result<KeyUse, Failure> {
        if let Some(key_use) = self.found.get(&key) {
            return Ok(*key_use);
        }
        let taken = self.wanted.is_none_or(|names| names.contains(&key));
        let key_use = if taken {
            if self.rows > 0 && !self.may_lack(&key) {
                return Err(super::lacks(&key, 0));
            }
            let mut column = Builder::default();
            if self.are_dicts() {
                column.push_absent(self.rows);
            } else {
                column = Builder::Missing(self.rows);
            }
            self.columns.push(column);
            self.names.push(key.clone());
            KeyUse::Column(self.columns.len() - 1)
        } else {
            if self.unknown.len() < UNKNOWN {
                self.unknown.push(key.clone());
            }
            KeyUse::Dropped
        };
        self.found.insert(key, key_use);
        Ok(key_use)
    }
}

/// Reads a single value into `column`; a list of one value is taken for it, as clients of KServe
/// write tables. A dict may have a list of texts there.
fn value(
    scanner: &mut Scanner<'_>,
    row: usize,
    key: &str,
    column: &mut Builder,
    dicts: bool,
) -> Result<(), Failure> {
    if scanner.peek() != Some(b'[') {
        column.push(rows::single(scanner, row, || quoted(key))?);
        return Ok(());
    }
    if dicts && let Some(texts) = texts(scanner)? {
        column.push_texts(texts);
        return Ok(());
    }
    scanner.begin(b'[')?;
    let value = rows::single(scanner, row, || quoted(key))?;
    if scanner.more(b']', &mut false)? {
        let expected = if dicts { "a single value or texts are" } else { "a single value is" };
        return Err(Failure::invalid(format!(
            "row {row}, column {} is a list where {expected} expected",
            quoted(key)
        )));
    }
    column.push(value);
    Ok(())
}

/// A list of nothing but texts; `None`, and nothing is read, when it is another one.
fn texts(scanner: &mut Scanner<'_>) -> Result<Option<Vec<Arc<str>>>, Failure> {
    let mut ahead = scanner.clone();
    let (mut first, mut texts) = (true, Vec::new());
    ahead.begin(b'[')?;
    while ahead.more(b']', &mut first)? {
        if ahead.peek() != Some(b'"') {
            return Ok(None);
        }
        texts.push(Arc::from(&*ahead.string()?));
    }
    *scanner = ahead;
    Ok(Some(texts))
}

#[cfg(test)]
mod tests {
    use longshore_engine::{Column, Data, Matrix};

    use super::*;

    type Read<'a> = fn(&mut Scanner<'a>, Option<&Names>, &Bounds) -> Result<Frame<'a>, Failure>;

    fn frame<'a>(
        read: Read<'a>,
        text: &'a str,
        wanted: Option<&Names>,
    ) -> Result<Frame<'a>, String> {
        let mut scanner = Scanner::new(text.as_bytes(), 64).unwrap();
        let bounds = Bounds { rows: 100, cells: 6 };
        read(&mut scanner, wanted, &bounds).map_err(|f| f.message.to_string())
    }

    #[test]
    fn rows_are_read_by_name() {
        for (read, text) in [
            (read as Read<'_>, r#"[{"b":1,"a":2},{"a":3,"b":4}]"#),
            (read_lists, r#"[[{"b":1,"a":2}],[{"a":3,"b":4}]]"#),
            (read_lists, r#"[[{"b":1,"a":2},{"a":3,"b":4}],[]]"#),
        ] {
            let frame = frame(read, text, None).unwrap();
            assert_eq!(frame.names.unwrap(), ["b", "a"]);
            let expected = Matrix { columns: 2, values: vec![1.0, 2.0, 4.0, 3.0] };
            assert_eq!((frame.rows, frame.data), (2, Data::F64(expected)), "{text}");
        }
    }

    #[test]
    fn rows_in_lists_may_lack_columns() {
        let wanted = Names::new([("a".into(), 0), ("b".into(), 1), ("c".into(), 2)]);
        let frame = frame(read_lists, r#"[[{"a":1},{"b":2}]]"#, Some(&wanted)).unwrap();
        assert_eq!(frame.names.unwrap(), ["a", "b", "c"]);
        let Data::F64(matrix) = frame.data else { panic!("a matrix expected") };
        let missing = matrix.values.iter().filter(|value| value.is_nan()).count();
        assert_eq!((frame.rows, missing), (2, 4));
    }

    #[test]
    fn what_the_model_does_not_take_is_dropped() {
        let wanted = Names::new([("a".into(), 0), ("t".into(), 1)]);
        let text = r#"[{"x":{"deep":[1]},"t":"u","a":[2]},{"a":3,"t":"v","x":1}]"#;
        let frame = frame(read, text, Some(&wanted)).unwrap();
        assert_eq!(frame.unknown, ["x"]);
        assert_eq!(frame.names.unwrap(), ["t", "a"]);
        let Data::Columns(columns) = frame.data else { panic!("columns expected") };
        assert_eq!(columns[1], Column::I64(vec![2, 3]));
    }

    #[test]
    fn faults_are_named() {
        let wanted = Names::new([("a".into(), 0)]);
        for (text, expected) in [
            (r#"[{"a":1,"a":2}]"#, "the key `a` comes twice"),
            (r#"[{"x":1,"x":2}]"#, "the key `x` comes twice"),
            (r#"[{"a":1},{"a":1,"a":1}]"#, "the key `a` comes twice"),
            (r#"[{"a":1},2]"#, "row 1 is not an object"),
            (r#"[{"a":[1,2]}]"#, "row 0, column `a` is a list"),
            (r#"[{"a":{}}]"#, "row 0, column `a` is an object"),
        ] {
            let message = frame(read, text, Some(&wanted)).unwrap_err();
            assert!(message.contains(expected), "{text}: {message}");
        }
        for (text, expected) in [
            (r#"[{"a":1},{"b":1}]"#, "column `b` is missing in row 0 while other rows have it"),
            (r#"[{"a":1,"b":1},{"b":1}]"#, "column `a` is missing in row 1 while other rows"),
        ] {
            let message = frame(read, text, None).unwrap_err();
            assert!(message.contains(expected), "{text}: {message}");
        }
        let message = frame(read_lists, r#"[[{"a":1},{"z":1,"x":1}]]"#, Some(&wanted)).unwrap_err();
        assert!(message.contains("column `a` is missing in row 1"), "{message}");
        let message = frame(read_lists, r#"[[{"a":1}],{"a":1}]"#, None).unwrap_err();
        assert!(message.contains("item 1 is an object while item 0 is a list"), "{message}");
    }
}
