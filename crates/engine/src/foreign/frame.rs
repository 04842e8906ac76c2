use std::sync::Arc;

use crate::{
    Cell, Column, Data, Error, Table, quantity,
    read::{Cursor, pandas},
    sklearn::stack,
};

/// Columns with their names: a data frame of pandas.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) rows: usize,
    pub(super) names: Vec<Arc<str>>,
    pub(super) columns: Vec<Column>,
}

impl Frame {
    /// The columns of a table in the order of training. Columns without names get those of
    /// training, or their positions; columns that were not there in training are left out.
    pub(super) fn new(
        input: &Table,
        known: Option<&[Arc<str>]>,
        class: &str,
    ) -> Result<Self, Error> {
        let rows = input.rows;
        let columns = stack::columns(stack::dense(input.data.clone(), rows)?);
        let found = columns.len();
        let (names, columns) = match (known, input.names.as_deref()) {
            (Some(known), Some(sent)) if known != sent => {
                let mut columns: Vec<_> = columns.into_iter().map(Some).collect();
                let mut take = |name: &Arc<str>| {
                    let at = sent.iter().position(|other| other == name);
                    let column = at.and_then(|at| columns.get_mut(at)?.take());
                    column.ok_or_else(|| {
                        Error::input(format!("column `{name}`, which `{class}` needs, is missing"))
                    })
                };
                let taken = known.iter().map(&mut take).collect::<Result<_, _>>()?;
                (known.to_vec(), taken)
            }
            (Some(known), _) => (known.to_vec(), columns),
            (None, Some(sent)) => (sent.to_vec(), columns),
            (None, None) => ((0..found).map(|at| at.to_string().into()).collect(), columns),
        };
        if names.len() != columns.len() {
            return Err(Error::input(format!(
                "the rows have {}, and `{class}` was fitted on {}",
                quantity(found, "column"),
                names.len()
            )));
        }
        Ok(Self { rows, names, columns })
    }

    /// The position of a column that must be there.
    pub(super) fn place(&self, name: &str, class: &str) -> Result<usize, Error> {
        self.names.iter().position(|known| **known == *name).ok_or_else(|| {
            Error::input(format!("column `{name}`, which `{class}` needs, is missing"))
        })
    }

    pub(super) fn into_table(self) -> Table {
        Table { rows: self.rows, names: Some(self.names.into()), data: Data::Columns(self.columns) }
    }
}

/// A label of pandas as a name: numbers are written out.
pub(super) fn name(cell: &Cell) -> Arc<str> {
    match cell {
        Cell::Text(text) => Arc::clone(text),
        Cell::I64(v) => v.to_string().into(),
        Cell::F64(v) => v.to_string().into(),
        Cell::Bool(v) => if *v { "True" } else { "False" }.into(),
        Cell::Texts(texts) => texts.join(", ").into(),
        Cell::Null | Cell::Absent => "None".into(),
    }
}

/// Names in a list, an array or an index.
pub(super) fn names(list: Cursor<'_>) -> Option<Vec<Arc<str>>> {
    Some(pandas::cells(list)?.iter().map(name).collect())
}

/// The columns of training that an attribute lists.
pub(super) fn names_of(c: Cursor<'_>, attribute: &str) -> Result<Vec<Arc<str>>, Error> {
    let value = c.require(attribute)?;
    names(value).ok_or_else(|| {
        let reason = format!("holds {}, where names of columns are expected", value.describe());
        Error::attribute(c.class_name(), attribute, reason)
    })
}
