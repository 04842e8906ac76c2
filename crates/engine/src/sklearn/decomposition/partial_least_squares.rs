//! Partial least squares: a projection of rows, and a prediction from it.

use super::{Components, Mean, Product, Projection, matrix};
use crate::{
    Error, Inputs, Method, Output, Predictor, Table,
    attributes::{self, version},
    estimator::Transform,
    read::Cursor,
};

/// `PLSRegression`, `PLSCanonical` and `CCA`.
#[derive(Debug)]
pub(crate) struct PartialLeastSquares {
    scores: Projection,
    targets: Projection,
    /// One target was given without a second dimension, and is answered so.
    flat: bool,
}

/// `PLSSVD`, which only projects: (x − mean) / std · weights, in doubles.
pub(crate) fn singular_vectors(c: Cursor<'_>) -> Result<Projection, Error> {
    let weights = matrix(c, "x_weights_")?;
    let columns = weights.rows;
    let mut built = Projection::of(c, weights.into_product(), "x_weights_", false)?;
    built.mean = Some(Mean { values: mean(c, columns)?, in_place: false });
    built.divisor = Some(deviation(c, columns)?);
    Ok(built)
}

impl PartialLeastSquares {
    /// What changed: up to 1.0 `coef_` has a row for each column, in 1.1 and 1.2 it is stored as `_coef_`
    /// with a row for each target, from 1.5 on it is for rows that are not divided by the deviation.
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let rotations = matrix(c, "x_rotations_")?;
        let columns = rotations.rows;
        let mut scores = Projection::of(c, rotations.into_product(), "x_rotations_", false)?;
        let mean = mean(c, columns)?;
        let deviation = deviation(c, columns)?;
        let centre = |values: &[f64]| Mean { values: values.to_vec(), in_place: true };
        scores.mean = Some(centre(&mean));
        scores.divisor = Some(deviation.clone());

        let release = version(c).unwrap_or_default();
        let name = if c.attr("_coef_").is_some() { "_coef_" } else { "coef_" };
        let coefficients = matrix(c, name)?;
        let by_column = release < (1, 1);
        let product =
            if by_column { coefficients.into_product() } else { coefficients.into_transposed() };
        let mut targets = Projection::of(c, product, name, false)?;
        attributes::counted(c, name, targets.product.columns(), columns)?;
        targets.mean = Some(centre(&mean));
        targets.divisor = (release < (1, 5)).then_some(deviation);
        let intercept = if by_column { first(c, ["_y_mean", "y_mean_"]) } else { "intercept_" };
        let intercept = attributes::numbers_of(c, intercept, targets.product.outputs())?;
        targets.shift = Some(intercept.into_iter().map(|v| -v).collect());
        Ok(Self { scores, targets, flat: attributes::flag(c, "_predict_1d", false) })
    }
}

/// The first name that is there.
fn first(c: Cursor<'_>, names: [&'static str; 2]) -> &'static str {
    let [new, old] = names;
    if c.attr(new).is_some() { new } else { old }
}

fn mean(c: Cursor<'_>, columns: usize) -> Result<Vec<f64>, Error> {
    attributes::numbers_of(c, first(c, ["_x_mean", "x_mean_"]), columns)
}

fn deviation(c: Cursor<'_>, columns: usize) -> Result<Vec<f64>, Error> {
    attributes::numbers_of(c, first(c, ["_x_std", "x_std_"]), columns)
}

impl Components {
    /// As the matrix that rows are multiplied by.
    fn into_product(self) -> Option<Product> {
        Product::new(self.values, self.rows, self.columns)
    }

    /// Its transpose as that matrix.
    fn into_transposed(self) -> Option<Product> {
        Product::transposed(&self.values, self.columns, self.rows)
    }
}

impl Predictor for PartialLeastSquares {
    fn inputs(&self) -> Inputs {
        Transform::inputs(&self.scores)
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict, Method::Transform]
    }

    fn transformed(&self, columns: usize) -> Option<usize> {
        Some(self.scores.outputs(columns))
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        if method == Method::Transform {
            return Output::from_table(self.scores.transform_ref(input)?);
        }
        let answer = Output::from_table(self.targets.transform_ref(input)?)?;
        Ok(if self.flat { Output::flat(answer.data) } else { answer })
    }
}
