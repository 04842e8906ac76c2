//! Projections onto components: principal components and their relatives.

use crate::{
    Data, Error, Inputs, Table,
    attributes::{self, Grid, version},
    estimator::Transform,
    read::Cursor,
    sklearn::{
        algebra,
        check::{self, Allow},
        product::Product,
        sparse,
    },
};

mod discriminant;
mod kernel_pca;
mod manifold;
mod partial_least_squares;
mod sparse_coding;
mod topics;

pub(crate) use discriminant::Discriminant;
pub(crate) use kernel_pca::{Centerer, KernelComponents};
pub(crate) use manifold::{Isomap, LocallyLinear};
pub(crate) use partial_least_squares::{PartialLeastSquares, singular_vectors};
pub(crate) use sparse_coding::SparseCode;
pub(crate) use topics::Mixture;

/// What becomes of sparse rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sparse {
    /// They are multiplied as they are.
    Taken,
    /// The library refuses them.
    Refused,
}

/// Which type the answer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// Floats when both the rows and the components are floats.
    Common,
    /// That of the components.
    OfComponents,
}

/// A mean that is subtracted from rows before they are multiplied.
#[derive(Debug)]
struct Mean {
    values: Vec<f64>,
    /// The difference is rounded to the type of the rows.
    in_place: bool,
}

/// Rows times components, with shifts and scales around.
#[derive(Debug)]
pub(crate) struct Projection {
    class: String,
    inputs: Inputs,
    sparse: Sparse,
    answer: Answer,
    /// True when the components were stored as floats.
    f32: bool,
    /// The answer to sparse rows is sparse.
    stays_sparse: bool,
    mean: Option<Mean>,
    /// Divides what is left of a row without its mean.
    divisor: Option<Vec<f64>>,
    product: Product,
    /// Multiplies what the first product gave.
    second: Option<Product>,
    /// Subtracted from each row of products.
    shift: Option<Vec<f64>>,
    /// Divides each row after that.
    scale: Option<Vec<f64>>,
}

impl Projection {
    /// `PCA` and `IncrementalPCA`: (x − mean) · componentsᵀ, and for whitening divided by the
    /// standard deviations. From 1.5 on the mean is subtracted after the product.
    pub(crate) fn principal(c: Cursor<'_>) -> Result<Self, Error> {
        let components = matrix(c, "components_")?;
        let release = version(c).unwrap_or_default();
        let incremental = c.class_name() == "IncrementalPCA";
        let mut built = Self::new(c, &components)?;
        if incremental || release >= (1, 4) {
            built.sparse = Sparse::Taken;
        }
        let mean = attributes::numbers_if_any(c, "mean_")?;
        if let Some(values) = mean {
            attributes::counted(c, "mean_", values.len(), components.columns)?;
            if release >= (1, 5) {
                let mut shift = built.product.dense(&values, 1);
                if components.f32 {
                    for v in &mut shift {
                        *v = f64::from(*v as f32);
                    }
                }
                built.shift = Some(shift);
            } else {
                built.mean = Some(Mean { values, in_place: false });
            }
        }
        if attributes::flag(c, "whiten", false) {
            let variance =
                attributes::numbers_of(c, "explained_variance_", components.rows)?.into_iter();
            let least = match (release >= (1, 5), components.f32) {
                (false, _) => 0.0,
                (true, false) => f64::EPSILON,
                (true, true) => f64::from(f32::EPSILON),
            };
            let root =
                |v: f64| if components.f32 { f64::from((v as f32).sqrt()) } else { v.sqrt() };
            built.scale = Some(variance.map(|v| root(v).max(least)).collect());
        }
        Ok(built)
    }

    /// `TruncatedSVD`: x · componentsᵀ.
    pub(crate) fn truncated(c: Cursor<'_>) -> Result<Self, Error> {
        let components = matrix(c, "components_")?;
        Ok(Self { sparse: Sparse::Taken, ..Self::new(c, &components)? })
    }

    /// `FastICA`: (x − mean) · componentsᵀ; without whitening there is no mean.
    pub(crate) fn independent(c: Cursor<'_>) -> Result<Self, Error> {
        let components = matrix(c, "components_")?;
        let mut built = Self::new(c, &components)?;
        if let Some(values) = attributes::numbers_if_any(c, "mean_")? {
            attributes::counted(c, "mean_", values.len(), components.columns)?;
            built.mean = Some(Mean { values, in_place: true });
        }
        Ok(built)
    }

    /// `FactorAnalysis`: (x − mean) · wᵀ · (1 + w · componentsᵀ)⁻¹ with w = components / noise (Barber,
    /// "Bayesian Reasoning and Machine Learning", 21.2.1).
    pub(crate) fn factors(c: Cursor<'_>) -> Result<Self, Error> {
        let components = few(c, matrix(c, "components_")?)?;
        let noise = attributes::numbers_of(c, "noise_variance_", components.columns)?;
        let rows = components.values.chunks_exact(components.columns.max(1));
        let weighted: Vec<f64> =
            rows.flat_map(|row| row.iter().zip(&noise).map(|(v, noise)| v / noise)).collect();
        let size = components.rows;
        let mut inner =
            algebra::times_transposed(&weighted, &components.values, components.columns);
        for v in inner.iter_mut().step_by(size + 1) {
            *v += 1.0;
        }
        let covariance = algebra::inverse(inner, size)
            .ok_or_else(|| Error::attribute(c.class_name(), "components_", "has no covariance"))?;
        let second = Product::new(covariance, size, size);
        let weighted = Components { values: weighted, ..components };
        Ok(Self { second, ..Self::centred(c, &weighted)? })
    }

    /// `SparsePCA` and `MiniBatchSparsePCA`: the ridge regression of x − mean on the components, whose
    /// answer is linear in x.
    pub(crate) fn sparse_components(c: Cursor<'_>) -> Result<Self, Error> {
        let components = few(c, matrix(c, "components_")?)?;
        let alpha = attributes::number(c, "ridge_alpha")
            .ok_or_else(|| Error::attribute(c.class_name(), "ridge_alpha", "is no number"))?;
        let Components { rows, columns, .. } = components;
        let mut gram = algebra::times_transposed(&components.values, &components.values, columns);
        for v in gram.iter_mut().step_by(rows + 1) {
            *v += alpha;
        }
        let solved = algebra::solve(gram, components.values.clone(), rows, columns);
        let values = solved.ok_or_else(|| {
            let reason = "are dependent, and `ridge_alpha` is zero: they do not say what a row is \
                          made of";
            Error::attribute(c.class_name(), "components_", reason)
        })?;
        let weights = Components { values, ..components };
        Ok(Self { answer: Answer::OfComponents, ..Self::centred(c, &weights)? })
    }

    fn centred(c: Cursor<'_>, components: &Components) -> Result<Self, Error> {
        let values = attributes::numbers_of(c, "mean_", components.columns)?;
        let mean = Some(Mean { values, in_place: false });
        Ok(Self { mean, ..Self::new(c, components)? })
    }

    /// `LinearDiscriminantAnalysis`: (x − xbar) · scalings, of which the first components remain; the
    /// eigen solver does not subtract. `None` for a solver that gives no projection.
    pub(crate) fn discriminants(c: Cursor<'_>) -> Result<Option<Self>, Error> {
        let centred = match attributes::text(c, "solver") {
            Some("svd") => true,
            Some("eigen") => false,
            _ => return Ok(None),
        };
        let Components { values, rows, columns, f32 } = matrix(c, "scalings_")?;
        let most = c.require("_max_components")?.as_i64().and_then(|n| usize::try_from(n).ok());
        let most = most.filter(|&most| most > 0).ok_or_else(|| {
            Error::attribute(c.class_name(), "_max_components", "is no count of components")
        })?;
        let kept = most.min(columns);
        let values: Vec<f64> =
            values.chunks_exact(columns).flat_map(|row| row.iter().copied().take(kept)).collect();
        let product = Product::new(values, rows, kept);
        let mut built = Self::of(c, product, "scalings_", f32)?;
        if centred {
            let values = attributes::numbers_of(c, "xbar_", rows)?;
            built.mean = Some(Mean { values, in_place: false });
        }
        Ok(Some(built))
    }

    /// `GaussianRandomProjection` and `SparseRandomProjection`: x · componentsᵀ.
    pub(crate) fn random(c: Cursor<'_>) -> Result<Self, Error> {
        if c.require("components_")?.attr("indptr").is_none() {
            return Self::truncated(c);
        }
        let stored = sparse::rows(c, "components_")?;
        let (rows, columns) = (stored.starts.len().saturating_sub(1), stored.columns);
        let values = sparse::filled(&stored, rows)?;
        let f32 = stored.scalar == crate::Scalar::F32;
        let components = Components { values, rows, columns, f32 };
        let mut built = Self { sparse: Sparse::Taken, ..Self::new(c, &components)? };
        built.stays_sparse = !attributes::flag(c, "dense_output", true);
        Ok(built)
    }

    fn new(c: Cursor<'_>, components: &Components) -> Result<Self, Error> {
        let Components { rows, columns, f32, .. } = *components;
        let product = Product::transposed(&components.values, columns, rows);
        Self::of(c, product, "components_", f32)
    }

    fn of(c: Cursor<'_>, product: Option<Product>, name: &str, f32: bool) -> Result<Self, Error> {
        let product =
            product.ok_or_else(|| Error::attribute(c.class_name(), name, "is no matrix"))?;
        let columns = product.columns();
        let inputs = attributes::inputs(c, Some(columns));
        attributes::counted(c, "n_features_in_", inputs.columns.unwrap_or(columns), columns)?;
        Ok(Self {
            class: c.class_name().to_owned(),
            inputs,
            sparse: Sparse::Refused,
            answer: Answer::Common,
            f32,
            stays_sparse: false,
            divisor: None,
            mean: None,
            product,
            second: None,
            shift: None,
            scale: None,
        })
    }

    /// Subtracts the mean and divides; `round` is done to each result.
    fn centre(&self, row: &mut [f64], mean: &Mean, round: impl Fn(f64) -> f64) {
        for (v, mean) in row.iter_mut().zip(&mean.values) {
            *v = round(*v - mean);
        }
        for (v, divisor) in row.iter_mut().zip(self.divisor.iter().flatten()) {
            *v = round(*v / divisor);
        }
    }

    /// The products of rows of which the mean has not been subtracted.
    fn products(&self, table: Table) -> Result<Vec<f64>, Error> {
        let rows = table.rows;
        match (table.data, &self.mean) {
            (Data::F64(m), None) => Ok(self.product.dense(&m.values, rows)),
            (Data::F32(m), None) => Ok(self.product.dense(&m.values, rows)),
            (Data::F64(mut m), Some(mean)) => {
                for row in m.values.chunks_exact_mut(m.columns.max(1)) {
                    self.centre(row, mean, |v| v);
                }
                Ok(self.product.dense(&m.values, rows))
            }
            (Data::F32(m), Some(mean)) => {
                let mut values: Vec<f64> = m.values.iter().map(|&v| f64::from(v)).collect();
                for row in values.chunks_exact_mut(m.columns.max(1)) {
                    if mean.in_place {
                        self.centre(row, mean, |v| f64::from(v as f32));
                    } else {
                        self.centre(row, mean, |v| v);
                    }
                }
                Ok(self.product.dense(&values, rows))
            }
            (Data::Sparse(csr), mean) if self.sparse == Sparse::Taken => {
                let mut out = self.product.sparse(&csr, rows);
                if let Some(mean) = mean {
                    let shift = self.product.dense(&mean.values, 1);
                    for row in out.chunks_exact_mut(shift.len().max(1)) {
                        row.iter_mut().zip(&shift).for_each(|(v, shift)| *v -= shift);
                    }
                }
                Ok(out)
            }
            _ => Err(check::sparse_refused(&self.class)),
        }
    }
}

impl Transform for Projection {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn outputs(&self, _columns: usize) -> usize {
        self.product.outputs()
    }

    fn source(&self, _output: usize, _columns: usize) -> Option<usize> {
        None
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        let columns = Some(self.product.columns());
        let table = check::numeric(input, columns, Allow::Finite, &self.class)?;
        let rows = table.rows;
        let stays_sparse = self.stays_sparse && matches!(table.data, Data::Sparse(_));
        let f32 = self.f32 && (self.answer == Answer::OfComponents || check::is_f32(&table.data));
        let mut out = self.products(table)?;
        if let Some(second) = &self.second {
            out = second.dense(&out, rows);
        }
        let outputs = self.product.outputs();
        for row in out.chunks_exact_mut(outputs.max(1)) {
            if let Some(shift) = &self.shift {
                row.iter_mut().zip(shift).for_each(|(v, shift)| *v -= shift);
            }
            if let Some(scale) = &self.scale {
                row.iter_mut().zip(scale).for_each(|(v, scale)| *v /= scale);
            }
        }
        if stays_sparse {
            return Ok(sparse::thinned(&out, rows, outputs, f32));
        }
        Ok(check::answered(out, rows, outputs, f32))
    }
}

/// A stored matrix with a row for each output.
#[derive(Debug)]
struct Components {
    values: Vec<f64>,
    rows: usize,
    columns: usize,
    f32: bool,
}

/// Reads a matrix of at least one row.
fn matrix(c: Cursor<'_>, name: &str) -> Result<Components, Error> {
    let Grid { shape, values, yields_f32 } = attributes::grid(c, name)?;
    let &[rows, columns] = &shape[..] else {
        let reason = format!("has {} dimensions instead of two", shape.len());
        return Err(Error::attribute(c.class_name(), name, reason));
    };
    if rows == 0 || columns == 0 {
        return Err(Error::attribute(c.class_name(), name, "is empty"));
    }
    Ok(Components { values, rows, columns, f32: yields_f32 })
}

/// Refuses more components than a system of equations may have unknowns.
fn few(c: Cursor<'_>, components: Components) -> Result<Components, Error> {
    if components.rows <= algebra::MOST_UNKNOWNS {
        return Ok(components);
    }
    let reason = format!(
        "has {} rows, and at most {} are solved for",
        components.rows,
        algebra::MOST_UNKNOWNS
    );
    Err(Error::attribute(c.class_name(), "components_", reason))
}
