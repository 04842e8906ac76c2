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
    /// The columns in which it refuses missing values, as training had none there; empty for none.
    refused: Vec<bool>,
    sparse: bool,
}

impl MissingIndicator {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let count = match c.attr("_n_features") {
            Some(count) => Some(attributes::count(c, "_n_features", count)?),
            None => None,
        };
        let inputs = attributes::inputs(c, count);
        let width = inputs.columns.unwrap_or_default();
        let index = |v: f64| Some(v as usize).filter(|&at| at < width && at as f64 == v);
        let columns = attributes::numbers(c, "features_")?.into_iter().map(index);
        let columns: Option<Vec<_>> = columns.collect();
        let columns = columns.ok_or_else(|| {
            let reason = format!("names columns that are not among its {width}");
            Error::attribute(c.class_name(), "features_", reason)
        })?;
        if columns.len() > width {
            return Err(Error::attribute(
                c.class_name(),
                "features_",
                format!("names {} of {width} columns", columns.len()),
            ));
        }
        let some = attributes::word(c, "features", &["all", "missing-only"])? != Some("all");
        let strict = some && attributes::switch(c, "error_on_new", true)?;
        let mut refused = vec![strict; if strict { width } else { 0 }];
        for &column in &columns {
            if let Some(refused) = refused.get_mut(column) {
                *refused = false;
            }
        }
        let sparse = match c.attr("sparse").and_then(Cursor::as_str) {
            Some("auto") => false,
            _ => attributes::switch(c, "sparse", false)?,
        };
        Ok(Self { inputs, missing: Missing::read(c)?, columns, refused, sparse })
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
        let refused = || self.refused.iter().enumerate().filter(|(_, refused)| **refused);
        for row in (0..input.rows).filter(|_| !self.refused.is_empty()) {
            if let Some((column, _)) =
                refused().find(|&(column, _)| self.missing.at(&input.data, row, column))
            {
                let reason = "is missing, which no value of it was in training";
                return Err(Error::value(row, column, reason));
            }
        }
        let data = if self.sparse || matches!(input.data, Data::Sparse(_)) {
            let mut out = Csr::with_capacity(self.len(), input.rows, 0);
            out.scalar = Scalar::Bool;
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
