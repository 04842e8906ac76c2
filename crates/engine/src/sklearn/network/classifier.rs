use super::{Activation, Network};
use crate::{
    Error, Inputs, Labels, Method, Output, OutputData, Predictor, Table, attributes, read::Cursor,
    scores::argmax, table::Real,
};

/// `MLPClassifier`.
#[derive(Debug)]
pub(crate) struct NetworkClassifier {
    network: Network,
    labels: Labels,
    targets: Targets,
}

/// What the outputs stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Targets {
    /// The probability of the second class, or of nothing when there is but one class.
    One,
    /// A probability for each class.
    Classes,
    /// A probability for each label, of which a row may have several.
    Labels,
}

impl NetworkClassifier {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let network = Network::read(c)?;
        let labels = attributes::labels(c, "classes_")?;
        let kind = attributes::text(c.require("_label_binarizer")?, "y_type_");
        let targets = match kind {
            Some("multiclass") => Targets::Classes,
            Some("binary") => Targets::One,
            Some("multilabel-indicator") => Targets::Labels,
            _ => {
                let reason =
                    "says neither `binary`, `multiclass` nor `multilabel-indicator` in `y_type_`";
                return Err(Error::attribute(c.class_name(), "_label_binarizer", reason));
            }
        };
        match targets {
            Targets::One => attributes::counted(c, "coefs_", network.outputs, 1)?,
            _ => attributes::counted(c, "classes_", labels.len(), network.outputs)?,
        }
        if labels.is_empty() || labels.len() > 2 && targets == Targets::One {
            let reason = format!("has {} classes for one output", labels.len());
            return Err(Error::attribute(c.class_name(), "classes_", reason));
        }
        if targets == Targets::Classes && network.last == Activation::Identity {
            let reason = "is `identity`, which no classifier has";
            return Err(Error::attribute(c.class_name(), "out_activation_", reason));
        }
        Ok(Self { network, labels, targets })
    }

    fn labels_of<T: Real>(&self, values: &[T]) -> Output {
        let half = T::from_f64(0.5);
        match self.targets {
            Targets::One => {
                let last = self.labels.len() - 1;
                let places = values.iter().map(|&v| usize::from(v > half).min(last));
                Output::flat(self.labels.take(places))
            }
            Targets::Classes => {
                let rows = values.chunks_exact(self.network.outputs);
                Output::flat(self.labels.take(rows.map(argmax)))
            }
            Targets::Labels => {
                let chosen = values.iter().map(|&v| i64::from(v > half)).collect();
                let rows = values.len() / self.network.outputs;
                Output::matrix(rows, self.network.outputs, OutputData::I64(chosen))
            }
        }
    }
}

impl Predictor for NetworkClassifier {
    fn inputs(&self) -> Inputs {
        self.network.inputs.clone()
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict, Method::PredictProba, Method::PredictLogProba]
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        let mut values = self.network.answers(input)?;
        if method == Method::Predict {
            return Ok(match &values {
                OutputData::F32(values) => self.labels_of(values),
                OutputData::F64(values) => self.labels_of(values),
                // a network answers with floats or doubles
                _ => Output::flat(values),
            });
        }
        let mut columns = self.network.outputs;
        if columns == 1 {
            columns = 2;
            values = match values {
                OutputData::F32(v) => {
                    OutputData::F32(v.into_iter().flat_map(|p| [1.0 - p, p]).collect())
                }
                OutputData::F64(v) => {
                    OutputData::F64(v.into_iter().flat_map(|p| [1.0 - p, p]).collect())
                }
                kept => kept,
            };
        }
        if method == Method::PredictLogProba {
            match &mut values {
                OutputData::F32(v) => v.iter_mut().for_each(|p| *p = p.ln()),
                OutputData::F64(v) => v.iter_mut().for_each(|p| *p = p.ln()),
                _ => {}
            }
        }
        Ok(Output::matrix(input.rows, columns, values))
    }
}
