use super::binary::second;
use crate::{
    Error, Inputs, Labels, Method, Output, OutputData, Predictor, Table, attributes,
    read::{Cursor, Kind},
    sklearn::{
        building::Building,
        member::{self, Member},
    },
};

/// Scores of `sklearn.metrics` that take the label 1 for positive unless told otherwise.
const POSITIVE_ONE: &[&str] =
    &["f1_score", "fbeta_score", "jaccard_score", "precision_score", "recall_score"];

/// `FixedThresholdClassifier` and `TunedThresholdClassifierCV`: a classifier of two classes whose
/// score must reach a threshold.
#[derive(Debug)]
pub(crate) struct ThresholdClassifier {
    member: Member,
    labels: Labels,
    /// What is compared with the threshold.
    method: Method,
    threshold: f64,
    /// Which of the two classes is the positive one.
    positive: usize,
    methods: Vec<Method>,
}

impl ThresholdClassifier {
    pub(crate) fn build(c: Cursor<'_>, building: &Building) -> Result<Self, Error> {
        let name = if c.attr("estimator_").is_some() { "estimator_" } else { "estimator" };
        let inner = c.require(name)?;
        let member = Member::build(inner, name, building)?;
        let labels = member::classes(inner)
            .filter(|labels| labels.len() == 2)
            .ok_or_else(|| Error::attribute(c.class_name(), name, "does not list two classes"))?;
        let method = match attributes::text(c, "response_method").unwrap_or("auto") {
            "predict_proba" => member.first(&[Method::PredictProba])?,
            "decision_function" => member.first(&[Method::DecisionFunction])?,
            _ => member.first(&[Method::PredictProba, Method::DecisionFunction])?,
        };
        let tuned = c.class_name() == "TunedThresholdClassifierCV";
        let threshold = if tuned {
            attributes::numbers_of(c, "best_threshold_", 1)?.first().copied().unwrap_or(0.5)
        } else {
            match attributes::number(c, "threshold") {
                Some(threshold) => threshold,
                None if method == Method::PredictProba => 0.5,
                None => 0.0,
            }
        };
        let positive = if tuned { tuned_for(c) } else { c.attr("pos_label") };
        let positive = match positive.filter(|label| !label.is_none()) {
            None => default_positive(c, &labels).filter(|_| tuned).unwrap_or(1),
            Some(label) => place(label, &labels).ok_or_else(|| {
                Error::attribute(c.class_name(), "pos_label", "is none of the two classes")
            })?,
        };
        let mut methods = vec![Method::Predict];
        for method in [Method::PredictProba, Method::PredictLogProba, Method::DecisionFunction] {
            if member.has(method) {
                methods.push(method);
            }
        }
        Ok(Self { member, labels, method, threshold, positive, methods })
    }
}

/// The positive label that the score of the tuning was given.
fn tuned_for(c: Cursor<'_>) -> Option<Cursor<'_>> {
    c.attr("_curve_scorer")?.attr("_kwargs")?.attr("pos_label")
}

/// Where the label 1 stands, when the score of the tuning takes it for positive by itself.
fn default_positive(c: Cursor<'_>, labels: &Labels) -> Option<usize> {
    let Kind::Global(_, name) = c.attr("_curve_scorer")?.attr("_score_func")?.kind() else {
        return None;
    };
    let one = OutputData::I64(vec![1]);
    let found = || member::find(&one, labels).first().copied().flatten();
    POSITIVE_ONE.contains(&name).then(found).flatten()
}

/// Where a stored label stands among the classes.
fn place(label: Cursor<'_>, labels: &Labels) -> Option<usize> {
    let answer = match attributes::any_text(label) {
        Some(text) => OutputData::Text([Some(text.as_str())].into_iter().collect()),
        None => OutputData::F64(vec![label.as_f64()?]),
    };
    member::find(&answer, labels).first().copied().flatten()
}

impl Predictor for ThresholdClassifier {
    fn inputs(&self) -> Inputs {
        self.member.inputs()
    }

    fn methods(&self) -> &[Method] {
        &self.methods
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        if method != Method::Predict {
            return self.member.run(method, input);
        }
        let scores = if self.positive == 1 {
            second(&self.member, self.method, input)?.0
        } else if self.method == Method::DecisionFunction {
            let scores = second(&self.member, self.method, input)?.0;
            scores.into_iter().map(|score| -score).collect()
        } else {
            let all = self.member.numbers(self.method, input)?.expect(2, &self.member)?;
            all.values.into_iter().step_by(2).collect::<Vec<_>>()
        };
        let negative = 1 - self.positive.min(1);
        let label = |score| if score >= self.threshold { self.positive } else { negative };
        Ok(Output::flat(self.labels.take(scores.into_iter().map(label))))
    }
}
