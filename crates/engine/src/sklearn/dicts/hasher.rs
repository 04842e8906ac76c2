use super::{Entry, as_scalar, entry, keys, scalar};
use crate::{
    Cell, Column, Csr, Data, Error, Inputs, Scalar, Table, attributes,
    estimator::Transform,
    read::{Cursor, Kind},
    sklearn::text::Hashed,
    table::LIST,
};

const CLASS: &str = "FeatureHasher";

/// `FeatureHasher`: the column of a name is its hash.
#[derive(Debug)]
pub(crate) struct FeatureHasher {
    hashed: Hashed,
    scalar: Scalar,
    is_narrow: bool,
    /// True when a row is a list of texts, each of which counts 1; else it is a dict of numbers and
    /// of texts, where the text `v` at the key `k` is the name `k=v`. A list of pairs has the same
    /// form as a dict.
    lists: bool,
}

impl FeatureHasher {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let lists = match c.attr("input_type").map(Cursor::kind) {
            None | Some(Kind::Text("dict" | "pair")) => false,
            Some(Kind::Text("string")) => true,
            Some(_) => {
                let reason = "is neither `dict`, `pair` nor `string`";
                return Err(Error::attribute(CLASS, "input_type", reason));
            }
        };
        let is_narrow = attributes::is_narrow(c, "dtype");
        Ok(Self { hashed: Hashed::read(c)?, scalar: scalar(c)?, is_narrow, lists })
    }

    /// The columns and values of a row that is a dict.
    fn dict(
        &self,
        input: &Table,
        row: usize,
        found: &mut Vec<(u32, f64)>,
        name: &mut String,
    ) -> Result<(), Error> {
        let refused = |at, what: &str| Err(Error::value(row, at, what));
        for (at, key) in keys(input, CLASS)?.iter().enumerate() {
            let (name, value) = match entry(&input.data, row, at) {
                Entry::Absent => continue,
                Entry::Null => {
                    return refused(at, "is null, where a number or a text is expected");
                }
                Entry::Texts(_) => return refused(at, LIST),
                Entry::Number(value) => (&**key, value),
                Entry::Text(text) => {
                    name.clear();
                    name.push_str(key);
                    name.push('=');
                    name.push_str(text);
                    (name.as_str(), 1.0)
                }
            };
            if value != 0.0 {
                let (column, sign) = self.hashed.place(name);
                found.push((column, as_scalar(value * sign, self.scalar, row, at)?));
            }
        }
        Ok(())
    }

    /// The columns and values of a row that is a list of texts.
    fn list(&self, input: &Table, row: usize, found: &mut Vec<(u32, f64)>) -> Result<(), Error> {
        let cell = match &input.data {
            Data::Columns(columns) => match &columns[..] {
                [Column::Any(cells)] => cells.get(row),
                _ => None,
            },
            _ => None,
        };
        match cell {
            Some(Cell::Texts(texts)) => {
                found.extend(texts.iter().map(|text| self.hashed.place(text)));
                Ok(())
            }
            Some(Cell::Absent) => Ok(()),
            _ => Err(Error::value(row, 0, "is no list of texts")),
        }
    }
}

impl Transform for FeatureHasher {
    fn inputs(&self) -> Inputs {
        Inputs { dicts: !self.lists, ..Inputs::default() }
    }

    fn outputs(&self, _columns: usize) -> usize {
        self.hashed.columns as usize
    }

    fn source(&self, _output: usize, _columns: usize) -> Option<usize> {
        None
    }

    fn is_narrow(&self, _rows: bool) -> bool {
        self.is_narrow
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        self.transform_ref(&input)
    }

    fn transform_ref(&self, input: &Table) -> Result<Table, Error> {
        let columns = self.hashed.columns as usize;
        let mut out = Csr::with_capacity(columns, input.rows, input.columns() * input.rows);
        out.scalar = self.scalar;
        let (mut found, mut name) = (Vec::new(), String::new());
        for row in 0..input.rows {
            found.clear();
            if self.lists {
                self.list(input, row, &mut found)?;
            } else {
                self.dict(input, row, &mut found, &mut name)?;
            }
            found.sort_by_key(|&(column, _)| column);
            for same in found.chunk_by(|a, b| a.0 == b.0) {
                let Some(&(column, _)) = same.first() else { continue };
                out.indices.push(column);
                out.values.push(same.iter().map(|(_, value)| value).sum());
            }
            out.end_row();
        }
        out.round();
        Ok(Table { rows: input.rows, names: None, data: Data::Sparse(out) })
    }
}
