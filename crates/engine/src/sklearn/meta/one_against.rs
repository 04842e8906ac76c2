//! Several classes by estimators of two: each against the rest, each pair, or the bits of a code.

use super::binary::Binary;
use crate::{
    Error, Inputs, Labels, Method, Output, OutputData, Predictor, Table,
    attributes::{self, version},
    read::Cursor,
    scores::argmax,
    sklearn::{
        building::Building,
        columns::choose,
        member::{self, Member, Numbers},
    },
};

/// The first release in which the first of equally likely classes wins.
const FIRST_WINS: (u32, u32) = (1, 8);
/// The first release in which probabilities that are all zero stay so.
const ZEROS_STAY: (u32, u32) = (1, 7);
/// The first release that compares pairs of probabilities with one half.
const PAIRS_BY_HALF: (u32, u32) = (1, 1);

fn binaries(c: Cursor<'_>, building: &Building) -> Result<Vec<Binary>, Error> {
    Member::list(c, "estimators_", building)?.into_iter().map(Binary::new).collect()
}

fn inputs(c: Cursor<'_>, binaries: &[Binary]) -> Inputs {
    member::inputs(c, binaries.iter().map(|one| &one.member))
}

/// `OneVsRestClassifier`.
#[derive(Debug)]
pub(crate) struct OneVsRestClassifier {
    inputs: Inputs,
    binaries: Vec<Binary>,
    labels: Labels,
    kind: Kind,
    first_wins: bool,
    zeros_stay: bool,
    methods: Vec<Method>,
}

/// What the classes are to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// It has one of two.
    Two,
    /// It has one of several.
    Several,
    /// It may have any of them.
    Any,
}

impl OneVsRestClassifier {
    pub(crate) fn build(c: Cursor<'_>, building: &Building) -> Result<Self, Error> {
        let binaries = binaries(c, building)?;
        let binarizer = c.require("label_binarizer_")?;
        let labels = attributes::labels(binarizer, "classes_")?;
        let kind = match attributes::text(binarizer, "y_type_") {
            Some("binary") => Kind::Two,
            Some("multiclass") => Kind::Several,
            Some("multilabel-indicator") => Kind::Any,
            other => {
                let reason = format!("is `{}`", other.unwrap_or("missing"));
                return Err(Error::attribute("LabelBinarizer", "y_type_", reason));
            }
        };
        let expected = if kind == Kind::Two { 1 } else { labels.len() };
        attributes::counted(c, "estimators_", binaries.len(), expected)?;
        let mut methods = vec![Method::Predict];
        for method in [Method::PredictProba, Method::DecisionFunction] {
            if binaries.iter().all(|one| one.member.has(method)) {
                methods.push(method);
            }
        }
        Ok(Self {
            inputs: inputs(c, &binaries),
            binaries,
            labels,
            kind,
            first_wins: version(c).is_some_and(|release| release >= FIRST_WINS),
            zeros_stay: version(c).is_some_and(|release| release >= ZEROS_STAY),
            methods,
        })
    }

    fn predict(&self, input: &Table) -> Result<Output, Error> {
        let mut all = Vec::with_capacity(self.binaries.len());
        for one in &self.binaries {
            all.push(one.scores(input)?.0);
        }
        let threshold = self.binaries.first().map_or(0.0, Binary::threshold);
        match self.kind {
            Kind::Two => {
                let scores = all.into_iter().next().unwrap_or_default();
                let last = self.labels.len().saturating_sub(1);
                let places = scores.into_iter().map(|s| usize::from(s > threshold).min(last));
                Ok(Output::flat(self.labels.take(places)))
            }
            Kind::Several => {
                let winner = |row: usize| {
                    let (mut most, mut best) = (f64::NEG_INFINITY, 0);
                    for (class, scores) in all.iter().enumerate() {
                        let score = scores.get(row).copied().unwrap_or(f64::NAN);
                        // old releases take the last of equal scores
                        if score > most || score == most && !self.first_wins {
                            (most, best) = (score, class);
                        }
                    }
                    best
                };
                Ok(Output::flat(self.labels.take((0..input.rows).map(winner))))
            }
            Kind::Any => {
                let row = |row: usize| {
                    all.iter().map(move |scores| {
                        i64::from(scores.get(row).is_some_and(|&score| score > threshold))
                    })
                };
                let values = (0..input.rows).flat_map(row).collect();
                Ok(Output::matrix(input.rows, all.len(), OutputData::I64(values)))
            }
        }
    }

    /// Each estimator's scores, rows × estimators; true when all are floats.
    fn beside(&self, method: Method, input: &Table) -> Result<(Vec<f64>, bool), Error> {
        let count = self.binaries.len();
        let mut values = vec![0.0; input.rows.saturating_mul(count)];
        let mut floats = true;
        for (at, one) in self.binaries.iter().enumerate() {
            let (scores, f32) = super::binary::second(&one.member, method, input)?;
            floats &= f32;
            let places = values.iter_mut().skip(at).step_by(count.max(1));
            places.zip(scores).for_each(|(to, score)| *to = score);
        }
        Ok((values, floats))
    }

    fn probabilities(&self, input: &Table) -> Result<Output, Error> {
        let (mut values, floats) = self.beside(Method::PredictProba, input)?;
        let round = |v: f64| if floats { f64::from(v as f32) } else { v };
        let mut width = self.binaries.len();
        if width == 1 {
            values = values.into_iter().flat_map(|p| [round(1.0 - p), p]).collect();
            width = 2;
        }
        if self.kind != Kind::Any {
            for row in values.chunks_exact_mut(width.max(1)) {
                let sum = row.iter().fold(0.0, |sum, p| round(sum + p));
                if sum != 0.0 || !self.zeros_stay {
                    for p in row {
                        *p = round(*p / sum);
                    }
                }
            }
        }
        Ok(Output::matrix(input.rows, width, Numbers::data(values, floats)))
    }
}

impl Predictor for OneVsRestClassifier {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn methods(&self) -> &[Method] {
        &self.methods
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        match method {
            Method::PredictProba => self.probabilities(input),
            Method::DecisionFunction => {
                let (values, floats) = self.beside(method, input)?;
                let data = Numbers::data(values, floats);
                Ok(match self.binaries.len() {
                    1 => Output::flat(data),
                    width => Output::matrix(input.rows, width, data),
                })
            }
            _ => self.predict(input),
        }
    }
}

/// `OneVsOneClassifier`.
#[derive(Debug)]
pub(crate) struct OneVsOneClassifier {
    inputs: Inputs,
    binaries: Vec<Binary>,
    labels: Labels,
    /// The columns that each pair's estimator sees, for estimators of precomputed distances.
    seen: Option<Vec<Vec<usize>>>,
    /// With two classes, decisions above this mean the second.
    threshold: f64,
}

impl OneVsOneClassifier {
    pub(crate) fn build(c: Cursor<'_>, building: &Building) -> Result<Self, Error> {
        let binaries = binaries(c, building)?;
        let labels = attributes::labels(c, "classes_")?;
        let classes = labels.len();
        attributes::counted(c, "estimators_", binaries.len(), classes * (classes.max(1) - 1) / 2)?;
        let pairwise = c.attr("pairwise_indices_").is_some_and(|value| !value.is_none());
        let seen = if pairwise {
            let lists = attributes::list(c, "pairwise_indices_")?;
            attributes::counted(c, "pairwise_indices_", lists.len(), binaries.len())?;
            let each = lists.into_iter().map(|list| {
                let places = list.as_array()?.i64s(c.document()).ok()?;
                places.into_iter().map(|at| usize::try_from(at).ok()).collect()
            });
            let each: Option<Vec<_>> = each.collect();
            Some(each.ok_or_else(|| {
                Error::attribute(c.class_name(), "pairwise_indices_", "has no places of rows")
            })?)
        } else {
            None
        };
        let halves = version(c).is_some_and(|release| release >= PAIRS_BY_HALF);
        let threshold = binaries.first().filter(|_| halves).map_or(0.0, Binary::threshold);
        let mut inputs = inputs(c, &binaries);
        if seen.is_some() {
            inputs = attributes::inputs(c, None);
        }
        Ok(Self { inputs, binaries, labels, seen, threshold })
    }

    /// Votes and squeezed confidences, rows × classes.
    fn decisions(&self, input: &Table) -> Result<Vec<f64>, Error> {
        let classes = self.labels.len();
        let cells = input.rows.saturating_mul(classes);
        let (mut votes, mut sums) = (vec![0.0; cells], vec![0.0; cells]);
        let pairs = (0..classes).flat_map(|i| (i + 1..classes).map(move |j| (i, j)));
        for (at, ((i, j), one)) in pairs.zip(&self.binaries).enumerate() {
            let chosen;
            let rows = match self.seen.as_ref().and_then(|seen| seen.get(at)) {
                Some(columns) => {
                    chosen = choose(input, columns, false)?;
                    &chosen
                }
                None => input,
            };
            let codes = one.member.codes(rows, 2)?;
            let (scores, _) = one.scores(rows)?;
            let votes = votes.chunks_exact_mut(classes);
            for (((votes, sums), code), score) in
                votes.zip(sums.chunks_exact_mut(classes)).zip(codes).zip(scores)
            {
                let winner = if code == 0 { i } else { j };
                if let Some(vote) = votes.get_mut(winner) {
                    *vote += 1.0;
                }
                for (class, by) in [(i, -score), (j, score)] {
                    if let Some(sum) = sums.get_mut(class) {
                        *sum += by;
                    }
                }
            }
        }
        for (vote, sum) in votes.iter_mut().zip(sums) {
            *vote += sum / (3.0 * (sum.abs() + 1.0));
        }
        Ok(votes)
    }
}

impl Predictor for OneVsOneClassifier {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict, Method::DecisionFunction]
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        let classes = self.labels.len();
        let all = self.decisions(input)?;
        if classes == 2 {
            let scores: Vec<f64> = all.into_iter().skip(1).step_by(2).collect();
            if method == Method::DecisionFunction {
                return Ok(Output::flat(OutputData::F64(scores)));
            }
            let places = scores.into_iter().map(|score| usize::from(score > self.threshold));
            return Ok(Output::flat(self.labels.take(places)));
        }
        if method == Method::DecisionFunction {
            return Ok(Output::matrix(input.rows, classes, OutputData::F64(all)));
        }
        Ok(Output::flat(self.labels.take(all.chunks_exact(classes.max(1)).map(argmax))))
    }
}

/// `OutputCodeClassifier`: the class whose code is nearest to the estimators' scores.
#[derive(Debug)]
pub(crate) struct OutputCodeClassifier {
    inputs: Inputs,
    binaries: Vec<Binary>,
    labels: Labels,
    /// Classes × estimators.
    codes: Vec<f64>,
}

impl OutputCodeClassifier {
    pub(crate) fn build(c: Cursor<'_>, building: &Building) -> Result<Self, Error> {
        let binaries = binaries(c, building)?;
        let labels = attributes::labels(c, "classes_")?;
        let codes = attributes::numbers_of(c, "code_book_", labels.len() * binaries.len())?;
        Ok(Self { inputs: inputs(c, &binaries), binaries, labels, codes })
    }
}

impl Predictor for OutputCodeClassifier {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict]
    }

    fn compute(&self, _: Method, input: &Table) -> Result<Output, Error> {
        let mut all = Vec::with_capacity(self.binaries.len());
        for one in &self.binaries {
            all.push(one.scores(input)?.0);
        }
        let nearest = |row: usize| {
            let (mut least, mut best) = (f64::INFINITY, 0);
            for (class, code) in self.codes.chunks_exact(all.len().max(1)).enumerate() {
                let distance: f64 = code
                    .iter()
                    .zip(&all)
                    .map(|(bit, scores)| bit * (bit - 2.0 * scores.get(row).unwrap_or(&0.0)))
                    .sum();
                if distance < least {
                    (least, best) = (distance, class);
                }
            }
            best
        };
        Ok(Output::flat(self.labels.take((0..input.rows).map(nearest))))
    }
}
