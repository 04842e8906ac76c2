use std::f64::consts::PI;

/// How the density around a fitted row falls with the distance: 1 at the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kernel {
    Gaussian,
    Tophat,
    Epanechnikov,
    Exponential,
    Linear,
    Cosine,
}

impl Kernel {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "gaussian" => Self::Gaussian,
            "tophat" => Self::Tophat,
            "epanechnikov" => Self::Epanechnikov,
            "exponential" => Self::Exponential,
            "linear" => Self::Linear,
            "cosine" => Self::Cosine,
            _ => return None,
        })
    }

    /// The logarithm at a distance, with the bandwidth `h`.
    pub(super) fn log(self, distance: f64, h: f64) -> f64 {
        match self {
            Self::Gaussian => -0.5 * (distance * distance) / (h * h),
            Self::Exponential => -distance / h,
            _ if distance.is_nan() || distance >= h => f64::NEG_INFINITY,
            Self::Tophat => 0.0,
            Self::Epanechnikov => (1.0 - (distance * distance) / (h * h)).ln(),
            Self::Linear => (1.0 - distance / h).ln(),
            Self::Cosine => (0.5 * PI * distance / h).cos().ln(),
        }
    }

    /// The logarithm of what makes its integral over a space of `columns` dimensions 1.
    pub(super) fn log_norm(self, h: f64, columns: usize) -> f64 {
        let d = columns as f64;
        let log_2pi = (2.0 * PI).ln();
        // the volume of a ball, and the surface of the same
        let volume = || 0.5 * d * PI.ln() - log_gamma(columns + 2);
        let surface = || log_2pi + (0.5 * (d - 2.0) * PI.ln() - log_gamma(columns));
        let factor = match self {
            Self::Gaussian => 0.5 * d * log_2pi,
            Self::Tophat => volume(),
            Self::Epanechnikov => volume() + (2.0 / (d + 2.0)).ln(),
            Self::Exponential => surface() + log_gamma(2 * columns),
            Self::Linear => volume() - (d + 1.0).ln(),
            Self::Cosine => {
                // integrated by parts, once for every two dimensions
                let (mut sum, mut part) = (0.0, 2.0 / PI);
                for k in (1..=columns).step_by(2) {
                    sum += part;
                    let left = (columns - k) as f64;
                    part *= -left * (left - 1.0) * (2.0 / PI).powi(2);
                }
                f64::ln(sum) + surface()
            }
        };
        -factor - d * h.ln()
    }
}

/// The logarithm of the gamma function at half of `twice`, which is not 0: a product of halves.
fn log_gamma(twice: usize) -> f64 {
    let start = if twice.is_multiple_of(2) { 0.0 } else { 0.5 * PI.ln() };
    let factors = (1..twice).rev().skip(1).step_by(2);
    start + factors.map(|factor| (0.5 * factor as f64).ln()).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::log_gamma;

    #[test]
    fn the_gamma_function_of_halves_is_known() {
        // Γ(n) is (n − 1)!, and Γ(7/2) is 15 √π / 8
        let halves = [(1, std::f64::consts::PI.sqrt()), (2, 1.0), (4, 1.0), (6, 2.0), (12, 120.0)];
        for (twice, value) in halves {
            assert!((log_gamma(twice) - f64::ln(value)).abs() < 1e-14, "{twice}");
        }
        assert!((log_gamma(7) - 3.323_350_970_447_842_6_f64.ln()).abs() < 1e-14);
    }
}
