//! `CalibratedClassifierCV`: a classifier's scores through curves that were fitted on held-out rows.

use crate::{
    Error, Inputs, Labels, Method, Output, OutputData, Predictor, Table, attributes,
    read::Cursor,
    scores::{argmax, softmax},
    sklearn::{
        building::Building,
        member::{self, Member, Numbers},
        sums::pairwise,
    },
};

mod curve;

use curve::Curve;

/// Probabilities that are above one by no more than this are one.
const SLACK: f64 = 1e-5;
/// What keeps probabilities away from zero before their logarithm.
const EPS: f64 = 1e-12;

/// A mean of calibrated classifiers.
#[derive(Debug)]
pub(crate) struct CalibratedClassifier {
    inputs: Inputs,
    labels: Labels,
    parts: Vec<Part>,
}

/// A classifier with what its scores go through.
#[derive(Debug)]
struct Part {
    classifier: Member,
    /// What the classifier is asked.
    method: Method,
    calibration: Calibration,
}

#[derive(Debug)]
enum Calibration {
    /// A curve for each score, with the class whose probability it gives.
    Curves(Vec<(usize, Curve)>),
    /// A softmax of the scores times this.
    Temperature(f64),
}

impl CalibratedClassifier {
    pub(crate) fn build(c: Cursor<'_>, building: &Building) -> Result<Self, Error> {
        let labels = attributes::labels(c, "classes_")?;
        if labels.len() < 2 {
            return Err(Error::attribute(c.class_name(), "classes_", "has fewer than two classes"));
        }
        let listed = attributes::list(c, "calibrated_classifiers_")?.into_iter().enumerate();
        let parts = listed.map(|(at, part)| {
            Part::read(part, &labels, building)
                .map_err(|error| error.at(format!("calibrated_classifiers_[{at}]")))
        });
        let parts: Vec<Part> = parts.collect::<Result<_, _>>()?;
        if parts.is_empty() {
            let reason = "has no classifier";
            return Err(Error::attribute(c.class_name(), "calibrated_classifiers_", reason));
        }
        let inputs = member::inputs(c, parts.iter().map(|part| &part.classifier));
        Ok(Self { inputs, labels, parts })
    }

    fn probabilities(&self, input: &Table) -> Result<Vec<f64>, Error> {
        let classes = self.labels.len();
        let mut mean = vec![0.0; input.rows.saturating_mul(classes)];
        for part in &self.parts {
            let own = part.probabilities(input, classes)?;
            mean.iter_mut().zip(&own).for_each(|(sum, p)| *sum += p);
        }
        let count = self.parts.len() as f64;
        for sum in &mut mean {
            *sum /= count;
        }
        Ok(mean)
    }
}

impl Part {
    fn read(c: Cursor<'_>, labels: &Labels, building: &Building) -> Result<Self, Error> {
        // `base_estimator` up to 1.1
        let name = if c.attr("estimator").is_some() { "estimator" } else { "base_estimator" };
        let inner = c.require(name)?;
        let classifier = Member::build(inner, name, building)?;
        let method = classifier.first(&[Method::DecisionFunction, Method::PredictProba])?;
        let listed = attributes::list(c, "calibrators")?;
        let calibration = match attributes::text(c, "method").unwrap_or("sigmoid") {
            "sigmoid" | "isotonic" => {
                let curves = listed.into_iter().map(Curve::read).collect::<Result<Vec<_>, _>>()?;
                let places = if labels.len() == 2 { vec![1] } else { places(c, inner, labels)? };
                attributes::counted(c, "calibrators", curves.len(), places.len())?;
                Calibration::Curves(places.into_iter().zip(curves).collect())
            }
            "temperature" => {
                attributes::counted(c, "calibrators", listed.len(), 1)?;
                let beta = listed.first().map(|&one| attributes::numbers_of(one, "beta_", 1));
                let beta = beta.transpose()?.and_then(|beta| beta.first().copied());
                Calibration::Temperature(beta.unwrap_or(1.0))
            }
            other => {
                let reason = format!("is `{other}`: `sigmoid`, `isotonic` and `temperature` exist");
                return Err(Error::attribute("CalibratedClassifierCV", "method", reason));
            }
        };
        Ok(Self { classifier, method, calibration })
    }

    /// Probabilities, rows × classes.
    fn probabilities(&self, input: &Table, classes: usize) -> Result<Vec<f64>, Error> {
        let scores = self.classifier.numbers(self.method, input)?;
        let mut all = match &self.calibration {
            Calibration::Curves(curves) => self.curved(scores, curves, input.rows, classes)?,
            Calibration::Temperature(beta) => self.tempered(scores, *beta, classes)?,
        };
        for p in &mut all {
            if *p > 1.0 && *p <= 1.0 + SLACK {
                *p = 1.0;
            }
        }
        Ok(all)
    }

    fn curved(
        &self,
        scores: Numbers,
        curves: &[(usize, Curve)],
        rows: usize,
        classes: usize,
    ) -> Result<Vec<f64>, Error> {
        let mut all = vec![0.0; rows.saturating_mul(classes)];
        // of two probabilities the second counts
        let skipped = usize::from(classes == 2 && self.method == Method::PredictProba);
        let scores = scores.expect(curves.len() + skipped, &self.classifier)?;
        let f32 = scores.f32;
        for (own, out) in
            scores.values.chunks_exact(scores.width()).zip(all.chunks_exact_mut(classes))
        {
            for (&score, (class, curve)) in own.iter().skip(skipped).zip(curves) {
                if let Some(out) = out.get_mut(*class) {
                    *out = curve.at(score, f32);
                }
            }
            if let [first, second] = out {
                *first = 1.0 - *second;
                continue;
            }
            let sum = pairwise(out);
            if sum == 0.0 {
                out.fill(1.0 / classes as f64);
            } else {
                for p in out.iter_mut() {
                    *p /= sum;
                }
            }
        }
        Ok(all)
    }

    fn tempered(&self, scores: Numbers, beta: f64, classes: usize) -> Result<Vec<f64>, Error> {
        let single = classes == 2 && self.method == Method::DecisionFunction;
        let scores = scores.expect(if single { 1 } else { classes }, &self.classifier)?;
        let mut all = scores.values;
        if single {
            all = all.into_iter().flat_map(|d| [-d, d]).collect();
        } else if self.method == Method::PredictProba {
            for row in all.chunks_exact_mut(classes) {
                if let [first, second] = row {
                    *first = 1.0 - *second;
                }
                for p in row {
                    *p = if scores.f32 {
                        f64::from((*p as f32 + EPS as f32).ln())
                    } else {
                        (*p + EPS).ln()
                    };
                }
            }
        }
        for row in all.chunks_exact_mut(classes) {
            for logit in row.iter_mut() {
                *logit *= beta;
            }
            softmax(row);
        }
        Ok(all)
    }
}

/// The class of each of the classifier's scores: a fold may lack some classes.
fn places(c: Cursor<'_>, classifier: Cursor<'_>, labels: &Labels) -> Result<Vec<usize>, Error> {
    let Some(inner) = member::classes(classifier) else { return Ok((0..labels.len()).collect()) };
    member::places(&inner, labels).ok_or_else(|| {
        let reason = "has classes that the calibrated classifier does not have";
        Error::attribute(c.class_name(), "estimator", reason)
    })
}

impl Predictor for CalibratedClassifier {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict, Method::PredictProba]
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        let all = self.probabilities(input)?;
        let classes = self.labels.len();
        if method == Method::Predict {
            let winners = all.chunks_exact(classes).map(argmax);
            return Ok(Output::flat(self.labels.take(winners)));
        }
        Ok(Output::matrix(input.rows, classes, OutputData::F64(all)))
    }
}
