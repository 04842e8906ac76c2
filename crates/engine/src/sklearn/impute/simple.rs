use std::sync::Arc;

use super::{Missing, MissingIndicator, fill, keep_columns};
use crate::{
    Cell, Column, ColumnUse, Data, Error, Inputs, Matrix, Table, TextColumn,
    attributes::{self, version},
    estimator::Transform,
    read::{Cursor, Kind},
    sklearn::{
        check::{self, Allow},
        stack,
    },
};

/// `SimpleImputer`: one value for each column, put where a value is missing.
#[derive(Debug)]
pub(crate) struct SimpleImputer {
    inputs: Inputs,
    missing: Missing,
    /// What fills each column.
    fill: Vec<Cell>,
    /// The columns that stay; `None` for all.
    keep: Option<Vec<usize>>,
    /// True when rows become floating-point numbers first.
    floats: bool,
    indicator: Option<MissingIndicator>,
}

const STRATEGIES: &[&str] = &["mean", "median", "most_frequent", "constant"];

impl SimpleImputer {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let fill = statistics(c)?;
        let inputs = attributes::inputs(c, Some(fill.len()));
        attributes::counted(c, "statistics_", fill.len(), inputs.columns.unwrap_or_default())?;
        let is_function =
            |value: &Cursor<'_>| matches!(value.kind(), Kind::Global(..)) || value.code().is_some();
        let strategy = match c.attr("strategy").filter(is_function) {
            // it computed the statistics, of numbers
            Some(_) => "mean",
            None => attributes::word(c, "strategy", STRATEGIES)?.unwrap_or("mean"),
        };
        // up to 1.7 the constant also fills columns that had no value in training
        let keeps_all = attributes::switch(c, "keep_empty_features", false)?
            || (strategy == "constant" && version(c).is_none_or(|version| version < (1, 8)));
        let is_nan = |cell: &Cell| matches!(cell, Cell::F64(v) if v.is_nan());
        let keep: Vec<_> =
            (0..fill.len()).filter(|&at| keeps_all || !fill.get(at).is_some_and(is_nan)).collect();
        let object = match c.attr("_fit_dtype").map(Cursor::kind) {
            Some(Kind::Dtype(dtype)) => dtype.kind == crate::read::DtypeKind::Object,
            _ => fill.iter().any(|cell| matches!(cell, Cell::Text(_))),
        };
        let indicator = super::indicator(c, fill.len())?;
        Ok(Self {
            missing: Missing::read(c)?,
            keep: (keep.len() < fill.len()).then_some(keep),
            floats: !object && matches!(strategy, "mean" | "median"),
            inputs,
            fill,
            indicator,
        })
    }

    /// What fills a column, as a number; NaN when it is a text.
    fn number(&self, column: usize) -> f64 {
        match self.fill.get(column) {
            Some(Cell::F64(v)) => *v,
            Some(Cell::I64(v)) => *v as f64,
            Some(Cell::Bool(v)) => f64::from(u8::from(*v)),
            _ => f64::NAN,
        }
    }

    fn fill_matrix<T: Copy>(
        &self,
        m: &mut Matrix<T>,
        number: impl Fn(T) -> f64,
        back: impl Fn(f64) -> T,
    ) {
        let fill: Vec<T> = (0..m.columns).map(|column| back(self.number(column))).collect();
        for row in m.values.chunks_exact_mut(m.columns.max(1)) {
            for (value, &fill) in row.iter_mut().zip(&fill) {
                if self.missing.is_float(number(*value)) {
                    *value = fill;
                }
            }
        }
    }

    fn fill_column(&self, column: &mut Column, at: usize) {
        if let Some(Cell::Text(fill)) = self.fill.get(at)
            && let Some(filled) = fill::with_text(column, &self.missing, fill)
        {
            *column = filled;
            return;
        }
        let number = self.number(at);
        match column {
            Column::F64(v) => {
                v.iter_mut().filter(|v| self.missing.is_float(**v)).for_each(|v| *v = number);
            }
            Column::F32(v) => v
                .iter_mut()
                .filter(|v| self.missing.is_float(f64::from(**v)))
                .for_each(|v| *v = number as f32),
            Column::I64(v) => v
                .iter_mut()
                .filter(|v| self.missing.is_float(**v as f64))
                .for_each(|v| *v = number as i64),
            Column::Bool(_) => {}
            Column::Text(texts) => {
                if let Some(Cell::Text(fill)) = self.fill.get(at) {
                    let filled: TextColumn = texts
                        .iter()
                        .map(|text| if self.missing.is_text(text) { Some(&**fill) } else { text })
                        .collect();
                    *texts = filled;
                } else if let Some(fill) = self.fill.get(at) {
                    let cells = texts.iter().map(|text| match text {
                        text if self.missing.is_text(text) => fill.clone(),
                        Some(text) => Cell::Text(text.into()),
                        None => Cell::Null,
                    });
                    *column = Column::Any(cells.collect());
                }
            }
            Column::Any(cells) => {
                if let Some(fill) = self.fill.get(at) {
                    let missing = cells.iter_mut().filter(|cell| self.missing.is_cell(cell));
                    missing.for_each(|cell| *cell = fill.clone());
                }
            }
        }
    }

    /// Refuses NaN among objects unless it is what stands for "missing", as the library does.
    fn check_objects(&self, data: &Data) -> Result<(), Error> {
        let Data::Columns(columns) = data else { return Ok(()) };
        if matches!(self.missing, Missing::Nan | Missing::Any) {
            return Ok(());
        }
        for (at, column) in columns.iter().enumerate() {
            let Column::Any(cells) = column else { continue };
            let nan = cells.iter().position(|cell| matches!(cell, Cell::F64(v) if v.is_nan()));
            if let Some(row) = nan {
                let reason = "is NaN, which `SimpleImputer` was not fitted to fill";
                return Err(Error::value(row, at, reason));
            }
        }
        Ok(())
    }

    /// The input column at a place among those that stay.
    pub(super) fn kept(&self, place: usize) -> Option<usize> {
        match &self.keep {
            Some(keep) => keep.get(place).copied(),
            None => (place < self.fill.len()).then_some(place),
        }
    }

    /// Number of columns that stay.
    pub(super) fn kept_len(&self) -> usize {
        self.keep.as_ref().map_or(self.fill.len(), Vec::len)
    }

    fn fill(&self, data: &mut Data) {
        match data {
            Data::F64(m) => self.fill_matrix(m, |v| v, |v| v),
            Data::F32(m) => self.fill_matrix(m, f64::from, |v| v as f32),
            Data::I64(m) => self.fill_matrix(m, |v| v as f64, |v| v as i64),
            Data::Columns(columns) => {
                let columns = columns.iter_mut().enumerate();
                columns.for_each(|(at, column)| self.fill_column(column, at));
            }
            Data::Sparse(csr) => {
                for (value, &column) in csr.values.iter_mut().zip(&csr.indices) {
                    if self.missing.is_float(*value) {
                        *value = self.number(column as usize);
                    }
                }
                csr.round();
            }
            Data::Documents(_) => {}
        }
    }
}

/// The fill values; their type is that of the training columns.
fn statistics(c: Cursor<'_>) -> Result<Vec<Cell>, Error> {
    let value = c.require("statistics_")?;
    if value.as_array().is_some_and(|array| array.shape.len() != 1) {
        return Err(Error::attribute(c.class_name(), "statistics_", "is no list"));
    }
    let Some(ids) = value.items() else {
        return Ok(attributes::numbers(c, "statistics_")?.into_iter().map(Cell::F64).collect());
    };
    let cell = |item: Cursor<'_>| match item.kind() {
        Kind::None => Some(Cell::Null),
        Kind::Bool(v) => Some(Cell::Bool(v)),
        Kind::Int(v) => Some(Cell::I64(v)),
        Kind::Float(v) => Some(Cell::F64(v)),
        _ => match attributes::any_text(item) {
            Some(text) => Some(Cell::Text(Arc::from(text))),
            None => item.as_f64().map(Cell::F64),
        },
    };
    let cells: Option<Vec<_>> = ids.iter().map(|&id| cell(value.go(id))).collect();
    cells.ok_or_else(|| {
        Error::attribute(c.class_name(), "statistics_", "holds something that is no value")
    })
}

impl Transform for SimpleImputer {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn outputs(&self, _columns: usize) -> usize {
        self.kept_len() + self.indicator.as_ref().map_or(0, MissingIndicator::len)
    }

    fn source(&self, output: usize, _columns: usize) -> Option<usize> {
        match output.checked_sub(self.kept_len()) {
            None => self.kept(output),
            Some(mark) => self.indicator.as_ref()?.source(mark),
        }
    }

    fn uses(&self, _columns: usize, after: Option<&[ColumnUse]>) -> Option<Vec<ColumnUse>> {
        let is_text = |cell: &Cell| matches!(cell, Cell::Text(_));
        let by_fill = |cell| if is_text(cell) { ColumnUse::Text } else { ColumnUse::Value };
        let mut uses: Vec<_> = self.fill.iter().map(by_fill).collect();
        for (place, &later) in after.unwrap_or_default().iter().enumerate() {
            let column = self.kept(place).and_then(|column| uses.get_mut(column));
            if let Some(here) = column {
                *here = here.and(later);
            }
        }
        Some(uses)
    }

    fn typical(&self, column: usize, _columns: usize) -> Option<f64> {
        match self.fill.get(column).filter(|_| self.floats) {
            Some(Cell::F64(mean)) => Some(*mean).filter(|mean| mean.is_finite()),
            _ => None,
        }
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        check::width(&input, self.inputs.columns, "SimpleImputer")?;
        let mut table = if self.floats { check::floats(input)? } else { input };
        let texts = self.fill.iter().any(|cell| matches!(cell, Cell::Text(_)));
        if texts && !matches!(table.data, Data::Columns(_)) {
            let data = stack::dense(table.data, table.rows)?;
            table.data = Data::Columns(stack::columns(data));
        }
        if let Data::Documents(texts) = table.data {
            table.data = Data::Columns(vec![Column::Text(texts)]);
        }
        if !self.floats
            && let Data::Columns(columns) = &table.data
            && !columns.iter().any(|c| matches!(c, Column::Text(_) | Column::Any(_)))
            && !texts
        {
            // columns of numbers are one matrix of their common type to numpy
            table = check::floats(table)?;
        }
        table.names = None;
        let allow = if self.missing.is_null() { Allow::Nan } else { Allow::Finite };
        check::finite(&table.data, allow, "SimpleImputer")?;
        self.check_objects(&table.data)?;
        let marks: Option<Vec<bool>> = self.indicator.as_ref().map(|indicator| {
            (0..table.rows).flat_map(|row| indicator.row(&table.data, row)).collect()
        });
        self.fill(&mut table.data);
        if let Some(keep) = &self.keep {
            keep_columns(&mut table, keep);
        }
        Ok(match (&self.indicator, marks) {
            (Some(indicator), Some(marks)) if indicator.len() > 0 => {
                fill::append(table, &marks, indicator.len())
            }
            _ => table,
        })
    }
}
