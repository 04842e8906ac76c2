//! Mixtures of normal distributions.

use std::{convert::identity, f64::consts::PI};

use crate::{
    Data, Error, Inputs, Method, Output, OutputData, Predictor, Table,
    attributes::{self, version},
    read::Cursor,
    scores::argmax,
    sklearn::{
        check::{self, Allow},
        log_sum::LogSum,
    },
};

mod digamma;

use digamma::digamma;

/// The form of the covariances, with the Cholesky factors of their inverses.
#[derive(Debug)]
enum Precisions {
    /// Components × columns × columns, and what the factor makes of each mean.
    Full { factors: Vec<f64>, means: Vec<f64> },
    /// One factor for all components, and what it makes of each mean.
    Tied { factor: Vec<f64>, means: Vec<f64> },
    /// Σ mean² · precision of each component; components × columns of the precisions and of the
    /// means times them.
    Diagonal { constants: Vec<f64>, precisions: Vec<f64>, products: Vec<f64> },
    /// Σ mean² · precision of each component, its precision, and components × columns of the means.
    Spherical { constants: Vec<f64>, precisions: Vec<f64>, means: Vec<f64> },
}

/// `GaussianMixture` and `BayesianGaussianMixture`.
#[derive(Debug)]
pub(crate) struct Mixture {
    class: String,
    inputs: Inputs,
    columns: usize,
    precisions: Precisions,
    /// For each component, the logarithm of its factor's determinant.
    determinants: Vec<f64>,
    /// For each component, what else is added to its log density.
    weights: Vec<f64>,
    log_sum: LogSum,
    /// Squared distances take on the type of the rows.
    narrows: bool,
    /// True when the constant of the density has the type of the rows.
    narrows_all: bool,
    /// Rows of floats are answered in floats.
    is_f32: bool,
}

const METHODS: &[Method] = &[Method::Predict, Method::PredictProba, Method::ScoreSamples];

impl Mixture {
    pub(crate) fn gaussian(c: Cursor<'_>) -> Result<Self, Error> {
        let weights = attributes::numbers(c, "weights_")?;
        Self::read(c, weights.into_iter().map(f64::ln).collect())
    }

    pub(crate) fn bayesian(c: Cursor<'_>) -> Result<Self, Error> {
        let columns = attributes::grid(c, "means_")?.shape.get(1).copied().unwrap_or_default();
        let mean_precisions = attributes::numbers(c, "mean_precision_")?;
        let count = mean_precisions.len();
        // a covariance that is shared has one number for all components
        let mut freedom = attributes::numbers(c, "degrees_of_freedom_")?;
        if let [one] = freedom[..] {
            freedom.resize(count, one);
        }
        attributes::counted(c, "degrees_of_freedom_", freedom.len(), count)?;
        let mut weights = expected_logarithms(c, count)?;
        for ((weight, freedom), precision) in weights.iter_mut().zip(freedom).zip(mean_precisions) {
            let features = columns as f64;
            let digammas: f64 = (0..columns).map(|at| digamma(0.5 * (freedom - at as f64))).sum();
            let lambda = features * 2_f64.ln() + digammas;
            *weight += 0.5 * (lambda - features / precision) - 0.5 * features * freedom.ln();
        }
        Self::read(c, weights)
    }

    fn read(c: Cursor<'_>, weights: Vec<f64>) -> Result<Self, Error> {
        let class = c.class_name();
        let means = attributes::grid(c, "means_")?;
        let &[count, columns] = &means.shape[..] else {
            return Err(Error::attribute(class, "means_", "is not a row for each component"));
        };
        if count == 0 || columns == 0 {
            return Err(Error::attribute(class, "means_", "is empty"));
        }
        attributes::counted(c, "weights_", weights.len(), count)?;
        let name = "precisions_cholesky_";
        let cells = |count: usize| {
            let total = count
                .checked_mul(columns)
                .ok_or_else(|| Error::attribute(class, name, "is too large"))?;
            attributes::numbers_of(c, name, total)
        };
        let square = |factor: &[f64], mean: &[f64]| -> Vec<f64> {
            let mut out = vec![0.0; columns];
            multiplied(mean, factor, &mut out);
            out
        };
        let diagonal =
            |factor: &[f64]| -> f64 { factor.iter().step_by(columns + 1).map(|v| v.ln()).sum() };
        let each = |values: &[f64]| -> Vec<f64> { values.iter().map(|mean| mean * mean).collect() };
        let (precisions, determinants) = match attributes::text(c, "covariance_type") {
            Some("full") => {
                let factors = cells(count.saturating_mul(columns))?;
                let rows = factors.chunks_exact(columns * columns);
                let means = rows.clone().zip(means.values.chunks_exact(columns));
                let means = means.flat_map(|(factor, mean)| square(factor, mean)).collect();
                let determinants = rows.map(diagonal).collect();
                (Precisions::Full { factors, means }, determinants)
            }
            Some("tied") => {
                let factor = cells(columns)?;
                let means = means
                    .values
                    .chunks_exact(columns)
                    .flat_map(|mean| square(&factor, mean))
                    .collect();
                let determinants = vec![diagonal(&factor); count];
                (Precisions::Tied { factor, means }, determinants)
            }
            Some("diag") => {
                let factors = cells(count)?;
                let determinants =
                    factors.chunks_exact(columns).map(|row| row.iter().map(|v| v.ln()).sum());
                let determinants = determinants.collect();
                let precisions = each(&factors);
                let constants =
                    each(&means.values).into_iter().zip(&precisions).map(|(square, p)| square * p);
                let constants: Vec<_> = constants.collect();
                let constants =
                    constants.chunks_exact(columns).map(|row| row.iter().sum()).collect();
                let products =
                    means.values.iter().zip(&precisions).map(|(mean, p)| mean * p).collect();
                (Precisions::Diagonal { constants, precisions, products }, determinants)
            }
            Some("spherical") => {
                let factors = attributes::numbers_of(c, name, count)?;
                let determinants = factors.iter().map(|v| columns as f64 * v.ln()).collect();
                let precisions = each(&factors);
                let squares = each(&means.values);
                let constants = squares.chunks_exact(columns).zip(&precisions);
                let constants = constants.map(|(row, p)| row.iter().sum::<f64>() * p).collect();
                (Precisions::Spherical { constants, precisions, means: means.values }, determinants)
            }
            other => {
                let reason = format!("is `{}`", other.unwrap_or("no text"));
                return Err(Error::attribute(class, "covariance_type", reason));
            }
        };
        let mut inputs = attributes::inputs(c, Some(columns));
        attributes::counted(c, "means_", columns, inputs.columns.unwrap_or(columns))?;
        inputs.columns = Some(columns);
        let array = c.require(name)?.as_array();
        Ok(Self {
            class: class.to_owned(),
            inputs,
            columns,
            precisions,
            determinants,
            weights,
            log_sum: LogSum::of(c),
            narrows: version(c).is_some_and(|version| version >= NARROWS),
            narrows_all: version(c) == Some(NARROWS_ALL),
            is_f32: means.yields_f32 && array.is_some_and(attributes::is_f32),
        })
    }

    /// The weighted log densities, rows × components, and whether the library answers in floats.
    fn densities(&self, table: &Table) -> Result<(Vec<f64>, bool), Error> {
        check::width(table, Some(self.columns), &self.class)?;
        let whole = matches!(table.data, Data::I64(_));
        let table = check::floats(table.clone())?;
        check::finite(&table.data, Allow::Finite, &self.class)?;
        if let Data::Sparse(_) = table.data {
            return Err(Error::input(format!(
                "the rows are sparse, and `{}` takes dense ones",
                self.class
            )));
        }
        let is_f32 = matches!(table.data, Data::F32(_));
        let rows = table.to_f64()?;
        let count = self.weights.len();
        let mut out = vec![0.0; table.rows * count];
        let narrow: fn(f64) -> f64 = match self.precisions {
            Precisions::Full { .. } | Precisions::Tied { .. } if self.narrows && is_f32 => {
                |v| f64::from(v as f32)
            }
            Precisions::Full { .. } | Precisions::Tied { .. } if self.narrows && whole => {
                f64::trunc
            }
            _ => identity,
        };
        let turn = (2.0 * PI).ln();
        let turn = match (self.narrows_all, whole, is_f32) {
            (true, true, _) => turn.trunc(),
            (true, _, true) => f64::from(turn as f32),
            _ => turn,
        };
        let constant = self.columns as f64 * turn;
        let mut scratch = vec![0.0; self.columns];
        for (row, out) in rows.chunks_exact(self.columns).zip(out.chunks_exact_mut(count)) {
            self.squares(row, &mut scratch, out);
            for ((out, determinant), weight) in
                out.iter_mut().zip(&self.determinants).zip(&self.weights)
            {
                *out = -0.5 * (constant + narrow(*out)) + determinant + weight;
            }
        }
        Ok((out, is_f32 && self.is_f32))
    }

    /// The squared distance of a row to each component.
    fn squares(&self, row: &[f64], scratch: &mut [f64], out: &mut [f64]) {
        let columns = self.columns;
        let apart = |scratch: &[f64], mean: &[f64]| -> f64 {
            scratch.iter().zip(mean).map(|(x, mean)| (x - mean) * (x - mean)).sum()
        };
        match &self.precisions {
            Precisions::Full { factors, means } => {
                let factors = factors.chunks_exact(columns * columns);
                for ((out, factor), mean) in
                    out.iter_mut().zip(factors).zip(means.chunks_exact(columns))
                {
                    multiplied(row, factor, scratch);
                    *out = apart(scratch, mean);
                }
            }
            Precisions::Tied { factor, means } => {
                multiplied(row, factor, scratch);
                for (out, mean) in out.iter_mut().zip(means.chunks_exact(columns)) {
                    *out = apart(scratch, mean);
                }
            }
            Precisions::Diagonal { constants, precisions, products } => {
                let parts = precisions.chunks_exact(columns).zip(products.chunks_exact(columns));
                for ((out, constant), (precisions, products)) in
                    out.iter_mut().zip(constants).zip(parts)
                {
                    let linear: f64 = row.iter().zip(products).map(|(x, p)| x * p).sum();
                    let square: f64 = row.iter().zip(precisions).map(|(x, p)| x * x * p).sum();
                    *out = constant - 2.0 * linear + square;
                }
            }
            Precisions::Spherical { constants, precisions, means } => {
                let own: f64 = row.iter().map(|x| x * x).sum();
                let parts = means.chunks_exact(columns).zip(precisions).zip(constants);
                for (out, ((mean, precision), constant)) in out.iter_mut().zip(parts) {
                    let linear: f64 = row.iter().zip(mean).map(|(x, mean)| x * mean).sum();
                    *out = constant - 2.0 * (linear * precision) + own * precision;
                }
            }
        }
    }
}

/// The first release whose squared distances have the type of the rows.
const NARROWS: (u32, u32) = (1, 7);
/// The release that gave this type to the logarithm of 2π too: 1 for rows of integers.
const NARROWS_ALL: (u32, u32) = (1, 7);

/// A row times a square matrix.
fn multiplied(row: &[f64], matrix: &[f64], out: &mut [f64]) {
    out.fill(0.0);
    for (x, weights) in row.iter().zip(matrix.chunks_exact(row.len().max(1))) {
        out.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += x * weight);
    }
}

/// The expected logarithm of the weight of each of `count` components.
fn expected_logarithms(c: Cursor<'_>, count: usize) -> Result<Vec<f64>, Error> {
    let name = "weight_concentration_";
    if attributes::text(c, "weight_concentration_prior_type") == Some("dirichlet_distribution") {
        let all = attributes::numbers_of(c, name, count)?;
        let whole = digamma(all.iter().sum());
        return Ok(all.into_iter().map(|own| digamma(own) - whole).collect());
    }
    let parts = attributes::list(c, name)?;
    let part = |at: usize| {
        let array = parts.get(at).and_then(|part| part.as_array()?.f64s(part.document()).ok());
        array.filter(|values| values.len() == count).ok_or_else(|| {
            Error::attribute(c.class_name(), name, format!("has no two arrays of {count} numbers"))
        })
    };
    let (own, rest) = (part(0)?, part(1)?);
    let mut before = 0.0;
    let each = own.into_iter().zip(rest).map(|(own, rest)| {
        let whole = digamma(own + rest);
        let weight = digamma(own) - whole + before;
        before += digamma(rest) - whole;
        weight
    });
    Ok(each.collect())
}

impl Predictor for Mixture {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn methods(&self) -> &[Method] {
        METHODS
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        let (mut densities, is_f32) = self.densities(input)?;
        let count = self.weights.len();
        if method == Method::Predict {
            let places = densities.chunks_exact(count).map(|row| argmax(row) as i64);
            return Ok(Output::flat(OutputData::I64(places.collect())));
        }
        let numbers = |values: Vec<f64>| {
            if is_f32 {
                OutputData::F32(values.into_iter().map(|v| v as f32).collect())
            } else {
                OutputData::F64(values)
            }
        };
        let sums: Vec<_> =
            densities.chunks_exact(count).map(|row| self.log_sum.of_row(row)).collect();
        if method == Method::ScoreSamples {
            return Ok(Output::flat(numbers(sums)));
        }
        for (row, sum) in densities.chunks_exact_mut(count).zip(sums) {
            for value in row {
                *value = (*value - sum).exp();
            }
        }
        Ok(Output::matrix(input.rows, count, numbers(densities)))
    }
}
