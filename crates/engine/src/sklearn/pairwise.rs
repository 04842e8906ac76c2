//! Kernels between rows and the rows that a model was fitted on, by the names of
//! `sklearn.metrics.pairwise`.

use std::ops::Range;

use crate::{
    Data, Error, Table,
    attributes::{self, version},
    parallel,
    read::Cursor,
    sklearn::{
        check,
        exponential::{self, Exp, Tanh},
        panels::Panels,
        refuse,
        rows::doubles,
        weighted::Weighted,
    },
};

/// Rows that are compared at once.
const GROUP: usize = 16;
/// Largest whole exponent that is multiplied out.
const MOST_SQUARINGS: f64 = 64.0;

/// How alike two rows are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kernel {
    /// x·y.
    Linear,
    /// x·y / (|x| |y|).
    Cosine,
    /// (γ x·y + c)^d.
    Polynomial {
        /// γ.
        gamma: f64,
        /// c.
        coef0: f64,
        /// d, which need not be whole.
        degree: f64,
    },
    /// tanh(γ x·y + c).
    Sigmoid {
        /// γ.
        gamma: f64,
        /// c.
        coef0: f64,
    },
    /// exp(−γ Σ(x − y)²).
    Radial {
        /// γ.
        gamma: f64,
    },
    /// exp(−γ Σ|x − y|).
    Laplacian {
        /// γ.
        gamma: f64,
    },
    /// exp(−γ Σ(x − y)² / (x + y)).
    ChiSquared {
        /// γ.
        gamma: f64,
    },
    /// −Σ(x − y)² / (x + y).
    AdditiveChiSquared,
    /// Σ(x − y)², for who makes more of it than a kernel.
    Squared,
}

impl Kernel {
    /// The kernel of an estimator with the parameters `kernel`, `gamma`, `coef0` and `degree`, for rows
    /// of `columns`. A parameter that is `None` or missing has the default of the kernel's function.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a Python function, [`Error::Attribute`] for an unknown name and for
    /// `precomputed`, which estimators treat themselves.
    pub(crate) fn read(c: Cursor<'_>, columns: usize) -> Result<Self, Error> {
        let value = c.require("kernel")?;
        let Some(name) = value.as_str() else {
            return Err(refuse::function(c.class_name(), "kernel", value));
        };
        let number = |name: &str| attributes::number(c, name);
        // from 1.2 on KernelPCA keeps the value that it used
        let gamma = number("gamma_").or_else(|| number("gamma"));
        let kernel = Self::named(name, gamma, number("coef0"), number("degree"), columns);
        kernel.ok_or_else(|| {
            let reason = format!(
                "is `{name}`, and the kernels that run natively are `linear`, `poly`, `rbf`, `sigmoid`, \
                 `cosine`, `laplacian`, `chi2` and `additive_chi2`"
            );
            Error::attribute(c.class_name(), "kernel", reason)
        })
    }

    /// The kernel of a name, with its function's defaults for what is not given; `None` for an unknown
    /// name.
    pub(crate) fn named(
        name: &str,
        gamma: Option<f64>,
        coef0: Option<f64>,
        degree: Option<f64>,
        columns: usize,
    ) -> Option<Self> {
        let gamma_or_share = gamma.unwrap_or(1.0 / columns as f64);
        let coef0 = coef0.unwrap_or(1.0);
        Some(match name {
            "linear" => Self::Linear,
            "cosine" => Self::Cosine,
            "poly" | "polynomial" => {
                Self::Polynomial { gamma: gamma_or_share, coef0, degree: degree.unwrap_or(3.0) }
            }
            "sigmoid" => Self::Sigmoid { gamma: gamma_or_share, coef0 },
            "rbf" => Self::Radial { gamma: gamma_or_share },
            "laplacian" => Self::Laplacian { gamma: gamma_or_share },
            "chi2" => Self::ChiSquared { gamma: gamma.unwrap_or(1.0) },
            "additive_chi2" => Self::AdditiveChiSquared,
            _ => return None,
        })
    }

    /// True when it is defined for rows without negative values only.
    pub(crate) fn is_of_counts(self) -> bool {
        matches!(self, Self::ChiSquared { .. } | Self::AdditiveChiSquared)
    }

    /// Turns products or distances, whichever it is made of, into kernels.
    fn apply(self, values: &mut [f64]) {
        match self {
            Self::Linear | Self::Cosine | Self::Squared => {}
            Self::Polynomial { gamma, coef0, degree }
                if degree.fract() == 0.0 && (0.0..=MOST_SQUARINGS).contains(&degree) =>
            {
                exponential::power(values, gamma, coef0, degree as u32);
            }
            Self::Polynomial { gamma, coef0, degree } => {
                for v in values {
                    *v = (*v * gamma + coef0).powf(degree);
                }
            }
            Self::Sigmoid { gamma, coef0 } => {
                for v in values.iter_mut() {
                    *v = *v * gamma + coef0;
                }
                exponential::apply(values, Tanh);
            }
            Self::Radial { gamma } | Self::Laplacian { gamma } | Self::ChiSquared { gamma } => {
                exponential::apply(values, Exp(-gamma));
            }
            Self::AdditiveChiSquared => {
                for v in values {
                    *v = -*v;
                }
            }
        }
    }
}

/// The rows that others are compared with.
#[derive(Debug)]
pub(crate) struct Similarities {
    class: String,
    kernel: Kernel,
    /// The rows, turned.
    others: Panels<f64>,
    /// Squared lengths of the rows.
    squares: Vec<f64>,
    count: usize,
    columns: usize,
    /// Lengths below this count as one, of doubles and of floats.
    smallest: [f64; 2],
}

impl Similarities {
    /// The `count` fitted rows of the estimator `c`, row-major.
    ///
    /// # Errors
    /// [`Error::Attribute`] naming `attribute` when there are not so many values.
    pub(crate) fn new(
        c: Cursor<'_>,
        attribute: &str,
        kernel: Kernel,
        mut rows: Vec<f64>,
        count: usize,
        columns: usize,
    ) -> Result<Self, Error> {
        attributes::counted(c, attribute, rows.len(), count.saturating_mul(columns))?;
        let recent = version(c).is_some_and(|version| version >= (1, 0));
        let smallest = if recent {
            [10.0 * f64::EPSILON, 10.0 * f64::from(f32::EPSILON)]
        } else {
            [f64::MIN_POSITIVE * f64::EPSILON; 2]
        };
        if kernel == Kernel::Cosine {
            for row in rows.chunks_exact_mut(columns.max(1)) {
                let length = length(row, smallest[0]);
                for v in row {
                    *v /= length;
                }
            }
        }
        let squares = rows.chunks_exact(columns.max(1)).map(square).collect();
        let value = |column: usize, row: usize| rows.get(row * columns + column).copied();
        let others = Panels::new(columns, count, value);
        let class = c.class_name().to_owned();
        Ok(Self { class, kernel, others, squares, count, columns, smallest })
    }

    /// Values of a row.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// The kernel between each row of `table`, which holds finite floats, and each fitted row:
    /// `rows × count`.
    ///
    /// # Errors
    /// [`Error::Value`] for a negative value where the kernel takes none, [`Error::Input`] for sparse
    /// rows where the library refuses them.
    pub(crate) fn of(&self, table: &Table) -> Result<Vec<f64>, Error> {
        let stride = self.others.stride().max(1);
        self.each(table, self.count, 0, |kernels, out| {
            let rows = kernels.chunks_exact(stride).zip(out.chunks_exact_mut(self.count.max(1)));
            for (kernels, out) in rows {
                out.copy_from_slice(kernels.get(..self.count).unwrap_or_default());
            }
        })
    }

    /// The sums of the kernels of each row with each of some lists of weights: `rows × lists`.
    ///
    /// # Errors
    /// As [`Similarities::of`].
    pub(crate) fn weighted(&self, table: &Table, weights: &Weighted) -> Result<Vec<f64>, Error> {
        let whole = weights.blocks();
        self.each(table, weights.lists(), weights.stride() * weights.lists() / 8, |kernels, out| {
            weights.sums(kernels, std::slice::from_ref(&whole), out);
        })
    }

    /// What `answer` makes of the kernels of some rows, each followed by zeros up to the stride:
    /// `width` values a row, each about `cost` nanoseconds beside the kernels.
    fn each(
        &self,
        table: &Table,
        width: usize,
        cost: usize,
        answer: impl Fn(&[f64], &mut [f64]) + Sync,
    ) -> Result<Vec<f64>, Error> {
        self.check(table)?;
        let stride = self.others.stride();
        let cost = cost + self.count.saturating_mul(self.columns + 32) / 16;
        let mut out = vec![0.0; table.rows * width];
        parallel::rows(&mut out, width, cost, |first, out| {
            let most = GROUP.min(out.len() / width.max(1));
            let (mut kernels, mut scratch) = (vec![0.0; most * stride], Vec::new());
            for (group, out) in out.chunks_mut((GROUP * width).max(1)).enumerate() {
                let (at, count) = (first + group * GROUP, out.len() / width.max(1));
                let kernels = kernels.get_mut(..count * stride).unwrap_or_default();
                self.fill(table, at..at + count, &mut scratch, kernels);
                answer(kernels, out);
            }
        });
        Ok(out)
    }

    fn check(&self, table: &Table) -> Result<(), Error> {
        let width = self.columns.max(1);
        let negative = match &table.data {
            Data::Sparse(_) if self.kernel.is_of_counts() => {
                return Err(check::sparse_refused(&self.class));
            }
            _ if !self.kernel.is_of_counts() => None,
            Data::F64(m) => m.values.iter().position(|v| *v < 0.0),
            Data::F32(m) => m.values.iter().position(|v| *v < 0.0),
            _ => None,
        };
        if let Some(at) = negative {
            let reason = format!("is negative, which the kernel of `{}` does not take", self.class);
            return Err(Error::value(at / width, at % width, reason));
        }
        match &table.data {
            Data::F64(_) | Data::F32(_) | Data::Sparse(_) => Ok(()),
            _ => Err(Error::input(format!("`{}` takes rows of floats", self.class))),
        }
    }

    /// The kernels of some rows, written over `out`, and zeros up to the stride.
    fn fill(&self, table: &Table, rows: Range<usize>, scratch: &mut Vec<f64>, out: &mut [f64]) {
        let stride = self.others.stride().max(1);
        let least = self.smallest[usize::from(matches!(table.data, Data::F32(_)))];
        if let Data::Sparse(csr) = &table.data
            && !matches!(self.kernel, Kernel::Laplacian { .. })
        {
            for (row, out) in rows.zip(out.chunks_exact_mut(stride)) {
                let (columns, values) = csr.row(row);
                out.fill(0.0);
                for (&column, &value) in columns.iter().zip(values) {
                    self.others.add(column as usize, value, out);
                }
                self.finish(values, least, out);
            }
            self.complete(out);
        } else {
            self.compare(doubles(table, rows, scratch), least, out);
        }
    }

    /// The kernels of dense rows, written over `out`, and zeros up to the stride: the number of fitted
    /// rows rounded up to whole blocks of eight.
    pub(crate) fn fill_dense(&self, rows: &[f64], out: &mut [f64]) {
        self.compare(rows, self.smallest[0], out);
    }

    fn compare(&self, rows: &[f64], least: f64, out: &mut [f64]) {
        let (columns, stride) = (self.columns, self.others.stride().max(1));
        match self.kernel {
            Kernel::Radial { .. } | Kernel::Squared => self.others.distances(rows, columns, out),
            Kernel::Laplacian { .. } => {
                self.others.sums(rows, columns, out, |x, y| (x - y).abs());
            }
            Kernel::ChiSquared { .. } | Kernel::AdditiveChiSquared => {
                self.others.sums(rows, columns, out, |x, y| {
                    let sum = x + y;
                    if sum == 0.0 { 0.0 } else { (x - y) * (x - y) / sum }
                });
            }
            _ => self.others.multiply(rows, columns, out),
        }
        if self.kernel == Kernel::Cosine {
            let rows = rows.chunks_exact(columns.max(1));
            for (row, out) in rows.zip(out.chunks_exact_mut(stride)) {
                self.finish(row, least, out);
            }
        }
        self.complete(out);
    }

    /// Makes kernels of what they are made of, and zeros of what is behind them.
    fn complete(&self, out: &mut [f64]) {
        self.kernel.apply(out);
        for row in out.chunks_exact_mut(self.others.stride().max(1)) {
            row.iter_mut().skip(self.count).for_each(|v| *v = 0.0);
        }
    }

    /// The kernel of a row and itself, of kernels that take negative values.
    pub(crate) fn own(&self, row: &[f64]) -> f64 {
        let mut own = [match self.kernel {
            Kernel::Cosine => {
                let length = length(row, self.smallest[0]);
                row.iter().map(|v| (v / length) * (v / length)).sum()
            }
            Kernel::Linear | Kernel::Polynomial { .. } | Kernel::Sigmoid { .. } => square(row),
            _ => 0.0,
        }];
        self.kernel.apply(&mut own);
        own[0]
    }

    /// Makes of the products of a row what the kernel is made of.
    fn finish(&self, row: &[f64], least: f64, out: &mut [f64]) {
        match self.kernel {
            Kernel::Cosine => {
                let length = length(row, least);
                for v in out {
                    *v /= length;
                }
            }
            Kernel::Radial { .. } | Kernel::Squared => {
                let own = square(row);
                for (v, other) in out.iter_mut().zip(&self.squares) {
                    *v = (own - 2.0 * *v + other).max(0.0);
                }
            }
            _ => {}
        }
    }
}

fn square(row: &[f64]) -> f64 {
    row.iter().map(|v| v * v).sum()
}

fn length(row: &[f64], least: f64) -> f64 {
    let length = square(row).sqrt();
    if length < least { 1.0 } else { length }
}

#[cfg(test)]
mod tests {
    use super::Kernel;

    #[test]
    fn parameters_have_the_defaults_of_their_function() {
        let named = |name| Kernel::named(name, None, None, None, 4).unwrap();
        let polynomial = Kernel::Polynomial { gamma: 0.25, coef0: 1.0, degree: 3.0 };
        assert_eq!(named("poly"), polynomial);
        assert_eq!(named("chi2"), Kernel::ChiSquared { gamma: 1.0 });
        assert_eq!(named("laplacian"), Kernel::Laplacian { gamma: 0.25 });
        assert_eq!(Kernel::named("precomputed", None, None, None, 4), None);
    }

    #[test]
    fn kernels_of_known_values() {
        let of = |kernel: Kernel, value: f64| {
            let mut values = [value; 3];
            kernel.apply(&mut values);
            values[2]
        };
        assert_eq!(of(Kernel::Polynomial { gamma: 2.0, coef0: 1.0, degree: 2.0 }, 1.0), 9.0);
        assert_eq!(of(Kernel::Polynomial { gamma: 2.0, coef0: 2.0, degree: 0.5 }, 1.0), 2.0);
        assert_eq!(of(Kernel::Radial { gamma: 1.0 }, 0.0), 1.0);
        assert_eq!(of(Kernel::AdditiveChiSquared, 2.0), -2.0);
        assert_eq!(of(Kernel::Sigmoid { gamma: 1.0, coef0: -1.0 }, 1.0), 0.0);
    }
}
