//! `IsolationForest`: rows that few splits set apart are unlike the others.

use crate::{
    Error, Inputs, Method, Output, OutputData, Predictor, Table,
    attributes::{self, version},
    read::Cursor,
    sklearn::{
        building::Building,
        ensemble::{adaboost, trees},
        forest::{self, Collector, Leaves},
    },
};

/// The first release whose forests take missing and infinite values.
const TAKES_ALL: (u32, u32) = (1, 6);
/// Euler's constant.
const EULER: f64 = 0.577_215_664_901_532_9;

/// A forest of random trees, whose leaves hold how long their paths are.
#[derive(Debug)]
pub(crate) struct IsolationForest {
    inputs: Inputs,
    columns: usize,
    leaves: Leaves,
    /// The length of all paths of a row that is like all others.
    whole: f64,
    offset: f64,
    takes_all: bool,
}

impl IsolationForest {
    pub(crate) fn build(c: Cursor<'_>, building: &Building) -> Result<Self, Error> {
        let estimators = attributes::list(c, "estimators_")?;
        if !trees::all(&estimators, "Regressor") || estimators.is_empty() {
            return Err(Error::attribute(c.class_name(), "estimators_", "holds no trees"));
        }
        let columns = adaboost::columns(c, &estimators, building)?;
        let features = attributes::list(c, "estimators_features_")?;
        attributes::counted(c, "estimators_features_", features.len(), estimators.len())?;
        let means = match c.attr("_average_path_length_per_tree") {
            Some(_) => attributes::list(c, "_average_path_length_per_tree")?,
            None => Vec::new(),
        };
        let mut collector = Collector::new(1);
        for (at, (&tree, features)) in estimators.iter().zip(&features).enumerate() {
            let seen = features.as_array().and_then(|array| array.i64s(c.document()).ok());
            let seen: Option<Vec<usize>> =
                seen.and_then(|seen| seen.into_iter().map(|at| at.try_into().ok()).collect());
            let seen = seen.ok_or_else(|| {
                Error::attribute(c.class_name(), "estimators_features_", "has no places of columns")
            })?;
            let seen = Some(seen).filter(|seen| !seen.iter().copied().eq(0..columns));
            let mut grown = trees::read(tree, seen.as_deref(), columns, building)?;
            let samples = forest::samples(tree).unwrap_or_default();
            attributes::counted(tree, "tree_", samples.len(), grown.splits.len())?;
            // the library's own numbers, where the release stores them
            let stored = means.get(at).and_then(|means| means.as_array());
            let stored = stored.and_then(|means| means.f64s(c.document()).ok());
            let stored = stored.filter(|means| means.len() == samples.len());
            let means = stored
                .unwrap_or_else(|| samples.iter().map(|&count| mean_path(count as f64)).collect());
            let lengths = grown.depths().into_iter().zip(means);
            grown.values = lengths.map(|(depth, mean)| f64::from(depth) + mean - 1.0).collect();
            grown.width = 1;
            grown.outputs = 1;
            collector.add(&grown, |length, out| out.extend_from_slice(length))?;
        }
        let release = version(c).unwrap_or_default();
        let names = if release >= (1, 3) {
            ["_max_samples", "max_samples_"]
        } else {
            ["max_samples_", "_max_samples"]
        };
        let samples = names.iter().find_map(|name| attributes::number(c, name));
        let samples = samples.ok_or_else(|| {
            Error::attribute(c.class_name(), "_max_samples", "is missing: is the model fitted?")
        })?;
        let offset = attributes::numbers_of(c, "offset_", 1)?;
        Ok(Self {
            inputs: attributes::inputs(c, Some(columns)),
            columns,
            whole: estimators.len() as f64 * mean_path(samples),
            leaves: collector.finish(),
            offset: offset.first().copied().unwrap_or(-0.5),
            takes_all: release >= TAKES_ALL,
        })
    }
}

/// The mean length of the paths in a random tree of so many rows.
fn mean_path(rows: f64) -> f64 {
    if rows <= 1.0 {
        return 0.0;
    }
    if rows == 2.0 {
        return 1.0;
    }
    2.0 * ((rows - 1.0).ln() + EULER) - 2.0 * (rows - 1.0) / rows
}

/// 1 for a row like the others, else -1.
///
/// The offset is often the score of a row of training, as numpy's own power gave it, and may be some
/// last bits beside ours. Scores of different paths differ by far more.
fn label(score: f64, offset: f64) -> i64 {
    let below = score - offset;
    if below < 0.0 && below.abs() > 4.0 * f64::EPSILON * offset.abs() { -1 } else { 1 }
}

impl Predictor for IsolationForest {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict, Method::DecisionFunction, Method::ScoreSamples]
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        input.expect_columns(self.columns)?;
        let rows = input.to_f32()?;
        if !self.takes_all {
            input.expect_finite(&rows, false)?;
        }
        let lengths = self.leaves.sums(&rows, input.rows);
        let scores = lengths.into_iter().map(|length| {
            // forests of one row a tree before 1.2 divide by zero too, and answer with NaN there
            let share = if self.whole == 0.0 { 1.0 } else { length / self.whole };
            -2_f64.powf(-share)
        });
        let data = match method {
            Method::ScoreSamples => OutputData::F64(scores.collect()),
            Method::DecisionFunction => {
                OutputData::F64(scores.map(|score| score - self.offset).collect())
            }
            _ => OutputData::I64(scores.map(|score| label(score, self.offset)).collect()),
        };
        Ok(Output::flat(data))
    }
}

#[cfg(test)]
mod tests {
    use super::label;

    #[test]
    fn the_row_that_gave_the_offset_is_like_the_others() {
        let offset = -0.537_215_664_901_532_9_f64;
        assert_eq!(
            [offset, offset.next_down(), offset.next_up()].map(|it| label(it, offset)),
            [1; 3]
        );
        assert_eq!(
            [offset - 1e-9, offset + 1e-9, f64::NAN].map(|it| label(it, offset)),
            [-1, 1, 1]
        );
    }
}
