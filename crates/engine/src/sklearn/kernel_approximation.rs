//! Maps into spaces whose products come near a kernel.

use std::f64::consts::PI;

use crate::{
    Csr, Data, Error, Inputs, Table,
    attributes::{self, Grid},
    estimator::Transform,
    quantity,
    read::Cursor,
    sklearn::{
        check::{self, Allow},
        pairwise::{Kernel, Similarities},
        product::Product,
        sparse,
    },
};

mod sketch;

pub(crate) use sketch::CountSketch;

/// `Nystroem`: similarities to some fitted rows times a normalization.
#[derive(Debug)]
pub(crate) struct Nystroem {
    inputs: Inputs,
    similarities: Similarities,
    product: Product,
    f32: bool,
}

impl Nystroem {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let Grid { shape, values, yields_f32 } = attributes::grid(c, "normalization_")?;
        let &[outputs, count] = &shape[..] else {
            let reason = format!("has {} instead of two", quantity(shape.len(), "dimension"));
            return Err(Error::attribute(c.class_name(), "normalization_", reason));
        };
        let product = Product::transposed(&values, count, outputs)
            .ok_or_else(|| Error::attribute(c.class_name(), "normalization_", "is no matrix"))?;
        let (rows, columns) = sparse::either(c, "components_", count)?;
        let kernel = Kernel::read(c, columns)?;
        let inputs = attributes::inputs(c, Some(columns));
        attributes::counted(c, "n_features_in_", inputs.columns.unwrap_or(columns), columns)?;
        let similarities = Similarities::new(c, "components_", kernel, rows, count, columns)?;
        Ok(Self { inputs, similarities, product, f32: yields_f32 })
    }
}

impl Transform for Nystroem {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn outputs(&self, _columns: usize) -> usize {
        self.product.outputs()
    }

    fn source(&self, _output: usize, _columns: usize) -> Option<usize> {
        None
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        let columns = Some(self.similarities.columns());
        let table = check::numeric(input, columns, Allow::Finite, "Nystroem")?;
        let f32 = self.f32 && check::is_f32(&table.data);
        let kernels = self.similarities.of(&table)?;
        let out = self.product.dense(&kernels, table.rows);
        Ok(check::answered(out, table.rows, self.product.outputs(), f32))
    }
}

/// `RBFSampler` and `SkewedChi2Sampler`: cosines of random projections (Rahimi and Recht 2007; Li,
/// Ionescu and Sminchisescu 2010).
#[derive(Debug)]
pub(crate) struct Cosines {
    class: String,
    inputs: Inputs,
    product: Product,
    offsets: Vec<f64>,
    factor: f64,
    f32: bool,
    /// Added to rows before their logarithm is taken.
    skewedness: Option<f64>,
}

impl Cosines {
    /// `RBFSampler`.
    pub(crate) fn radial(c: Cursor<'_>) -> Result<Self, Error> {
        Self::build(c, None)
    }

    /// `SkewedChi2Sampler`.
    pub(crate) fn skewed(c: Cursor<'_>) -> Result<Self, Error> {
        let skewedness = attributes::number(c, "skewedness")
            .ok_or_else(|| Error::attribute(c.class_name(), "skewedness", "is no number"))?;
        Self::build(c, Some(skewedness))
    }

    fn build(c: Cursor<'_>, skewedness: Option<f64>) -> Result<Self, Error> {
        let Grid { shape, values, yields_f32 } = attributes::grid(c, "random_weights_")?;
        let &[columns, outputs] = &shape[..] else {
            let reason = format!("has {} instead of two", quantity(shape.len(), "dimension"));
            return Err(Error::attribute(c.class_name(), "random_weights_", reason));
        };
        let product = Product::new(values, columns, outputs)
            .ok_or_else(|| Error::attribute(c.class_name(), "random_weights_", "is no matrix"))?;
        let offsets = attributes::numbers_of(c, "random_offset_", outputs)?;
        let inputs = attributes::inputs(c, Some(columns));
        attributes::counted(c, "n_features_in_", inputs.columns.unwrap_or(columns), columns)?;
        let factor = (2.0 / outputs as f64).sqrt();
        let class = c.class_name().to_owned();
        Ok(Self { class, inputs, product, offsets, factor, f32: yields_f32, skewedness })
    }
}

impl Transform for Cosines {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn outputs(&self, _columns: usize) -> usize {
        self.product.outputs()
    }

    fn source(&self, _output: usize, _columns: usize) -> Option<usize> {
        None
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        let columns = self.product.columns();
        let table = check::numeric(input, Some(columns), Allow::Finite, &self.class)?;
        let f32 = self.f32 && check::is_f32(&table.data);
        let rows = table.rows;
        let mut out = match (&table.data, self.skewedness) {
            (Data::Sparse(csr), None) => self.product.sparse(csr, rows),
            (Data::Sparse(_), Some(_)) => return Err(check::sparse_refused(&self.class)),
            (_, None) => self.product.dense(&table.to_f64()?, rows),
            (_, Some(skewedness)) => {
                let mut values = table.to_f64()?.into_owned();
                if let Some(at) = values.iter().position(|&v| v <= -skewedness) {
                    let reason =
                        format!("is not above {}, which `{}` needs", -skewedness, self.class);
                    let columns = columns.max(1);
                    return Err(Error::value(at / columns, at % columns, reason));
                }
                let is_f32 = check::is_f32(&table.data);
                for v in &mut values {
                    *v = if is_f32 {
                        f64::from((*v as f32 + skewedness as f32).ln())
                    } else {
                        (*v + skewedness).ln()
                    };
                }
                self.product.dense(&values, rows)
            }
        };
        let outputs = self.product.outputs();
        for row in out.chunks_exact_mut(outputs.max(1)) {
            for (v, offset) in row.iter_mut().zip(&self.offsets) {
                *v = (*v + offset).cos() * self.factor;
            }
        }
        Ok(check::answered(out, rows, outputs, f32))
    }
}

/// `AdditiveChi2Sampler`: samples of a kernel's spectrum (Vedaldi and Zisserman 2012).
#[derive(Debug)]
pub(crate) struct Additive {
    inputs: Inputs,
    steps: usize,
    interval: f64,
}

/// Samples up to which an answer is computed; the library's own advice is three.
const MOST_STEPS: i64 = 1 << 16;

impl Additive {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let steps = c.require("sample_steps")?.as_i64().filter(|n| (1..=MOST_STEPS).contains(n));
        let steps = steps.ok_or_else(|| {
            Error::attribute(c.class_name(), "sample_steps", "is no number of samples")
        })?;
        // up to 1.2 the value that was used is kept
        let given = ["sample_interval_", "sample_interval"]
            .into_iter()
            .find_map(|name| attributes::number(c, name));
        let interval = given.or(match steps {
            1 => Some(0.8),
            2 => Some(0.5),
            3 => Some(0.4),
            _ => None,
        });
        let interval = interval.ok_or_else(|| {
            let reason = "is missing, which the library accepts for up to three samples only";
            Error::attribute(c.class_name(), "sample_interval", reason)
        })?;
        Ok(Self { inputs: attributes::inputs(c, None), steps: steps as usize, interval })
    }

    /// The samples of one value that is not zero, in order.
    fn samples(&self, value: f64) -> impl Iterator<Item = f64> {
        let (interval, log) = (self.interval, self.interval * value.ln());
        let step = 2.0 * value * interval;
        let more = (1..self.steps).flat_map(move |j| {
            let j = j as f64;
            let factor = (step / (PI * j * interval).cosh()).sqrt();
            [factor * (j * log).cos(), factor * (j * log).sin()]
        });
        std::iter::once((value * interval).sqrt()).chain(more)
    }

    fn blocks(&self) -> usize {
        2 * self.steps - 1
    }

    fn dense(&self, values: &[f64], columns: usize) -> Vec<f64> {
        let width = columns * self.blocks();
        let mut out = vec![0.0; values.len() * self.blocks()];
        for (row, out) in
            values.chunks_exact(columns.max(1)).zip(out.chunks_exact_mut(width.max(1)))
        {
            for (column, &value) in row.iter().enumerate().filter(|(_, value)| **value != 0.0) {
                let places = out.iter_mut().skip(column).step_by(columns.max(1));
                places.zip(self.samples(value)).for_each(|(to, sample)| *to = sample);
            }
        }
        out
    }

    fn sparse(&self, csr: &Csr, rows: usize) -> Result<Csr, Error> {
        let columns = csr.columns.saturating_mul(self.blocks());
        if u32::try_from(columns).is_err() {
            return Err(Error::input("`AdditiveChi2Sampler` makes too many columns of these"));
        }
        let mut out = Csr::with_capacity(columns, rows, csr.values.len() * self.blocks());
        out.scalar = csr.scalar;
        out.make_floats();
        let mut row = Vec::new();
        for at in 0..rows {
            let (places, values) = csr.row(at);
            row.extend(places.iter().zip(values).filter(|(_, v)| **v != 0.0).flat_map(
                |(&place, &v)| {
                    let block = csr.columns as u32;
                    self.samples(v)
                        .zip(0..)
                        .map(move |(sample, nth): (f64, u32)| (nth * block + place, sample))
                },
            ));
            row.sort_by_key(|(column, _)| *column);
            for (column, sample) in row.drain(..) {
                out.indices.push(column);
                out.values.push(sample);
            }
            out.end_row();
        }
        out.round();
        Ok(out)
    }
}

impl Transform for Additive {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn outputs(&self, columns: usize) -> usize {
        columns * self.blocks()
    }

    fn source(&self, output: usize, columns: usize) -> Option<usize> {
        output.checked_rem(columns)
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        let class = "AdditiveChi2Sampler";
        let table = check::numeric(input, self.inputs.columns, Allow::Finite, class)?;
        let (rows, columns) = (table.rows, table.columns());
        let negative = |at: usize, columns: usize| {
            let reason = format!("is negative, which `{class}` does not take");
            Error::value(at / columns.max(1), at % columns.max(1), reason)
        };
        let f32 = check::is_f32(&table.data);
        if let Data::Sparse(csr) = &table.data {
            if let Some(at) = csr.values.iter().position(|&v| v < 0.0) {
                let row = csr.starts.partition_point(|&start| start <= at).saturating_sub(1);
                let column = csr.indices.get(at).map_or(0, |&column| column as usize);
                return Err(negative(row * columns + column, columns));
            }
            let data = Data::Sparse(self.sparse(csr, rows)?);
            return Ok(Table { rows, names: None, data });
        }
        let values = table.to_f64()?;
        if let Some(at) = values.iter().position(|&v| v < 0.0) {
            return Err(negative(at, columns));
        }
        let out = self.dense(&values, columns);
        Ok(check::answered(out, rows, self.outputs(columns), f32))
    }
}
