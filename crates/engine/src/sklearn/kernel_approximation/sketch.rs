use crate::{
    Data, Error, Inputs, Table,
    attributes::{self, Grid},
    estimator::Transform,
    quantity,
    read::Cursor,
    sklearn::check::{self, Allow},
};

/// `PolynomialCountSketch`: the circular convolution of as many count sketches of a row as the kernel has
/// degrees (Pham and Pagh 2013), computed directly.
#[derive(Debug)]
pub(crate) struct CountSketch {
    inputs: Inputs,
    /// Columns of a row, without the constant one.
    columns: usize,
    outputs: usize,
    /// For each degree, where each column goes and with which factor.
    degrees: Vec<Vec<(usize, f64)>>,
    root_gamma: f64,
    /// Scaled rows of floats are floats: with numpy 1, which came with scikit-learn up to 1.4, the type of
    /// a scalar did not count.
    rounds: bool,
    /// The constant column that stands for `coef0`.
    constant: Option<f64>,
}

impl CountSketch {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let number = |name: &str| {
            attributes::number(c, name)
                .ok_or_else(|| Error::attribute(c.class_name(), name, "is no number"))
        };
        let coef0 = number("coef0")?;
        let Grid { shape, values: places, .. } = attributes::grid(c, "indexHash_")?;
        let &[degree, width] = &shape[..] else {
            let reason = format!("has {} instead of two", quantity(shape.len(), "dimension"));
            return Err(Error::attribute(c.class_name(), "indexHash_", reason));
        };
        let factors = attributes::numbers_of(c, "bitHash_", places.len())?;
        let outputs = c.require("n_components")?.as_i64().and_then(|n| usize::try_from(n).ok());
        let outputs = outputs.filter(|&n| n > 0 && n <= 1 << 20).ok_or_else(|| {
            Error::attribute(c.class_name(), "n_components", "is no number of components")
        })?;
        if places.iter().any(|&place| !(0.0..outputs as f64).contains(&place)) {
            return Err(Error::attribute(c.class_name(), "indexHash_", "names other components"));
        }
        let constant = (coef0 != 0.0).then_some(coef0.sqrt());
        let columns =
            width.checked_sub(usize::from(constant.is_some())).filter(|_| degree > 0 && width > 0);
        let columns = columns
            .ok_or_else(|| Error::attribute(c.class_name(), "indexHash_", "has no columns"))?;
        let inputs = attributes::inputs(c, Some(columns));
        attributes::counted(c, "indexHash_", inputs.columns.unwrap_or(columns), columns)?;
        let pairs = places.chunks_exact(width).zip(factors.chunks_exact(width));
        let pairs = pairs.map(|(places, factors)| {
            places.iter().map(|&place| place as usize).zip(factors.iter().copied()).collect()
        });
        let root_gamma = number("gamma")?.sqrt();
        let rounds = attributes::is_numpy_1(c, (1, 5));
        Ok(Self {
            inputs,
            columns,
            outputs,
            degrees: pairs.collect(),
            root_gamma,
            rounds,
            constant,
        })
    }

    /// The sketch of one row, whose values are scaled already.
    fn of(&self, row: &[f64], out: &mut Vec<f64>) {
        let Some((first, rest)) = self.degrees.split_first() else { return };
        let mut sketch = vec![0.0; self.outputs];
        for (&(place, factor), value) in first.iter().zip(row) {
            if let Some(cell) = sketch.get_mut(place) {
                *cell += factor * value;
            }
        }
        let mut next = vec![0.0; self.outputs];
        let mut sums = vec![0.0; self.outputs];
        for degree in rest {
            sums.fill(0.0);
            for (&(place, factor), value) in degree.iter().zip(row) {
                if let Some(cell) = sums.get_mut(place) {
                    *cell += factor * value;
                }
            }
            next.fill(0.0);
            // a shift by as many places for each value that is not zero
            for (place, &sum) in sums.iter().enumerate().filter(|(_, sum)| **sum != 0.0) {
                let (end, start) = sketch.split_at(self.outputs - place);
                let (low, high) = next.split_at_mut(place);
                high.iter_mut().zip(end).for_each(|(to, v)| *to += sum * v);
                low.iter_mut().zip(start).for_each(|(to, v)| *to += sum * v);
            }
            std::mem::swap(&mut sketch, &mut next);
        }
        out.extend(sketch);
    }
}

impl Transform for CountSketch {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn outputs(&self, _columns: usize) -> usize {
        self.outputs
    }

    fn source(&self, _output: usize, _columns: usize) -> Option<usize> {
        None
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        let class = "PolynomialCountSketch";
        let table = check::numeric(input, Some(self.columns), Allow::Finite, class)?;
        if let Data::Sparse(csr) = &table.data {
            csr.may_be_filled(table.rows)?;
        }
        let rounds = self.rounds && check::is_f32(&table.data);
        let scaled = |v: f64| {
            if rounds { f64::from(v as f32 * self.root_gamma as f32) } else { self.root_gamma * v }
        };
        let values = table.to_f64()?;
        let mut out = Vec::with_capacity(table.rows * self.outputs);
        let mut row = Vec::with_capacity(self.columns + 1);
        for from in values.chunks_exact(self.columns.max(1)) {
            row.clear();
            row.extend(from.iter().map(|&v| scaled(v)));
            row.extend(self.constant);
            self.of(&row, &mut out);
        }
        Ok(check::answered(out, table.rows, self.outputs, false))
    }
}
