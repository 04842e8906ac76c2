//! Support vector machines as libsvm answers: a kernel between a row and each support vector, a sum
//! for each pair of classes, a vote.

use std::{iter, ops::Range};

use crate::{
    Data, Error, Inputs, Table, attributes, parallel,
    read::Cursor,
    sklearn::{
        check::{self, Allow},
        product::Product,
    },
};

mod classifier;
mod coupling;
mod kernel;
mod regressor;
mod sums;
mod vectors;

pub(crate) use classifier::SupportVectorClassifier;
pub(crate) use regressor::{OutlierDetector, SupportVectorRegressor};

use kernel::Kernel;
use sums::Sums;
use vectors::{Stored, Vectors};

/// Rows that are compared with the support vectors together.
const GROUP: usize = 8;
/// Sums of a row, one for each pair of classes in either order, up to which rows are taken together.
const MOST_SUMS: usize = 1 << 16;

/// Support vectors with their weights.
#[derive(Debug)]
pub(crate) struct Machine {
    class: String,
    inputs: Inputs,
    columns: usize,
    is_sparse: bool,
    /// Classes; one for what is no classifier.
    classes: usize,
    rule: Rule,
    /// One for each pair of classes, or one.
    intercepts: Vec<f64>,
}

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a model has one of them")]
enum Rule {
    /// Weights of the columns, for each pair of classes.
    Linear(Product),
    Kernels {
        kernel: Kernel,
        vectors: Vectors,
        /// Values from the kernels of one row to those of the next.
        stride: usize,
        sums: Sums,
    },
}

impl Machine {
    /// Reads the fitted state; `classes` is 1 for what is no classifier.
    fn read(c: Cursor<'_>, classes: usize) -> Result<Self, Error> {
        let kernel = Kernel::read(c)?;
        let stored = Stored::read(c, kernel)?;
        // public attributes of two classes have the other sign
        let intercepts =
            attributes::numbers_of(c, "_intercept_", (classes * (classes - 1) / 2).max(1))?;
        let total = stored.count();
        let parts: Vec<_> = match classes {
            1 => iter::once(0..total).collect(),
            _ => parts(c, classes, total)?,
        };
        let lists = (classes - 1).max(1);
        let weights = vectors::matrix(c, "_dual_coef_", lists, total)?;
        let columns = stored.width();
        let inputs = attributes::inputs(c, Some(columns));
        if let Some(expected) = inputs.columns.filter(|&expected| expected != columns) {
            attributes::counted(c, stored.name(), columns, expected)?;
        }
        let is_sparse = stored.is_sparse();
        let rule = if let Some(product) = linear(kernel, &stored, &parts, &weights) {
            Rule::Linear(product)
        } else {
            let (sums, order) = Sums::new(parts, weights, lists, total);
            let stride = order.len();
            Rule::Kernels { kernel, vectors: Vectors::new(stored, &order), stride, sums }
        };
        let class = c.class_name().to_owned();
        Ok(Self { class, inputs, columns, is_sparse, classes, rule, intercepts })
    }

    /// What `answer` makes of the decision of each row, `width` values: a number for each pair of
    /// classes, positive for the first of the two, or one number.
    fn decide<T: Send + Clone + Default>(
        &self,
        table: &Table,
        width: usize,
        answer: impl Fn(&[f64], &mut [T]) + Sync,
    ) -> Result<Vec<T>, Error> {
        check::width(table, Some(self.columns), &self.class)?;
        let floats;
        let table = match &table.data {
            Data::F64(_) | Data::F32(_) | Data::Sparse(_) => table,
            _ => {
                floats = check::floats(table.clone())?;
                &floats
            }
        };
        check::finite(&table.data, Allow::Finite, &self.class)?;
        if matches!(table.data, Data::Sparse(_)) && !self.is_sparse {
            return Err(Error::input(format!(
                "the rows are sparse, and `{}` was trained on dense data",
                self.class
            )));
        }
        let mut out = vec![T::default(); table.rows * width];
        parallel::rows(&mut out, width, self.cost(), |first, out| match &self.rule {
            Rule::Linear(product) => self.multiplied(product, table, first, (width, out), &answer),
            Rule::Kernels { .. } => self.compared(table, first, (width, out), &answer),
        });
        Ok(out)
    }

    /// About the nanoseconds that a row takes.
    fn cost(&self) -> usize {
        let pairs = self.intercepts.len();
        pairs * 20
            + match &self.rule {
                Rule::Linear(product) => product.columns() * pairs / 4,
                Rule::Kernels { vectors, sums, .. } => vectors.cost() + sums.cost(),
            }
    }

    fn multiplied<T>(
        &self,
        product: &Product,
        table: &Table,
        first: usize,
        (width, out): (usize, &mut [T]),
        answer: &impl Fn(&[f64], &mut [T]),
    ) {
        let rows = first..first + out.len() / width.max(1);
        let pairs = self.intercepts.len();
        let mut decisions = product.of(table, rows);
        let rows = decisions.chunks_exact_mut(pairs.max(1));
        for (decision, out) in rows.zip(out.chunks_exact_mut(width)) {
            for (sum, intercept) in decision.iter_mut().zip(&self.intercepts) {
                *sum += intercept;
            }
            answer(decision, out);
        }
    }

    fn compared<T>(
        &self,
        table: &Table,
        first: usize,
        (width, out): (usize, &mut [T]),
        answer: &impl Fn(&[f64], &mut [T]),
    ) {
        let Rule::Kernels { kernel, vectors, stride, sums } = &self.rule else { return };
        let each = sums.width();
        let together = if each > MOST_SUMS { 1 } else { GROUP };
        let most = together.min(out.len() / width.max(1));
        let mut kernels = vec![0.0; most * stride];
        let mut weighted = vec![0.0; most * each];
        let mut decision = vec![0.0; self.intercepts.len()];
        let mut scratch = Vec::new();
        for (group, out) in out.chunks_mut((together * width).max(1)).enumerate() {
            let (at, count) = (first + group * together, out.len() / width.max(1));
            let kernels = kernels.get_mut(..count * stride).unwrap_or_default();
            let weighted = weighted.get_mut(..count * each).unwrap_or_default();
            vectors.kernels(*kernel, table, at..at + count, &mut scratch, kernels);
            sums.of(kernels, *stride, weighted);
            let rows = weighted.chunks_exact(each.max(1)).zip(out.chunks_exact_mut(width.max(1)));
            for (sums, out) in rows {
                self.decision(sums, &mut decision);
                answer(&decision, out);
            }
        }
    }

    /// The decision of each pair, from the sums of each class with each list of weights.
    fn decision(&self, sums: &[f64], decision: &mut [f64]) {
        let lists = (self.classes - 1).max(1);
        let sum = |class: usize, list: usize| sums.get(class * lists + list).copied();
        let sum = |class, list| sum(class, list).unwrap_or_default();
        if let (1, [out], [intercept]) = (self.classes, &mut *decision, &self.intercepts[..]) {
            *out = sum(0, 0) + intercept;
        }
        let out = decision.iter_mut().zip(&self.intercepts);
        for ((out, intercept), (i, j)) in out.zip(pairs(self.classes)) {
            *out = sum(i, j - 1) + sum(j, i) + intercept;
        }
    }
}

/// The pairs of classes in libsvm's order.
fn pairs(classes: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..classes).flat_map(move |i| (i + 1..classes).map(move |j| (i, j)))
}

/// The weights of the columns, `columns × pairs`, of a linear machine: the sums over its vectors, unless
/// that would take more memory than the vectors.
fn linear(
    kernel: Kernel,
    stored: &Stored,
    parts: &[Range<usize>],
    weights: &[f64],
) -> Option<Product> {
    let (columns, total, classes) = (stored.width(), stored.count(), parts.len());
    let count = (classes * (classes - 1) / 2).max(1);
    let cells = columns.checked_mul(count.next_multiple_of(8))?;
    if kernel != Kernel::Linear || cells > (4 * stored.values()).max(1 << 16) {
        return None;
    }
    let mut sums = vec![0.0; columns * count];
    let mut add = |part: &Range<usize>, list: usize, pair: usize| {
        for vector in part.clone() {
            let weight = weights.get(list * total + vector).copied().unwrap_or_default();
            stored.each(vector, |column, value| {
                if let Some(sum) = sums.get_mut(column * count + pair) {
                    *sum += weight * value;
                }
            });
        }
    };
    if let [all] = parts {
        add(all, 0, 0);
    }
    for (pair, (i, j)) in pairs(classes).enumerate() {
        add(parts.get(i)?, j - 1, pair);
        add(parts.get(j)?, i, pair);
    }
    Product::new(sums, columns, count)
}

/// Which support vectors are of which class.
fn parts(c: Cursor<'_>, classes: usize, total: usize) -> Result<Vec<Range<usize>>, Error> {
    let name = if c.attr("_n_support").is_some() { "_n_support" } else { "n_support_" };
    let counts = attributes::numbers_of(c, name, classes)?;
    let mut end = 0_usize;
    let parts = counts.into_iter().map(|count| {
        let start = end;
        end = end.saturating_add(count as usize);
        start..end
    });
    let parts = parts.collect();
    attributes::counted(c, name, end, total)?;
    Ok(parts)
}
