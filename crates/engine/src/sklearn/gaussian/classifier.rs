use super::{laplace::Laplace, object, rows};
use crate::{
    Error, Inputs, Labels, Method, Output, OutputData, Predictor, Table,
    attributes::{self, version},
    read::Cursor,
    scores::argmax,
};

/// `GaussianProcessClassifier`.
#[derive(Debug)]
pub(crate) struct GaussianProcessClassifier {
    class: String,
    inputs: Inputs,
    columns: usize,
    labels: Labels,
    parts: Vec<Laplace>,
    shape: Shape,
}

/// Which classes the parts are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// One for two classes.
    Two,
    /// One for each class.
    OneAgainstRest {
        /// The last of equally probable classes wins: before 1.8.
        last: bool,
        /// Classes that are all without a chance keep their zeros instead of becoming NaN: 1.9.
        zeros: bool,
    },
    /// One for each pair of classes.
    OneAgainstOne,
}

impl GaussianProcessClassifier {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let labels = attributes::labels(c, "classes_")?;
        let classes = labels.len();
        if classes < 2 {
            return Err(Error::attribute(c.class_name(), "classes_", "has fewer than two classes"));
        }
        let base = object(c, "base_estimator_")?;
        let pairwise = attributes::text(c, "multi_class") == Some("one_vs_one");
        let (shape, parts, count) = if classes == 2 {
            (Shape::Two, vec![base], 1)
        } else if pairwise {
            let pairs = classes * (classes - 1) / 2;
            (Shape::OneAgainstOne, attributes::list(base, "estimators_")?, pairs)
        } else {
            let since = |minor| version(c).is_some_and(|version| version >= (1, minor));
            let shape = Shape::OneAgainstRest { last: !since(8), zeros: since(9) };
            (shape, attributes::list(base, "estimators_")?, classes)
        };
        attributes::counted(c, "base_estimator_", parts.len(), count)?;
        let first = parts.first().copied().unwrap_or(base);
        let width = attributes::grid(first, "X_train_")?.shape.get(1).copied().unwrap_or(0);
        let inputs = attributes::inputs(c, Some(width));
        let columns = inputs.columns.unwrap_or(width);
        let read = |(place, part): (usize, Cursor<'_>)| {
            Laplace::read(part, c, columns).map_err(|error| match shape {
                Shape::Two => error.at("base_estimator_"),
                _ => error.at(format!("estimators_[{place}]")),
            })
        };
        let parts = parts.into_iter().enumerate().map(read).collect::<Result<_, _>>()?;
        Ok(Self { class: c.class_name().to_owned(), inputs, columns, labels, parts, shape })
    }

    /// The probability of the second class of every part, part after part.
    fn probabilities(&self, rows: &[f64], f32: bool) -> Vec<Vec<f64>> {
        self.parts.iter().map(|part| part.probabilities(rows, f32)).collect()
    }

    /// The places of the winners.
    fn winners(&self, rows: &[f64], f32: bool, count: usize) -> Vec<usize> {
        let classes = self.labels.len();
        match (self.shape, &self.parts[..]) {
            (Shape::Two, [part]) => {
                part.means(rows, f32).into_iter().map(|mean| usize::from(mean > 0.0)).collect()
            }
            (Shape::OneAgainstOne, _) => {
                let mut votes = vec![0.0; count * classes];
                let mut sums = vec![0.0; count * classes];
                let pairs = (0..classes).flat_map(|i| (i + 1..classes).map(move |j| (i, j)));
                for ((i, j), part) in pairs.zip(&self.parts) {
                    let means = part.means(rows, f32);
                    let chances = part.probabilities(rows, f32);
                    let each = votes.chunks_exact_mut(classes).zip(sums.chunks_exact_mut(classes));
                    for (((votes, sums), mean), chance) in each.zip(means).zip(chances) {
                        let winner = if mean > 0.0 { j } else { i };
                        for (at, by) in [(i, -chance), (j, chance)] {
                            if let (Some(vote), Some(sum)) = (votes.get_mut(at), sums.get_mut(at)) {
                                *sum += by;
                                *vote += f64::from(u8::from(at == winner));
                            }
                        }
                    }
                }
                for (vote, sum) in votes.iter_mut().zip(&sums) {
                    *vote += sum / (3.0 * (sum.abs() + 1.0));
                }
                votes.chunks_exact(classes).map(argmax).collect()
            }
            (shape, _) => {
                let last = matches!(shape, Shape::OneAgainstRest { last: true, .. });
                let mut best = vec![(f64::NEG_INFINITY, 0); count];
                for (class, chances) in self.probabilities(rows, f32).into_iter().enumerate() {
                    for (best, chance) in best.iter_mut().zip(chances) {
                        if chance > best.0 || last && chance == best.0 {
                            *best = (chance, class);
                        }
                    }
                }
                best.into_iter().map(|(_, class)| class).collect()
            }
        }
    }
}

impl Predictor for GaussianProcessClassifier {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn methods(&self) -> &[Method] {
        match self.shape {
            Shape::OneAgainstOne => &[Method::Predict],
            _ => &[Method::Predict, Method::PredictProba],
        }
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        let (rows, f32) = rows(input, self.columns, &self.class)?;
        if method == Method::Predict {
            let winners = self.winners(&rows, f32, input.rows);
            return Ok(Output::flat(self.labels.take(winners.into_iter())));
        }
        let classes = self.labels.len();
        let parts = self.probabilities(&rows, f32);
        let mut values = vec![0.0; input.rows * classes];
        if let (Shape::Two, [part]) = (self.shape, &parts[..]) {
            for (out, p) in values.chunks_exact_mut(2).zip(part) {
                out.copy_from_slice(&[1.0 - p, *p]);
            }
            return Ok(Output::matrix(input.rows, classes, OutputData::F64(values)));
        }
        for (class, part) in parts.iter().enumerate() {
            for (out, &p) in values.iter_mut().skip(class).step_by(classes).zip(part) {
                *out = p;
            }
        }
        let zeros = matches!(self.shape, Shape::OneAgainstRest { zeros: true, .. });
        for row in values.chunks_exact_mut(classes) {
            let whole: f64 = row.iter().sum();
            if whole != 0.0 || !zeros {
                for p in row {
                    *p /= whole;
                }
            }
        }
        Ok(Output::matrix(input.rows, classes, OutputData::F64(values)))
    }
}
