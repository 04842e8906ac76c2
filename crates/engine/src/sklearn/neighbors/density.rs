//! How dense the rows of training are around a row.

use super::tree::Tree;
use crate::{
    Data, Error, Inputs, Method, Output, OutputData, Predictor, Table, attributes,
    read::Cursor,
    sklearn::{
        check::{self, Allow},
        parallel,
        sums::pairwise,
    },
};

mod kernel;
mod walk;

use kernel::Kernel;
use walk::{Scratch, Walk};

/// `KernelDensity`: the logarithm of a sum of kernels around all fitted rows.
#[derive(Debug)]
pub(crate) struct KernelDensity {
    inputs: Inputs,
    columns: usize,
    /// Number of fitted rows.
    count: usize,
    walk: Walk,
    is_breadth_first: bool,
}

impl KernelDensity {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let class = c.class_name();
        // an absent tree is an error that names it
        c.require("tree_")?;
        let read = Tree::read(c, "tree_")?.ok_or_else(|| {
            Error::attribute(class, "tree_", "is `None`: the model is not fitted")
        })?;
        let number = |name: &str| {
            let value = attributes::numbers_of(c, name, 1)?.first().copied().unwrap_or_default();
            if value.is_finite() && value >= 0.0 {
                return Ok(value);
            }
            Err(Error::attribute(class, name, format!("is {value}")))
        };
        // up to 1.1 the parameter was all there is
        let bandwidth = if c.attr("bandwidth_").is_some() { "bandwidth_" } else { "bandwidth" };
        let h = number(bandwidth)?;
        if h == 0.0 {
            return Err(Error::attribute(class, bandwidth, "is 0"));
        }
        let name = c.require("kernel")?.as_str().unwrap_or_default();
        let kernel = Kernel::named(name).ok_or_else(|| {
            let reason = format!(
                "is `{name}`, where `gaussian`, `tophat`, `epanechnikov`, `exponential`, `linear` \
                 or `cosine` is expected"
            );
            Error::attribute(class, "kernel", reason)
        })?;
        let columns = read.tree.columns();
        let whole = read.weights.as_deref().map_or(read.count as f64, pairwise);
        let mut inputs = attributes::inputs(c, Some(columns));
        attributes::counted(c, "tree_", columns, inputs.columns.unwrap_or(columns))?;
        inputs.columns = Some(columns);
        Ok(Self {
            inputs,
            columns,
            count: read.count,
            is_breadth_first: attributes::flag(c, "breadth_first", true),
            walk: Walk {
                log_norm: kernel.log_norm(h, columns),
                log_atol: (number("atol")? * whole).ln(),
                log_rtol: number("rtol")?.ln(),
                log_whole: whole.ln(),
                log_weights: read.weights.map(|all| all.into_iter().map(f64::ln).collect()),
                tree: read.tree,
                metric: read.metric,
                kernel,
                h,
            },
        })
    }
}

impl Predictor for KernelDensity {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn methods(&self) -> &[Method] {
        &[Method::ScoreSamples]
    }

    fn compute(&self, _: Method, input: &Table) -> Result<Output, Error> {
        check::width(input, Some(self.columns), "KernelDensity")?;
        let table = check::floats(input.clone())?;
        check::finite(&table.data, Allow::Finite, "KernelDensity")?;
        if let Data::Sparse(_) = table.data {
            return Err(Error::input("the rows are sparse, and `KernelDensity` takes dense ones"));
        }
        let mut rows = table.to_f64()?.into_owned();
        for row in rows.chunks_exact_mut(self.columns) {
            self.walk.metric.prepare(row);
        }
        let mut out = vec![0.0; table.rows];
        parallel::rows(&mut out, 1, self.count.saturating_mul(30 + self.columns), |first, out| {
            let mut scratch = Scratch::default();
            let rows = rows.chunks_exact(self.columns).skip(first);
            for (row, out) in rows.zip(out) {
                let sum = if self.is_breadth_first {
                    self.walk.breadth_first(row, &mut scratch)
                } else {
                    self.walk.depth_first(row, &mut scratch)
                };
                *out = sum + self.walk.log_norm - self.walk.log_whole;
            }
        });
        Ok(Output::flat(OutputData::F64(out)))
    }
}
