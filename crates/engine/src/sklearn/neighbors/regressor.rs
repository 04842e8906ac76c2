use super::{heap::Near, space::Neighbors, weights::Weighting};
use crate::{
    Error, Inputs, Method, Output, OutputData, Predictor, Table, attributes,
    read::{Cursor, DtypeKind},
    sklearn::sums::pairwise,
};

/// `KNeighborsRegressor` and `RadiusNeighborsRegressor`.
#[derive(Debug)]
pub(crate) struct NeighborsRegressor {
    neighbors: Neighbors,
    reach: Reach,
    weighting: Weighting,
    /// Outputs × fitted rows.
    targets: Vec<Vec<f64>>,
    /// True when a row is answered with several values, or with one in a column of its own.
    is_matrix: bool,
    /// True when the targets are floats, whose mean is one too.
    is_f32: bool,
}

#[derive(Clone, Copy, Debug)]
enum Reach {
    Nearest(usize),
    /// A radius, and the answer to a row without neighbours.
    Within(f64, f64),
}

impl NeighborsRegressor {
    pub(crate) fn nearest(c: Cursor<'_>) -> Result<Self, Error> {
        Self::read(c, |neighbors| Ok(Reach::Nearest(neighbors.k(c, "n_neighbors")?)))
    }

    pub(crate) fn radius(c: Cursor<'_>) -> Result<Self, Error> {
        let radius = attributes::numbers_of(c, "radius", 1)?.first().copied().unwrap_or_default();
        let array = c.attr("_y").and_then(Cursor::as_array);
        let whole =
            array.is_some_and(|array| matches!(array.dtype.kind, DtypeKind::Int | DtypeKind::Uint));
        // NaN as an integer of numpy
        let empty = if whole { i64::MIN as f64 } else { f64::NAN };
        Self::read(c, |_| Ok(Reach::Within(radius, empty)))
    }

    fn read(
        c: Cursor<'_>,
        reach: impl FnOnce(&Neighbors) -> Result<Reach, Error>,
    ) -> Result<Self, Error> {
        let neighbors = Neighbors::read(c)?;
        let grid = attributes::grid(c, "_y")?;
        let outputs = match grid.shape[..] {
            [_] => 1,
            [_, outputs] => outputs,
            _ => 0,
        };
        if outputs == 0 {
            return Err(Error::attribute(c.class_name(), "_y", "has no value for a row"));
        }
        attributes::counted(c, "_y", grid.values.len(), neighbors.count() * outputs)?;
        let targets =
            (0..outputs).map(|at| grid.values.iter().skip(at).step_by(outputs).copied().collect());
        Ok(Self {
            reach: reach(&neighbors)?,
            neighbors,
            weighting: Weighting::read(c)?,
            targets: targets.collect(),
            is_matrix: grid.shape.len() == 2,
            is_f32: c.attr("_y").and_then(Cursor::as_array).is_some_and(attributes::is_f32),
        })
    }

    /// True when the answers are floats.
    fn yields_f32(&self) -> bool {
        self.is_f32 && self.weighting == Weighting::Uniform
    }

    fn mean(&self, near: &[Near], out: &mut [f64]) {
        if let (Reach::Within(_, empty), []) = (self.reach, near) {
            return out.fill(empty);
        }
        let mut own = Vec::with_capacity(near.len());
        let mut weights = Vec::with_capacity(near.len());
        self.weighting.of(near, &mut weights);
        let whole = pairwise(&weights);
        for (out, targets) in out.iter_mut().zip(&self.targets) {
            own.clear();
            own.extend(
                near.iter().map(|near| targets.get(near.row as usize).copied().unwrap_or_default()),
            );
            if self.yields_f32() {
                *out = f64::from(mean_f32(&own, self.targets.len()));
                continue;
            }
            own.iter_mut().zip(&weights).for_each(|(value, weight)| *value *= weight);
            // several outputs are summed neighbour by neighbour
            let in_order = self.weighting == Weighting::Uniform && self.targets.len() > 1;
            let sum = if in_order { own.iter().sum() } else { pairwise(&own) };
            *out = sum / whole;
        }
    }
}

/// The mean in floats, each sum rounded.
fn mean_f32(values: &[f64], outputs: usize) -> f32 {
    let values: Vec<f32> = values.iter().map(|&v| v as f32).collect();
    let sum = if outputs > 1 { values.iter().sum() } else { pairwise(&values) };
    sum / values.len() as f32
}

impl Predictor for NeighborsRegressor {
    fn inputs(&self) -> Inputs {
        self.neighbors.inputs()
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict]
    }

    fn compute(&self, _: Method, input: &Table) -> Result<Output, Error> {
        let outputs = self.targets.len();
        let answer = |near: &[Near], out: &mut [f64]| self.mean(near, out);
        let values = match self.reach {
            Reach::Nearest(k) => self.neighbors.nearest(input, k, outputs, answer)?,
            Reach::Within(radius, _) => self.neighbors.within(input, radius, outputs, answer)?,
        };
        let data = if self.yields_f32() {
            OutputData::F32(values.into_iter().map(|v| v as f32).collect())
        } else {
            OutputData::F64(values)
        };
        Ok(if self.is_matrix {
            Output::matrix(input.rows, outputs, data)
        } else {
            Output::flat(data)
        })
    }
}
