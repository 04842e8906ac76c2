//! Selectors: some columns of a row, as they are.

use crate::{
    Column, ColumnUse, Csr, Data, Error, Inputs, Matrix, Table,
    attributes::{self, version},
    estimator::Transform,
    read::Cursor,
    sklearn::{
        building::Building,
        check::{self, Allow},
    },
};

mod boosters;
mod from_model;
mod importance;
mod nan;
mod recursive;
mod sums;
mod support;
mod univariate;

pub(crate) use recursive::Eliminated;

/// A selector, whatever it chose its columns by.
#[derive(Debug)]
pub(crate) struct Selector {
    class: String,
    inputs: Inputs,
    columns: usize,
    /// The places of the chosen columns, ascending.
    chosen: Vec<usize>,
    /// Where each column goes, for sparse rows.
    places: Vec<Option<u32>>,
    allow: Allow,
    /// Without any column the answer is of doubles, as releases before 1.2 give it.
    doubles_of_none: bool,
}

impl Selector {
    /// Selectors that hold a score or a p-value for each column.
    pub(crate) fn univariate(c: Cursor<'_>) -> Result<Self, Error> {
        Self::new(c, &univariate::mask(c)?, Allow::Finite)
    }

    /// `VarianceThreshold`.
    pub(crate) fn variance(c: Cursor<'_>) -> Result<Self, Error> {
        Self::new(c, &univariate::varying(c)?, Allow::All)
    }

    /// `SelectFromModel`.
    pub(crate) fn from_model(c: Cursor<'_>, building: &Building) -> Result<Self, Error> {
        let estimator = from_model::estimator(c)?;
        Self::new(c, &from_model::mask(c, estimator, building)?, nan::allowed(estimator))
    }

    /// Selectors that hold the mask itself: `SequentialFeatureSelector`, `RFE` and `RFECV`.
    pub(crate) fn stored(c: Cursor<'_>) -> Result<Self, Error> {
        let value = c.require("support_")?;
        let mask = match value.as_array() {
            Some(array) => array.bools(value.document())?,
            None => return Err(Error::attribute(c.class_name(), "support_", "is no array")),
        };
        let estimator = c.attr("estimator_").or_else(|| c.attr("estimator"));
        Self::new(c, &mask, estimator.map_or(Allow::Finite, nan::allowed))
    }

    fn new(c: Cursor<'_>, mask: &[bool], allow: Allow) -> Result<Self, Error> {
        let columns = mask.len();
        let inputs = attributes::inputs(c, Some(columns));
        attributes::counted(c, "n_features_in_", inputs.columns.unwrap_or(columns), columns)?;
        let chosen: Vec<usize> = (0..columns).filter(|&at| mask.get(at) == Some(&true)).collect();
        let mut next = 0;
        let places = mask.iter().map(|&is_chosen| {
            let place = is_chosen.then_some(next);
            next += u32::from(is_chosen);
            place
        });
        let places = places.collect();
        let old = version(c).is_none_or(|release| release < (1, 1));
        Ok(Self {
            class: c.class_name().to_owned(),
            inputs,
            columns,
            doubles_of_none: old && chosen.is_empty(),
            chosen,
            places,
            allow,
        })
    }

    /// The chosen columns of a frame: one matrix when all of its columns are numbers, as numpy makes of
    /// them.
    fn of_frame(&self, columns: &[Column], rows: usize) -> Data {
        let is = |wanted: fn(&Column) -> bool| columns.iter().all(wanted);
        if !is(|c| matches!(c, Column::F64(_) | Column::F32(_) | Column::I64(_))) {
            let chosen = self.chosen.iter().filter_map(|&at| columns.get(at));
            return Data::Columns(chosen.cloned().collect());
        }
        let width = self.chosen.len();
        if is(|c| matches!(c, Column::I64(_))) {
            Data::I64(self.gathered(columns, rows, width, |column| match column {
                Column::I64(v) => v,
                _ => &[],
            }))
        } else if is(|c| matches!(c, Column::F32(_))) {
            Data::F32(self.gathered(columns, rows, width, |column| match column {
                Column::F32(v) => v,
                _ => &[],
            }))
        } else {
            let mut values = vec![0.0; rows * width];
            for (place, &at) in self.chosen.iter().enumerate() {
                let cells = values.iter_mut().skip(place).step_by(width.max(1));
                match columns.get(at) {
                    Some(Column::F64(v)) => cells.zip(v).for_each(|(to, &v)| *to = v),
                    Some(Column::F32(v)) => cells.zip(v).for_each(|(to, &v)| *to = v.into()),
                    Some(Column::I64(v)) => cells.zip(v).for_each(|(to, &v)| *to = v as f64),
                    _ => {}
                }
            }
            Data::F64(Matrix { columns: width, values })
        }
    }

    fn gathered<T: Copy + Default>(
        &self,
        columns: &[Column],
        rows: usize,
        width: usize,
        values_of: impl Fn(&Column) -> &[T],
    ) -> Matrix<T> {
        let mut values = vec![T::default(); rows * width];
        for (place, &at) in self.chosen.iter().enumerate() {
            let from = columns.get(at).map(&values_of).unwrap_or_default();
            let cells = values.iter_mut().skip(place).step_by(width.max(1));
            cells.zip(from).for_each(|(to, &from)| *to = from);
        }
        Matrix { columns: width, values }
    }

    fn dense<T: Copy>(&self, m: &Matrix<T>) -> Matrix<T> {
        let mut values = Vec::with_capacity(m.values.len() / m.columns.max(1) * self.chosen.len());
        for row in m.values.chunks_exact(m.columns.max(1)) {
            values.extend(self.chosen.iter().filter_map(|&column| row.get(column)));
        }
        Matrix { columns: self.chosen.len(), values }
    }

    fn sparse(&self, csr: &Csr, rows: usize) -> Csr {
        let mut out = Csr::with_capacity(self.chosen.len(), rows, csr.values.len());
        out.scalar = csr.scalar;
        for row in 0..rows {
            let (columns, values) = csr.row(row);
            for (&column, &value) in columns.iter().zip(values) {
                if let Some(Some(place)) = self.places.get(column as usize) {
                    out.indices.push(*place);
                    out.values.push(value);
                }
            }
            out.end_row();
        }
        out
    }
}

impl Transform for Selector {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn outputs(&self, _columns: usize) -> usize {
        self.chosen.len()
    }

    fn source(&self, output: usize, _columns: usize) -> Option<usize> {
        self.chosen.get(output).copied()
    }

    fn uses(&self, _columns: usize, after: Option<&[ColumnUse]>) -> Option<Vec<ColumnUse>> {
        let mut uses = vec![ColumnUse::Unread; self.columns];
        for (output, &at) in self.chosen.iter().enumerate() {
            if let Some(column) = uses.get_mut(at) {
                *column = after.and_then(|after| after.get(output)).copied().unwrap_or_default();
            }
        }
        Some(uses)
    }

    fn is_narrow(&self, rows: bool) -> bool {
        rows
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        self.transform_ref(&input)
    }

    fn transform_ref(&self, input: &Table) -> Result<Table, Error> {
        check::width(input, Some(self.columns), &self.class)?;
        let rows = input.rows;
        let data = match &input.data {
            _ if self.doubles_of_none => Data::F64(Matrix { columns: 0, values: Vec::new() }),
            Data::F64(m) => Data::F64(self.dense(m)),
            Data::F32(m) => Data::F32(self.dense(m)),
            Data::I64(m) => Data::I64(self.dense(m)),
            Data::Sparse(csr) => Data::Sparse(self.sparse(csr, rows)),
            Data::Columns(columns) => self.of_frame(columns, rows),
            Data::Documents(_) => {
                return Err(Error::input(format!("`{}` takes columns, and got texts", self.class)));
            }
        };
        check::finite(&data, self.allow, &self.class)
            .map_err(|error| error.trace(|at| self.source(at, self.columns)))?;
        Ok(Table { rows, names: None, data })
    }
}
