//! Adaptive boosting: classifiers that vote by weight, or by the logarithms of their probabilities;
//! regressors of which the weighted median answers.

use crate::{
    Data, Error, Inputs, Labels, Method, Output, OutputData, Predictor, Table,
    attributes::{self, release},
    read::Cursor,
    scores::{argmax, softmax},
    sklearn::{
        building::Building,
        ensemble::trees,
        forest::{Grown, Leaves, Rows},
        member::{self, Member, Numbers},
        sums::pairwise,
    },
};

mod median;

use median::{Sorted, median};

/// The first release in which a vote for a class counts against the others.
const SYMMETRIC: (u32, u32, u32) = (1, 3, 1);

/// `AdaBoostClassifier`.
#[derive(Debug)]
pub(crate) struct AdaBoostClassifier {
    inputs: Inputs,
    labels: Labels,
    voters: Voters,
    rule: Rule,
    /// The sum of the weights of all estimators.
    total: f64,
}

/// What an estimator adds to the score of each class.
#[derive(Debug)]
enum Rule {
    /// Its weight for the class that it predicts.
    Votes {
        weights: Vec<f64>,
        /// The share of the weight that counts against each other class.
        against: f64,
    },
    /// The logarithms of its probabilities, less their mean: SAMME.R.
    Logarithms,
}

#[derive(Debug)]
enum Voters {
    /// Trees, whose leaves hold what they add.
    Trees(Box<(Rows, Leaves)>),
    Members(Vec<Member>),
}

/// The type that numbers are computed in: that of what the estimators answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Width {
    F32,
    F64,
}

impl Width {
    fn of(is_f32: bool) -> Self {
        if is_f32 { Self::F32 } else { Self::F64 }
    }

    /// A number as it is after one operation.
    fn round(self, value: f64) -> f64 {
        if self == Self::F32 { f64::from(value as f32) } else { value }
    }

    fn sum(self, row: &[f64]) -> f64 {
        match self {
            Self::F64 => pairwise(row),
            Self::F32 => {
                let row: Vec<f32> = row.iter().map(|&v| v as f32).collect();
                f64::from(pairwise(&row))
            }
        }
    }

    fn data(self, values: Vec<f64>) -> OutputData {
        Numbers::data(values, self == Self::F32)
    }
}

impl Rule {
    /// What an estimator adds that predicts a class.
    fn vote(&self, estimator: usize, class: Option<usize>, out: &mut [f64]) {
        let Self::Votes { weights, against } = self else { return };
        let weight = weights.get(estimator).copied().unwrap_or(0.0);
        out.fill(against * weight);
        if let Some(out) = class.and_then(|class| out.get_mut(class)) {
            *out = weight;
        }
    }

    /// What an estimator adds that gives these probabilities; in place.
    fn logarithms(row: &mut [f64], width: Width) {
        let classes = row.len() as f64;
        let least = if width == Width::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
        for p in row.iter_mut() {
            *p = width.round(p.max(least).ln());
        }
        let mean = width.round(width.round(1.0 / classes) * width.sum(row));
        for p in row {
            *p = width.round((classes - 1.0) * width.round(*p - mean));
        }
    }
}

impl AdaBoostClassifier {
    pub(crate) fn build(c: Cursor<'_>, building: &Building) -> Result<Self, Error> {
        let labels = attributes::labels(c, "classes_")?;
        let classes = labels.len();
        if classes == 0 {
            return Err(Error::attribute(c.class_name(), "classes_", "has no class"));
        }
        let estimators = estimators(c)?;
        let weights = weights(c, estimators.len())?;
        let total = pairwise(&weights);
        let rule = if attributes::text(c, "algorithm") == Some("SAMME.R") {
            Rule::Logarithms
        } else {
            // ensembles of other packages do not say which release they are of
            let release = release(c).or_else(|| estimators.first().copied().and_then(release));
            let symmetric = release.is_some_and(|release| release >= SYMMETRIC);
            let against = if symmetric { -1.0 / (classes as f64 - 1.0) } else { 0.0 };
            Rule::Votes { weights, against }
        };
        let voters = if trees::all(&estimators, "Classifier") {
            Self::trees(c, &estimators, &labels, &rule, building)?
        } else {
            let members = Member::list(c, "estimators_", building)?;
            if matches!(rule, Rule::Logarithms) {
                for one in &members {
                    one.first(&[Method::PredictProba])?;
                }
            }
            Voters::Members(members)
        };
        let inputs = match &voters {
            Voters::Trees(trees) => trees.0.inputs(),
            Voters::Members(members) => member::inputs(c, members.iter()),
        };
        Ok(Self { inputs, labels, voters, rule, total })
    }

    fn trees(
        c: Cursor<'_>,
        estimators: &[Cursor<'_>],
        labels: &Labels,
        rule: &Rule,
        building: &Building,
    ) -> Result<Voters, Error> {
        let columns = columns(c, estimators, building)?;
        let trees: Vec<_> = estimators.iter().map(|&tree| (tree, None)).collect();
        let classes = labels.len();
        let leaves = trees::classifiers(
            &trees,
            columns,
            classes,
            building,
            |tree, targets| places(tree, targets.only(), labels),
            |at, own, places, out| match rule {
                Rule::Votes { .. } => {
                    out.resize(classes, 0.0);
                    rule.vote(at, places.get(argmax(own)).copied(), out);
                }
                Rule::Logarithms => {
                    out.extend_from_slice(own);
                    Rule::logarithms(out, Width::F64);
                }
            },
        )?;
        Ok(Voters::Trees(Box::new((Rows::new(c, columns, false)?, leaves))))
    }

    /// The sums of what the estimators add, rows × classes.
    fn sums(&self, input: &Table) -> Result<(Vec<f64>, Width), Error> {
        let classes = self.labels.len();
        let members = match &self.voters {
            Voters::Trees(trees) => {
                let (rows, leaves) = &**trees;
                return Ok((leaves.sums(&rows.take(input)?, input.rows), Width::F64));
            }
            Voters::Members(members) => members,
        };
        let mut sums = vec![0.0; input.rows.saturating_mul(classes)];
        let mut own = vec![0.0; classes];
        let mut width = Width::of(matches!(self.rule, Rule::Logarithms));
        for (at, one) in members.iter().enumerate() {
            if matches!(self.rule, Rule::Logarithms) {
                let mut all = one.numbers(Method::PredictProba, input)?.expect(classes, one)?;
                let of_one = Width::of(all.f32);
                if of_one == Width::F64 {
                    width = Width::F64;
                }
                for (row, sums) in
                    all.values.chunks_exact_mut(classes).zip(sums.chunks_exact_mut(classes))
                {
                    Rule::logarithms(row, of_one);
                    sums.iter_mut().zip(row).for_each(|(sum, v)| *sum = width.round(*sum + *v));
                }
                continue;
            }
            let predicted = one.run(Method::Predict, input)?;
            let found = member::find(&predicted.data, &self.labels);
            for (class, sums) in found.into_iter().zip(sums.chunks_exact_mut(classes)) {
                self.rule.vote(at, class, &mut own);
                sums.iter_mut().zip(&own).for_each(|(sum, v)| *sum += v);
            }
        }
        Ok((sums, width))
    }

    /// `decision_function`: rows × classes, or one score a row for two.
    fn decisions(&self, input: &Table) -> Result<(Vec<f64>, Width), Error> {
        let classes = self.labels.len();
        let (mut sums, width) = self.sums(input)?;
        if classes == 1 {
            sums.fill(0.0);
            return Ok((sums, Width::F64));
        }
        for sum in &mut sums {
            *sum = width.round(*sum / self.total);
        }
        if classes == 2 {
            let (pairs, _) = sums.as_chunks::<2>();
            let apart = pairs.iter().map(|[first, second]| width.round(-first + second));
            return Ok((apart.collect(), width));
        }
        Ok((sums, width))
    }
}

impl Predictor for AdaBoostClassifier {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn methods(&self) -> &[Method] {
        const METHODS: &[Method] = &[
            Method::Predict,
            Method::PredictProba,
            Method::PredictLogProba,
            Method::DecisionFunction,
        ];
        METHODS
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        let classes = self.labels.len();
        let (mut scores, width) = self.decisions(input)?;
        match method {
            Method::Predict if classes == 2 => {
                let winners = scores.into_iter().map(|score| usize::from(score > 0.0));
                Ok(Output::flat(self.labels.take(winners)))
            }
            Method::Predict => {
                Ok(Output::flat(self.labels.take(scores.chunks_exact(classes).map(argmax))))
            }
            Method::DecisionFunction if classes == 2 => Ok(Output::flat(width.data(scores))),
            Method::DecisionFunction => {
                // the library makes the zeros of a single class in the type of the rows
                let data = match &input.data {
                    Data::F32(_) if classes == 1 => OutputData::F32(vec![0.0; input.rows]),
                    Data::I64(_) if classes == 1 => OutputData::I64(vec![0; input.rows]),
                    _ => width.data(scores),
                };
                Ok(Output::matrix(input.rows, classes, data))
            }
            _ => {
                if classes == 2 {
                    scores = scores.into_iter().flat_map(|d| [-d / 2.0, d / 2.0]).collect();
                } else if classes > 2 {
                    let others = classes as f64 - 1.0;
                    for score in &mut scores {
                        *score = width.round(*score / others);
                    }
                }
                scores.chunks_exact_mut(classes).for_each(softmax);
                if method == Method::PredictLogProba {
                    for p in &mut scores {
                        *p = width.round(*p).ln();
                    }
                }
                Ok(Output::matrix(input.rows, classes, width.data(scores)))
            }
        }
    }
}

/// `AdaBoostRegressor`: the median of the regressors' answers by weight.
#[derive(Debug)]
pub(crate) struct AdaBoostRegressor {
    inputs: Inputs,
    regressors: Regressors,
    weights: Vec<f64>,
}

#[derive(Debug)]
enum Regressors {
    Trees(Box<Sorted>),
    Members(Vec<Member>),
}

impl AdaBoostRegressor {
    pub(crate) fn build(c: Cursor<'_>, building: &Building) -> Result<Self, Error> {
        let estimators = estimators(c)?;
        let weights = weights(c, estimators.len())?;
        let regressors = if trees::all(&estimators, "Regressor") {
            Regressors::Trees(Box::new(Sorted::read(c, &estimators, &weights, building)?))
        } else {
            Regressors::Members(Member::list(c, "estimators_", building)?)
        };
        let inputs = match &regressors {
            Regressors::Trees(trees) => trees.inputs(),
            Regressors::Members(members) => member::inputs(c, members.iter()),
        };
        let weights = weights.into_iter().take(estimators.len()).collect();
        Ok(Self { inputs, regressors, weights })
    }

    /// The answers, and whether they are floats.
    fn medians(&self, input: &Table) -> Result<(Vec<f64>, bool), Error> {
        let members = match &self.regressors {
            Regressors::Trees(trees) => return Ok((trees.medians(input)?, false)),
            Regressors::Members(members) => members,
        };
        let count = self.weights.len().max(1);
        let mut all = vec![0.0; input.rows.saturating_mul(count)];
        let mut floats = true;
        for (at, one) in members.iter().enumerate() {
            let own = one.numbers(Method::Predict, input)?.expect(1, one)?;
            floats &= own.f32;
            let places = all.iter_mut().skip(at).step_by(count);
            places.zip(own.values).for_each(|(to, v)| *to = v);
        }
        let mut sorted: Vec<(f64, f64)> = Vec::with_capacity(count);
        let medians = all.chunks_exact(count).map(|row| {
            sorted.clear();
            sorted.extend(row.iter().copied().zip(self.weights.iter().copied()));
            sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
            let mut sum = 0.0;
            for (_, weight) in &mut sorted {
                sum += *weight;
                *weight = sum;
            }
            median(&sorted, sum)
        });
        Ok((medians.collect(), floats))
    }
}

impl Predictor for AdaBoostRegressor {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict]
    }

    fn compute(&self, _: Method, input: &Table) -> Result<Output, Error> {
        let (medians, floats) = self.medians(input)?;
        Ok(Output::flat(Numbers::data(medians, floats)))
    }
}

fn estimators(c: Cursor<'_>) -> Result<Vec<Cursor<'_>>, Error> {
    let estimators = attributes::list(c, "estimators_")?;
    if estimators.is_empty() {
        return Err(Error::attribute(c.class_name(), "estimators_", "has no estimator"));
    }
    Ok(estimators)
}

/// The weights: as many as estimators, or more when the training ended early.
fn weights(c: Cursor<'_>, estimators: usize) -> Result<Vec<f64>, Error> {
    let weights = attributes::numbers(c, "estimator_weights_")?;
    if weights.len() < estimators {
        attributes::counted(c, "estimator_weights_", weights.len(), estimators)?;
    }
    Ok(weights)
}

/// Columns of a row: what the ensemble recorded, or what its first tree has.
pub(super) fn columns(
    c: Cursor<'_>,
    estimators: &[Cursor<'_>],
    building: &Building,
) -> Result<usize, Error> {
    if let Some(columns) = attributes::inputs(c, None).columns {
        return Ok(columns);
    }
    let first = estimators.first().map(|&tree| Grown::read(tree, building));
    Ok(first.transpose()?.map_or(0, |tree| tree.features))
}

/// Where a tree's classes stand among those of the ensemble.
fn places(tree: Cursor<'_>, own: Option<&Labels>, labels: &Labels) -> Result<Vec<usize>, Error> {
    own.and_then(|own| member::places(own, labels)).ok_or_else(|| {
        let reason = "has classes that the ensemble does not have";
        Error::attribute(tree.class_name(), "classes_", reason)
    })
}
