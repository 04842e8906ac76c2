use crate::{
    Error,
    read::{Cursor, Kind},
    scores::{sigmoid, sigmoid_f32},
    sklearn::logit::Logit,
};

/// A numpy function of one value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Function {
    name: &'static str,
    kind: Op,
}

#[derive(Clone, Copy, Debug)]
enum Op {
    /// A function of doubles. Its result is rounded for floats, which is as near to numpy's own
    /// vector functions as can be.
    Float(fn(f64) -> f64),
    /// A function with a form of its own for floats.
    Widths(fn(f64) -> f64, fn(f32) -> f32),
    /// The logarithm of the odds.
    Logit(Logit),
    /// A function that gives integers for integers.
    Both(fn(f64) -> f64, fn(i64) -> i64),
    Clip {
        low: Option<f64>,
        high: Option<f64>,
    },
    Replace {
        nan: f64,
        high: Option<f64>,
        low: Option<f64>,
    },
    Round(i32),
}

impl Function {
    /// The function called `name`, with the arguments that the attribute `words` of its transformer has; `None` when it is not
    /// one of a single value.
    pub(super) fn read(
        name: &str,
        transformer: Cursor<'_>,
        words: &'static str,
    ) -> Result<Option<Self>, Error> {
        let words = Words::read(transformer, words)?;
        let kind = match name {
            "clip" => Op::Clip {
                low: words.number(&["a_min", "min"])?,
                high: words.number(&["a_max", "max"])?,
            },
            "nan_to_num" => Op::Replace {
                nan: words.number(&["nan"])?.unwrap_or(0.0),
                high: words.number(&["posinf"])?,
                low: words.number(&["neginf"])?,
            },
            "round" | "around" | "round_" => {
                Op::Round(words.number(&["decimals"])?.unwrap_or(0.0) as i32)
            }
            "logit" => Op::Logit(Logit::of(transformer)),
            _ => match plain(name) {
                Some(kind) => kind,
                None => return Ok(None),
            },
        };
        words.all_read()?;
        let name = NAMES.iter().copied().find(|known| *known == name).unwrap_or("function");
        Ok(Some(Self { name, kind }))
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn keeps_integers(&self) -> bool {
        match self.kind {
            Op::Both(..) | Op::Replace { .. } => true,
            Op::Round(decimals) => decimals >= 0,
            Op::Clip { low, high } => {
                low.is_none_or(|v| v.trunc() == v) && high.is_none_or(|v| v.trunc() == v)
            }
            Op::Float(_) | Op::Widths(..) | Op::Logit(_) => false,
        }
    }

    pub(super) fn f64(&self, x: f64) -> f64 {
        match self.kind {
            Op::Float(f) | Op::Both(f, _) | Op::Widths(f, _) => f(x),
            Op::Logit(logit) => logit.f64(x),
            Op::Clip { low, high } => bounded(x, low, high),
            Op::Replace { nan, high, low } => {
                if x.is_nan() {
                    nan
                } else if x == f64::INFINITY {
                    high.unwrap_or(f64::MAX)
                } else if x == f64::NEG_INFINITY {
                    low.unwrap_or(f64::MIN)
                } else {
                    x
                }
            }
            Op::Round(decimals) => {
                let scale = 10f64.powi(decimals.abs());
                match decimals {
                    0 => x.round_ties_even(),
                    1.. => (x * scale).round_ties_even() / scale,
                    _ => (x / scale).round_ties_even() * scale,
                }
            }
        }
    }

    pub(super) fn f32(&self, x: f32) -> f32 {
        match self.kind {
            Op::Float(f) | Op::Both(f, _) => f(f64::from(x)) as f32,
            Op::Widths(_, f) => f(x),
            Op::Logit(logit) => logit.f32(x),
            Op::Clip { low, high } => bounded(x, low.map(|v| v as f32), high.map(|v| v as f32)),
            Op::Replace { nan, high, low } => {
                if x.is_nan() {
                    nan as f32
                } else if x == f32::INFINITY {
                    high.map_or(f32::MAX, |v| v as f32)
                } else if x == f32::NEG_INFINITY {
                    low.map_or(f32::MIN, |v| v as f32)
                } else {
                    x
                }
            }
            Op::Round(decimals) => {
                let scale = 10f32.powi(decimals.abs());
                match decimals {
                    0 => x.round_ties_even(),
                    1.. => (x * scale).round_ties_even() / scale,
                    _ => (x / scale).round_ties_even() * scale,
                }
            }
        }
    }

    pub(super) fn i64(&self, x: i64) -> i64 {
        match self.kind {
            Op::Both(_, f) => f(x),
            Op::Clip { low, high } => bounded(x, low.map(|v| v as i64), high.map(|v| v as i64)),
            Op::Float(_) | Op::Widths(..) | Op::Logit(_) | Op::Replace { .. } | Op::Round(_) => x,
        }
    }
}

/// numpy's clip: the low bound first, and NaN stays.
fn bounded<T: PartialOrd>(x: T, low: Option<T>, high: Option<T>) -> T {
    let x = match low {
        Some(low) if x < low => low,
        _ => x,
    };
    match high {
        Some(high) if x > high => high,
        _ => x,
    }
}

const NAMES: &[&str] = &[
    "log",
    "log1p",
    "log2",
    "log10",
    "exp",
    "expm1",
    "exp2",
    "exp10",
    "sqrt",
    "cbrt",
    "square",
    "abs",
    "absolute",
    "fabs",
    "sign",
    "reciprocal",
    "negative",
    "positive",
    "sin",
    "cos",
    "tan",
    "arcsin",
    "arccos",
    "arctan",
    "asin",
    "acos",
    "atan",
    "sinh",
    "cosh",
    "tanh",
    "arcsinh",
    "arccosh",
    "arctanh",
    "asinh",
    "acosh",
    "atanh",
    "floor",
    "ceil",
    "trunc",
    "fix",
    "rint",
    "deg2rad",
    "radians",
    "rad2deg",
    "degrees",
    "expit",
    "logit",
    "clip",
    "nan_to_num",
    "round",
    "around",
    "round_",
];

fn plain(name: &str) -> Option<Op> {
    Some(match name {
        "log" => Op::Float(f64::ln),
        "log1p" => Op::Float(f64::ln_1p),
        "log2" => Op::Float(f64::log2),
        "log10" => Op::Float(f64::log10),
        "exp" => Op::Float(f64::exp),
        "expm1" => Op::Float(f64::exp_m1),
        "exp2" => Op::Float(f64::exp2),
        "exp10" => Op::Float(|x| 10_f64.powf(x)),
        "sqrt" => Op::Float(f64::sqrt),
        "cbrt" => Op::Float(f64::cbrt),
        "fabs" => Op::Float(f64::abs),
        "sin" => Op::Float(f64::sin),
        "cos" => Op::Float(f64::cos),
        "tan" => Op::Float(f64::tan),
        "arcsin" | "asin" => Op::Float(f64::asin),
        "arccos" | "acos" => Op::Float(f64::acos),
        "arctan" | "atan" => Op::Float(f64::atan),
        "sinh" => Op::Float(f64::sinh),
        "cosh" => Op::Float(f64::cosh),
        "tanh" => Op::Float(f64::tanh),
        "arcsinh" | "asinh" => Op::Float(f64::asinh),
        "arccosh" | "acosh" => Op::Float(f64::acosh),
        "arctanh" | "atanh" => Op::Float(f64::atanh),
        "rint" => Op::Float(f64::round_ties_even),
        "reciprocal" => Op::Float(|x| 1.0 / x),
        "deg2rad" | "radians" => {
            const F: f64 = std::f64::consts::PI / 180.0;
            Op::Float(|x| x * F)
        }
        "rad2deg" | "degrees" => {
            const F: f64 = 180.0 / std::f64::consts::PI;
            Op::Float(|x| x * F)
        }
        "expit" => Op::Widths(sigmoid, sigmoid_f32),
        "square" => Op::Both(|x| x * x, |x| x.wrapping_mul(x)),
        "abs" | "absolute" => Op::Both(f64::abs, i64::wrapping_abs),
        "sign" => Op::Both(sign, i64::signum),
        "negative" => Op::Both(|x| -x, i64::wrapping_neg),
        "positive" => Op::Both(|x| x, |x| x),
        "floor" => Op::Both(f64::floor, |x| x),
        "ceil" => Op::Both(f64::ceil, |x| x),
        "trunc" | "fix" => Op::Both(f64::trunc, |x| x),
        _ => return None,
    })
}

/// numpy's sign: zero stays zero, NaN stays NaN.
fn sign(x: f64) -> f64 {
    if x > 0.0 {
        1.0
    } else if x < 0.0 {
        -1.0
    } else if x == 0.0 {
        0.0
    } else {
        x
    }
}

/// Keyword arguments, each of which must be understood.
pub(super) struct Words<'a> {
    attribute: &'static str,
    given: Vec<(&'a str, Cursor<'a>)>,
    read: std::cell::Cell<usize>,
}

impl<'a> Words<'a> {
    pub(super) fn read(transformer: Cursor<'a>, attribute: &'static str) -> Result<Self, Error> {
        let wrong = |reason| Error::attribute("FunctionTransformer", attribute, reason);
        let mut given = Vec::new();
        if let Some(words) = transformer.attr(attribute)
            && !words.is_none()
        {
            for &(key, value) in words.pairs().unwrap_or_default() {
                let key =
                    words.go(key).as_str().ok_or_else(|| wrong("has a key that is no text"))?;
                given.push((key, words.go(value)));
            }
        }
        Ok(Self { attribute, given, read: std::cell::Cell::new(0) })
    }

    fn number(&self, names: &[&str]) -> Result<Option<f64>, Error> {
        let Some((name, value)) = self.given.iter().find(|(name, _)| names.contains(name)) else {
            return Ok(None);
        };
        self.read.set(self.read.get() + 1);
        match value.kind() {
            Kind::None => Ok(None),
            _ => value.as_f64().map(Some).ok_or_else(|| {
                self.wrong(&format!(
                    "gives `{name}` {}, where a number is expected",
                    value.describe()
                ))
            }),
        }
    }

    /// The value, when no arguments are given but some that change nothing.
    pub(super) fn then<T>(&self, idle: &[&str], value: T) -> Result<T, Error> {
        self.read.set(self.given.iter().filter(|(name, _)| idle.contains(name)).count());
        self.all_read().map(|()| value)
    }

    /// Whether the shape of a `reshape` is that of a list of values.
    pub(super) fn flattens(&self) -> Result<bool, Error> {
        let list = self.given.iter().any(|(name, value)| {
            let only = value.items().and_then(|items| match *items {
                [only] => Some(value.go(only)),
                _ => None,
            });
            matches!(*name, "newshape" | "shape") && only.unwrap_or(*value).as_f64() == Some(-1.0)
        });
        self.then(&["newshape", "shape", "order", "copy"], list)
    }

    fn all_read(&self) -> Result<(), Error> {
        if self.read.get() == self.given.len() {
            return Ok(());
        }
        let names: Vec<_> = self.given.iter().map(|(name, _)| format!("`{name}`")).collect();
        Err(self.wrong(&format!("has {}, not all of which are supported", names.join(", "))))
    }

    fn wrong(&self, reason: &str) -> Error {
        Error::attribute("FunctionTransformer", self.attribute, reason)
    }
}

#[cfg(test)]
mod tests {
    use super::{NAMES, bounded, plain, sign};

    #[test]
    fn every_name_has_a_function() {
        let special = ["logit", "clip", "nan_to_num", "round", "around", "round_"];
        for name in NAMES.iter().filter(|name| !special.contains(name)) {
            assert!(plain(name).is_some(), "{name}");
        }
    }

    #[test]
    fn clip_and_sign_treat_nan_as_numpy_does() {
        assert!(bounded(f64::NAN, Some(0.0), Some(1.0)).is_nan());
        assert_eq!(bounded(5.0, Some(7.0), Some(1.0)), 1.0);
        assert!(sign(f64::NAN).is_nan());
        assert_eq!(sign(-0.0), 0.0);
    }
}
