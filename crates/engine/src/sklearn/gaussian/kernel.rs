//! The kernels of `sklearn.gaussian_process.kernels`, made for the rows of training.

use super::{
    BLOCK,
    leaf::{Leaf, Shape, Training},
};
use crate::{
    Error, attributes, parallel,
    read::Cursor,
    sklearn::{
        pairwise::{self, Similarities},
        panels::{LANES, Panels},
        refuse,
    },
};

/// Deepest nesting of sums and products.
const DEPTH: u32 = 64;

/// A kernel between a row and each row of training.
#[derive(Debug)]
pub(super) struct Kernel {
    tree: Tree,
    columns: usize,
    count: usize,
}

#[derive(Debug)]
enum Tree {
    Constant(f64),
    /// Noise: a row is like itself alone.
    White(f64),
    Leaf(Leaf),
    /// x·y + σ².
    Product {
        others: Panels<f64>,
        add: f64,
        /// The rows of training are floats, and so are products with rows of floats.
        f32: bool,
        /// Such products stay floats when σ² is added.
        narrow: bool,
    },
    /// A kernel of `sklearn.metrics.pairwise`.
    Pairwise(Similarities),
    Sum(Box<[Tree; 2]>),
    Times(Box<[Tree; 2]>),
    Power(Box<Tree>, f64),
}

impl Kernel {
    /// Reads a kernel for the rows of training.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a kernel of another library, [`Error::Attribute`] for parameters that
    /// no kernel has.
    pub(super) fn read(c: Cursor<'_>, training: Training<'_>) -> Result<Self, Error> {
        let columns = training.columns;
        let count = training.rows.len() / columns.max(1);
        Ok(Self { tree: Tree::read(c, training, DEPTH)?, columns, count })
    }

    /// Rows of training.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Values from the kernels of one row to those of the next.
    pub(super) fn stride(&self) -> usize {
        self.count.next_multiple_of(LANES).max(1)
    }

    /// What `answer` makes of some rows and their kernels: for each row [`Kernel::count`] values,
    /// and zeros up to the stride. `cost` is about the nanoseconds that the answer to a row takes.
    pub(super) fn answers(
        &self,
        rows: &[f64],
        f32: bool,
        (width, cost): (usize, usize),
        answer: impl Fn(&[f64], &[f64], &mut [f64]) + Sync,
    ) -> Vec<f64> {
        let (columns, stride) = (self.columns.max(1), self.stride());
        let mut out = vec![0.0; rows.len() / columns * width];
        let cost = cost + self.count.saturating_mul(columns + 32) / 16;
        parallel::rows(&mut out, width, cost, |first, out| {
            let mut kernels = vec![0.0; stride * BLOCK.min(out.len() / width.max(1))];
            for (block, out) in out.chunks_mut((BLOCK * width).max(1)).enumerate() {
                let (at, count) = (first + block * BLOCK, out.len() / width.max(1));
                let rows = rows.get(at * columns..(at + count) * columns).unwrap_or_default();
                let kernels = kernels.get_mut(..count * stride).unwrap_or_default();
                self.tree.fill(rows, f32, kernels);
                for row in kernels.chunks_exact_mut(stride) {
                    row.iter_mut().skip(self.count).for_each(|v| *v = 0.0);
                }
                answer(rows, kernels, out);
            }
        });
        out
    }

    /// The kernel of a row and itself.
    pub(super) fn own(&self, row: &[f64]) -> f64 {
        self.tree.own(row)
    }
}

/// The kernel of a `PairwiseKernel`.
fn pairwise(c: Cursor<'_>, gamma: f64, training: Training<'_>) -> Result<Similarities, Error> {
    let metric = c.require("metric")?;
    let more = c.attr("pairwise_kernels_kwargs");
    let given = |name: &str| more.and_then(|more| attributes::number(more, name));
    let columns = training.columns;
    let kernel = metric.as_str().and_then(|name| {
        pairwise::Kernel::named(name, Some(gamma), given("coef0"), given("degree"), columns)
    });
    let kernel =
        kernel.filter(|kernel| !kernel.is_of_counts()).ok_or_else(|| Error::Unsupported {
            what: match metric.as_str() {
                Some(name) => format!("`PairwiseKernel.metric`, `{name}`,"),
                None => format!("`PairwiseKernel.metric`, {},", metric.describe()),
            },
            reason: "it has no native implementation".into(),
            hint:
                "Kernels that run natively there: `linear`, `poly`, `rbf`, `sigmoid`, `cosine` and \
               `laplacian`"
                    .into(),
        })?;
    let rows = training.rows.to_vec();
    let count = rows.len() / columns.max(1);
    Similarities::new(c, "X_train_", kernel, rows, count, columns)
}

/// The value, as a float when it is one in the library.
fn rounded(value: f64, float: bool) -> f64 {
    if float { f64::from(value as f32) } else { value }
}

impl Tree {
    fn read(c: Cursor<'_>, training: Training<'_>, depth: u32) -> Result<Self, Error> {
        let number = |name: &str| {
            let value = c.require(name)?;
            value.as_f64().ok_or_else(|| {
                let reason = format!("holds {}, where a number is expected", value.describe());
                Error::attribute(c.class_name(), name, reason)
            })
        };
        let Some(deeper) = depth.checked_sub(1) else {
            return Err(Error::Unsupported {
                what: format!("a kernel nested {DEPTH} deep"),
                reason: "no one writes such a kernel, and one that contains itself has no end"
                    .into(),
                hint: "save the fitted model again".into(),
            });
        };
        let part = |name: &str| Self::read(c.require(name)?, training, deeper);
        let Some(("sklearn", name)) =
            c.class().map(|(module, name)| (module.split('.').next().unwrap_or_default(), name))
        else {
            return Err(refuse::function("GaussianProcess", "kernel_", c));
        };
        Ok(match name {
            "ConstantKernel" => Self::Constant(number("constant_value")?),
            "WhiteKernel" => Self::White(number("noise_level")?),
            "RBF" => Self::Leaf(Leaf::scaled(c, Shape::Radial, training)?),
            "Matern" => {
                let smoothness = number("nu")?;
                if smoothness.is_nan() || smoothness <= 0.0 {
                    let reason = format!("is {smoothness}, and a smoothness is above zero");
                    return Err(Error::attribute(name, "nu", reason));
                }
                Self::Leaf(Leaf::scaled(c, Shape::Matern(smoothness), training)?)
            }
            "RationalQuadratic" => {
                let (alpha, length) = (number("alpha")?, number("length_scale")?);
                let shape = Shape::Rational(2.0 * alpha * (length * length), alpha);
                Self::Leaf(Leaf::plain(shape, training))
            }
            "ExpSineSquared" => {
                let (period, length) = (number("periodicity")?, number("length_scale")?);
                Self::Leaf(Leaf::plain(Shape::Periodic { period, length }, training))
            }
            "DotProduct" => {
                let (sigma, columns) = (number("sigma_0")?, training.columns);
                // fitting makes it a number of numpy, unless it is told not to: then it widens nothing
                let fixed = c.attr("sigma_0_bounds").and_then(Cursor::as_str) == Some("fixed");
                let count = training.rows.len() / columns.max(1);
                let value =
                    |column: usize, row: usize| training.rows.get(row * columns + column).copied();
                let others = Panels::new(columns, count, value);
                let (f32, narrow) = (training.f32, training.narrow || fixed);
                Self::Product { others, add: sigma * sigma, f32, narrow }
            }
            "PairwiseKernel" => Self::Pairwise(pairwise(c, number("gamma")?, training)?),
            "Sum" => Self::Sum(Box::new([part("k1")?, part("k2")?])),
            "Product" => Self::Times(Box::new([part("k1")?, part("k2")?])),
            "Exponentiation" => Self::Power(Box::new(part("kernel")?), number("exponent")?),
            _ => {
                return Err(Error::Unsupported {
                    what: format!("the kernel `{name}` of a Gaussian process"),
                    reason: "it has no native implementation".into(),
                    hint: "Kernels that run natively: ConstantKernel, WhiteKernel, RBF, Matern, \
                           RationalQuadratic, ExpSineSquared, DotProduct, PairwiseKernel, and their \
                           sums, products and powers"
                        .into(),
                });
            }
        })
    }

    /// The kernel between each row and each row of training, written over `out`. True when those are
    /// floats in the library: a large σ² leaves few digits of what was added to it.
    fn fill(&self, rows: &[f64], f32: bool, out: &mut [f64]) -> bool {
        match self {
            Self::Constant(value) => out.fill(*value),
            Self::White(_) => out.fill(0.0),
            Self::Leaf(leaf) => leaf.fill(rows, f32, out),
            Self::Product { others, add, f32: known, narrow } => {
                others.multiply(rows, others.columns(), out);
                let (floats, narrow) = (f32 && *known, f32 && *known && *narrow);
                let add = rounded(*add, narrow);
                for v in out {
                    *v = rounded(rounded(*v, floats) + add, narrow);
                }
                return narrow;
            }
            Self::Pairwise(others) => others.fill_dense(rows, out),
            Self::Sum(parts) => return Self::both(parts, rows, f32, out, |a, b| a + b),
            Self::Times(parts) => return Self::both(parts, rows, f32, out, |a, b| a * b),
            Self::Power(part, exponent) => {
                let floats = part.fill(rows, f32, out);
                for v in out {
                    *v = rounded(v.powf(*exponent), floats);
                }
                return floats;
            }
        }
        false
    }

    fn both(
        [first, second]: &[Self; 2],
        rows: &[f64],
        f32: bool,
        out: &mut [f64],
        combine: impl Fn(f64, f64) -> f64,
    ) -> bool {
        let floats = first.fill(rows, f32, out);
        // a constant needs no matrix
        if let Self::Constant(value) = second {
            for v in out {
                *v = combine(*v, *value);
            }
            return false;
        }
        let mut other = vec![0.0; out.len()];
        let floats = second.fill(rows, f32, &mut other) && floats;
        for (v, other) in out.iter_mut().zip(other) {
            *v = rounded(combine(*v, other), floats);
        }
        floats
    }

    fn own(&self, row: &[f64]) -> f64 {
        match self {
            Self::Constant(value) | Self::White(value) => *value,
            Self::Leaf(_) => 1.0,
            Self::Pairwise(others) => others.own(row),
            Self::Product { add, .. } => row.iter().map(|v| v * v).sum::<f64>() + add,
            Self::Sum(parts) => parts[0].own(row) + parts[1].own(row),
            Self::Times(parts) => parts[0].own(row) * parts[1].own(row),
            Self::Power(part, exponent) => part.own(row).powf(*exponent),
        }
    }
}
