use super::check::{self, Allow};
use crate::{
    Csr, Data, Error, Inputs, Matrix, Scalar, Table,
    attributes::{self, version},
    estimator::Transform,
    read::Cursor,
    table::Real,
};

const CLASS: &str = "KBinsDiscretizer";

/// `KBinsDiscretizer`: which bin of its column each value is in, as a number or one-hot.
#[derive(Debug)]
pub(crate) struct KBinsDiscretizer {
    inputs: Inputs,
    columns: Vec<Bins>,
    encoding: Encoding,
    /// The type that rows are converted to; `None` keeps floats.
    scalar: Option<Scalar>,
    /// Releases before 1.1 move values that are near an edge over it.
    near: bool,
    /// One-hot columns in all.
    outputs: usize,
}

#[derive(Debug)]
struct Bins {
    /// The edges between the bins, ascending.
    inner: Vec<f64>,
    /// The column of its first bin in one-hot rows.
    start: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Ordinal,
    Dense,
    Sparse,
}

impl KBinsDiscretizer {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let arrays = attributes::list(c, "bin_edges_")?;
        let inputs = attributes::inputs(c, Some(arrays.len()));
        attributes::counted(c, "bin_edges_", arrays.len(), inputs.columns.unwrap_or_default())?;
        let mut outputs = 0;
        let mut columns = Vec::with_capacity(arrays.len());
        for (at, array) in arrays.into_iter().enumerate() {
            let edges = array.as_array().and_then(|edges| edges.f64s(array.document()).ok());
            let Some([_, inner @ .., _]) = edges.as_deref() else {
                let reason = format!("has no two edges for column {at}");
                return Err(Error::attribute(CLASS, "bin_edges_", reason));
            };
            if !inner.is_sorted() {
                let reason = format!("does not ascend for column {at}");
                return Err(Error::attribute(CLASS, "bin_edges_", reason));
            }
            columns.push(Bins { inner: inner.to_vec(), start: outputs });
            outputs += inner.len() + 1;
        }
        let encoding = match attributes::text(c, "encode").unwrap_or("onehot") {
            "ordinal" => Encoding::Ordinal,
            "onehot" => Encoding::Sparse,
            "onehot-dense" => Encoding::Dense,
            other => return Err(Error::attribute(CLASS, "encode", format!("is `{other}`"))),
        };
        Ok(Self {
            inputs,
            columns,
            encoding,
            scalar: attributes::scalar(c, "dtype"),
            near: version(c).is_none_or(|version| version < (1, 1)),
            outputs,
        })
    }

    /// The rows as floats of the type that the bins get.
    fn typed(&self, table: Table) -> Result<Data, Error> {
        let mut table = check::numeric(table, self.inputs.columns, Allow::Finite, CLASS)?;
        check::dense(&table, CLASS)?;
        match (self.scalar, &table.data) {
            (Some(Scalar::F32), Data::F64(_)) => {
                let (columns, values) = (table.columns(), table.to_f32()?.into_owned());
                table.data = Data::F32(Matrix { columns, values });
                check::finite(&table.data, Allow::Finite, CLASS)?;
            }
            (Some(Scalar::F64), Data::F32(_)) => {
                let (columns, values) = (table.columns(), table.to_f64()?.into_owned());
                table.data = Data::F64(Matrix { columns, values });
            }
            _ => {}
        }
        Ok(table.data)
    }

    fn bins<T: Real + Nudge>(&self, m: &Matrix<T>) -> impl Iterator<Item = (&Bins, usize)> {
        let columns = self.columns.iter().cycle();
        columns.zip(&m.values).map(|(bins, &value)| {
            let value = if self.near { value.nudged() } else { value };
            let value = value.to_f64();
            (bins, bins.inner.partition_point(|&edge| edge <= value))
        })
    }

    fn encoded<T: Real + Nudge>(&self, m: &Matrix<T>, rows: usize) -> Encoded<T> {
        match self.encoding {
            Encoding::Ordinal => {
                let values = self.bins(m).map(|(_, bin)| T::from_f64(bin as f64)).collect();
                Encoded::Dense(Matrix { columns: m.columns, values })
            }
            Encoding::Dense => {
                let mut values = vec![T::default(); rows * self.outputs];
                let cells = m.columns.max(1);
                for (at, (bins, bin)) in self.bins(m).enumerate() {
                    let place = at / cells * self.outputs + bins.start + bin;
                    if let Some(cell) = values.get_mut(place) {
                        *cell = T::from_f64(1.0);
                    }
                }
                Encoded::Dense(Matrix { columns: self.outputs, values })
            }
            Encoding::Sparse => {
                let mut out = Csr::with_capacity(self.outputs, rows, m.values.len());
                let cells = m.columns.max(1);
                for (at, (bins, bin)) in self.bins(m).enumerate() {
                    out.indices.push((bins.start + bin) as u32);
                    out.values.push(1.0);
                    if (at + 1) % cells == 0 {
                        out.end_row();
                    }
                }
                Encoded::Sparse(out)
            }
        }
    }
}

enum Encoded<T> {
    Dense(Matrix<T>),
    Sparse(Csr),
}

/// What moves values over an edge that is near: `1e-8 + 1e-5 · |x|`, in the type of the rows.
trait Nudge {
    fn nudged(self) -> Self;
}

impl Nudge for f64 {
    fn nudged(self) -> Self {
        self + (1e-8 + 1e-5 * self.abs())
    }
}

impl Nudge for f32 {
    fn nudged(self) -> Self {
        self + (1e-8 + 1e-5 * self.abs())
    }
}

impl Transform for KBinsDiscretizer {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn outputs(&self, columns: usize) -> usize {
        if self.encoding == Encoding::Ordinal { columns } else { self.outputs }
    }

    fn source(&self, output: usize, _columns: usize) -> Option<usize> {
        if self.encoding == Encoding::Ordinal {
            return Some(output);
        }
        self.columns.partition_point(|bins| bins.start <= output).checked_sub(1)
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        let rows = input.rows;
        let data = match self.typed(input)? {
            Data::F32(m) => match self.encoded(&m, rows) {
                Encoded::Dense(m) => Data::F32(m),
                Encoded::Sparse(csr) => Data::Sparse(Csr { scalar: Scalar::F32, ..csr }),
            },
            Data::F64(m) => match self.encoded(&m, rows) {
                Encoded::Dense(m) => Data::F64(m),
                Encoded::Sparse(csr) => Data::Sparse(csr),
            },
            other => other,
        };
        Ok(Table { rows, names: None, data })
    }
}
