use crate::{
    Csr, Data, Error, Inputs, Scalar, Table, attributes,
    estimator::Transform,
    read::Cursor,
    sklearn::{
        check::{self, Allow},
        normalizer::Norm,
    },
};

/// `TfidfTransformer`: counts, or their logarithms, times the rarity of each term, normalised.
#[derive(Debug)]
pub(crate) struct TfidfTransformer {
    inputs: Inputs,
    /// True when 1 + ln(count) replaces the count.
    sublinear: bool,
    /// Weight of each column.
    idf: Option<Vec<f64>>,
    /// True when weights that are doubles turn floats into doubles, as they do up to 1.4.
    widens: bool,
    norm: Option<Norm>,
}

impl TfidfTransformer {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        // up to 1.4 the weights are the diagonal of a sparse matrix
        let diagonal = c.attr("_idf_diag").filter(|_| c.attr("idf_").is_none());
        let (idf, widens) = if attributes::flag(c, "use_idf", true) {
            let idf = match diagonal {
                Some(diagonal) => attributes::grid(diagonal, "data")?,
                None => attributes::grid(c, "idf_")?,
            };
            (Some(idf.values), diagonal.is_some() && !idf.yields_f32)
        } else {
            (None, false)
        };
        let norm = match attributes::text(c, "norm") {
            None => c.attr("norm").is_none().then_some(Norm::L2),
            Some(name) => Some(Norm::from_name(name).ok_or_else(|| {
                Error::attribute("TfidfTransformer", "norm", format!("is `{name}`"))
            })?),
        };
        let inputs = attributes::inputs(c, idf.as_ref().map(Vec::len));
        if let (Some(idf), Some(columns)) = (&idf, inputs.columns) {
            attributes::counted(c, "idf_", idf.len(), columns)?;
        }
        Ok(Self {
            inputs,
            sublinear: attributes::flag(c, "sublinear_tf", false),
            idf,
            widens,
            norm,
        })
    }

    /// The transformer inside a vectorizer of `columns` terms.
    pub(super) fn of_columns(c: Cursor<'_>, columns: usize) -> Result<Self, Error> {
        let inner = Self::build(c)?;
        if let Some(idf) = &inner.idf {
            attributes::counted(c, "idf_", idf.len(), columns)?;
        }
        Ok(inner)
    }

    /// Weighs counts in place.
    pub(super) fn apply(&self, csr: &mut Csr) {
        csr.make_floats();
        if self.sublinear {
            for v in &mut csr.values {
                *v = v.ln();
            }
            csr.round();
            for v in &mut csr.values {
                *v += 1.0;
            }
            csr.round();
        }
        if self.widens {
            csr.scalar = Scalar::F64;
        }
        if let Some(idf) = &self.idf {
            for (value, &column) in csr.values.iter_mut().zip(&csr.indices) {
                *value *= idf.get(column as usize).copied().unwrap_or(1.0);
            }
            csr.round();
        }
        if let Some(norm) = self.norm {
            for range in csr.starts.windows(2) {
                if let &[start, end] = range
                    && let Some(values) = csr.values.get_mut(start..end)
                {
                    norm.apply_sparse(values);
                }
            }
            csr.round();
        }
    }
}

impl Transform for TfidfTransformer {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        let class = "TfidfTransformer";
        let table = check::numeric(input, self.inputs.columns, Allow::Finite, class)?;
        let rows = table.rows;
        let mut csr = match table.data {
            Data::Sparse(csr) => csr,
            data => from_dense(&data, rows),
        };
        self.apply(&mut csr);
        Ok(Table { rows, names: None, data: Data::Sparse(csr) })
    }
}

/// The stored form of a dense matrix: without its zeros.
fn from_dense(data: &Data, rows: usize) -> Csr {
    fn fill(out: &mut Csr, values: impl Iterator<Item = f64>, columns: usize, rows: usize) {
        let mut values = values;
        for _ in 0..rows {
            for (column, value) in values.by_ref().take(columns).enumerate() {
                if value != 0.0 {
                    out.indices.push(column as u32);
                    out.values.push(value);
                }
            }
            out.end_row();
        }
    }
    match data {
        Data::F64(m) => {
            let mut out = Csr::with_capacity(m.columns, rows, m.values.len());
            fill(&mut out, m.values.iter().copied(), m.columns, rows);
            out
        }
        Data::F32(m) => {
            let mut out = Csr::with_capacity(m.columns, rows, m.values.len());
            out.scalar = Scalar::F32;
            fill(&mut out, m.values.iter().map(|&v| f64::from(v)), m.columns, rows);
            out
        }
        _ => Csr::with_capacity(0, rows, 0),
    }
}
