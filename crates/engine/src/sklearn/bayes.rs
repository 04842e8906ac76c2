//! Naive Bayes: a joint log likelihood for each class.

use super::{
    check::{self, Allow},
    fields::{self, Grid},
    linear::Weights,
};
use crate::{
    Data, Error, Inputs, Labels, Method, Output, OutputData, Predictor, Table, read::Cursor,
};

/// A naive Bayes classifier.
#[derive(Debug)]
pub(crate) struct NaiveBayes {
    likelihood: Likelihood,
    labels: Labels,
}

#[derive(Debug)]
enum Likelihood {
    /// Linear in the features; with a threshold, features are made 0 or 1 first.
    Linear { weights: Weights, threshold: Option<f64> },
    Gaussian {
        inputs: Inputs,
        means: Vec<f64>,
        variances: Vec<f64>,
        /// Log prior and normalising constant of each class.
        constants: Vec<f64>,
    },
}

impl NaiveBayes {
    /// `MultinomialNB`.
    pub(crate) fn multinomial(c: Cursor<'_>) -> Result<Self, Error> {
        let prior = fields::numbers(c, "class_log_prior_")?;
        Self::linear(c, &fields::grid(c, "feature_log_prob_")?, prior, None)
    }

    /// `ComplementNB`: the prior only matters when there is one class.
    pub(crate) fn complement(c: Cursor<'_>) -> Result<Self, Error> {
        let prior = fields::numbers(c, "class_log_prior_")?;
        let prior = if prior.len() == 1 { prior } else { vec![0.0; prior.len()] };
        Self::linear(c, &fields::grid(c, "feature_log_prob_")?, prior, None)
    }

    /// `BernoulliNB`: absent features count too.
    pub(crate) fn bernoulli(c: Cursor<'_>) -> Result<Self, Error> {
        let mut weights = fields::grid(c, "feature_log_prob_")?;
        let mut constants = fields::numbers(c, "class_log_prior_")?;
        let columns = weights.values.len().checked_div(constants.len()).unwrap_or_default();
        for (row, constant) in weights.values.chunks_exact_mut(columns.max(1)).zip(&mut constants) {
            let mut absent = 0.0;
            for weight in row.iter_mut() {
                let negative = (1.0 - weight.exp()).ln();
                absent += negative;
                *weight -= negative;
            }
            *constant += absent;
        }
        Self::linear(c, &weights, constants, fields::number(c, "binarize"))
    }

    /// `GaussianNB`; the variances were called `sigma_` up to 0.24.
    pub(crate) fn gaussian(c: Cursor<'_>) -> Result<Self, Error> {
        let labels = fields::labels(c, "classes_")?;
        let name = if c.attr("var_").is_some() { "var_" } else { "sigma_" };
        let means = fields::grid(c, "theta_")?;
        let columns = means.shape.get(1).copied().unwrap_or_default();
        let expected = labels.len().saturating_mul(columns);
        fields::counted(c, "theta_", means.values.len(), expected)?;
        let variances = fields::numbers_of(c, name, expected)?;
        let priors = fields::numbers_of(c, "class_prior_", labels.len())?;
        let constants = variances.chunks_exact(columns.max(1)).zip(priors).map(|(row, prior)| {
            let logs: f64 = row.iter().map(|v| (2.0 * std::f64::consts::PI * v).ln()).sum();
            prior.ln() - 0.5 * logs
        });
        let constants: Vec<_> = constants.collect();
        fields::counted(c, "theta_", constants.len(), labels.len())?;
        let inputs = fields::inputs(c, Some(columns));
        fields::counted(c, "theta_", columns, inputs.columns.unwrap_or_default())?;
        let likelihood = Likelihood::Gaussian { inputs, means: means.values, variances, constants };
        Ok(Self { likelihood, labels })
    }

    fn linear(
        c: Cursor<'_>,
        coef: &Grid,
        constants: Vec<f64>,
        threshold: Option<f64>,
    ) -> Result<Self, Error> {
        let labels = fields::labels(c, "classes_")?;
        fields::counted(c, "class_log_prior_", constants.len(), labels.len())?;
        let weights = Weights::from_parts(c, coef, constants)?;
        Ok(Self { likelihood: Likelihood::Linear { weights, threshold }, labels })
    }

    /// `rows × classes` joint log likelihoods.
    fn joint(&self, input: &Table) -> Result<Vec<f64>, Error> {
        match &self.likelihood {
            Likelihood::Linear { weights, threshold: None } => Ok(weights.scores(input)?.values),
            Likelihood::Linear { weights, threshold: Some(threshold) } => {
                let mut table = check::floats(input.clone())?;
                match &mut table.data {
                    Data::F64(m) => m.values.iter_mut().for_each(|v| binarize(v, *threshold)),
                    Data::F32(m) => {
                        for v in &mut m.values {
                            *v = f32::from(u8::from(f64::from(*v) > *threshold));
                        }
                    }
                    Data::Sparse(csr) => {
                        csr.values.iter_mut().for_each(|v| binarize(v, *threshold));
                    }
                    _ => {}
                }
                check::finite(&input.data, Allow::Finite, "BernoulliNB")?;
                Ok(weights.scores(&table)?.values)
            }
            Likelihood::Gaussian { inputs, means, variances, constants } => {
                check::width(input, inputs.columns, "GaussianNB")?;
                let values = input.to_f64()?;
                input.expect_finite(&values, false)?;
                let columns = inputs.columns.unwrap_or_default().max(1);
                let mut out = Vec::with_capacity(input.rows * constants.len());
                for row in values.chunks_exact(columns) {
                    let classes = means.chunks_exact(columns).zip(variances.chunks_exact(columns));
                    out.extend(classes.zip(constants).map(|((mean, variance), constant)| {
                        let far = row.iter().zip(mean).zip(variance);
                        let sum: f64 = far.map(|((x, m), v)| (x - m) * (x - m) / v).sum();
                        constant - 0.5 * sum
                    }));
                }
                Ok(out)
            }
        }
    }
}

fn binarize(value: &mut f64, threshold: f64) {
    *value = f64::from(u8::from(*value > threshold));
}

impl Predictor for NaiveBayes {
    fn inputs(&self) -> Inputs {
        match &self.likelihood {
            Likelihood::Linear { weights, .. } => weights.inputs(),
            Likelihood::Gaussian { inputs, .. } => inputs.clone(),
        }
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict, Method::PredictProba, Method::PredictLogProba]
    }

    fn run(&self, method: Method, input: &Table) -> Result<Output, Error> {
        if !self.methods().contains(&method) {
            return Err(Error::NoSuchMethod {
                asked: method.to_string(),
                available: self.methods().to_vec(),
            });
        }
        let classes = self.labels.len().max(1);
        let mut values = self.joint(input)?;
        if method == Method::Predict {
            let winners = values.chunks_exact(classes).map(super::linear::first_largest);
            return Ok(Output::flat(self.labels.take(winners)));
        }
        for row in values.chunks_exact_mut(classes) {
            let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = row.iter().map(|v| (v - most).exp()).sum();
            let total = most + sum.ln();
            for value in row {
                *value -= total;
                if method == Method::PredictProba {
                    *value = value.exp();
                }
            }
        }
        Ok(Output::matrix(input.rows, classes, OutputData::F64(values)))
    }
}
