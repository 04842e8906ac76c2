//! Filling in what is missing, and telling where it was.

use std::sync::Arc;

use crate::{
    Cell, Column, Csr, Data, Error, Matrix, Table, attributes,
    estimator::Transform,
    read::{Cursor, Kind},
};

mod fill;
mod indicator;
mod iterative;
mod knn;
mod simple;

pub(crate) use indicator::MissingIndicator;
pub(crate) use iterative::IterativeImputer;
pub(crate) use knn::NeighborsImputer;
pub(crate) use simple::SimpleImputer;

/// The value that stands for "missing".
///
/// numpy's NaN and Python's `None` are different values, and are told apart among objects. In a
/// column of texts or of numbers they look the same once they were sent, and either is meant.
#[derive(Clone, Debug, PartialEq)]
enum Missing {
    Nan,
    None,
    /// pandas' NA: NaN and `None` count as missing as well.
    Any,
    Number(f64),
    Text(Arc<str>),
}

impl Missing {
    fn read(c: Cursor<'_>) -> Result<Self, Error> {
        let Some(value) = c.attr("missing_values") else { return Ok(Self::Nan) };
        Ok(match value.kind() {
            Kind::None => Self::None,
            Kind::Float(v) if v.is_nan() => Self::Nan,
            // how 0.20 and older wrote it
            Kind::Text("NaN") => Self::Nan,
            // pandas' NA
            Kind::Global(_, "NA" | "NAType") => Self::Any,
            Kind::Object(_) if value.class_name() == "NAType" => Self::Any,
            _ => match (value.as_f64(), attributes::any_text(value)) {
                (Some(v), _) if v.is_nan() => Self::Nan,
                (Some(v), _) => Self::Number(v),
                (None, Some(text)) => Self::Text(text.into()),
                (None, None) => {
                    let reason = format!("holds {}, which is no value", value.describe());
                    return Err(Error::attribute(c.class_name(), "missing_values", reason));
                }
            },
        })
    }

    /// True when it is none of the values that can be computed or compared with.
    fn is_null(&self) -> bool {
        matches!(self, Self::Nan | Self::None | Self::Any)
    }

    fn is_float(&self, value: f64) -> bool {
        match self {
            Self::Nan | Self::None | Self::Any => value.is_nan(),
            Self::Number(missing) => value == *missing,
            Self::Text(_) => false,
        }
    }

    fn is_text(&self, value: Option<&str>) -> bool {
        match self {
            Self::Nan | Self::None | Self::Any => value.is_none(),
            Self::Text(missing) => value == Some(missing),
            Self::Number(_) => false,
        }
    }

    fn is_cell(&self, value: &Cell) -> bool {
        match value {
            Cell::Null | Cell::Absent => matches!(self, Self::None | Self::Any),
            Cell::F64(v) if v.is_nan() => matches!(self, Self::Nan | Self::Any),
            Cell::Bool(v) => self.is_float(f64::from(u8::from(*v))),
            Cell::I64(v) => self.is_float(*v as f64),
            Cell::F64(v) => self.is_float(*v),
            Cell::Text(v) => self.is_text(Some(v)),
            Cell::Texts(_) => false,
        }
    }

    /// Whether the value at a place of a table is missing. Zeros that sparse rows leave out never
    /// are.
    fn at(&self, data: &Data, row: usize, column: usize) -> bool {
        match data {
            Data::F64(m) => {
                m.values.get(row * m.columns + column).is_some_and(|&v| self.is_float(v))
            }
            Data::F32(m) => {
                let value = m.values.get(row * m.columns + column);
                value.is_some_and(|&v| self.is_float(f64::from(v)))
            }
            Data::I64(m) => {
                let value = m.values.get(row * m.columns + column);
                value.is_some_and(|&v| self.is_float(v as f64))
            }
            Data::Documents(texts) => self.is_text(texts.get(row)),
            Data::Columns(columns) => match columns.get(column) {
                None => false,
                Some(Column::F64(v)) => v.get(row).is_some_and(|&v| self.is_float(v)),
                Some(Column::F32(v)) => v.get(row).is_some_and(|&v| self.is_float(f64::from(v))),
                Some(Column::I64(v)) => v.get(row).is_some_and(|&v| self.is_float(v as f64)),
                Some(Column::Bool(v)) => {
                    v.get(row).is_some_and(|&v| self.is_float(f64::from(u8::from(v))))
                }
                Some(Column::Text(v)) => self.is_text(v.get(row)),
                Some(Column::Any(v)) => v.get(row).is_some_and(|v| self.is_cell(v)),
            },
            Data::Sparse(csr) => {
                let (indices, values) = csr.row(row);
                let mut stored = indices.iter().zip(values);
                stored.any(|(&index, &value)| index as usize == column && self.is_float(value))
            }
        }
    }
}

/// The indicator that an imputer of `columns` columns holds, if it adds one.
///
/// # Errors
/// [`Error::Attribute`] for one that is missing, or of other columns.
fn indicator(c: Cursor<'_>, columns: usize) -> Result<Option<MissingIndicator>, Error> {
    if !attributes::switch(c, "add_indicator", false)? {
        return Ok(None);
    }
    let stored = attributes::object(c, "indicator_", "MissingIndicator")?;
    let indicator = MissingIndicator::build(stored).and_then(|indicator| {
        let found = indicator.inputs().columns.unwrap_or(columns);
        attributes::counted(stored, "n_features_in_", found, columns).map(|()| indicator)
    });
    indicator.map(Some).map_err(|error| error.at("indicator_"))
}

/// Keeps the columns at `keep`, which is ascending.
fn keep_columns(table: &mut Table, keep: &[usize]) {
    fn keep_in<T: Copy>(m: &mut Matrix<T>, keep: &[usize]) {
        let rows = m.values.chunks_exact(m.columns.max(1));
        let chosen =
            rows.flat_map(|row| keep.iter().filter_map(|&column| row.get(column).copied()));
        m.values = chosen.collect();
        m.columns = keep.len();
    }
    match &mut table.data {
        Data::F64(m) => keep_in(m, keep),
        Data::F32(m) => keep_in(m, keep),
        Data::I64(m) => keep_in(m, keep),
        Data::Columns(all) => {
            *all = keep.iter().filter_map(|&column| all.get(column).cloned()).collect();
        }
        Data::Sparse(csr) => {
            let mut out = Csr::with_capacity(keep.len(), table.rows, csr.values.len());
            out.scalar = csr.scalar;
            for row in 0..table.rows {
                let (indices, values) = csr.row(row);
                for (&index, &value) in indices.iter().zip(values) {
                    if let Ok(place) = keep.binary_search(&(index as usize)) {
                        out.indices.push(place as u32);
                        out.values.push(value);
                    }
                }
                out.end_row();
            }
            *csr = out;
        }
        Data::Documents(texts) => {
            if keep.is_empty() {
                table.data = Data::Columns(Vec::new());
            } else {
                table.data = Data::Columns(vec![Column::Text(std::mem::take(texts))]);
            }
        }
    }
}
