//! Support vector machines with kernels, as libsvm computes them.

use super::{check, fields, linear::expit};
use crate::{
    Data, Error, Inputs, Labels, Method, Output, OutputData, Predictor, Table,
    read::{Cursor, Kind},
};

mod coupling;

/// Similarity of two rows.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kernel {
    Linear,
    Polynomial { gamma: f64, coef0: f64, degree: i32 },
    Radial { gamma: f64 },
    Sigmoid { gamma: f64, coef0: f64 },
}

/// `SVC`, `NuSVC`, `SVR`, `NuSVR`, `OneClassSVM`.
#[derive(Debug)]
pub(crate) struct VectorMachine {
    class: String,
    inputs: Inputs,
    kernel: Kernel,
    columns: usize,
    /// `support × columns`.
    vectors: Vec<f64>,
    /// `(classes − 1) × support`.
    dual: Vec<f64>,
    intercepts: Vec<f64>,
    task: Task,
}

#[derive(Debug)]
enum Task {
    Regression,
    /// 1 inside, −1 outside; `offset` turns decisions into `score_samples`, which is not served.
    OneClass,
    Classification {
        labels: Labels,
        /// Number of support vectors of each class.
        counts: Vec<usize>,
        /// One decision for each class instead of each pair.
        one_against_rest: bool,
        break_ties: bool,
        /// Platt's two parameters for each pair.
        platt: Option<(Vec<f64>, Vec<f64>)>,
    },
}

impl VectorMachine {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let class = c.class_name();
        let kernel = kernel(c)?;
        let vectors = dense(c, "support_vectors_")?;
        let [support, columns] = vectors.shape[..] else {
            return Err(Error::attribute(class, "support_vectors_", "is not a matrix"));
        };
        let inputs = fields::inputs(c, Some(columns));
        fields::counted(c, "support_vectors_", columns, inputs.columns.unwrap_or_default())?;
        let dual = dense(c, "_dual_coef_")?;
        let intercepts = fields::numbers(c, "_intercept_")?;
        let task = match class {
            "SVR" | "NuSVR" => Task::Regression,
            "OneClassSVM" => Task::OneClass,
            _ => classification(c)?,
        };
        let (pairs, rows) = match &task {
            Task::Classification { labels, counts, .. } => {
                fields::counted(c, "_n_support", counts.iter().sum(), support)?;
                let classes = labels.len();
                (classes * (classes - 1) / 2, classes - 1)
            }
            _ => (1, 1),
        };
        fields::counted(c, "_intercept_", intercepts.len(), pairs)?;
        fields::counted(c, "_dual_coef_", dual.values.len(), rows.saturating_mul(support))?;
        Ok(Self {
            class: class.to_owned(),
            inputs,
            kernel,
            columns,
            vectors: vectors.values,
            dual: dual.values,
            intercepts,
            task,
        })
    }

    fn support(&self) -> usize {
        self.vectors.len() / self.columns.max(1)
    }

    /// Similarity of a row to every support vector.
    fn similarities(&self, row: &[f64], out: &mut Vec<f64>) {
        out.clear();
        out.extend(self.vectors.chunks_exact(self.columns.max(1)).map(|vector| {
            let dot = || row.iter().zip(vector).map(|(a, b)| a * b).sum::<f64>();
            match self.kernel {
                Kernel::Linear => dot(),
                Kernel::Polynomial { gamma, coef0, degree } => (gamma * dot() + coef0).powi(degree),
                Kernel::Radial { gamma } => {
                    let far: f64 = row.iter().zip(vector).map(|(a, b)| (a - b) * (a - b)).sum();
                    (-gamma * far).exp()
                }
                Kernel::Sigmoid { gamma, coef0 } => (gamma * dot() + coef0).tanh(),
            }
        }));
    }

    /// The decision of every pair of classes (one decision for the other tasks).
    fn decisions(&self, similarities: &[f64], out: &mut Vec<f64>) {
        out.clear();
        let Task::Classification { counts, .. } = &self.task else {
            let sum: f64 = similarities.iter().zip(&self.dual).map(|(k, a)| k * a).sum();
            out.push(sum + self.intercepts.first().copied().unwrap_or_default());
            return;
        };
        let support = self.support();
        let mut starts = Vec::with_capacity(counts.len());
        let mut start = 0;
        for count in counts {
            starts.push(start..start + count);
            start += count;
        }
        let part = |row: usize, range: &std::ops::Range<usize>| {
            let dual = self.dual.get(row * support..(row + 1) * support).unwrap_or_default();
            let dual = dual.get(range.clone()).unwrap_or_default();
            let similarities = similarities.get(range.clone()).unwrap_or_default();
            dual.iter().zip(similarities).map(|(a, k)| a * k).sum::<f64>()
        };
        let mut intercepts = self.intercepts.iter();
        for (i, first) in starts.iter().enumerate() {
            for (j, second) in starts.iter().enumerate().skip(i + 1) {
                let intercept = intercepts.next().copied().unwrap_or_default();
                out.push(part(j - 1, first) + part(i, second) + intercept);
            }
        }
    }
}

fn kernel(c: Cursor<'_>) -> Result<Kernel, Error> {
    let gamma = fields::number(c, "_gamma").unwrap_or(0.0);
    let coef0 = fields::number(c, "coef0").unwrap_or(0.0);
    let value = c.require("kernel")?;
    Ok(match value.kind() {
        Kind::Text("linear") => Kernel::Linear,
        Kind::Text("poly") => {
            let degree = c.attr("degree").and_then(Cursor::as_i64).unwrap_or(3);
            Kernel::Polynomial { gamma, coef0, degree: i32::try_from(degree).unwrap_or(3) }
        }
        Kind::Text("rbf") => Kernel::Radial { gamma },
        Kind::Text("sigmoid") => Kernel::Sigmoid { gamma, coef0 },
        Kind::Text(other) => {
            return Err(Error::Unsupported {
                what: format!("`{}(kernel=\"{other}\")`", c.class_name()),
                reason: "rows would have to come as similarities to the training rows".into(),
                hint: "use the kernels linear, poly, rbf or sigmoid".into(),
            });
        }
        _ => return Err(super::refuse::function(c.class_name(), "kernel", value)),
    })
}

fn classification(c: Cursor<'_>) -> Result<Task, Error> {
    let labels = fields::labels(c, "classes_")?;
    if labels.len() < 2 {
        return Err(Error::attribute(c.class_name(), "classes_", "has fewer than two classes"));
    }
    let counts = fields::numbers_of(c, "_n_support", labels.len())?;
    let pairs = labels.len() * (labels.len() - 1) / 2;
    let platt = if fields::flag(c, "probability", false) {
        let (a, b) = (fields::numbers(c, "_probA")?, fields::numbers(c, "_probB")?);
        fields::counted(c, "_probA", a.len(), pairs)?;
        fields::counted(c, "_probB", b.len(), pairs)?;
        Some((a, b))
    } else {
        None
    };
    Ok(Task::Classification {
        labels,
        counts: counts.into_iter().map(|count| count.max(0.0) as usize).collect(),
        one_against_rest: fields::text(c, "decision_function_shape") != Some("ovo"),
        break_ties: fields::flag(c, "break_ties", false),
        platt,
    })
}

/// An attribute that is a matrix, or a sparse one when the model was fitted on sparse rows.
fn dense(c: Cursor<'_>, name: &str) -> Result<fields::Grid, Error> {
    let value = c.require(name)?;
    if value.attr("indptr").is_none() {
        return fields::grid(c, name);
    }
    let shape = value.attr("_shape").and_then(|shape| {
        let ids = shape.items()?.iter();
        ids.map(|&id| usize::try_from(shape.go(id).as_i64()?).ok()).collect::<Option<Vec<_>>>()
    });
    let wrong = |reason| Error::attribute(c.class_name(), name, reason);
    let shape = shape.filter(|s| s.len() == 2).ok_or_else(|| wrong("has no shape"))?;
    let (starts, indices, stored) = (
        fields::numbers(value, "indptr")?,
        fields::numbers(value, "indices")?,
        fields::numbers(value, "data")?,
    );
    let total = shape.iter().try_fold(1usize, |all, &n| all.checked_mul(n)).unwrap_or(usize::MAX);
    if total > 1 << 28 {
        return Err(wrong("is too large to be filled in"));
    }
    let mut values = vec![0.0; total];
    for (row, range) in starts.windows(2).enumerate() {
        let &[start, end] = range else { continue };
        for at in start as usize..(end as usize).min(stored.len()) {
            if let (Some(&column), Some(&value)) = (indices.get(at), stored.get(at))
                && (column as usize) < shape.last().copied().unwrap_or_default()
                && let Some(cell) = values
                    .get_mut(row * shape.last().copied().unwrap_or_default() + column as usize)
            {
                *cell = value;
            }
        }
    }
    Ok(fields::Grid { shape, values, yields_f32: false })
}

/// Votes of all pairs, with the confidences squashed below a third to break ties.
fn one_against_rest(decisions: &[f64], classes: usize, out: &mut Vec<f64>) {
    let mut votes = vec![0.0; classes];
    let mut confidences = vec![0.0; classes];
    let mut pairs = decisions.iter();
    for i in 0..classes {
        for j in i + 1..classes {
            let decision = pairs.next().copied().unwrap_or_default();
            let winner = if decision < 0.0 { j } else { i };
            if let Some(vote) = votes.get_mut(winner) {
                *vote += 1.0;
            }
            if let Some(sum) = confidences.get_mut(i) {
                *sum += decision;
            }
            if let Some(sum) = confidences.get_mut(j) {
                *sum -= decision;
            }
        }
    }
    let squashed = |sum: f64| sum / (3.0 * (sum.abs() + 1.0));
    out.extend(votes.iter().zip(&confidences).map(|(vote, &sum)| vote + squashed(sum)));
}

/// The class with the most votes; libsvm counts a decision above zero for the first of a pair.
fn winner(decisions: &[f64], classes: usize) -> usize {
    let mut votes = vec![0usize; classes];
    let mut pairs = decisions.iter();
    for i in 0..classes {
        for j in i + 1..classes {
            let first = pairs.next().is_some_and(|&decision| decision > 0.0);
            if let Some(vote) = votes.get_mut(if first { i } else { j }) {
                *vote += 1;
            }
        }
    }
    let most = votes.iter().copied().max().unwrap_or_default();
    votes.iter().position(|&vote| vote == most).unwrap_or_default()
}

impl Predictor for VectorMachine {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn methods(&self) -> &[Method] {
        match &self.task {
            Task::Regression => &[Method::Predict],
            Task::Classification { platt: Some(_), .. } => &[
                Method::Predict,
                Method::PredictProba,
                Method::PredictLogProba,
                Method::DecisionFunction,
            ],
            _ => &[Method::Predict, Method::DecisionFunction],
        }
    }

    fn run(&self, method: Method, input: &Table) -> Result<Output, Error> {
        if !self.methods().contains(&method) {
            return Err(Error::NoSuchMethod {
                asked: method.to_string(),
                available: self.methods().to_vec(),
            });
        }
        check::width(input, self.inputs.columns, &self.class)?;
        if let Data::Sparse(csr) = &input.data {
            csr.may_be_filled(input.rows)?;
        }
        let values = input.to_f64()?;
        input.expect_finite(&values, false)?;
        let (mut similarities, mut decisions) = (Vec::new(), Vec::new());
        let mut winners = Vec::new();
        let mut out = Vec::new();
        for row in values.chunks_exact(self.columns.max(1)) {
            self.similarities(row, &mut similarities);
            self.decisions(&similarities, &mut decisions);
            let Task::Classification { labels, one_against_rest: rest, break_ties, platt, .. } =
                &self.task
            else {
                out.extend_from_slice(&decisions);
                continue;
            };
            let classes = labels.len();
            match method {
                Method::Predict if *break_ties && *rest && classes > 2 => {
                    let mut scores = Vec::with_capacity(classes);
                    one_against_rest(&decisions, classes, &mut scores);
                    winners.push(super::linear::first_largest(&scores));
                }
                Method::Predict => winners.push(winner(&decisions, classes)),
                Method::DecisionFunction if classes == 2 => {
                    // libsvm's sign is for the first class
                    out.extend(decisions.iter().map(|d| -d));
                }
                Method::DecisionFunction if *rest => {
                    one_against_rest(&decisions, classes, &mut out);
                }
                Method::DecisionFunction => out.extend_from_slice(&decisions),
                _ => {
                    let Some((a, b)) = platt else { continue };
                    let each = decisions.iter().zip(a).zip(b);
                    let pairs: Vec<f64> = each.map(|((d, a), b)| expit(-(d * a + b))).collect();
                    let from = out.len();
                    coupling::probabilities(&pairs, classes, &mut out);
                    if method == Method::PredictLogProba
                        && let Some(new) = out.get_mut(from..)
                    {
                        for v in new.iter_mut() {
                            *v = v.ln();
                        }
                    }
                }
            }
        }
        Ok(match (&self.task, method) {
            (Task::OneClass, Method::Predict) => {
                let sides = out.iter().map(|&d| if d > 0.0 { 1 } else { -1 });
                Output::flat(OutputData::I64(sides.collect()))
            }
            (Task::Regression | Task::OneClass, _) => Output::flat(OutputData::F64(out)),
            (Task::Classification { labels, .. }, Method::Predict) => {
                Output::flat(labels.take(winners.into_iter()))
            }
            (Task::Classification { labels, .. }, Method::DecisionFunction)
                if labels.len() == 2 =>
            {
                Output::flat(OutputData::F64(out))
            }
            _ => {
                let columns = out.len().checked_div(input.rows).unwrap_or_default();
                Output::matrix(input.rows, columns, OutputData::F64(out))
            }
        })
    }
}
