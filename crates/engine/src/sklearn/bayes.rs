//! Naive Bayes: a log likelihood for each class, and the class with the greatest one.

use crate::{
    Data, Error, Inputs, Labels, Method, Output, OutputData, Predictor, Table, attributes,
    read::Cursor,
    sklearn::{
        check::{self, Allow},
        log_sum::LogSum,
    },
};

mod categorical;
mod gaussian;
mod linear;

use categorical::Categorical;
use gaussian::Gaussian;
use linear::Linear;

/// What the classes of this family differ in.
#[derive(Debug)]
enum Likelihood {
    Gaussian(Gaussian),
    Linear(Linear),
    Categorical(Categorical),
}

/// `GaussianNB`, `MultinomialNB`, `ComplementNB`, `BernoulliNB` and `CategoricalNB`.
#[derive(Debug)]
pub(crate) struct NaiveBayes {
    class: String,
    inputs: Inputs,
    columns: usize,
    labels: Labels,
    /// Likelihoods of a row: one for each class, and in 0.24 two for a single class.
    width: usize,
    likelihood: Likelihood,
    log_sum: LogSum,
}

const METHODS: &[Method] = &[Method::Predict, Method::PredictProba, Method::PredictLogProba];

impl NaiveBayes {
    pub(crate) fn gaussian(c: Cursor<'_>) -> Result<Self, Error> {
        Self::with(c, |classes| {
            let gaussian = Gaussian::read(c, classes)?;
            Ok((gaussian.columns(), Likelihood::Gaussian(gaussian)))
        })
    }

    pub(crate) fn multinomial(c: Cursor<'_>) -> Result<Self, Error> {
        Self::linear(c, Linear::multinomial)
    }

    pub(crate) fn complement(c: Cursor<'_>) -> Result<Self, Error> {
        Self::linear(c, Linear::complement)
    }

    pub(crate) fn bernoulli(c: Cursor<'_>) -> Result<Self, Error> {
        Self::linear(c, Linear::bernoulli)
    }

    pub(crate) fn categorical(c: Cursor<'_>) -> Result<Self, Error> {
        Self::with(c, |classes| {
            let categorical = Categorical::read(c, classes)?;
            Ok((categorical.columns(), Likelihood::Categorical(categorical)))
        })
    }

    fn linear(
        c: Cursor<'_>,
        read: fn(Cursor<'_>, usize) -> Result<Linear, Error>,
    ) -> Result<Self, Error> {
        Self::with(c, |classes| {
            let linear = read(c, classes)?;
            Ok((linear.columns(), Likelihood::Linear(linear)))
        })
    }

    fn with(
        c: Cursor<'_>,
        read: impl FnOnce(usize) -> Result<(usize, Likelihood), Error>,
    ) -> Result<Self, Error> {
        let labels = attributes::labels(c, "classes_")?;
        if labels.is_empty() {
            return Err(Error::attribute(c.class_name(), "classes_", "has no class"));
        }
        let priors = attributes::numbers_if_any(c, "class_log_prior_")?;
        let doubled = labels.len() == 1 && priors.is_some_and(|priors| priors.len() == 2);
        let width = if doubled { 2 } else { labels.len() };
        let (columns, likelihood) = read(width)?;
        let mut inputs = attributes::inputs(c, Some(columns));
        if let Some(recorded) = inputs.columns {
            attributes::counted(c, "n_features_in_", recorded, columns)?;
        }
        inputs.columns = Some(columns);
        let class = c.class_name().to_owned();
        Ok(Self { class, inputs, columns, labels, width, likelihood, log_sum: LogSum::of(c) })
    }

    /// The joint log likelihoods, rows × classes.
    fn joint(&self, table: &Table) -> Result<Vec<f64>, Error> {
        check::width(table, Some(self.columns), &self.class)?;
        let floats;
        let table = match &table.data {
            Data::F64(_) | Data::F32(_) | Data::Sparse(_) => table,
            _ => {
                floats = check::floats(table.clone())?;
                &floats
            }
        };
        check::finite(&table.data, Allow::Finite, &self.class)?;
        let mut joint = vec![0.0; table.rows * self.width];
        match (&self.likelihood, &table.data) {
            (Likelihood::Linear(linear), Data::Sparse(csr)) => linear.sparse(csr, &mut joint)?,
            (Likelihood::Linear(linear), Data::F64(m)) => linear.dense(&m.values, &mut joint),
            (Likelihood::Linear(linear), Data::F32(m)) => linear.dense(&m.values, &mut joint),
            (Likelihood::Gaussian(gaussian), Data::F64(m)) => gaussian.rows(&m.values, &mut joint),
            (Likelihood::Gaussian(gaussian), Data::F32(m)) => gaussian.rows(&m.values, &mut joint),
            (Likelihood::Categorical(categorical), Data::F64(m)) => {
                categorical.rows(&m.values, &mut joint)?;
            }
            (Likelihood::Categorical(categorical), Data::F32(m)) => {
                categorical.rows(&m.values, &mut joint)?;
            }
            (_, Data::Sparse(_)) => {
                return Err(Error::input(format!(
                    "the rows are sparse, and `{}` takes dense ones",
                    self.class
                )));
            }
            // the rows are floats
            (_, Data::I64(_) | Data::Columns(_) | Data::Documents(_)) => {}
        }
        Ok(joint)
    }
}

/// The class with the greatest likelihood, the first of equal ones; NaN counts as the greatest.
fn winner(row: &[f64]) -> usize {
    let mut best = 0;
    let mut most = f64::NEG_INFINITY;
    for (place, &value) in row.iter().enumerate() {
        if value.is_nan() {
            return place;
        }
        if value > most {
            (best, most) = (place, value);
        }
    }
    best
}

impl Predictor for NaiveBayes {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn methods(&self) -> &[Method] {
        METHODS
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        let mut joint = self.joint(input)?;
        let rows = joint.chunks_exact_mut(self.width);
        if method == Method::Predict {
            let last = self.labels.len().saturating_sub(1);
            let winners = rows.map(|row| winner(row).min(last));
            return Ok(Output::flat(self.labels.take(winners)));
        }
        for row in rows {
            let whole = self.log_sum.of_row(row);
            for value in row {
                *value -= whole;
            }
        }
        if method == Method::PredictProba {
            for value in &mut joint {
                *value = value.exp();
            }
        }
        Ok(Output::matrix(input.rows, self.width, OutputData::F64(joint)))
    }
}

/// A matrix with a row for each class, as `(columns, values)`.
fn by_class(c: Cursor<'_>, name: &str, classes: usize) -> Result<(usize, Vec<f64>), Error> {
    let grid = attributes::grid(c, name)?;
    match grid.shape[..] {
        [rows, columns] if rows == classes && columns > 0 => Ok((columns, grid.values)),
        _ => {
            let reason =
                format!("has the shape {:?}, where {classes} rows are expected", grid.shape);
            Err(Error::attribute(c.class_name(), name, reason))
        }
    }
}

/// Rows × columns to columns × rows.
fn turned(values: &[f64], columns: usize) -> Vec<f64> {
    (0..columns).flat_map(|column| values.iter().skip(column).step_by(columns).copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::{turned, winner};

    #[test]
    fn the_first_of_equal_or_undefined_likelihoods_wins() {
        assert_eq!(winner(&[-3.0, -1.0, -1.0]), 1);
        assert_eq!(winner(&[-3.0, f64::NAN, -1.0, f64::NAN]), 1);
        assert_eq!(winner(&[f64::NEG_INFINITY; 2]), 0);
    }

    #[test]
    fn rows_become_columns() {
        assert_eq!(turned(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    }
}
