use crate::{
    Data, Error, Inputs, Table,
    attributes::{self, version},
    estimator::Transform,
    read::Cursor,
    sklearn::check::{self, Allow},
};

/// What a row is divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Norm {
    /// Sum of magnitudes.
    L1,
    /// Euclidean length.
    L2,
    /// Largest magnitude.
    Max,
}

impl Norm {
    /// Its name in scikit-learn.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "l1" => Some(Self::L1),
            "l2" => Some(Self::L2),
            "max" => Some(Self::Max),
            _ => None,
        }
    }

    pub(crate) fn of(self, values: impl Iterator<Item = f64>) -> f64 {
        match self {
            Self::L1 => values.map(f64::abs).sum(),
            Self::L2 => values.map(|v| v * v).sum::<f64>().sqrt(),
            Self::Max => values.map(f64::abs).fold(0.0, f64::max),
        }
    }

    /// Divides stored values by their norm; rows of zeros stay.
    pub(crate) fn apply_sparse(self, values: &mut [f64]) {
        let norm = self.of(values.iter().copied());
        if norm != 0.0 {
            for v in values.iter_mut() {
                *v /= norm;
            }
        }
    }
}

/// `Normalizer`: each row divided by its own norm.
#[derive(Debug)]
pub(crate) struct Normalizer {
    inputs: Inputs,
    norm: Norm,
    /// A norm below this counts as zero: the row is divided by one.
    smallest: [f64; 2],
}

impl Normalizer {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let name = attributes::text(c, "norm").unwrap_or("l2");
        let norm = Norm::from_name(name)
            .ok_or_else(|| Error::attribute("Normalizer", "norm", format!("is `{name}`")))?;
        // 0.24 looks for exact zeros, later releases for anything near the type's precision
        let recent = version(c).is_some_and(|version| version >= (1, 0));
        let smallest = if recent {
            [10.0 * f64::EPSILON, 10.0 * f64::from(f32::EPSILON)]
        } else {
            [f64::MIN_POSITIVE * f64::EPSILON, f64::MIN_POSITIVE * f64::EPSILON]
        };
        Ok(Self { inputs: attributes::inputs(c, None), norm, smallest })
    }
}

impl Transform for Normalizer {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        let mut table = check::numeric(input, self.inputs.columns, Allow::Finite, "Normalizer")?;
        let [small, small_f32] = self.smallest;
        match &mut table.data {
            Data::F64(m) => {
                for row in m.values.chunks_exact_mut(m.columns.max(1)) {
                    let norm = self.norm.of(row.iter().copied());
                    let norm = if norm < small { 1.0 } else { norm };
                    for v in row.iter_mut() {
                        *v /= norm;
                    }
                }
            }
            Data::F32(m) => {
                for row in m.values.chunks_exact_mut(m.columns.max(1)) {
                    let norm = self.norm.of(row.iter().map(|&v| f64::from(v)));
                    let norm = if norm < small_f32 { 1.0 } else { norm as f32 };
                    for v in row.iter_mut() {
                        *v /= norm;
                    }
                }
            }
            Data::Sparse(csr) => {
                csr.make_floats();
                for range in csr.starts.windows(2) {
                    if let &[start, end] = range
                        && let Some(values) = csr.values.get_mut(start..end)
                    {
                        self.norm.apply_sparse(values);
                    }
                }
                csr.round();
            }
            _ => {}
        }
        Ok(table)
    }
}
