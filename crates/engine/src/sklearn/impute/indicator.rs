use super::Missing;
use crate::{
    Column, Csr, Data, Error, Inputs, Scalar, Table, attributes, estimator::Transform,
    read::Cursor, sklearn::check,
};

/// `MissingIndicator`: true where a value is missing.
#[derive(Debug)]
pub(crate) struct MissingIndicator {
    inputs: Inputs,
    missing: Missing,
    /// The input columns that get an output column.
    columns: Vec<usize>,
    /// True when it refuses missing values in columns that had none in training.
    strict: bool,
    sparse: bool,
}

impl MissingIndicator {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let count = c.attr("_n_features").and_then(Cursor::as_i64);
        let inputs = attributes::inputs(c, count.and_then(|n| usize::try_from(n).ok()));
        let width = inputs.columns.unwrap_or_default();
        let columns: Option<Vec<_>> = attributes::numbers(c, "features_")?
            .into_iter()
            .map(|v| Some(v as usize).filter(|&column| column < width && v >= 0.0))
            .collect();
        let columns = columns.ok_or_else(|| {
            Error::attribute(
                "MissingIndicator",
                "features_",
                format!("goes beyond {width} columns"),
            )
        })?;
        let some = attributes::text(c, "features") != Some("all");
        Ok(Self {
            inputs,
            missing: Missing::read(c),
            columns,
            strict: some && attributes::flag(c, "error_on_new", true),
            sparse: attributes::flag(c, "sparse", false),
        })
    }

    /// Number of output columns.
    pub(super) fn len(&self) -> usize {
        self.columns.len()
    }

    /// The input column that an output column tells of.
    pub(super) fn source(&self, output: usize) -> Option<usize> {
        self.columns.get(output).copied()
    }

    /// Whether each output column is set for a row.
    pub(super) fn row<'a>(&'a self, data: &'a Data, row: usize) -> impl Iterator<Item = bool> + 'a {
        self.columns.iter().map(move |&column| self.missing.at(data, row, column))
    }
}

impl Transform for MissingIndicator {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn outputs(&self, _columns: usize) -> usize {
        self.len()
    }

    fn source(&self, output: usize, _columns: usize) -> Option<usize> {
        self.source(output)
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        check::width(&input, self.inputs.columns, "MissingIndicator")?;
        if self.strict {
            let width = input.columns();
            for row in 0..input.rows {
                let new = (0..width).find(|column| {
                    !self.columns.contains(column) && self.missing.at(&input.data, row, *column)
                });
                if let Some(column) = new {
                    let reason = "is missing, which no value of it was in training";
                    return Err(Error::value(row, column, reason));
                }
            }
        }
        let data = if self.sparse || matches!(input.data, Data::Sparse(_)) {
            let mut out = Csr::with_capacity(self.len(), input.rows, 0);
            out.scalar = Scalar::I64;
            for row in 0..input.rows {
                for (column, _) in self.row(&input.data, row).enumerate().filter(|&(_, set)| set) {
                    out.indices.push(column as u32);
                    out.values.push(1.0);
                }
                out.end_row();
            }
            Data::Sparse(out)
        } else {
            let all = self.columns.iter().map(|&column| {
                Column::Bool(
                    (0..input.rows).map(|row| self.missing.at(&input.data, row, column)).collect(),
                )
            });
            Data::Columns(all.collect())
        };
        Ok(Table { rows: input.rows, names: None, data })
    }
}
