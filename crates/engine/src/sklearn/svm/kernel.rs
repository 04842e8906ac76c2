use crate::{Error, attributes, read::Cursor, sklearn::refuse};

/// The similarity of a row and a support vector.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kernel {
    /// x·y.
    Linear,
    /// (γ x·y + c)^d.
    Polynomial {
        /// γ.
        gamma: f64,
        /// c.
        coef0: f64,
        /// d.
        degree: u32,
    },
    /// exp(−γ |x − y|²).
    Radial {
        /// γ.
        gamma: f64,
    },
    /// tanh(γ x·y + c).
    Sigmoid {
        /// γ.
        gamma: f64,
        /// c.
        coef0: f64,
    },
    /// The rows are similarities to the rows that the model was fitted on.
    Precomputed,
}

impl Kernel {
    pub(super) fn read(c: Cursor<'_>) -> Result<Self, Error> {
        let kernel = c.require("kernel")?;
        let Some(name) = kernel.as_str() else {
            return Err(refuse::function(c.class_name(), "kernel", kernel));
        };
        let number = |name: &str| {
            attributes::number(c, name)
                .ok_or_else(|| Error::attribute(c.class_name(), name, "is no number"))
        };
        Ok(match name {
            "linear" => Self::Linear,
            "poly" => {
                let degree = number("degree")?;
                if degree < 0.0 || degree.fract() != 0.0 || degree > f64::from(u32::MAX) {
                    let reason = format!("is {degree}, and a degree is a whole number");
                    return Err(Error::attribute(c.class_name(), "degree", reason));
                }
                Self::Polynomial {
                    gamma: number("_gamma")?,
                    coef0: number("coef0")?,
                    degree: degree as u32,
                }
            }
            "rbf" => Self::Radial { gamma: number("_gamma")? },
            "sigmoid" => Self::Sigmoid { gamma: number("_gamma")?, coef0: number("coef0")? },
            "precomputed" => Self::Precomputed,
            other => {
                let reason = format!(
                    "is `{other}`, and the kernels are `linear`, `poly`, `rbf`, `sigmoid` and `precomputed`"
                );
                return Err(Error::attribute(c.class_name(), "kernel", reason));
            }
        })
    }

    /// True when the kernel is a function of the distance, else one of the product.
    pub(super) fn is_of_distance(self) -> bool {
        matches!(self, Self::Radial { .. })
    }

    /// The kernel of a product, or of a squared distance.
    pub(super) fn of(self, value: f64) -> f64 {
        match self {
            Self::Linear | Self::Precomputed => value,
            Self::Polynomial { gamma, coef0, degree } => power(gamma * value + coef0, degree),
            Self::Radial { gamma } => (-gamma * value).exp(),
            Self::Sigmoid { gamma, coef0 } => (gamma * value + coef0).tanh(),
        }
    }
}

/// A power by squaring, the multiplications in libsvm's order.
fn power(base: f64, exponent: u32) -> f64 {
    let (mut square, mut out, mut left) = (base, 1.0, exponent);
    while left > 0 {
        if left % 2 == 1 {
            out *= square;
        }
        square *= square;
        left /= 2;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Kernel, power};

    #[test]
    fn powers_are_powers() {
        assert_eq!(
            [0, 1, 2, 5, 10].map(|exponent| power(-2.0, exponent)),
            [1.0, -2.0, 4.0, -32.0, 1024.0]
        );
    }

    #[test]
    fn a_kernel_of_distances_is_one_at_no_distance() {
        let radial = Kernel::Radial { gamma: 0.3 };
        assert!(radial.is_of_distance());
        assert_eq!(radial.of(0.0), 1.0);
    }
}
