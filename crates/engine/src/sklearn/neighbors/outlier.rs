use super::{heap::Near, space::Neighbors};
use crate::{
    Data, Error, Inputs, Method, Output, OutputData, Predictor, Table,
    attributes::{self, version},
    read::Cursor,
    sklearn::sums::pairwise,
};

/// Keeps the density of rows that lie on one another finite.
const LEAST: f64 = 1e-10;

/// `LocalOutlierFactor(novelty=True)`: how dense the rows are around a row, beside how dense they
/// are around its neighbours.
#[derive(Debug)]
pub(crate) struct LocalOutlierFactor {
    neighbors: Neighbors,
    k: usize,
    /// For each fitted row, the distance to its k-th neighbour.
    reaches: Vec<f64>,
    /// The density around each fitted row.
    densities: Vec<f64>,
    offset: f64,
    /// Distances of rows of floats are floats.
    rounds: bool,
    is_f32: bool,
}

const METHODS: &[Method] = &[Method::Predict, Method::DecisionFunction, Method::ScoreSamples];

impl LocalOutlierFactor {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        if !attributes::flag(c, "novelty", false) {
            return Err(Error::Unsupported {
                what: "`LocalOutlierFactor` without `novelty=True`".into(),
                reason: "it judges the rows that it is fitted on, and has no `predict` for others"
                    .into(),
                hint: "Fit it with `novelty=True`".into(),
            });
        }
        let neighbors = Neighbors::read(c)?;
        let k = neighbors.k(c, "n_neighbors_")?;
        let distances = attributes::grid(c, "_distances_fit_X_")?;
        let width = distances.values.len() / neighbors.count();
        if width < k || distances.shape != [neighbors.count(), width] {
            let reason = "has not the distances of each fitted row to its neighbours";
            return Err(Error::attribute(c.class_name(), "_distances_fit_X_", reason));
        }
        let reaches =
            distances.values.chunks_exact(width).filter_map(|row| row.get(k - 1).copied());
        let densities = attributes::grid(c, "_lrd")?;
        attributes::counted(c, "_lrd", densities.values.len(), neighbors.count())?;
        let offset = attributes::numbers_of(c, "offset_", 1)?.first().copied().unwrap_or_default();
        Ok(Self {
            reaches: reaches.collect(),
            is_f32: densities.yields_f32 && distances.yields_f32,
            densities: densities.values,
            offset,
            rounds: version(c).is_some_and(|version| version >= (1, 2)),
            neighbors,
            k,
        })
    }

    fn score(&self, near: &[Near], rounds: bool) -> f64 {
        let count = near.len() as f64;
        let of = |values: &[f64], near: &Near| {
            values.get(near.row as usize).copied().unwrap_or_default()
        };
        let mut values = Vec::with_capacity(near.len());
        values.extend(near.iter().map(|near| {
            let distance = if rounds { f64::from(near.distance as f32) } else { near.distance };
            distance.max(of(&self.reaches, near))
        }));
        let density = 1.0 / (pairwise(&values) / count + LEAST);
        values.clear();
        values.extend(near.iter().map(|near| of(&self.densities, near) / density));
        -(pairwise(&values) / count)
    }
}

impl Predictor for LocalOutlierFactor {
    fn inputs(&self) -> Inputs {
        self.neighbors.inputs()
    }

    fn methods(&self) -> &[Method] {
        METHODS
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        let is_f32 = matches!(input.data, Data::F32(_));
        let rounds = self.rounds && is_f32;
        let mut scores = self.neighbors.nearest(input, self.k, 1, |near, out: &mut [f64]| {
            out.fill(self.score(near, rounds));
        })?;
        if method != Method::ScoreSamples {
            for score in &mut scores {
                *score -= self.offset;
            }
        }
        Ok(Output::flat(if method == Method::Predict {
            OutputData::I64(
                scores.into_iter().map(|score| if score < 0.0 { -1 } else { 1 }).collect(),
            )
        } else if rounds && self.is_f32 {
            OutputData::F32(scores.into_iter().map(|score| score as f32).collect())
        } else {
            OutputData::F64(scores)
        }))
    }
}
