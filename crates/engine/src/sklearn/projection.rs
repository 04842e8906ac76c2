//! Linear projections: principal components and their kin.

use super::{
    Transform,
    check::{self, Allow},
    fields::{self, Grid},
    linear::Weights,
};
use crate::{Data, Error, Inputs, Matrix, Table, read::Cursor};

/// `PCA`, `IncrementalPCA`, `TruncatedSVD`, `FastICA`: centred rows times components, scaled.
#[derive(Debug)]
pub(crate) struct Projection {
    class: &'static str,
    weights: Weights,
    mean: Option<Vec<f64>>,
    scale: Option<Vec<f64>>,
    outputs: usize,
}

impl Projection {
    /// `PCA` and `IncrementalPCA`.
    pub(crate) fn principal(c: Cursor<'_>) -> Result<Self, Error> {
        let mean = fields::numbers_if_any(c, "mean_")?;
        let scale = if fields::flag(c, "whiten", false) {
            let smallest = f64::EPSILON;
            let variances = fields::numbers(c, "explained_variance_")?;
            Some(variances.iter().map(|v| v.sqrt().max(smallest)).collect())
        } else {
            None
        };
        Self::with("PCA", c, mean, scale)
    }

    /// `TruncatedSVD`.
    pub(crate) fn truncated(c: Cursor<'_>) -> Result<Self, Error> {
        Self::with("TruncatedSVD", c, None, None)
    }

    /// `FastICA`: centred when it was whitened.
    pub(crate) fn independent(c: Cursor<'_>) -> Result<Self, Error> {
        let whitened = c.attr("whiten").is_none_or(|whiten| whiten.as_bool() != Some(false));
        let mean = if whitened { fields::numbers_if_any(c, "mean_")? } else { None };
        Self::with("FastICA", c, mean, None)
    }

    fn with(
        class: &'static str,
        c: Cursor<'_>,
        mean: Option<Vec<f64>>,
        scale: Option<Vec<f64>>,
    ) -> Result<Self, Error> {
        let components: Grid = fields::grid(c, "components_")?;
        let [outputs, columns] = components.shape[..] else {
            return Err(Error::attribute(class, "components_", "is not a matrix"));
        };
        if let Some(mean) = &mean {
            fields::counted(c, "mean_", mean.len(), columns)?;
        }
        if let Some(scale) = &scale {
            fields::counted(c, "explained_variance_", scale.len(), outputs)?;
        }
        let weights = Weights::from_parts(c, &components, vec![0.0; outputs])?;
        Ok(Self { class, weights, mean, scale, outputs })
    }
}

impl Transform for Projection {
    fn inputs(&self) -> Inputs {
        self.weights.inputs()
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        let columns = self.weights.inputs().columns;
        let mut table = check::numeric(input, columns, Allow::Finite, self.class)?;
        // what is centred in doubles still answers in floats when everything was floats
        let mut single = false;
        if let Some(mean) = &self.mean {
            let rows = table.rows;
            table.data = super::stack::dense(table.data, rows)?;
            single = matches!(table.data, Data::F32(_)) && self.weights.yields_f32();
            let mut values = table.to_f64()?.into_owned();
            for row in values.chunks_exact_mut(mean.len().max(1)) {
                row.iter_mut().zip(mean).for_each(|(v, mean)| *v -= mean);
            }
            table.data = Data::F64(Matrix { columns: mean.len(), values });
        }
        let mut scores = self.weights.scores(&table)?;
        if let Some(scale) = &self.scale {
            for row in scores.values.chunks_exact_mut(self.outputs.max(1)) {
                row.iter_mut().zip(scale).for_each(|(v, scale)| *v /= scale);
            }
        }
        let columns = self.outputs;
        table.data = if scores.f32 || single {
            let values = scores.values.into_iter().map(|v| v as f32).collect();
            Data::F32(Matrix { columns, values })
        } else {
            Data::F64(Matrix { columns, values: scores.values })
        };
        Ok(table)
    }
}
