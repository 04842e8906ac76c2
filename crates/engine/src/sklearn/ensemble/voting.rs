//! `VotingClassifier` and `VotingRegressor`: estimators that answer at once, and are counted or averaged.

use crate::{
    Error, Inputs, Labels, Method, Output, OutputData, Predictor, Table, attributes,
    read::{Cursor, Kind},
    scores::argmax,
    sklearn::{
        building::Building,
        member::{self, Member, Numbers},
        part,
        sums::pairwise,
    },
};

/// A vote among classifiers, which were fitted on the numbers of classes.
#[derive(Debug)]
pub(crate) struct VotingClassifier {
    panel: Panel,
    labels: Labels,
    /// The mean probability decides, not the number of votes.
    soft: bool,
    methods: Vec<Method>,
}

/// A mean of regressors.
#[derive(Debug)]
pub(crate) struct VotingRegressor(Panel);

/// The estimators with their weights.
#[derive(Debug)]
struct Panel {
    inputs: Inputs,
    members: Vec<Member>,
    weights: Option<Vec<f64>>,
}

impl Panel {
    fn read(c: Cursor<'_>, building: &Building) -> Result<Self, Error> {
        // `estimators` has those that were dropped too, `estimators_` has not
        let listed = attributes::list(c, "estimators")?;
        let kept = listed.iter().map(|&pair| {
            part::named(pair)
                .filter(|(_, one)| !matches!(one.kind(), Kind::None | Kind::Text("drop")))
        });
        let kept: Vec<_> = kept.collect();
        let mut names = kept.iter().flatten();
        let mut members = Vec::new();
        for one in attributes::list(c, "estimators_")? {
            let name = names.next().map_or("estimators_", |(name, _)| name);
            members.push(Member::build(one, format!("estimator \"{name}\""), building)?);
        }
        if members.is_empty() {
            return Err(Error::attribute(c.class_name(), "estimators_", "has no estimator"));
        }
        let weights = attributes::numbers_if_any(c, "weights")?;
        let weights = match weights {
            None => None,
            Some(weights) => {
                attributes::counted(c, "weights", weights.len(), kept.len())?;
                let own = weights.into_iter().zip(&kept).filter(|(_, kept)| kept.is_some());
                let own: Vec<f64> = own.map(|(weight, _)| weight).collect();
                attributes::counted(c, "estimators_", members.len(), own.len())?;
                Some(own)
            }
        };
        Ok(Self { inputs: member::inputs(c, members.iter()), members, weights })
    }

    /// Each estimator's numbers; all of the same width.
    fn numbers(&self, method: Method, input: &Table) -> Result<Vec<Numbers>, Error> {
        let mut all: Vec<Numbers> = Vec::with_capacity(self.members.len());
        for one in &self.members {
            let mut numbers = one.numbers(method, input)?;
            if let Some(first) = all.first() {
                numbers = numbers.expect(first.width(), one)?;
            }
            all.push(numbers);
        }
        Ok(all)
    }

    /// numpy's `average` of the estimators' numbers: summed in their order. True when the answer is
    /// in floats.
    fn mean(&self, all: &[Numbers]) -> (Vec<f64>, bool) {
        // weights are doubles or integers, which make doubles of floats
        let f32 = self.weights.is_none() && all.iter().all(|one| one.f32);
        let round = |v: f64| if f32 { f64::from(v as f32) } else { v };
        let mut weights = self.weights.iter().flatten().copied();
        let mut sums: Vec<f64> = Vec::new();
        for one in all {
            let weight = weights.next();
            let weighed = |v: f64| weight.map_or(v, |weight| v * weight);
            if sums.is_empty() {
                sums.extend(one.values.iter().map(|&v| weighed(v)));
                continue;
            }
            sums.iter_mut().zip(&one.values).for_each(|(sum, &v)| *sum = round(*sum + weighed(v)));
        }
        let scale = match &self.weights {
            Some(weights) => pairwise(weights),
            None => all.len() as f64,
        };
        for sum in &mut sums {
            *sum = round(*sum / scale);
        }
        (sums, f32)
    }

    /// The numbers of all estimators side by side.
    fn beside(all: &[Numbers], rows: usize) -> Output {
        let width = all.iter().map(Numbers::width).sum();
        let mut values = Vec::with_capacity(rows * width);
        for row in 0..rows {
            for one in all {
                let own = row * one.width()..(row + 1) * one.width();
                values.extend_from_slice(one.values.get(own).unwrap_or_default());
            }
        }
        let f32 = all.iter().all(|one| one.f32);
        Output::matrix(rows, width, Numbers::data(values, f32))
    }
}

impl VotingClassifier {
    pub(crate) fn build(c: Cursor<'_>, building: &Building) -> Result<Self, Error> {
        let panel = Panel::read(c, building)?;
        let labels = attributes::labels(c, "classes_")?;
        let soft = attributes::text(c, "voting") == Some("soft");
        let mut methods = vec![Method::Predict];
        if soft {
            for one in &panel.members {
                one.first(&[Method::PredictProba])?;
            }
            methods.push(Method::PredictProba);
        }
        // without it probabilities come as a block for each estimator, in three dimensions
        if !soft || attributes::flag(c, "flatten_transform", true) {
            methods.push(Method::Transform);
        }
        Ok(Self { panel, labels, soft, methods })
    }

    /// Each estimator's probabilities.
    fn probabilities(&self, input: &Table) -> Result<Vec<Numbers>, Error> {
        let all = self.panel.numbers(Method::PredictProba, input)?;
        let Some((first, one)) = all.first().zip(self.panel.members.first()) else {
            return Ok(all);
        };
        first.clone().expect(self.labels.len(), one)?;
        Ok(all)
    }

    /// The class of each row that most estimators, by weight, vote for; the first of equal ones.
    fn votes(&self, input: &Table) -> Result<Vec<usize>, Error> {
        let classes = self.labels.len();
        let mut votes = vec![0.0; input.rows.saturating_mul(classes)];
        let mut weights = self.panel.weights.iter().flatten().copied();
        for one in &self.panel.members {
            let weight = weights.next().unwrap_or(1.0);
            let codes = one.codes(input, classes)?;
            for (row, code) in votes.chunks_exact_mut(classes).zip(codes) {
                if let Some(votes) = row.get_mut(code) {
                    *votes += weight;
                }
            }
        }
        Ok(votes.chunks_exact(classes).map(argmax).collect())
    }
}

impl Predictor for VotingClassifier {
    fn inputs(&self) -> Inputs {
        self.panel.inputs.clone()
    }

    fn methods(&self) -> &[Method] {
        &self.methods
    }

    fn transformed(&self, _columns: usize) -> Option<usize> {
        let width = if self.soft { self.labels.len() } else { 1 };
        self.methods
            .contains(&Method::Transform)
            .then(|| self.panel.members.len().saturating_mul(width))
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        let classes = self.labels.len();
        match method {
            Method::Transform if self.soft => {
                Ok(Panel::beside(&self.probabilities(input)?, input.rows))
            }
            Method::Transform => {
                let all = self.panel.members.iter().map(|one| one.codes(input, classes));
                let all: Vec<_> = all.collect::<Result<_, _>>()?;
                let row = |row| all.iter().filter_map(move |codes| codes.get(row).copied());
                let values = (0..input.rows).flat_map(row).map(|code| code as i64).collect();
                Ok(Output::matrix(input.rows, all.len(), OutputData::I64(values)))
            }
            Method::PredictProba => {
                let (mean, f32) = self.panel.mean(&self.probabilities(input)?);
                Ok(Output::matrix(input.rows, classes, Numbers::data(mean, f32)))
            }
            _ if self.soft => {
                let (mean, _) = self.panel.mean(&self.probabilities(input)?);
                Ok(Output::flat(self.labels.take(mean.chunks_exact(classes.max(1)).map(argmax))))
            }
            _ => Ok(Output::flat(self.labels.take(self.votes(input)?.into_iter()))),
        }
    }
}

impl VotingRegressor {
    pub(crate) fn build(c: Cursor<'_>, building: &Building) -> Result<Self, Error> {
        Panel::read(c, building).map(Self)
    }
}

impl Predictor for VotingRegressor {
    fn inputs(&self) -> Inputs {
        self.0.inputs.clone()
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict, Method::Transform]
    }

    fn transformed(&self, _columns: usize) -> Option<usize> {
        Some(self.0.members.len())
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        let all = self.0.numbers(Method::Predict, input)?;
        if let (Some(first), Some(one)) = (all.first(), self.0.members.first()) {
            first.clone().expect(1, one)?;
        }
        if method == Method::Transform {
            return Ok(Panel::beside(&all, input.rows));
        }
        let (mean, f32) = self.0.mean(&all);
        Ok(Output::flat(Numbers::data(mean, f32)))
    }
}
