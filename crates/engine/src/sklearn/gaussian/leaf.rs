//! Kernels of the distance between two rows.

use super::bessel;
use crate::{
    Error, attributes,
    read::Cursor,
    sklearn::{
        exponential::{self, Exp, Function},
        panels::Panels,
    },
};

/// The rows of training, and what a file says about the arithmetic of its release.
#[derive(Clone, Copy, Debug)]
pub(super) struct Training<'a> {
    pub(super) rows: &'a [f64],
    pub(super) columns: usize,
    /// True when they were stored as floats.
    pub(super) f32: bool,
    /// True for numpy before 2: a scale that is one number does not widen floats.
    pub(super) narrow: bool,
}

/// The kernel of a distance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Shape {
    /// exp(−d²/2).
    Radial,
    /// Matérn's, of the smoothness ν.
    Matern(f64),
    /// (1 + d² / 2αl²)^−α, with 2αl² first.
    Rational(f64, f64),
    /// exp(−2 (sin(πd/p) / l)²).
    Periodic { period: f64, length: f64 },
}

/// A kernel of the distance to each row of training.
#[derive(Debug)]
pub(super) struct Leaf {
    shape: Shape,
    scale: Scale,
    /// The rows of training, scaled and turned.
    others: Panels<f64>,
}

/// What columns are divided by first.
#[derive(Debug)]
enum Scale {
    None,
    One { length: f64, narrow: bool },
    Many(Vec<f64>),
}

impl Scale {
    fn apply(&self, row: &[f64], f32: bool, out: &mut Vec<f64>) {
        match self {
            Self::None => out.extend(row),
            Self::One { length, narrow: true } if f32 => {
                out.extend(row.iter().map(|&v| f64::from(v as f32 / *length as f32)));
            }
            Self::One { length, .. } => out.extend(row.iter().map(|v| v / length)),
            Self::Many(lengths) => out.extend(row.iter().zip(lengths).map(|(v, l)| v / l)),
        }
    }
}

impl Leaf {
    /// A kernel with `length_scale`, by which columns are divided.
    pub(super) fn scaled(
        c: Cursor<'_>,
        shape: Shape,
        training: Training<'_>,
    ) -> Result<Self, Error> {
        let lengths = attributes::numbers(c, "length_scale")?;
        let scale = if let [length] = lengths[..] {
            Scale::One { length, narrow: training.narrow }
        } else {
            attributes::counted(c, "length_scale", lengths.len(), training.columns)?;
            Scale::Many(lengths)
        };
        Ok(Self::new(shape, scale, training))
    }

    /// A kernel of the plain distance.
    pub(super) fn plain(shape: Shape, training: Training<'_>) -> Self {
        Self::new(shape, Scale::None, training)
    }

    fn new(shape: Shape, scale: Scale, training: Training<'_>) -> Self {
        let columns = training.columns.max(1);
        let mut rows = Vec::with_capacity(training.rows.len());
        for row in training.rows.chunks_exact(columns) {
            scale.apply(row, training.f32, &mut rows);
        }
        let count = rows.len() / columns;
        let value = |column: usize, row: usize| rows.get(row * columns + column).copied();
        Self { shape, scale, others: Panels::new(training.columns, count, value) }
    }

    /// The kernel between each row and each row of training, written over `out`.
    pub(super) fn fill(&self, rows: &[f64], f32: bool, out: &mut [f64]) {
        let columns = self.others.columns().max(1);
        let mut scaled = Vec::with_capacity(rows.len());
        for row in rows.chunks_exact(columns) {
            self.scale.apply(row, f32, &mut scaled);
        }
        self.others.distances(&scaled, columns, out);
        self.shape.apply(out);
    }
}

impl Shape {
    /// Replaces squared distances by the kernel.
    fn apply(self, squares: &mut [f64]) {
        let each = |squares: &mut [f64], kernel: &dyn Fn(f64) -> f64| {
            for v in squares {
                *v = kernel(*v);
            }
        };
        match self {
            Self::Radial => exponential::apply(squares, Exp(-0.5)),
            Self::Rational(scale, alpha) => {
                each(squares, &|square| (1.0 + square / scale).powf(-alpha));
            }
            Self::Periodic { period, length } => {
                let factor = std::f64::consts::PI / period;
                each(squares, &|square| {
                    let sine = (factor * square.sqrt()).sin() / length;
                    (-2.0 * (sine * sine)).exp()
                });
            }
            Self::Matern(smoothness) => matern(squares, smoothness),
        }
    }
}

/// Matérn's kernel of a squared distance where it has a closed form: the terms of the polynomial
/// 1 + v + v²/3, and what the distance is multiplied by.
#[derive(Clone, Copy, Debug)]
struct Closed {
    terms: u8,
    root: f64,
}

impl Function for Closed {
    #[expect(clippy::inline_always, reason = "it takes on the processor features of its caller")]
    #[inline(always)]
    fn of(self, square: f64) -> f64 {
        let v = square.sqrt() * self.root;
        let polynomial = match self.terms {
            1 => 1.0,
            2 => 1.0 + v,
            _ => 1.0 + v + v * v / 3.0,
        };
        polynomial * exponential::exp(-v)
    }
}

/// Matérn's kernel of squared distances, with closed forms where there is one in the library.
fn matern(squares: &mut [f64], smoothness: f64) {
    if smoothness == 0.5 {
        exponential::apply(squares, Closed { terms: 1, root: 1.0 });
    } else if smoothness == 1.5 {
        exponential::apply(squares, Closed { terms: 2, root: 3_f64.sqrt() });
    } else if smoothness == 2.5 {
        exponential::apply(squares, Closed { terms: 3, root: 5_f64.sqrt() });
    } else if smoothness.is_infinite() {
        exponential::apply(squares, Exp(-0.5));
    } else {
        let factor = 2_f64.powf(1.0 - smoothness) / libm::tgamma(smoothness);
        let root = (2.0 * smoothness).sqrt();
        for square in squares {
            let distance = square.sqrt();
            // the function has no value at zero, and one next to it
            let distance = if distance == 0.0 { f64::EPSILON } else { distance };
            let v = root * distance;
            *square = factor * v.powf(smoothness) * bessel::second_kind(smoothness, v);
        }
    }
}
