use std::iter;

use super::{heap::Near, space::Neighbors, weights::Weighting};
use crate::{
    Error, Inputs, Labels, Method, Output, OutputData, Predictor, Table, attributes,
    read::{Cursor, Kind},
    scores::argmax,
    sklearn::{forest::Targets, sums::pairwise},
};

/// `KNeighborsClassifier` and `RadiusNeighborsClassifier`.
#[derive(Debug)]
pub(crate) struct NeighborsClassifier {
    neighbors: Neighbors,
    reach: Reach,
    weighting: Weighting,
    targets: Targets,
    /// For each target, the class of each fitted row, counted over all targets.
    classes: Vec<Vec<u32>>,
}

/// Which rows are neighbours.
#[derive(Debug)]
enum Reach {
    Nearest(usize),
    Within { radius: f64, outliers: Outliers },
}

/// What a row without neighbours is.
#[derive(Debug)]
enum Outliers {
    Refused,
    /// A label for each target: its place among `labels`.
    Labelled {
        labels: Labels,
        places: Vec<usize>,
    },
}

impl NeighborsClassifier {
    pub(crate) fn nearest(c: Cursor<'_>) -> Result<Self, Error> {
        Self::read(c, |neighbors, _| Ok(Reach::Nearest(neighbors.k(c, "n_neighbors")?)))
    }

    pub(crate) fn radius(c: Cursor<'_>) -> Result<Self, Error> {
        Self::read(c, |_, targets| {
            let radius =
                attributes::numbers_of(c, "radius", 1)?.first().copied().unwrap_or_default();
            Ok(Reach::Within { radius, outliers: Outliers::read(c, targets)? })
        })
    }

    fn read(
        c: Cursor<'_>,
        reach: impl FnOnce(&Neighbors, &Targets) -> Result<Reach, Error>,
    ) -> Result<Self, Error> {
        let neighbors = Neighbors::read(c)?;
        let targets = Targets::read(c)?;
        let outputs = targets.counts().len();
        let codes = attributes::numbers_of(c, "_y", neighbors.count() * outputs)?;
        let mut classes = Vec::with_capacity(outputs);
        let mut start = 0;
        for (target, &count) in targets.counts().iter().enumerate() {
            let own = codes.iter().skip(target).step_by(outputs);
            if own.clone().any(|&code| !(code >= 0.0 && code < count as f64)) {
                let reason = format!("has a class beyond the {count} of `classes_`");
                return Err(Error::attribute(c.class_name(), "_y", reason));
            }
            classes.push(own.map(|&code| start + code as u32).collect());
            start += count as u32;
        }
        let reach = reach(&neighbors, &targets)?;
        Ok(Self { neighbors, reach, weighting: Weighting::read(c)?, targets, classes })
    }

    /// What `answer` makes of the neighbours of each row.
    fn ask<T: Send + Clone + Default>(
        &self,
        table: &Table,
        width: usize,
        answer: impl Fn(&[Near], &mut [T]) + Sync,
    ) -> Result<Vec<T>, Error> {
        match self.reach {
            Reach::Nearest(k) => self.neighbors.nearest(table, k, width, answer),
            Reach::Within { radius, .. } => self.neighbors.within(table, radius, width, answer),
        }
    }

    /// The votes for each class, divided by all votes of the target.
    fn probabilities(&self, table: &Table) -> Result<Vec<f64>, Error> {
        let width = self.targets.width();
        let probabilities = self.ask(table, width, |near, out: &mut [f64]| {
            let mut weights = Vec::with_capacity(near.len());
            self.weighting.of(near, &mut weights);
            self.votes(near, &weights, out);
            let mut start = 0;
            for &count in self.targets.counts() {
                let own = out.get_mut(start..start + count).unwrap_or_default();
                let whole = pairwise(own);
                if whole != 0.0 {
                    for votes in own.iter_mut() {
                        *votes /= whole;
                    }
                }
                start += count;
            }
        })?;
        self.with_outliers(probabilities)
    }

    fn votes(&self, near: &[Near], weights: &[f64], out: &mut [f64]) {
        for (near, weight) in near.iter().zip(weights) {
            for classes in &self.classes {
                let class = classes.get(near.row as usize).copied().unwrap_or_default();
                if let Some(votes) = out.get_mut(class as usize) {
                    *votes += weight;
                }
            }
        }
    }

    /// Rows without neighbours get the probabilities of their label.
    fn with_outliers(&self, mut probabilities: Vec<f64>) -> Result<Vec<f64>, Error> {
        let Reach::Within { radius, outliers } = &self.reach else { return Ok(probabilities) };
        let width = self.targets.width().max(1);
        for (row, values) in probabilities.chunks_exact_mut(width).enumerate() {
            if values.iter().any(|value| *value != 0.0) {
                continue;
            }
            match outliers {
                Outliers::Refused => {
                    return Err(Error::input(format!(
                        "row {row} has no neighbour within {radius}: train with a larger `radius` or with an \
                         `outlier_label`"
                    )));
                }
                Outliers::Labelled { places, .. } => {
                    for &place in places {
                        if let Some(value) = values.get_mut(place) {
                            *value = 1.0;
                        }
                    }
                }
            }
        }
        Ok(probabilities)
    }

    /// The class of each target of each row by its votes; for a radius by the probabilities.
    fn predict(&self, table: &Table) -> Result<Output, Error> {
        let outputs = self.classes.len();
        let Reach::Within { outliers, .. } = &self.reach else {
            let places = self.ask(table, outputs, |near, out: &mut [usize]| {
                let mut weights = Vec::with_capacity(near.len());
                self.weighting.of(near, &mut weights);
                self.elect(near, &mut weights, out);
            })?;
            return Ok(self.targets.answer(table.rows, places.into_iter()));
        };
        let probabilities = self.probabilities(table)?;
        let mut places = Vec::with_capacity(table.rows * outputs);
        for row in probabilities.chunks_exact(self.targets.width().max(1)) {
            let mut start = 0;
            for (target, &count) in self.targets.counts().iter().enumerate() {
                let own = row.get(start..start + count).unwrap_or_default();
                places.push(match outliers {
                    Outliers::Labelled { places, .. } if own.iter().all(|p| *p == 0.0) => {
                        places.get(target).copied().unwrap_or_default()
                    }
                    _ => start + argmax(own),
                });
                start += count;
            }
        }
        let labels = match outliers {
            Outliers::Labelled { labels, .. } => labels,
            Outliers::Refused => self.targets.labels(),
        };
        let data = labels.take(places.into_iter());
        Ok(if outputs == 1 {
            Output::flat(data)
        } else {
            Output::matrix(table.rows, outputs, data)
        })
    }

    /// The class with most votes of each target, the first of equal ones.
    fn elect(&self, near: &[Near], weights: &mut [f64], out: &mut [usize]) {
        let mut start = 0;
        let mut votes = vec![0.0; self.targets.width()];
        let mut own = Vec::with_capacity(near.len());
        if self.weighting == Weighting::Uniform {
            self.votes(near, weights, &mut votes);
        }
        for ((classes, &count), out) in self.classes.iter().zip(self.targets.counts()).zip(out) {
            let votes = votes.get_mut(start..start + count).unwrap_or_default();
            if self.weighting == Weighting::Distance {
                // the library sums, class by class, over all neighbours with zeros for the others
                for (class, votes) in votes.iter_mut().enumerate() {
                    own.clear();
                    own.extend(near.iter().zip(&*weights).map(|(near, weight)| {
                        let is_own =
                            classes.get(near.row as usize).copied() == Some((start + class) as u32);
                        if is_own { *weight } else { 0.0 }
                    }));
                    *votes = pairwise(&own);
                }
            }
            *out = start + argmax(votes);
            start += count;
        }
    }
}

impl Outliers {
    fn read(c: Cursor<'_>, targets: &Targets) -> Result<Self, Error> {
        let Some(value) = c.attr("outlier_label_").filter(|value| !value.is_none()) else {
            return Ok(Self::Refused);
        };
        let wrong = || {
            let reason =
                format!("holds {}, where a label for each target is expected", value.describe());
            Error::attribute(c.class_name(), "outlier_label_", reason)
        };
        let own: Vec<Cursor<'_>> = match value.kind() {
            Kind::List(ids) | Kind::Tuple(ids) => ids.iter().map(|&id| value.go(id)).collect(),
            _ => return Err(wrong()),
        };
        if own.len() != targets.counts().len() {
            return Err(wrong());
        }
        let mut labels = targets.labels().clone();
        let mut places = Vec::with_capacity(own.len());
        let mut start = 0;
        for (label, &count) in own.into_iter().zip(targets.counts()) {
            let place = place(&mut labels, start..start + count, label).ok_or_else(wrong)?;
            places.push(place);
            start += count;
        }
        Ok(Self::Labelled { labels, places })
    }
}

/// The place of a label among those of a target, or behind all of them when it is new.
fn place(labels: &mut Labels, own: std::ops::Range<usize>, label: Cursor<'_>) -> Option<usize> {
    macro_rules! find {
        ($kind:ident, $values:expr, $label:expr) => {{
            let label = $label;
            let known = $values.get(own.clone())?.iter().position(|known| *known == label);
            if let Some(at) = known {
                return Some(own.start + at);
            }
            let place = $values.len();
            Labels::$kind($values.iter().cloned().chain(iter::once(label)).collect())
                .clone_into(labels);
            Some(place)
        }};
    }
    match labels.clone() {
        Labels::I64(values) => find!(I64, values, label.as_i64()?),
        Labels::I32(values) => find!(I32, values, i32::try_from(label.as_i64()?).ok()?),
        Labels::F64(values) => find!(F64, values, label.as_f64()?),
        Labels::Bool(values) => find!(Bool, values, label.as_bool()?),
        Labels::Text(values) => find!(Text, values, attributes::any_text(label)?.into()),
    }
}

impl Predictor for NeighborsClassifier {
    fn inputs(&self) -> Inputs {
        self.neighbors.inputs()
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict, Method::PredictProba]
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        if method == Method::Predict {
            return self.predict(input);
        }
        let data = OutputData::F64(self.probabilities(input)?);
        Ok(Output::matrix(input.rows, self.targets.width(), data))
    }
}
