use super::{
    Grown, Rows,
    leaves::{Collector, Leaves},
    members,
    regressor::accepts_nan,
};
use crate::{
    Error, Inputs, Labels, Method, Output, OutputData, Predictor, Table,
    attributes::{self, version},
    read::{Cursor, Kind},
    scores::argmax,
    sklearn::{building::Building, sums::pairwise},
};

/// A decision tree or a forest of them that answers with classes.
#[derive(Debug)]
pub(crate) struct ForestClassifier {
    rows: Rows,
    leaves: Leaves,
    /// For a tree alone: the stored values, by which it chooses before they become probabilities.
    winners: Option<Leaves>,
    targets: Targets,
}

/// The classes of each target, one target after another.
#[derive(Debug)]
pub(crate) struct Targets {
    labels: Labels,
    /// How many classes each target has.
    counts: Vec<usize>,
}

impl Targets {
    /// Reads `classes_`: an array, or for several targets a list of arrays.
    pub(crate) fn read(c: Cursor<'_>) -> Result<Self, Error> {
        let value = c.require("classes_")?;
        let (Kind::List(ids) | Kind::Tuple(ids)) = value.kind() else {
            let labels = attributes::labels(c, "classes_")?;
            let counts = vec![labels.len()];
            return Self { labels, counts }.checked(c);
        };
        let each = ids.iter().map(|&id| attributes::read_labels(value.go(id)));
        let each: Option<Vec<Labels>> = each.collect();
        let counts = each.iter().flatten().map(Labels::len).collect();
        let labels = each.and_then(|each| joined(&each)).ok_or_else(|| {
            Error::attribute(
                c.class_name(),
                "classes_",
                "holds classes of different kinds: integers, floats, booleans or texts",
            )
        })?;
        Self { labels, counts }.checked(c)
    }

    fn checked(self, c: Cursor<'_>) -> Result<Self, Error> {
        if self.counts.contains(&0) {
            return Err(Error::attribute(c.class_name(), "classes_", "has no class"));
        }
        Ok(self)
    }

    /// The classes, when there is one target.
    pub(crate) fn only(&self) -> Option<&Labels> {
        (self.counts.len() == 1).then_some(&self.labels)
    }

    /// The one target's classes, or all of them.
    pub(crate) fn width(&self) -> usize {
        self.labels.len()
    }

    /// The classes of all targets, one target after another.
    pub(crate) fn labels(&self) -> &Labels {
        &self.labels
    }

    /// How many classes each target has.
    pub(crate) fn counts(&self) -> &[usize] {
        &self.counts
    }

    /// Appends the values that belong to classes; a row of `values` has `width` for each target,
    /// however few classes the target has.
    pub(crate) fn keep(&self, values: &[f64], width: usize, out: &mut Vec<f64>, counts: bool) {
        for (values, &classes) in values.chunks_exact(width).zip(&self.counts) {
            let values = values.get(..classes).unwrap_or(values);
            let total = if counts { pairwise(values) } else { 1.0 };
            let total = if total == 0.0 { 1.0 } else { total };
            out.extend(values.iter().map(|v| v / total));
        }
    }

    /// The class of each target of each row: the first of the most probable ones.
    fn choose<'a>(&'a self, rows: &'a [f64]) -> impl Iterator<Item = usize> + 'a {
        rows.chunks_exact(self.width().max(1)).flat_map(move |row| {
            let mut start = 0;
            self.counts.iter().map(move |&classes| {
                let own = row.get(start..start + classes).unwrap_or_default();
                let best = start + argmax(own);
                start += classes;
                best
            })
        })
    }

    /// The labels at places that [`Targets::choose`] or a tree chose.
    pub(crate) fn answer(&self, rows: usize, places: impl Iterator<Item = usize>) -> Output {
        let data = self.labels.take(places);
        match self.counts.len() {
            1 => Output::flat(data),
            targets => Output::matrix(rows, targets, data),
        }
    }
}

/// Labels of one kind, one after another.
fn joined(each: &[Labels]) -> Option<Labels> {
    macro_rules! join {
        ($kind:ident) => {{
            let parts = each.iter().map(|labels| match labels {
                Labels::$kind(v) => Some(v.to_vec()),
                _ => None,
            });
            Labels::$kind(parts.collect::<Option<Vec<_>>>()?.concat().into())
        }};
    }
    Some(match each.first()? {
        Labels::I64(_) => join!(I64),
        Labels::I32(_) => join!(I32),
        Labels::F64(_) => join!(F64),
        Labels::Bool(_) => join!(Bool),
        Labels::Text(_) => join!(Text),
    })
}

impl ForestClassifier {
    pub(crate) fn build(c: Cursor<'_>, building: &Building) -> Result<Self, Error> {
        let targets = Targets::read(c)?;
        let members = members(c)?;
        let mut collector = Collector::new(targets.width());
        let alone = c.attr("tree_").is_some();
        let mut winners = alone.then(|| Collector::new(targets.counts.len()));
        for &member in &members {
            let grown = Grown::read(member, building)?;
            attributes::counted(c, "classes_", targets.counts.len(), grown.outputs)?;
            let most = targets.counts.iter().copied().max().unwrap_or(0);
            attributes::counted(c, "classes_", most, grown.width)?;
            // up to 1.3 the nodes hold weighted counts, then fractions
            let counts = version(member).or(version(c)).is_none_or(|release| release < (1, 4));
            collector.add(&grown, |values, vector| {
                targets.keep(values, grown.width, vector, counts);
            })?;
            if let Some(winners) = &mut winners {
                winners.add(&grown, |values, vector| {
                    let mut start = 0;
                    for (values, &classes) in values.chunks_exact(grown.width).zip(&targets.counts)
                    {
                        let own = values.get(..classes).unwrap_or(values);
                        vector.push((start + argmax(own)) as f64);
                        start += classes;
                    }
                })?;
            }
        }
        let nan = members.first().is_some_and(|&tree| accepts_nan(c, tree));
        Ok(Self {
            rows: Rows::new(c, collector.features(), nan)?,
            leaves: collector.finish(),
            winners: winners.map(Collector::finish),
            targets,
        })
    }

    fn probabilities(&self, rows: &[f32], count: usize) -> Vec<f64> {
        let mut sums = self.leaves.sums(rows, count);
        let trees = self.leaves.trees() as f64;
        for sum in &mut sums {
            *sum /= trees;
        }
        sums
    }
}

impl Predictor for ForestClassifier {
    fn inputs(&self) -> Inputs {
        self.rows.inputs()
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict, Method::PredictProba, Method::PredictLogProba]
    }

    fn typical(&self, column: usize) -> Option<f64> {
        self.leaves.typical(column)
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        let rows = self.rows.take(input)?;
        if let (Method::Predict, Some(winners)) = (method, &self.winners) {
            let places = winners.sums(&rows, input.rows);
            return Ok(self.targets.answer(input.rows, places.iter().map(|&place| place as usize)));
        }
        let mut probabilities = self.probabilities(&rows, input.rows);
        if method == Method::Predict {
            return Ok(self.targets.answer(input.rows, self.targets.choose(&probabilities)));
        }
        if method == Method::PredictLogProba {
            for p in &mut probabilities {
                *p = p.ln();
            }
        }
        Ok(Output::matrix(input.rows, self.targets.width(), OutputData::F64(probabilities)))
    }
}
