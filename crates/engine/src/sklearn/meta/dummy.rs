//! Estimators that answer every row alike.

use crate::{
    Error, Inputs, Labels, Method, Output, OutputData, Predictor, Table, attributes,
    read::{Cursor, DtypeKind, Kind},
    scores::argmax,
    sklearn::member::{self, Numbers},
};

/// `DummyClassifier` with a strategy that draws nothing at random.
#[derive(Debug)]
pub(crate) struct DummyClassifier {
    inputs: Inputs,
    /// The label of each output.
    answer: OutputData,
    /// The probabilities of each output, one after another.
    probabilities: Vec<f64>,
    outputs: usize,
}

impl DummyClassifier {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let strategy = attributes::text(c, "_strategy").or(attributes::text(c, "strategy"));
        let strategy = strategy.unwrap_or("warn");
        if !["prior", "most_frequent", "constant"].contains(&strategy) {
            return Err(Error::Unsupported {
                what: format!("`DummyClassifier` with the strategy `{strategy}`"),
                reason: "it draws its answers at random".into(),
                hint: "train it with `prior`, `most_frequent` or `constant`".into(),
            });
        }
        let outputs = outputs(c)?;
        let single = outputs.len() == 1;
        let told = match c.attr("constant").filter(|told| !told.is_none()) {
            Some(told) if strategy == "constant" => match told.items() {
                Some(items) if !single || items.len() == 1 => {
                    items.iter().map(|&id| told.go(id)).collect()
                }
                _ => vec![told],
            },
            _ => Vec::new(),
        };
        let mut probabilities = Vec::new();
        let mut answers = Vec::new();
        for (at, (labels, prior)) in outputs.iter().enumerate() {
            let sure = match told.get(at) {
                Some(&label) => place(label, labels).ok_or_else(|| {
                    let reason = "is none of the classes that it was fitted on";
                    Error::attribute(c.class_name(), "constant", reason)
                })?,
                None if strategy == "constant" => {
                    let reason = "has no label for each output";
                    return Err(Error::attribute(c.class_name(), "constant", reason));
                }
                None => argmax(prior),
            };
            if strategy == "prior" {
                probabilities.extend_from_slice(prior);
            } else {
                let only = |class| f64::from(u8::from(class == sure));
                probabilities.extend((0..labels.len()).map(only));
            }
            answers.push(Output::flat(labels.take(std::iter::once(sure))));
        }
        let answer = super::multi_output::beside(&answers, 1)?.data;
        Ok(Self {
            inputs: attributes::inputs(c, None),
            answer,
            probabilities,
            outputs: outputs.len(),
        })
    }
}

/// The classes of each output with how frequent they were.
fn outputs(c: Cursor<'_>) -> Result<Vec<(Labels, Vec<f64>)>, Error> {
    let (classes, prior) = (c.require("classes_")?, c.require("class_prior_")?);
    let lists = match (classes.kind(), prior.kind()) {
        (Kind::List(classes_), Kind::List(prior_)) => {
            attributes::counted(c, "class_prior_", prior_.len(), classes_.len())?;
            classes_
                .iter()
                .map(|&id| classes.go(id))
                .zip(prior_.iter().map(|&id| prior.go(id)))
                .collect()
        }
        _ => vec![(classes, prior)],
    };
    let each = lists.into_iter().map(|(classes, prior)| {
        let labels = attributes::read_labels(classes);
        let prior = prior.as_array().and_then(|prior| prior.f64s(c.document()).ok());
        labels.zip(prior).filter(|(labels, prior)| labels.len() == prior.len() && !prior.is_empty())
    });
    let each: Option<Vec<_>> = each.collect();
    each.filter(|each| !each.is_empty()).ok_or_else(|| {
        Error::attribute(c.class_name(), "classes_", "and `class_prior_` do not belong together")
    })
}

fn place(label: Cursor<'_>, labels: &Labels) -> Option<usize> {
    let answer = match attributes::any_text(label) {
        Some(text) => OutputData::Text([Some(text.as_str())].into_iter().collect()),
        None => OutputData::F64(vec![label.as_f64()?]),
    };
    member::find(&answer, labels).first().copied().flatten()
}

/// One answer as the answer to every row.
fn repeated(answer: &OutputData, rows: usize) -> OutputData {
    match answer {
        OutputData::F64(v) => OutputData::F64(v.repeat(rows)),
        OutputData::F32(v) => OutputData::F32(v.repeat(rows)),
        OutputData::I64(v) => OutputData::I64(v.repeat(rows)),
        OutputData::I32(v) => OutputData::I32(v.repeat(rows)),
        OutputData::Bool(v) => OutputData::Bool(v.repeat(rows)),
        OutputData::Text(v) => OutputData::Text((0..rows).flat_map(|_| v.iter()).collect()),
    }
}

impl Predictor for DummyClassifier {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict, Method::PredictProba, Method::PredictLogProba]
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        if method == Method::Predict {
            let data = repeated(&self.answer, input.rows);
            return Ok(match self.outputs {
                1 => Output::flat(data),
                outputs => Output::matrix(input.rows, outputs, data),
            });
        }
        let mut row = self.probabilities.clone();
        if method == Method::PredictLogProba {
            for p in &mut row {
                *p = p.ln();
            }
        }
        let data = OutputData::F64(row.repeat(input.rows));
        Ok(Output::matrix(input.rows, row.len(), data))
    }
}

/// `DummyRegressor`.
#[derive(Debug)]
pub(crate) struct DummyRegressor {
    inputs: Inputs,
    answer: OutputData,
    outputs: usize,
}

impl DummyRegressor {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let constant = attributes::grid(c, "constant_")?;
        let array = c.require("constant_")?.as_array();
        let whole = array.is_some_and(|array| {
            matches!(array.dtype.kind, DtypeKind::Int | DtypeKind::Uint | DtypeKind::Bool)
        });
        let outputs = constant.values.len();
        if outputs == 0 {
            return Err(Error::attribute(c.class_name(), "constant_", "has no value"));
        }
        let answer = if whole {
            OutputData::I64(constant.values.iter().map(|&v| v as i64).collect())
        } else {
            Numbers::data(constant.values, constant.yields_f32 && array.is_some())
        };
        Ok(Self { inputs: attributes::inputs(c, None), answer, outputs })
    }
}

impl Predictor for DummyRegressor {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict]
    }

    fn compute(&self, _: Method, input: &Table) -> Result<Output, Error> {
        let data = repeated(&self.answer, input.rows);
        Ok(match self.outputs {
            1 => Output::flat(data),
            outputs => Output::matrix(input.rows, outputs, data),
        })
    }
}
