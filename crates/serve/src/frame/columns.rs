//! Columns by name: an object of lists, of objects by row label (pandas' `to_dict()`), or of single
//! values (one row); and a list of such objects, each with rows of its own, as KServe takes it.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use longshore_engine::quantity;

use super::{Bounds, Builder, Frame, UNKNOWN, collapse, rows};
use crate::{
    failure::Failure,
    json::{Scalar, Scanner, twice},
    names::quoted,
    schema::Names,
};

/// Reads one object of columns; items may be lists of one value (numpy's n × 1).
pub(crate) fn read<'a>(
    scanner: &mut Scanner<'a>,
    wanted: Option<&Names>,
    bounds: &Bounds,
) -> Result<Frame<'a>, Failure> {
    let mut reading = Reading::new(wanted, bounds);
    reading.object(scanner)?;
    Ok(reading.finish())
}

/// Reads a list of objects of columns, whose rows follow one another.
pub(crate) fn read_list<'a>(
    scanner: &mut Scanner<'a>,
    wanted: Option<&Names>,
    bounds: &Bounds,
) -> Result<Frame<'a>, Failure> {
    let mut reading = Reading::new(wanted, bounds);
    let (mut first, mut at) = (true, 0);
    scanner.begin(b'[')?;
    while scanner.more(b']', &mut first)? {
        if scanner.peek() != Some(b'{') {
            return Err(Failure::invalid(format!(
                "item {at} is {} where item 0 is an object of columns",
                scanner.shape()
            )));
        }
        reading.object(scanner)?;
        at += 1;
    }
    Ok(reading.finish())
}

/// What one object has of one column.
struct Part<'a> {
    /// The column.
    at: usize,
    /// Number of values.
    count: usize,
    /// Their row labels, when they have some.
    labels: Option<Vec<Cow<'a, str>>>,
}

struct Reading<'a, 'n> {
    wanted: Option<&'n Names>,
    bounds: &'n Bounds,
    names: Vec<Cow<'a, str>>,
    columns: Vec<Builder>,
    /// The column of each name.
    places: HashMap<Cow<'a, str>, usize>,
    unknown: Vec<Cow<'a, str>>,
    rows: usize,
}

impl<'a, 'n> Reading<'a, 'n> {
    fn new(wanted: Option<&'n Names>, bounds: &'n Bounds) -> Self {
        Self {
            wanted,
            bounds,
            names: Vec::new(),
            columns: Vec::new(),
            places: HashMap::new(),
            unknown: Vec::new(),
            rows: 0,
        }
    }

    fn finish(self) -> Frame<'a> {
        let rows = self.rows;
        let columns = self.columns.into_iter().map(Builder::finish).collect();
        let data = collapse(columns, rows);
        Frame { rows, names: Some(self.names), data, unknown: self.unknown }
    }

    /// Appends the rows of one object.
    fn object(&mut self, scanner: &mut Scanner<'a>) -> Result<(), Failure> {
        let begun = self.rows;
        let mut seen = HashSet::new();
        let mut single: Option<usize> = None;
        // the first column that has a list says how many rows there are
        let mut first_list: Option<Part<'a>> = None;
        let mut first = true;
        scanner.begin(b'{')?;
        while scanner.more(b'}', &mut first)? {
            let key = scanner.key()?;
            if !seen.insert(key.clone()) {
                return Err(twice(&key));
            }
            if self.wanted.is_some_and(|names| !names.contains(&key)) {
                scanner.skip()?;
                if self.unknown.len() < UNKNOWN && !self.unknown.contains(&key) {
                    self.unknown.push(key);
                }
                continue;
            }
            let at = self.place(key.clone(), begun)?;
            let labels = first_list.as_ref().and_then(|part| part.labels.as_deref());
            match self.values(scanner, &key, at, begun, labels)? {
                None => single = single.or(Some(at)),
                Some(part) => match &first_list {
                    None => first_list = Some(part),
                    Some(other) => self.check_alike(other, &part)?,
                },
            }
            if let (Some(one), Some(other)) = (single, &first_list) {
                return Err(Failure::invalid(format!(
                    "column {} is a single value while column {} has values for several rows; send \
                     lists of the same length",
                    self.name(one),
                    self.name(other.at)
                )));
            }
        }
        let count = first_list.map_or(usize::from(single.is_some()), |part| part.count);
        self.bounds.check_rows(begun + count)?;
        self.bounds.check_cells(begun + count, self.columns.len())?;
        self.rows = begun + count;
        let dicts = self.are_dicts();
        for (name, column) in self.names.iter().zip(&mut self.columns) {
            if column.len() == self.rows {
                continue;
            }
            if !self.wanted.is_some_and(|names| names.may_lack(name)) {
                return Err(super::lacks(name, begun));
            }
            if dicts {
                column.push_absent(count);
            } else {
                (0..count).for_each(|_| column.push_missing());
            }
        }
        Ok(())
    }

    /// True when rows are dicts.
    fn are_dicts(&self) -> bool {
        self.wanted.is_some_and(Names::are_keys)
    }

    fn name(&self, at: usize) -> String {
        quoted(self.names.get(at).map_or("", |name| name))
    }

    /// Refuses a column that has other rows than the first one of its object.
    fn check_alike(&self, first: &Part<'_>, part: &Part<'_>) -> Result<(), Failure> {
        if first.labels.is_some() != part.labels.is_some() {
            return Err(Failure::invalid(format!(
                "columns {} and {} are a list and an object; send lists",
                self.name(first.at),
                self.name(part.at)
            )));
        }
        if first.count != part.count {
            return Err(Failure::invalid(format!(
                "column {} has {} while column {} has {}",
                self.name(part.at),
                quantity(part.count, "value"),
                self.name(first.at),
                first.count
            )));
        }
        Ok(())
    }

    /// The column of a key; a column that the objects before did not have must be one that a
    /// request may leave out.
    fn place(&mut self, key: Cow<'a, str>, begun: usize) -> Result<usize, Failure> {
        if let Some(at) = self.places.get(&key) {
            return Ok(*at);
        }
        if begun > 0 && !self.wanted.is_some_and(|names| names.may_lack(&key)) {
            return Err(super::lacks(&key, 0));
        }
        self.places.insert(key.clone(), self.columns.len());
        self.names.push(key);
        let mut column = Builder::default();
        if self.are_dicts() {
            column.push_absent(begun);
        } else {
            column = Builder::Missing(begun);
        }
        self.columns.push(column);
        Ok(self.columns.len() - 1)
    }

    /// Reads the values of a key straight into column `at`; `None` for a single one.
    fn values(
        &mut self,
        scanner: &mut Scanner<'a>,
        name: &str,
        at: usize,
        begun: usize,
        expected: Option<&[Cow<'a, str>]>,
    ) -> Result<Option<Part<'a>>, Failure> {
        match scanner.peek() {
            Some(b'[') => {}
            Some(b'{') => return self.labelled(scanner, name, at, begun, expected).map(Some),
            _ => {
                let value = scanner.scalar()?;
                self.push(at, value);
                return Ok(None);
            }
        }
        let mut first = true;
        let mut count = 0;
        scanner.begin(b'[')?;
        while scanner.more(b']', &mut first)? {
            self.bounds.check_rows(begun + count + 1)?;
            let nested = scanner.peek() == Some(b'[');
            if nested {
                scanner.begin(b'[')?;
            }
            self.push(at, rows::single(scanner, begun + count, || quoted(name))?);
            if nested && scanner.more(b']', &mut false)? {
                return Err(Failure::invalid(format!(
                    "column {}, row {} is a list where a single value is expected",
                    quoted(name),
                    begun + count
                )));
            }
            count += 1;
        }
        Ok(Some(Part { at, count, labels: None }))
    }

    /// Reads values by row label. Every column must have the labels of the first one, in the same
    /// order.
    fn labelled(
        &mut self,
        scanner: &mut Scanner<'a>,
        name: &str,
        at: usize,
        begun: usize,
        expected: Option<&[Cow<'a, str>]>,
    ) -> Result<Part<'a>, Failure> {
        let mut labels: Vec<Cow<'a, str>> = Vec::new();
        let mut seen = HashSet::new();
        let mut first = true;
        scanner.begin(b'{')?;
        while scanner.more(b'}', &mut first)? {
            let label = scanner.key()?;
            let row = begun + labels.len();
            self.bounds.check_rows(row + 1)?;
            if !seen.insert(label.clone()) {
                return Err(twice(&label));
            }
            if expected.is_some_and(|labels| labels.get(row - begun) != Some(&label)) {
                return Err(Failure::invalid(format!(
                    "column {} has the row label {} where the columns before have another; send \
                     the same labels in the same order for every column, or lists",
                    quoted(name),
                    quoted(&label)
                )));
            }
            self.push(at, rows::single(scanner, row, || quoted(name))?);
            labels.push(label);
        }
        Ok(Part { at, count: labels.len(), labels: Some(labels) })
    }

    fn push(&mut self, at: usize, value: Scalar<'_>) {
        if let Some(column) = self.columns.get_mut(at) {
            column.push(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use longshore_engine::{Data, Matrix};

    use super::*;

    type Read<'a> = fn(&mut Scanner<'a>, Option<&Names>, &Bounds) -> Result<Frame<'a>, Failure>;

    fn frame<'a>(read: Read<'a>, text: &'a str) -> Result<Frame<'a>, String> {
        let mut scanner = Scanner::new(text.as_bytes(), 64).unwrap();
        let bounds = Bounds { rows: 3, cells: 100 };
        read(&mut scanner, None, &bounds).map_err(|f| f.message.to_string())
    }

    fn doubles(columns: usize, values: &[f64]) -> Data {
        Data::F64(Matrix { columns, values: values.to_vec() })
    }

    #[test]
    fn columns_are_read_side_by_side() {
        for text in [
            r#"{"a":[1,2],"b":[[3],[4]]}"#,
            r#"{"a":{"0":1,"1":2},"b":{"0":3,"1":4}}"#,
            r#"{"a":{"x":1,"y":2},"b":{"x":3,"y":4}}"#,
        ] {
            let frame = frame(read, text).unwrap();
            assert_eq!((frame.rows, frame.data), (2, doubles(2, &[1.0, 3.0, 2.0, 4.0])), "{text}");
        }
        let frame = frame(read, r#"{"a":1,"b":2}"#).unwrap();
        assert_eq!((frame.rows, frame.data), (1, doubles(2, &[1.0, 2.0])));
    }

    #[test]
    fn objects_of_columns_follow_one_another() {
        for (text, rows, values) in [
            (r#"[{"a":{"0":3.5}}]"#, 1, &[3.5][..]),
            (r#"[{"a":[3.5,4]}]"#, 2, &[3.5, 4.0]),
            (r#"[{"a":[1]},{"a":[2,3]}]"#, 3, &[1.0, 2.0, 3.0]),
        ] {
            let frame = frame(read_list, text).unwrap();
            assert_eq!((frame.rows, frame.data), (rows, doubles(1, values)), "{text}");
        }
    }

    #[test]
    fn faults_are_named() {
        for (text, expected) in [
            (r#"[{"a":[1,2],"b":[3]}]"#, "column `b` has 1 value while column `a` has 2"),
            (r#"[{"a":[1],"a":[3]}]"#, "the key `a` comes twice"),
            (r#"[{"a":[[1,2]]}]"#, "column `a`, row 0 is a list"),
            (r#"[{"a":[{}]}]"#, "row 0, column `a` is an object"),
            (r#"[{"a":[1,2,3,4]}]"#, "exceeds the limit of 3 rows"),
            (r#"[{"a":[1,2]},{"a":[3,4]}]"#, "exceeds the limit of 3 rows"),
            (r#"[{"a":{"0":1},"b":{"1":1}}]"#, "column `b` has the row label `1` where"),
            (r#"[{"a":{"0":1},"b":[1]}]"#, "columns `a` and `b` are a list and an object"),
            (r#"[{"a":{"0":1,"0":2}}]"#, "the key `0` comes twice"),
            (r#"[{"a":[1],"b":[1]},{"a":[2]}]"#, "column `b` is missing in row 1"),
            (r#"[{"a":[1]},{"a":[2],"b":[2]}]"#, "column `b` is missing in row 0"),
            (r#"[{"a":[1,2],"b":1}]"#, "column `b` is a single value while column `a` has values"),
            (r#"[{"a":[1]},7]"#, "item 1 is a number where item 0 is an object of columns"),
        ] {
            let message = frame(read_list, text).unwrap_err();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }
}
