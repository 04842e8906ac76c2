use super::{Machine, coupling, pairs};
use crate::{
    Error, Inputs, Labels, Method, Output, OutputData, Predictor, Table, attributes, read::Cursor,
    scores::argmax,
};

const SCORES: &[Method] = &[Method::Predict, Method::DecisionFunction];
const PROBABILITIES: &[Method] =
    &[Method::Predict, Method::PredictProba, Method::PredictLogProba, Method::DecisionFunction];

/// `SVC` and `NuSVC`.
#[derive(Debug)]
pub(crate) struct SupportVectorClassifier {
    machine: Machine,
    labels: Labels,
    /// `decision_function` has a column for each class instead of each pair of classes.
    by_class: bool,
    /// Equal votes are decided by the confidences.
    breaks_ties: bool,
    /// The two parameters of the sigmoid of each pair.
    sigmoids: Option<Vec<(f64, f64)>>,
}

impl SupportVectorClassifier {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let labels = attributes::labels(c, "classes_")?;
        let classes = labels.len();
        if classes < 2 {
            return Err(Error::attribute(c.class_name(), "classes_", "has fewer than two classes"));
        }
        let machine = Machine::read(c, classes)?;
        let by_class = classes > 2 && attributes::text(c, "decision_function_shape") != Some("ovo");
        let breaks_ties = attributes::flag(c, "break_ties", false);
        if breaks_ties && classes > 2 && !by_class {
            let reason =
                "is true, which the library refuses beside `decision_function_shape=\"ovo\"`";
            return Err(Error::attribute(c.class_name(), "break_ties", reason));
        }
        Ok(Self {
            sigmoids: sigmoids(c, machine.intercepts.len())?,
            machine,
            labels,
            by_class,
            breaks_ties,
        })
    }

    fn classes(&self) -> usize {
        self.labels.len()
    }

    /// The class with most votes, the first of equal ones.
    fn winner(&self, decision: &[f64]) -> usize {
        if self.breaks_ties && self.by_class {
            let mut confidences = vec![0.0; self.classes()];
            self.confidences(decision, &mut confidences);
            return argmax(&confidences);
        }
        let mut votes = vec![0.0; self.classes()];
        for ((i, j), &score) in pairs(self.classes()).zip(decision) {
            let winner = if score > 0.0 { i } else { j };
            if let Some(votes) = votes.get_mut(winner) {
                *votes += 1.0;
            }
        }
        argmax(&votes)
    }

    /// Votes, and between equal ones the sum of the scores squeezed to less than a vote.
    fn confidences(&self, decision: &[f64], out: &mut [f64]) {
        let classes = self.classes();
        let mut sums = vec![0.0; classes];
        out.fill(0.0);
        let votes = &mut *out;
        for ((i, j), &score) in pairs(classes).zip(decision) {
            let winner = if score < 0.0 { j } else { i };
            for (at, by) in [(i, score), (j, -score)] {
                if let (Some(votes), Some(sum)) = (votes.get_mut(at), sums.get_mut(at)) {
                    *sum += by;
                    *votes += f64::from(u8::from(at == winner));
                }
            }
        }
        for (votes, sum) in votes.iter_mut().zip(&sums) {
            *votes += sum / (3.0 * (sum.abs() + 1.0));
        }
    }

    fn probabilities(&self, sigmoids: &[(f64, f64)], decision: &[f64], out: &mut [f64]) {
        let classes = self.classes();
        let mut all = vec![0.0; classes * classes];
        for (((i, j), &score), &(a, b)) in pairs(classes).zip(decision).zip(sigmoids) {
            let first = coupling::platt(score, a, b);
            for (at, value) in [(i * classes + j, first), (j * classes + i, 1.0 - first)] {
                if let Some(cell) = all.get_mut(at) {
                    *cell = value;
                }
            }
        }
        out.copy_from_slice(&coupling::coupled(&all, classes));
    }
}

/// The sigmoids of a model that was fitted with `probability=True`.
fn sigmoids(c: Cursor<'_>, pairs: usize) -> Result<Option<Vec<(f64, f64)>>, Error> {
    let name = |new: &'static str, old| if c.attr(new).is_some() { new } else { old };
    let (a, b) = (name("_probA", "probA_"), name("_probB", "probB_"));
    if !attributes::flag(c, "probability", false) {
        return Ok(None);
    }
    let Some(first) = attributes::numbers_if_any(c, a)?.filter(|values| !values.is_empty()) else {
        return Ok(None);
    };
    attributes::counted(c, a, first.len(), pairs)?;
    let second = attributes::numbers_of(c, b, pairs)?;
    Ok(Some(first.into_iter().zip(second).collect()))
}

impl Predictor for SupportVectorClassifier {
    fn inputs(&self) -> Inputs {
        self.machine.inputs.clone()
    }

    fn methods(&self) -> &[Method] {
        if self.sigmoids.is_some() { PROBABILITIES } else { SCORES }
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        let classes = self.classes();
        match (method, &self.sigmoids) {
            (Method::DecisionFunction, _) => {
                let columns = if self.by_class { classes } else { self.machine.intercepts.len() };
                let values = self.machine.decide(input, columns, |decision, out| {
                    match (decision, &mut *out) {
                        // two classes: positive for the second
                        ([score], [out]) => *out = -score,
                        _ if self.by_class => self.confidences(decision, out),
                        _ => out.copy_from_slice(decision),
                    }
                })?;
                let data = OutputData::F64(values);
                Ok(if columns == 1 {
                    Output::flat(data)
                } else {
                    Output::matrix(input.rows, columns, data)
                })
            }
            (Method::PredictProba | Method::PredictLogProba, Some(sigmoids)) => {
                let mut values = self.machine.decide(input, classes, |decision, out| {
                    self.probabilities(sigmoids, decision, out);
                })?;
                if method == Method::PredictLogProba {
                    for value in &mut values {
                        *value = value.ln();
                    }
                }
                Ok(Output::matrix(input.rows, classes, OutputData::F64(values)))
            }
            _ => {
                let winners = self.machine.decide(input, 1, |decision, out: &mut [usize]| {
                    out.fill(self.winner(decision));
                })?;
                Ok(Output::flat(self.labels.take(winners.into_iter())))
            }
        }
    }
}
