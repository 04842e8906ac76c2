use super::{heap::Near, space::Neighbors};
use crate::{Csr, Data, Error, Inputs, Table, attributes, estimator::Transform, read::Cursor};

/// `KNeighborsTransformer` and `RadiusNeighborsTransformer`: a column for each fitted row, with a
/// value where it is a neighbour.
#[derive(Debug)]
pub(crate) struct NeighborsGraph {
    neighbors: Neighbors,
    reach: Reach,
    /// The values are distances; otherwise ones.
    distances: bool,
}

#[derive(Clone, Copy, Debug)]
enum Reach {
    Nearest(usize),
    Within(f64),
}

impl NeighborsGraph {
    pub(crate) fn nearest(c: Cursor<'_>) -> Result<Self, Error> {
        let (neighbors, distances) = (Neighbors::read(c)?, distances(c)?);
        // the row itself would be the first of its neighbours
        let k = neighbors.k(c, "n_neighbors")? + usize::from(distances);
        if k > neighbors.count() {
            let reason = format!("asks for {k} of {} rows", neighbors.count());
            return Err(Error::attribute(c.class_name(), "n_neighbors", reason));
        }
        Ok(Self { neighbors, reach: Reach::Nearest(k), distances })
    }

    pub(crate) fn radius(c: Cursor<'_>) -> Result<Self, Error> {
        let radius = attributes::numbers_of(c, "radius", 1)?.first().copied().unwrap_or_default();
        Ok(Self {
            neighbors: Neighbors::read(c)?,
            reach: Reach::Within(radius),
            distances: distances(c)?,
        })
    }
}

fn distances(c: Cursor<'_>) -> Result<bool, Error> {
    match attributes::text(c, "mode") {
        Some("distance") | None => Ok(true),
        Some("connectivity") => Ok(false),
        Some(other) => Err(Error::attribute(c.class_name(), "mode", format!("is `{other}`"))),
    }
}

impl Transform for NeighborsGraph {
    fn inputs(&self) -> Inputs {
        self.neighbors.inputs()
    }

    fn outputs(&self, _columns: usize) -> usize {
        self.neighbors.count()
    }

    fn source(&self, _output: usize, _columns: usize) -> Option<usize> {
        None
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        self.transform_ref(&input)
    }

    fn transform_ref(&self, input: &Table) -> Result<Table, Error> {
        let keep = |near: &[Near], out: &mut [Vec<Near>]| {
            for out in out {
                out.extend_from_slice(near);
                out.sort_unstable_by_key(|near| near.row);
            }
        };
        let rows = match self.reach {
            Reach::Nearest(k) => self.neighbors.nearest(input, k, 1, keep)?,
            Reach::Within(radius) => self.neighbors.within(input, radius, 1, keep)?,
        };
        let stored = rows.iter().map(Vec::len).sum();
        let mut csr = Csr::with_capacity(self.neighbors.count(), rows.len(), stored);
        for row in &rows {
            csr.indices.extend(row.iter().map(|near| near.row));
            csr.values
                .extend(row.iter().map(|near| if self.distances { near.distance } else { 1.0 }));
            csr.end_row();
        }
        Ok(Table { rows: input.rows, names: None, data: Data::Sparse(csr) })
    }
}
