//! Golden cases: rows and the answers that the library itself gave, as JSON, and how close an answer
//! must be. `tests/golden/README.md` at the root of the repository describes the format.

use serde_json::Value;

use crate::{Error, Method};

mod array;
mod compare;
mod rows;

pub use array::{array, listed, table};
pub use compare::{Agreement, Difference, compare};
pub use rows::rows;

/// How far an answer may be from the library's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exactness {
    /// Classes `A`, `B` and `B4`: at most so many units in the last place of the answer's type, none
    /// of which is equal bits.
    Ulps(u64),
    /// Class `C`: a difference of 1e-9 (floats: 1e-5), relative for answers beyond 1.
    Sum,
    /// Class `C32`: a difference of 1e-5, for sums in floats that the answer widens.
    FloatSum,
}

impl Exactness {
    /// The class that a case names; `None` for other names.
    pub fn parse(class: &str) -> Option<Self> {
        match class {
            "A" => Some(Self::Ulps(0)),
            "B" => Some(Self::Ulps(1)),
            "B4" => Some(Self::Ulps(4)),
            "C" => Some(Self::Sum),
            "C32" => Some(Self::FloatSum),
            _ => None,
        }
    }
}

/// An answer of the library.
#[derive(Clone, Debug)]
pub struct Expected {
    /// How close an answer must be.
    pub exactness: Exactness,
    /// The type of the values, as in `f64`; `None` when any will do.
    pub dtype: Option<String>,
    /// Rows, or rows and columns.
    pub shape: Vec<usize>,
    /// The values, row after row: numbers, texts, booleans; `"NaN"`, `"Infinity"` and `"-Infinity"` are
    /// texts where numbers are expected.
    pub data: Vec<Value>,
}

/// The answers of a case: a method's name → `{exact, dtype, shape, data}`.
///
/// # Errors
/// [`Error::Input`] that names what is missing or unknown.
pub fn expected(answers: &Value) -> Result<Vec<(Method, Expected)>, Error> {
    let methods = answers
        .as_object()
        .ok_or_else(|| Error::input("`expected` is not an object of methods and their answers"))?;
    methods.iter().map(|(method, answer)| Ok((of_name(method)?, one(method, answer)?))).collect()
}

fn of_name(name: &str) -> Result<Method, Error> {
    name.parse().map_err(|()| Error::no_such_method(name, &Method::ALL))
}

fn one(method: &str, answer: &Value) -> Result<Expected, Error> {
    let missing = |key: &str| Error::input(format!("the answer `{method}` has no `{key}`"));
    let exact = answer["exact"].as_str().ok_or_else(|| missing("exact"))?;
    let exactness = Exactness::parse(exact).ok_or_else(|| {
        Error::input(format!("`{exact}` is no class of exactness: A, B, B4, C and C32 are"))
    })?;
    let dtype = answer["dtype"].as_str().ok_or_else(|| missing("dtype"))?.to_owned();
    let shape = answer["shape"].as_array().ok_or_else(|| missing("shape"))?;
    let shape = shape.iter().map(|v| v.as_u64()?.try_into().ok()).collect::<Option<Vec<usize>>>();
    let data = answer["data"].as_array().ok_or_else(|| missing("data"))?.clone();
    Ok(Expected {
        exactness,
        dtype: Some(dtype),
        shape: shape.ok_or_else(|| missing("shape"))?,
        data,
    })
}

/// A number; what JSON cannot write is a text.
pub(crate) fn number(value: &Value) -> Result<f64, Error> {
    let found = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        Value::Bool(flag) => Some(f64::from(u8::from(*flag))),
        _ => None,
    };
    found.ok_or_else(|| Error::input(format!("{value} is no number")))
}
