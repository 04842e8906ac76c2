use super::space::Neighbors;
use crate::{
    Error, Inputs, Labels, Method, Output, OutputData, Predictor, Table, attributes,
    read::Cursor,
    scores::argmax,
    sklearn::check::{self, Allow},
};

/// `NearestCentroid`: the class whose middle is nearest.
#[derive(Debug)]
pub(crate) struct NearestCentroid {
    labels: Labels,
    centroids: Neighbors,
    /// What the classes are weighed with, from 1.6 on.
    discriminant: Option<Discriminant>,
}

#[derive(Debug)]
struct Discriminant {
    /// The centroids divided by `deviations`.
    centroids: Neighbors,
    /// Of each column; one where it is zero.
    deviations: Vec<f64>,
    /// Twice the logarithm of each class's prior.
    priors: Vec<f64>,
    /// All priors are equal: the nearest centroid decides.
    is_uniform: bool,
    /// Scores and probabilities can be asked for.
    is_euclidean: bool,
}

const ALL: &[Method] =
    &[Method::Predict, Method::PredictProba, Method::PredictLogProba, Method::DecisionFunction];

impl NearestCentroid {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let labels = attributes::labels(c, "classes_")?;
        let grid = attributes::grid(c, "centroids_")?;
        let &[count, columns] = &grid.shape[..] else {
            return Err(Error::attribute(
                c.class_name(),
                "centroids_",
                "is not a row for each class",
            ));
        };
        attributes::counted(c, "classes_", labels.len(), count)?;
        let discriminant = match attributes::numbers_if_any(c, "class_prior_")? {
            None => None,
            Some(priors) => {
                attributes::counted(c, "class_prior_", priors.len(), count)?;
                let name = "within_class_std_dev_";
                let mut deviations = attributes::numbers_of(c, name, columns)?;
                deviations.iter_mut().filter(|it| **it == 0.0).for_each(|it| *it = 1.0);
                let mut values = grid.values.clone();
                for row in values.chunks_exact_mut(columns.max(1)) {
                    row.iter_mut()
                        .zip(&deviations)
                        .for_each(|(value, deviation)| *value /= deviation);
                }
                let share = 1.0 / count as f64;
                Some(Discriminant {
                    centroids: Neighbors::of_points(c, "centroids_", columns, values)?,
                    deviations,
                    is_uniform: priors
                        .iter()
                        .all(|prior| (prior - share).abs() <= 1e-8 + 1e-5 * share),
                    priors: priors.into_iter().map(|prior| 2.0 * prior.ln()).collect(),
                    is_euclidean: attributes::text(c, "metric") == Some("euclidean"),
                })
            }
        };
        let centroids = Neighbors::of_points(c, "centroids_", columns, grid.values)?;
        Ok(Self { labels, centroids, discriminant })
    }
}

impl Discriminant {
    /// The score of each class for each row.
    fn scores(&self, table: &Table) -> Result<Vec<f64>, Error> {
        let columns = self.deviations.len();
        let table = check::numeric(table.clone(), Some(columns), Allow::Finite, "NearestCentroid")?;
        let mut values = table.to_f64()?.into_owned();
        for row in values.chunks_exact_mut(columns.max(1)) {
            row.iter_mut().zip(&self.deviations).for_each(|(value, deviation)| *value /= deviation);
        }
        let table = Table::matrix(table.rows, columns, values);
        let classes = self.priors.len();
        self.centroids.nearest(&table, classes, classes, |near, out: &mut [f64]| {
            for near in near {
                let class = near.row as usize;
                if let (Some(out), Some(prior)) = (out.get_mut(class), self.priors.get(class)) {
                    *out = -(near.distance * near.distance) + prior;
                }
            }
        })
    }
}

impl Predictor for NearestCentroid {
    fn inputs(&self) -> Inputs {
        self.centroids.inputs()
    }

    fn methods(&self) -> &[Method] {
        match &self.discriminant {
            Some(Discriminant { is_euclidean: true, .. }) => ALL,
            _ => &[Method::Predict],
        }
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        let classes = self.labels.len();
        let weighed =
            self.discriminant.as_ref().filter(|it| method != Method::Predict || !it.is_uniform);
        let Some(discriminant) = weighed else {
            let nearest = self.centroids.nearest(input, 1, 1, |near, out: &mut [usize]| {
                out.fill(near.first().map_or(0, |near| near.row as usize));
            })?;
            return Ok(Output::flat(self.labels.take(nearest.into_iter())));
        };
        let mut scores = discriminant.scores(input)?;
        let rows = scores.chunks_exact_mut(classes.max(1));
        Ok(match method {
            Method::Predict => Output::flat(self.labels.take(rows.map(|row| argmax(row)))),
            Method::DecisionFunction if classes == 2 => {
                let apart =
                    rows.map(|row| row.last().unwrap_or(&0.0) - row.first().unwrap_or(&0.0));
                Output::flat(OutputData::F64(apart.collect()))
            }
            Method::DecisionFunction => {
                Output::matrix(input.rows, classes, OutputData::F64(scores))
            }
            _ => {
                for row in rows {
                    let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                    for score in row.iter_mut() {
                        *score -= most;
                    }
                    let whole = row.iter().map(|score| score.exp()).sum::<f64>().ln();
                    for score in row.iter_mut() {
                        *score -= whole;
                        if method == Method::PredictProba {
                            *score = score.exp();
                        }
                    }
                }
                Output::matrix(input.rows, classes, OutputData::F64(scores))
            }
        })
    }
}
