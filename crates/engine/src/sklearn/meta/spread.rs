//! Labels that some rows of the training handed on to rows that are near.

use crate::{
    Error, Inputs, Labels, Method, Output, OutputData, Predictor, Table, attributes,
    read::Cursor,
    scores::argmax,
    sklearn::{
        check::{self, Allow},
        neighbors::Neighbors,
        pairwise::{Kernel, Similarities},
        product::Product,
        refuse, sparse,
        sums::pairwise,
    },
};

/// `LabelPropagation` and `LabelSpreading`, which differ in training only: a row gets the classes of
/// the rows of the training, each as much as it is near.
#[derive(Debug)]
pub(crate) struct LabelSpreading {
    class: String,
    inputs: Inputs,
    columns: usize,
    labels: Labels,
    /// How much each row of the training belongs to each class: `rows × classes`.
    distributions: Product,
    nearness: Nearness,
}

/// What the rows of the training count for a row.
#[derive(Debug)]
enum Nearness {
    /// exp(−γ Σ(x − y)²).
    Radial {
        gamma: f64,
        squared: Similarities,
        /// The rows of the training are floats: of floats the kernel is one.
        is_f32: bool,
    },
    /// The nearest alike, the others nothing.
    Nearest { neighbors: Neighbors, k: usize },
}

impl LabelSpreading {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let class = c.class_name().to_owned();
        let labels = attributes::labels(c, "classes_")?;
        let name = "label_distributions_";
        let wrong = || Error::attribute(&class, name, "is no matrix of a column for each class");
        let grid = attributes::grid(c, name)?;
        let &[count, width] = &grid.shape[..] else { return Err(wrong()) };
        if width == 0 || width != labels.len() {
            return Err(wrong());
        }
        let distributions = Product::new(grid.values, count, width).ok_or_else(wrong)?;
        let kernel = c.require("kernel")?;
        let (nearness, columns) = match kernel.as_str() {
            Some("rbf") => Nearness::radial(c, count)?,
            Some("knn") => {
                let fitted = c.require("nn_fit")?;
                let neighbors = Neighbors::read(fitted)?;
                attributes::counted(c, name, count, neighbors.count())?;
                let k = neighbors.k(fitted, "n_neighbors")?;
                let columns = neighbors.columns();
                (Nearness::Nearest { neighbors, k }, columns)
            }
            Some(other) => {
                let reason = format!("is `{other}`, where `rbf` or `knn` is expected");
                return Err(Error::attribute(&class, "kernel", reason));
            }
            None => return Err(refuse::function(&class, "kernel", kernel)),
        };
        let inputs = attributes::inputs(c, Some(columns));
        attributes::counted(c, "X_", columns, inputs.columns.unwrap_or(columns))?;
        Ok(Self { class, inputs, columns, labels, distributions, nearness })
    }

    /// The shares of the classes of each row; NaN where all rows of the training are too far.
    fn probabilities(&self, table: &Table) -> Result<Vec<f64>, Error> {
        let width = self.labels.len();
        let mut shares = match &self.nearness {
            Nearness::Radial { gamma, squared, is_f32 } => {
                let mut kernels = squared.of(table)?;
                if *is_f32 && check::is_f32(&table.data) {
                    let gamma = *gamma as f32;
                    for v in &mut kernels {
                        *v = f64::from((-gamma * *v as f32).exp());
                    }
                } else {
                    for v in &mut kernels {
                        *v = (-gamma * *v).exp();
                    }
                }
                self.distributions.dense(&kernels, table.rows)
            }
            Nearness::Nearest { neighbors, k } => {
                neighbors.nearest(table, *k, width, |near, out: &mut [f64]| {
                    for near in near {
                        self.distributions.add(near.row as usize, 1.0, out);
                    }
                })?
            }
        };
        for row in shares.chunks_exact_mut(width) {
            let whole = pairwise(row);
            for share in row {
                *share /= whole;
            }
        }
        Ok(shares)
    }
}

impl Nearness {
    /// The kernel `rbf` with the `count` rows `X_`, and their columns.
    fn radial(c: Cursor<'_>, count: usize) -> Result<(Self, usize), Error> {
        let (rows, columns) = sparse::either(c, "X_", count)?;
        let fitted = c.require("X_")?;
        let array = fitted.as_array().or_else(|| fitted.attr("data")?.as_array());
        let gamma = match attributes::number(c, "gamma") {
            Some(gamma) => gamma,
            None if c.require("gamma")?.is_none() => 1.0 / columns as f64,
            None => return Err(Error::attribute(c.class_name(), "gamma", "is no number")),
        };
        let squared = Similarities::new(c, "X_", Kernel::Squared, rows, count, columns)?;
        let is_f32 = array.is_some_and(attributes::is_f32);
        Ok((Self::Radial { gamma, squared, is_f32 }, columns))
    }
}

impl Predictor for LabelSpreading {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict, Method::PredictProba]
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        let table = check::numeric(input.clone(), Some(self.columns), Allow::Finite, &self.class)?;
        let shares = self.probabilities(&table)?;
        let width = self.labels.len();
        Ok(if method == Method::Predict {
            Output::flat(self.labels.take(shares.chunks_exact(width).map(argmax)))
        } else {
            Output::matrix(table.rows, width, OutputData::F64(shares))
        })
    }
}
