//! Kernels between rows and the rows that a model was fitted on, by the names of
//! `sklearn.metrics.pairwise`.

use crate::{
    Data, Error, Table,
    attributes::{self, version},
    read::Cursor,
    sklearn::{check, product::Product, refuse},
    table::Real,
};

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

    /// The kernel of a product or of a distance, whichever it is made of.
    fn of(self, value: f64) -> f64 {
        match self {
            Self::Linear | Self::Cosine | Self::Squared => value,
            Self::Polynomial { gamma, coef0, degree } => (value * gamma + coef0).powf(degree),
            Self::Sigmoid { gamma, coef0 } => (value * gamma + coef0).tanh(),
            Self::Radial { gamma } | Self::Laplacian { gamma } | Self::ChiSquared { gamma } => {
                (-gamma * value).exp()
            }
            Self::AdditiveChiSquared => -value,
        }
    }
}

/// The rows that others are compared with.
#[derive(Debug)]
pub(crate) struct Similarities {
    class: String,
    kernel: Kernel,
    /// The rows, turned: `columns × count`.
    product: Product,
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
        let product = Product::transposed(&rows, columns, count)
            .ok_or_else(|| Error::attribute(c.class_name(), attribute, "is no matrix"))?;
        let class = c.class_name().to_owned();
        Ok(Self { class, kernel, product, squares, count, columns, smallest })
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
        match &table.data {
            Data::F64(m) => self.dense(&m.values, table.rows, self.smallest[0]),
            Data::F32(m) => self.dense(&m.values, table.rows, self.smallest[1]),
            Data::Sparse(_) if self.kernel.is_of_counts() => {
                Err(check::sparse_refused(&self.class))
            }
            Data::Sparse(csr) => {
                if let Kernel::Laplacian { .. } = self.kernel {
                    csr.may_be_filled(table.rows)?;
                    return self.dense(&table.to_f64()?, table.rows, self.smallest[0]);
                }
                let mut out = self.product.sparse(csr, table.rows);
                for (at, out) in out.chunks_exact_mut(self.count.max(1)).enumerate() {
                    self.finish(csr.row(at).1, self.smallest[0], out);
                }
                Ok(out)
            }
            _ => Err(Error::input(format!("`{}` takes rows of floats", self.class))),
        }
    }

    /// The kernel between each of `count` rows of doubles and each fitted row.
    ///
    /// # Errors
    /// [`Error::Value`] for a negative value where the kernel takes none.
    pub(crate) fn of_rows(&self, rows: &[f64], count: usize) -> Result<Vec<f64>, Error> {
        self.dense(rows, count, self.smallest[0])
    }

    /// The kernel of a row and itself, of kernels that take negative values.
    pub(crate) fn own(&self, row: &[f64]) -> f64 {
        match self.kernel {
            Kernel::Cosine => {
                let length = length(row, self.smallest[0]);
                row.iter().map(|v| (v / length) * (v / length)).sum()
            }
            Kernel::Linear | Kernel::Polynomial { .. } | Kernel::Sigmoid { .. } => {
                self.kernel.of(square(row))
            }
            _ => self.kernel.of(0.0),
        }
    }

    fn dense<T: Real>(&self, rows: &[T], count: usize, least: f64) -> Result<Vec<f64>, Error> {
        let width = self.columns.max(1);
        if self.kernel.is_of_counts()
            && let Some(at) = rows.iter().position(|v| v.to_f64() < 0.0)
        {
            let reason = format!("is negative, which the kernel of `{}` does not take", self.class);
            return Err(Error::value(at / width, at % width, reason));
        }
        let combine: fn(f64, f64) -> f64 = match self.kernel {
            Kernel::Radial { .. } | Kernel::Squared => {
                return Ok(self.summed(rows, count, |x, y| (x - y) * (x - y)));
            }
            Kernel::Laplacian { .. } => return Ok(self.summed(rows, count, |x, y| (x - y).abs())),
            Kernel::ChiSquared { .. } | Kernel::AdditiveChiSquared => |x, y| {
                let sum = x + y;
                if sum == 0.0 { 0.0 } else { (x - y) * (x - y) / sum }
            },
            _ => {
                let mut out = self.product.dense(rows, count);
                let rows = rows.chunks_exact(width);
                for (row, out) in rows.zip(out.chunks_exact_mut(self.count.max(1))) {
                    self.finish(row, least, out);
                }
                return Ok(out);
            }
        };
        Ok(self.summed(rows, count, combine))
    }

    /// Turns the products of a row into kernels.
    fn finish<T: Real>(&self, row: &[T], least: f64, out: &mut [f64]) {
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
                    *v = self.kernel.of((own - 2.0 * *v + other).max(0.0));
                }
            }
            _ => out.iter_mut().for_each(|v| *v = self.kernel.of(*v)),
        }
    }

    /// The kernel of the sum over columns of what `combine` makes of two values.
    fn summed<T: Real>(
        &self,
        rows: &[T],
        count: usize,
        combine: impl Fn(f64, f64) -> f64,
    ) -> Vec<f64> {
        let each = self.count.max(1);
        let mut out = vec![0.0; count * self.count];
        for (row, out) in rows.chunks_exact(self.columns.max(1)).zip(out.chunks_exact_mut(each)) {
            for (value, others) in row.iter().zip(self.product.weights().chunks_exact(each)) {
                let value = value.to_f64();
                for (sum, &other) in out.iter_mut().zip(others) {
                    *sum += combine(value, other);
                }
            }
            for v in out {
                *v = self.kernel.of(*v);
            }
        }
        out
    }
}

fn square<T: Real>(row: &[T]) -> f64 {
    row.iter().map(|v| v.to_f64() * v.to_f64()).sum()
}

fn length<T: Real>(row: &[T], least: f64) -> f64 {
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
        assert_eq!(Kernel::Polynomial { gamma: 2.0, coef0: 1.0, degree: 2.0 }.of(1.0), 9.0);
        assert_eq!(Kernel::Radial { gamma: 1.0 }.of(0.0), 1.0);
        assert_eq!(Kernel::AdditiveChiSquared.of(2.0), -2.0);
        assert_eq!(Kernel::Sigmoid { gamma: 1.0, coef0: -1.0 }.of(1.0), 0.0);
    }
}
