use super::check::{self, Allow};
use crate::{
    Column, Csr, Data, Error, Inputs, Table, attributes, estimator::Transform, read::Cursor,
};

const CLASS: &str = "Binarizer";

/// `Binarizer`: 1 above a threshold, 0 up to it, in the type of the rows.
#[derive(Debug)]
pub(crate) struct Binarizer {
    inputs: Inputs,
    threshold: f64,
    /// True when a threshold that is a plain number becomes a float to be compared with floats.
    narrow: bool,
}

impl Binarizer {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let threshold = attributes::grid(c, "threshold")?;
        let &[value] = &threshold.values[..] else {
            return Err(Error::attribute(CLASS, "threshold", "is not one number"));
        };
        let inputs = attributes::inputs(c, None);
        Ok(Self { inputs, threshold: value, narrow: threshold.yields_f32 })
    }

    fn f32(&self, value: f32) -> bool {
        if self.narrow { value > self.threshold as f32 } else { f64::from(value) > self.threshold }
    }
}

impl Transform for Binarizer {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn is_narrow(&self, rows: bool) -> bool {
        rows
    }

    fn transform(&self, mut input: Table) -> Result<Table, Error> {
        check::width(&input, self.inputs.columns, CLASS)?;
        let all = |columns: &[Column], kind: fn(&Column) -> bool| columns.iter().all(kind);
        match &input.data {
            // columns of one type are a matrix of it to numpy
            Data::Columns(columns)
                if all(columns, |c| matches!(c, Column::I64(_)))
                    || all(columns, |c| matches!(c, Column::Bool(_))) => {}
            Data::I64(_) => {}
            _ => input = check::floats(input)?,
        }
        check::finite(&input.data, Allow::Finite, CLASS)?;
        let whole = |v: i64| i64::from(v as f64 > self.threshold);
        match &mut input.data {
            Data::F64(m) => {
                m.values.iter_mut().for_each(|v| *v = f64::from(u8::from(*v > self.threshold)));
            }
            Data::F32(m) => {
                m.values.iter_mut().for_each(|v| *v = f32::from(u8::from(self.f32(*v))));
            }
            Data::I64(m) => m.values.iter_mut().for_each(|v| *v = whole(*v)),
            Data::Columns(columns) => {
                for column in columns {
                    match column {
                        Column::I64(values) => values.iter_mut().for_each(|v| *v = whole(*v)),
                        Column::Bool(values) => values
                            .iter_mut()
                            .for_each(|v| *v = f64::from(u8::from(*v)) > self.threshold),
                        _ => {}
                    }
                }
            }
            Data::Sparse(csr) => *csr = self.sparse(csr, input.rows)?,
            Data::Documents(_) => {}
        }
        input.names = None;
        Ok(input)
    }
}

impl Binarizer {
    /// Keeps what is above the threshold, as ones.
    fn sparse(&self, csr: &Csr, rows: usize) -> Result<Csr, Error> {
        if self.threshold < 0.0 {
            return Err(Error::input(format!(
                "`{CLASS}` cannot take sparse rows with a threshold below zero; send dense rows"
            )));
        }
        let mut out = Csr::with_capacity(csr.columns, rows, csr.values.len());
        out.scalar = csr.scalar;
        for row in 0..rows {
            let (indices, values) = csr.row(row);
            let above = indices.iter().zip(values).filter(|&(_, &value)| value > self.threshold);
            out.indices.extend(above.map(|(&column, _)| column));
            out.values.resize(out.indices.len(), 1.0);
            out.end_row();
        }
        Ok(out)
    }
}
