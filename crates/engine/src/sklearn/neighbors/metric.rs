//! How far two rows are from one another, as scikit-learn's `DistanceMetric` and scipy's `cdist`
//! say it.

use super::lanes::{self, Block, Lanes};
use crate::{
    Error, attributes,
    read::{Cursor, Kind},
    sklearn::refuse,
};

/// A distance, with what belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Metric {
    Euclidean,
    SquaredEuclidean,
    Manhattan,
    Chebyshev,
    /// (Σ w |x − y|ᵖ)^(1/p); or (Σ (w |x − y|)ᵖ)^(1/p), which was `wminkowski`.
    Minkowski {
        p: f64,
        weights: Option<Vec<f64>>,
        inside: bool,
    },
    /// Euclidean after a division by the variance of each column.
    Standardised(Vec<f64>),
    /// With the inverse of the covariance, columns × columns.
    Mahalanobis(Vec<f64>),
    /// Between two points on a sphere: latitude and longitude in radians.
    Haversine,
    /// One minus the cosine of the angle between the rows.
    Cosine,
    /// The cosine distance of the rows less their means.
    Correlation,
    Hamming,
    Canberra,
    /// Scipy divides by Σ |x + y|, scikit-learn by Σ (|x| + |y|).
    BrayCurtis {
        scipy: bool,
    },
    /// Over the columns that both rows have, scaled up to all columns.
    NanEuclidean,
    /// Of rows that are true where they are not zero.
    Boolean(Agreement),
    /// The rows of a request are distances.
    Precomputed,
}

/// What a distance between rows of booleans is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Agreement {
    Jaccard,
    Dice,
    Kulsinski,
    RogersTanimoto,
    RussellRao,
    SokalSneath,
    Yule,
}

impl Metric {
    /// The metric that an estimator names in `effective_metric_`, or in `metric` before `fit` knew
    /// better.
    pub(crate) fn of_estimator(c: Cursor<'_>, columns: usize) -> Result<Self, Error> {
        let attribute =
            if c.attr("effective_metric_").is_some() { "effective_metric_" } else { "metric" };
        let value = c.require(attribute)?;
        let Some(name) = value.as_str() else {
            if value.class().is_some_and(|(module, _)| module.ends_with("_dist_metrics")) {
                return Self::of_object(c, attribute, value, columns);
            }
            return Err(refuse::function(c.class_name(), "metric", value));
        };
        let params = c.attr("effective_metric_params_").or_else(|| c.attr("metric_params"));
        let numbers = |name: &str| match params.and_then(|params| params.attr(name)) {
            Some(value) if !value.is_none() => {
                let read = attributes::numbers(params.unwrap_or(c), name);
                read.map(Some).map_err(|_| unreadable(c, name))
            }
            _ => Ok(None),
        };
        let p = match numbers("p")? {
            Some(values) => *values.first().ok_or_else(|| unreadable(c, "p"))?,
            None => 2.0,
        };
        let weights = match numbers("w")? {
            Some(weights) => Some(of_columns(c, "w", weights, columns)?),
            None => None,
        };
        match name {
            "seuclidean" => {
                let variances = numbers("V")?.ok_or_else(|| needs(c, name, "V"))?;
                Ok(Self::Standardised(of_columns(c, "V", variances, columns)?))
            }
            "mahalanobis" => {
                let inverse = numbers("VI")?.ok_or_else(|| needs(c, name, "VI"))?;
                Ok(Self::Mahalanobis(of_columns(
                    c,
                    "VI",
                    inverse,
                    columns.saturating_mul(columns),
                )?))
            }
            "minkowski" | "p" => Self::minkowski(c, p, weights, false),
            "wminkowski" => Self::minkowski(c, p, weights, true),
            "precomputed" => Ok(Self::Precomputed),
            _ => Self::named(name).ok_or_else(|| unknown(c, name)),
        }
    }

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "euclidean" | "l2" => Self::Euclidean,
            "sqeuclidean" => Self::SquaredEuclidean,
            "manhattan" | "cityblock" | "l1" => Self::Manhattan,
            "chebyshev" | "infinity" => Self::Chebyshev,
            "haversine" => Self::Haversine,
            "cosine" => Self::Cosine,
            "correlation" => Self::Correlation,
            "hamming" | "matching" => Self::Hamming,
            "canberra" => Self::Canberra,
            "braycurtis" => Self::BrayCurtis { scipy: false },
            "nan_euclidean" => Self::NanEuclidean,
            "jaccard" => Self::Boolean(Agreement::Jaccard),
            "dice" => Self::Boolean(Agreement::Dice),
            "kulsinski" => Self::Boolean(Agreement::Kulsinski),
            "rogerstanimoto" | "sokalmichener" => Self::Boolean(Agreement::RogersTanimoto),
            "russellrao" => Self::Boolean(Agreement::RussellRao),
            "sokalsneath" => Self::Boolean(Agreement::SokalSneath),
            "yule" => Self::Boolean(Agreement::Yule),
            _ => return None,
        })
    }

    fn minkowski(
        c: Cursor<'_>,
        p: f64,
        weights: Option<Vec<f64>>,
        inside: bool,
    ) -> Result<Self, Error> {
        if p.is_nan() || p <= 0.0 {
            return Err(Error::attribute(c.class_name(), "p", format!("is {p}")));
        }
        Ok(if p == f64::INFINITY {
            Self::Chebyshev
        } else {
            Self::Minkowski { p, weights, inside }
        })
    }

    /// The metric of a `DistanceMetric` object: its class, and its state of `p`, a vector and a
    /// matrix.
    pub(crate) fn of_object(
        c: Cursor<'_>,
        attribute: &str,
        metric: Cursor<'_>,
        columns: usize,
    ) -> Result<Self, Error> {
        let wrong = || {
            let reason = format!("holds {}, where a metric is expected", metric.describe());
            Error::attribute(c.class_name(), attribute, reason)
        };
        let Kind::Object(object) = metric.kind() else { return Err(wrong()) };
        let class = class_of(metric).ok_or_else(wrong)?;
        let state = object.state.and_then(|state| metric.go(state).items()).ok_or_else(wrong)?;
        let part = |at: usize| state.get(at).map(|&id| metric.go(id));
        let array = |at: usize| -> Result<Vec<f64>, Error> {
            let array = part(at).and_then(|it| Some(it.as_array()?.f64s(it.document())));
            array.ok_or_else(wrong)?
        };
        let p = part(0).and_then(Cursor::as_f64).ok_or_else(wrong)?;
        let name = class.trim_end_matches("64").trim_end_matches("32");
        let name = name.strip_suffix("Distance").unwrap_or(name).to_ascii_lowercase();
        match name.as_str() {
            "seuclidean" => Ok(Self::Standardised(of_columns(c, attribute, array(1)?, columns)?)),
            "mahalanobis" => {
                let cells = columns.saturating_mul(columns);
                Ok(Self::Mahalanobis(of_columns(c, attribute, array(2)?, cells)?))
            }
            "minkowski" => {
                // without weights the vector is empty, and in releases without them it is one zero
                let weights = Some(array(1)?).filter(|w| !w.is_empty() && w[..] != [0.0]);
                let weights = weights.map(|w| of_columns(c, attribute, w, columns)).transpose()?;
                Self::minkowski(c, p, weights, false)
            }
            "wminkowski" => {
                let weights = Some(of_columns(c, attribute, array(1)?, columns)?);
                Self::minkowski(c, p, weights, true)
            }
            "pyfunc" => {
                let function = part(3).unwrap_or(metric);
                let function = function.items().and_then(|parts| parts.first());
                Err(refuse::function(
                    c.class_name(),
                    "metric",
                    function.map_or(metric, |&id| metric.go(id)),
                ))
            }
            name => Self::named(name).ok_or_else(|| unknown(c, name)),
        }
    }

    /// The power of a k-d tree's bounds; infinity for the greatest difference. `None` for metrics
    /// that a k-d tree cannot bound.
    pub(super) fn power(&self) -> Option<f64> {
        match self {
            Self::Euclidean => Some(2.0),
            Self::Manhattan => Some(1.0),
            Self::Chebyshev => Some(f64::INFINITY),
            Self::Minkowski { p, .. } => Some(*p),
            _ => None,
        }
    }

    /// The distance of a reduced distance, which is a number that orders rows alike and is cheaper.
    pub(super) fn distance(&self, reduced: f64) -> f64 {
        match self {
            Self::Euclidean | Self::Standardised(_) | Self::Mahalanobis(_) | Self::NanEuclidean => {
                reduced.sqrt()
            }
            Self::Minkowski { p, .. } => reduced.powf(1.0 / p),
            Self::Haversine => 2.0 * reduced.sqrt().asin(),
            _ => reduced,
        }
    }

    /// The reduced distance of a distance.
    pub(super) fn reduced(&self, distance: f64) -> f64 {
        match self {
            Self::Euclidean | Self::Standardised(_) | Self::Mahalanobis(_) | Self::NanEuclidean => {
                distance * distance
            }
            Self::Minkowski { p, .. } => distance.powf(*p),
            Self::Haversine => {
                let sine = (0.5 * distance).sin();
                sine * sine
            }
            _ => distance,
        }
    }

    /// What becomes of each row, of training and of requests, before it is compared.
    pub(super) fn prepare(&self, row: &mut [f64]) {
        match self {
            Self::Cosine => {
                let norm = row.iter().map(|v| v * v).sum::<f64>().sqrt();
                if norm != 0.0 {
                    for v in row.iter_mut() {
                        *v /= norm;
                    }
                }
            }
            Self::Correlation => {
                let mean = row.iter().sum::<f64>() / row.len() as f64;
                for v in row.iter_mut() {
                    *v -= mean;
                }
                // rows without variance are at no distance from any: NaN
                let norm = row.iter().map(|v| v * v).sum::<f64>().sqrt();
                for v in row.iter_mut() {
                    *v /= norm;
                }
            }
            Self::Boolean(_) => {
                for v in row.iter_mut() {
                    *v = f64::from(u8::from(*v != 0.0));
                }
            }
            _ => {}
        }
    }

    /// The reduced distances between a prepared row and the prepared rows of a block.
    #[cfg_attr(
        target_arch = "x86_64",
        expect(unsafe_code, reason = "distances compiled for newer processors")
    )]
    pub(super) fn to_block(&self, row: &[f64], block: &Block<'_>) -> Lanes {
        #[cfg(target_arch = "x86_64")]
        {
            if std::arch::is_x86_feature_detected!("avx512f") {
                // SAFETY: the processor has AVX-512, which is all that the function needs.
                return unsafe { self.to_block_avx512(row, block) };
            }
            if std::arch::is_x86_feature_detected!("avx2") {
                // SAFETY: the processor has AVX2, which is all that the function needs.
                return unsafe { self.to_block_avx2(row, block) };
            }
        }
        self.compared(row, block)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f")]
    fn to_block_avx512(&self, row: &[f64], block: &Block<'_>) -> Lanes {
        self.compared(row, block)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn to_block_avx2(&self, row: &[f64], block: &Block<'_>) -> Lanes {
        self.compared(row, block)
    }

    #[expect(clippy::inline_always, reason = "it takes on the processor features of its caller")]
    #[inline(always)]
    fn compared(&self, row: &[f64], block: &Block<'_>) -> Lanes {
        match self {
            Self::Euclidean | Self::SquaredEuclidean => lanes::fold(row, block, |sum, x, y| {
                let apart = x - y;
                sum + apart * apart
            }),
            Self::Manhattan => lanes::fold(row, block, |sum, x, y| sum + (x - y).abs()),
            Self::Chebyshev => lanes::fold(row, block, |most, x, y| most.max((x - y).abs())),
            Self::Minkowski { p, weights: None, .. } => {
                lanes::fold(row, block, |sum, x, y| sum + (x - y).abs().powf(*p))
            }
            Self::Minkowski { p, weights: Some(weights), inside: false } => {
                lanes::fold_with(row, weights, block, |sum, x, y, w| {
                    sum + w * (x - y).abs().powf(*p)
                })
            }
            Self::Minkowski { p, weights: Some(weights), inside: true } => {
                lanes::fold_with(row, weights, block, |sum, x, y, w| {
                    sum + (w * (x - y).abs()).powf(*p)
                })
            }
            Self::Standardised(variances) => {
                lanes::fold_with(row, variances, block, |sum, x, y, variance| {
                    let apart = x - y;
                    sum + apart * apart / variance
                })
            }
            Self::Mahalanobis(inverse) => mahalanobis(row, inverse, block),
            Self::Haversine => haversine(row, block),
            Self::Cosine | Self::Correlation => {
                let mut products = lanes::fold(row, block, |sum, x, y| sum + x * y);
                for product in &mut products {
                    let apart = 1.0 - *product;
                    *product = if apart.is_nan() { apart } else { apart.clamp(0.0, 2.0) };
                }
                products
            }
            Self::Hamming => {
                let count = row.len() as f64;
                lanes::fold(row, block, |sum, x, y| sum + f64::from(u8::from(x != y)))
                    .map(|unequal| unequal / count)
            }
            Self::Canberra => lanes::fold(row, block, |sum, x, y| {
                let whole = x.abs() + y.abs();
                if whole > 0.0 { sum + (x - y).abs() / whole } else { sum }
            }),
            Self::BrayCurtis { scipy } => {
                let apart = lanes::fold(row, block, |sum, x, y| sum + (x - y).abs());
                let whole = if *scipy {
                    lanes::fold(row, block, |sum, x, y| sum + (x + y).abs())
                } else {
                    lanes::fold(row, block, |sum, x, y| sum + (x.abs() + y.abs()))
                };
                lanes::both(
                    apart,
                    whole,
                    |apart, whole| if whole > 0.0 { apart / whole } else { 0.0 },
                )
            }
            Self::NanEuclidean => {
                let sums = lanes::fold(row, block, |sum, x, y| {
                    let apart = x - y;
                    if apart.is_nan() { sum } else { sum + apart * apart }
                });
                let counts = lanes::fold(row, block, |count, x, y| {
                    count + f64::from(u8::from(!(x - y).is_nan()))
                });
                let columns = row.len() as f64;
                lanes::both(sums, counts, |sum, count| {
                    if count == 0.0 { f64::NAN } else { sum / count * columns }
                })
            }
            Self::Boolean(agreement) => agreement.to_block(row, block),
            // its rows are distances already
            Self::Precomputed => Lanes::default(),
        }
    }
}

impl Agreement {
    fn to_block(self, row: &[f64], block: &Block<'_>) -> Lanes {
        let both = lanes::fold(row, block, |sum, x, y| sum + x * y);
        let unequal = lanes::fold(row, block, |sum, x, y| sum + (x - y).abs());
        let columns = row.len() as f64;
        match self {
            Self::Jaccard => lanes::both(both, unequal, |both, unequal| {
                if both + unequal == 0.0 { 0.0 } else { unequal / (both + unequal) }
            }),
            Self::Dice => {
                lanes::both(both, unequal, |both, unequal| unequal / (2.0 * both + unequal))
            }
            Self::Kulsinski => lanes::both(both, unequal, |both, unequal| {
                (unequal - both + columns) / (unequal + columns)
            }),
            Self::RogersTanimoto => {
                lanes::both(both, unequal, |_, unequal| 2.0 * unequal / (columns + unequal))
            }
            Self::RussellRao => lanes::both(both, unequal, |both, _| (columns - both) / columns),
            Self::SokalSneath => {
                lanes::both(both, unequal, |both, unequal| unequal / (0.5 * both + unequal))
            }
            Self::Yule => {
                let first = lanes::fold(row, block, |sum, x, y| sum + x * (1.0 - y));
                let mut out = Lanes::default();
                for (((out, both), unequal), first) in
                    out.iter_mut().zip(both).zip(unequal).zip(first)
                {
                    let half = first * (unequal - first);
                    let neither = columns - both - unequal;
                    *out = if half == 0.0 { 0.0 } else { 2.0 * half / (both * neither + half) };
                }
                out
            }
        }
    }
}

fn mahalanobis(row: &[f64], inverse: &[f64], block: &Block<'_>) -> Lanes {
    let mut sums = Lanes::default();
    for (weights, (x, own)) in
        inverse.chunks_exact(row.len().max(1)).zip(row.iter().zip(block.columns()))
    {
        let products =
            lanes::fold_with(row, weights, block, |sum, x, y, weight| sum + weight * (x - y));
        for ((sum, product), y) in sums.iter_mut().zip(products).zip(own) {
            *sum += product * (x - y);
        }
    }
    sums
}

fn haversine(row: &[f64], block: &Block<'_>) -> Lanes {
    let (&[latitude, longitude], [latitudes, longitudes]) = (row, block.columns()) else {
        return [f64::NAN; lanes::LANES];
    };
    let mut out = Lanes::default();
    for ((out, other), far) in out.iter_mut().zip(latitudes).zip(longitudes) {
        let (north, east) = ((0.5 * (latitude - other)).sin(), (0.5 * (longitude - far)).sin());
        *out = north * north + latitude.cos() * other.cos() * east * east;
    }
    out
}

/// The class of an object that Cython's `newObj` makes from it, or of any other.
fn class_of(object: Cursor<'_>) -> Option<&str> {
    match object.class()? {
        (_, "newObj") => {
            let Kind::Object(made) = object.kind() else { return None };
            match object.go(*made.args.first()?).kind() {
                Kind::Global(_, name) => Some(name),
                _ => None,
            }
        }
        (_, name) => Some(name),
    }
}

fn of_columns(
    c: Cursor<'_>,
    name: &str,
    values: Vec<f64>,
    count: usize,
) -> Result<Vec<f64>, Error> {
    attributes::counted(c, name, values.len(), count)?;
    Ok(values)
}

fn unreadable(c: Cursor<'_>, name: &str) -> Error {
    Error::attribute(
        c.class_name(),
        "effective_metric_params_",
        format!("has no numbers in `{name}`"),
    )
}

fn needs(c: Cursor<'_>, metric: &str, param: &str) -> Error {
    Error::attribute(
        c.class_name(),
        "effective_metric_params_",
        format!(
            "lacks `{param}`, without which `{metric}` of new rows is not defined; give it in `metric_params`"
        ),
    )
}

fn unknown(c: Cursor<'_>, metric: &str) -> Error {
    Error::Unsupported {
        what: format!("`{}` with the metric `{metric}`", c.class_name()),
        reason: "this metric has no native implementation".into(),
        hint: "train with `euclidean`, `manhattan`, `minkowski`, `cosine` or another metric of scikit-learn or scipy".into(),
    }
}
