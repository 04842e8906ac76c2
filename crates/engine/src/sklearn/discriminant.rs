//! Quadratic discriminant analysis: a normal distribution for each class.

use crate::{
    Data, Error, Inputs, Labels, Method, Output, OutputData, Predictor, Table,
    attributes::{self, version},
    read::Cursor,
    scores::{argmax, softmax},
    sklearn::{
        check::{self, Allow},
        panels::Panels,
    },
};

/// `QuadraticDiscriminantAnalysis`.
#[derive(Debug)]
pub(crate) struct QuadraticDiscriminant {
    class: String,
    inputs: Inputs,
    columns: usize,
    labels: Labels,
    classes: Vec<Class>,
    /// Logarithms of probabilities are computed as such, not from probabilities: 1.6 and later.
    logarithms_first: bool,
}

/// The distribution of one class.
#[derive(Debug)]
struct Class {
    mean: Vec<f64>,
    /// The axes of its ellipsoid, each divided by its length.
    axes: Panels<f64>,
    /// The sum of the logarithms of the variances along the axes.
    spread: f64,
    /// The logarithm of its share.
    share: f64,
}

/// Rows that are compared with a class at a time.
const BLOCK: usize = 32;

impl QuadraticDiscriminant {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let labels = attributes::labels(c, "classes_")?;
        let count = labels.len();
        if count < 2 {
            return Err(Error::attribute(c.class_name(), "classes_", "has fewer than two classes"));
        }
        let means = attributes::grid(c, "means_")?;
        let columns = means.shape.get(1).copied().unwrap_or(0);
        attributes::counted(c, "means_", means.values.len(), count * columns)?;
        if columns == 0 {
            return Err(Error::attribute(c.class_name(), "means_", "has no columns"));
        }
        let inputs = attributes::inputs(c, Some(columns));
        if let Some(expected) = inputs.columns.filter(|&expected| expected != columns) {
            attributes::counted(c, "means_", columns, expected)?;
        }
        let shares = attributes::numbers_of(c, "priors_", count)?;
        let scalings = attributes::grids(c, "scalings_")?;
        let rotations = attributes::grids(c, "rotations_")?;
        attributes::counted(c, "scalings_", scalings.len(), count)?;
        attributes::counted(c, "rotations_", rotations.len(), count)?;
        let mut classes = Vec::with_capacity(count);
        let parts = means.values.chunks_exact(columns).zip(scalings).zip(rotations).zip(shares);
        for (((mean, scalings), rotation), share) in parts {
            let axes = scalings.values.len();
            attributes::counted(c, "rotations_", rotation.values.len(), columns * axes)?;
            let lengths: Vec<f64> = scalings.values.iter().map(|v| v.powf(-0.5)).collect();
            let weight = |column: usize, axis: usize| {
                Some(rotation.values.get(column * axes + axis)? * lengths.get(axis)?)
            };
            classes.push(Class {
                mean: mean.to_vec(),
                axes: Panels::new(columns, axes, weight),
                spread: scalings.values.iter().map(|v| v.ln()).sum(),
                share: share.ln(),
            });
        }
        let logarithms_first = version(c).is_some_and(|version| version >= (1, 6));
        let class = c.class_name().to_owned();
        Ok(Self { class, inputs, columns, labels, classes, logarithms_first })
    }

    /// The logarithm of each class's density times its share, `rows × classes`.
    fn scores(&self, table: &Table) -> Result<Vec<f64>, Error> {
        check::width(table, Some(self.columns), &self.class)?;
        if matches!(table.data, Data::Sparse(_)) {
            return Err(check::sparse_refused(&self.class));
        }
        let rows = table.to_f64()?;
        check::finite(&table.data, Allow::Finite, &self.class)?;
        table.expect_finite(&rows, false)?;
        let count = self.classes.len();
        let mut out = vec![0.0; table.rows * count];
        let mut centred = Vec::with_capacity(BLOCK * self.columns);
        let mut products = Vec::new();
        let blocks = rows.chunks(BLOCK * self.columns).zip(out.chunks_mut(BLOCK * count));
        for (rows, out) in blocks {
            for (place, class) in self.classes.iter().enumerate() {
                centred.clear();
                for row in rows.chunks_exact(self.columns) {
                    centred.extend(row.iter().zip(&class.mean).map(|(v, mean)| v - mean));
                }
                let stride = class.axes.stride().max(1);
                products.resize(rows.len() / self.columns * stride, 0.0);
                class.axes.multiply(&centred, self.columns, &mut products);
                let scores = out.iter_mut().skip(place).step_by(count);
                for (score, along) in scores.zip(products.chunks_exact(stride)) {
                    let distance: f64 = along.iter().map(|v| v * v).sum();
                    *score = -0.5 * (distance + class.spread) + class.share;
                }
            }
        }
        Ok(out)
    }
}

/// Scores less the logarithm of the sum of their exponentials, in place.
fn log_shares(row: &mut [f64]) {
    let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    for v in row.iter_mut() {
        *v -= most;
    }
    let sum: f64 = row.iter().map(|v| v.exp()).sum();
    let whole = sum.ln();
    for v in row {
        *v -= whole;
    }
}

impl Predictor for QuadraticDiscriminant {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict, Method::PredictProba, Method::PredictLogProba, Method::DecisionFunction]
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        let mut scores = self.scores(input)?;
        let classes = self.classes.len();
        match method {
            Method::Predict => {
                let winners = scores.chunks_exact(classes).map(argmax);
                return Ok(Output::flat(self.labels.take(winners)));
            }
            Method::DecisionFunction => {
                if let (pairs, []) = scores.as_chunks::<2>()
                    && classes == 2
                {
                    let ratios = pairs.iter().map(|[first, second]| second - first).collect();
                    return Ok(Output::flat(OutputData::F64(ratios)));
                }
            }
            _ if self.logarithms_first => {
                scores.chunks_exact_mut(classes).for_each(log_shares);
                if method == Method::PredictProba {
                    for v in &mut scores {
                        *v = v.exp();
                    }
                }
            }
            _ => {
                scores.chunks_exact_mut(classes).for_each(softmax);
                if method == Method::PredictLogProba {
                    for v in &mut scores {
                        *v = v.ln();
                    }
                }
            }
        }
        Ok(Output::matrix(input.rows, classes, OutputData::F64(scores)))
    }
}
