use std::sync::Arc;

use crate::{
    Column, ColumnUse, Csr, Data, Error, Table,
    sklearn::encode::{Categories, Value, refuse, value},
};

/// What the values of one column become: some numbers for each.
#[derive(Debug)]
pub(super) struct Lookup {
    /// The values that are known.
    pub(super) keys: Categories,
    pub(super) cells: Cells,
    /// Columns that the values become.
    pub(super) width: usize,
    /// Their names; `None` when the one column keeps its own.
    pub(super) names: Option<Vec<Arc<str>>>,
    /// What other values become.
    pub(super) unknown: Otherwise,
    /// What a missing value becomes; `None` when it is a value like any other.
    pub(super) missing: Option<Otherwise>,
    /// True when the numbers are integers.
    pub(super) whole: bool,
    /// Whether pandas makes floats of a column in which another value appears.
    pub(super) widens: bool,
}

/// What the values that are known become.
#[derive(Debug)]
pub(super) enum Cells {
    /// As many numbers for each as there are columns.
    Each(Vec<f64>),
    /// One in the column of its own, and zero in the others.
    Own,
}

/// What becomes of a value that is not known.
#[derive(Clone, Debug)]
pub(super) enum Otherwise {
    Refused,
    /// As many numbers as there are columns.
    Values(Vec<f64>),
}

impl Lookup {
    pub(super) fn column_use(&self) -> ColumnUse {
        self.keys.column_use()
    }

    /// The columns that a column becomes; `at` is its position, for errors.
    pub(super) fn apply(
        &self,
        column: &Column,
        rows: usize,
        at: usize,
        class: &str,
    ) -> Result<Vec<Column>, Error> {
        Csr::with_capacity(self.width, 0, 0).may_be_filled(rows)?;
        let table = Table { rows, names: None, data: Data::Columns(vec![column.clone()]) };
        let mut out = vec![Vec::with_capacity(rows); self.width];
        let mut other = false;
        for row in 0..rows {
            let found = value(&table.data, row, 0);
            // pandas does not tell `None` from NaN here
            let (key, policy) = match (found.is_missing(), &self.missing) {
                (true, Some(policy)) => (None, policy),
                (true, None) => (self.keys.find(Value::NoNumber), &self.unknown),
                (false, _) => (self.keys.find(found), &self.unknown),
            };
            let known = match (&self.cells, key) {
                (Cells::Each(cells), Some(key)) => {
                    cells.get(key * self.width..(key + 1) * self.width)
                }
                (Cells::Own, Some(key)) => {
                    let own = |at| f64::from(u8::from(at == key));
                    out.iter_mut().enumerate().for_each(|(at, column)| column.push(own(at)));
                    continue;
                }
                (_, None) => None,
            };
            let numbers = match (known, policy) {
                (Some(numbers), _) => numbers,
                (None, policy) => {
                    other = true;
                    let refusal = || {
                        let kind = refuse::kind(class, &self.keys, &table, row, 0);
                        kind.map(|error| error.trace(|_| Some(at)))
                    };
                    match policy {
                        _ if !found.is_missing()
                            && let Some(error) = refusal() =>
                        {
                            return Err(error);
                        }
                        Otherwise::Values(values) => values,
                        Otherwise::Refused => {
                            return Err(refuse::unknown(class, &table, row, 0).trace(|_| Some(at)));
                        }
                    }
                }
            };
            out.iter_mut().zip(numbers).for_each(|(column, &number)| column.push(number));
        }
        let integers = self.whole && !(other && self.widens);
        let typed = |values: Vec<f64>| {
            if integers && values.iter().all(|v| v.trunc() == *v) {
                Column::I64(values.into_iter().map(|v| v as i64).collect())
            } else {
                Column::F64(values)
            }
        };
        Ok(out.into_iter().map(typed).collect())
    }
}
