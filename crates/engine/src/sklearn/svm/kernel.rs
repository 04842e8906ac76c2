use crate::{
    Error, attributes,
    read::Cursor,
    sklearn::{
        exponential::{self, Exp, Tanh},
        refuse,
    },
};

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

    /// Turns products, or squared distances, into kernels.
    pub(super) fn apply(self, values: &mut [f64]) {
        match self {
            Self::Linear | Self::Precomputed => {}
            Self::Polynomial { gamma, coef0, degree } => {
                exponential::power(values, gamma, coef0, degree);
            }
            Self::Radial { gamma } => exponential::apply(values, Exp(-gamma)),
            Self::Sigmoid { gamma, coef0 } => {
                for v in values.iter_mut() {
                    *v = gamma * *v + coef0;
                }
                exponential::apply(values, Tanh);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Kernel;

    #[test]
    fn a_kernel_of_distances_is_one_at_no_distance() {
        let radial = Kernel::Radial { gamma: 0.3 };
        assert!(radial.is_of_distance());
        let mut values = [0.0; 9];
        radial.apply(&mut values);
        assert_eq!(values, [1.0; 9]);
    }
}
