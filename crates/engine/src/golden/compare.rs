use serde_json::Value;

use super::{Exactness, Expected, number};
use crate::{Error, Output, OutputData};

/// What an answer that is close enough has in common with the library's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    /// Values compared.
    pub values: usize,
    /// Values that are not equal.
    pub unequal: usize,
    /// The greatest distance of two numbers, in units in the last place of the answer's type.
    pub most_ulps: u64,
}

/// The first difference between an answer and the library's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Another shape or type.
    Form(String),
    /// A value that is not as close as it should be.
    Value {
        /// Its row.
        row: usize,
        /// Its column, for answers of several columns.
        column: Option<usize>,
        /// The answer.
        got: String,
        /// The library's.
        want: String,
        /// Their distance, for numbers with a fraction.
        ulps: Option<u64>,
    },
}

/// Compares a whole answer with the library's, which gives the first difference.
///
/// # Errors
/// [`Error::Input`] when an expected value is no number where the answer is one.
pub fn compare(got: &Output, want: &Expected) -> Result<Result<Agreement, Difference>, Error> {
    let shape: Vec<usize> = std::iter::once(got.rows).chain(got.columns).collect();
    let form = |reason| Ok(Err(Difference::Form(reason)));
    if shape != want.shape {
        return form(format!("the shape is {shape:?} instead of {:?}", want.shape));
    }
    let dtype = got.data.dtype();
    if want.dtype.as_ref().is_some_and(|want| want != dtype) {
        let wanted = want.dtype.as_deref().unwrap_or_default();
        return form(format!("the type is {dtype} instead of {wanted}"));
    }
    if want.data.len() != got.data.len() {
        let (found, wanted) = (got.data.len(), want.data.len());
        return form(format!("there are {found} values instead of {wanted}"));
    }
    let mut agreement = Agreement { values: want.data.len(), ..Agreement::default() };
    for (at, wanted) in want.data.iter().enumerate() {
        let found = one(&got.data, at, wanted, want.exactness)?;
        if found.is_equal {
            continue;
        }
        if !found.is_close {
            let columns = got.columns.unwrap_or(1).max(1);
            return Ok(Err(Difference::Value {
                row: at / columns,
                column: got.columns.map(|_| at % columns),
                got: found.got,
                want: found.want,
                ulps: found.ulps,
            }));
        }
        agreement.unequal += 1;
        agreement.most_ulps = agreement.most_ulps.max(found.ulps.unwrap_or_default());
    }
    Ok(Ok(agreement))
}

/// Two values beside each other.
#[derive(Default)]
struct Pair {
    is_equal: bool,
    is_close: bool,
    got: String,
    want: String,
    ulps: Option<u64>,
}

fn one(got: &OutputData, at: usize, want: &Value, exactness: Exactness) -> Result<Pair, Error> {
    let (got, single) = match got {
        OutputData::Text(texts) => {
            let got = texts.get(at);
            let is_equal = got == want.as_str();
            let got = got.unwrap_or("null").to_owned();
            return Ok(Pair { is_equal, got, want: want.to_string(), ..Pair::default() });
        }
        OutputData::F64(v) => (v.get(at).copied(), false),
        OutputData::F32(v) => (v.get(at).map(|&v| f64::from(v)), true),
        OutputData::I64(v) => return Ok(exact(v.get(at).copied(), integer(want), want)),
        OutputData::I32(v) => {
            return Ok(exact(v.get(at).map(|&v| i64::from(v)), integer(want), want));
        }
        OutputData::Bool(v) => return Ok(exact(v.get(at).copied(), want.as_bool(), want)),
    };
    let (got, want) = (got.unwrap_or(f64::NAN), number(want)?);
    let ulps = if single { ulps_f32(got as f32, want as f32) } else { ulps(got, want) };
    Ok(Pair {
        is_equal: is_equal(got, want),
        is_close: is_close(got, want, ulps, exactness, single),
        got: format!("{got:?}"),
        want: format!("{want:?}"),
        ulps: Some(ulps).filter(|_| !got.is_nan() && !want.is_nan()),
    })
}

/// Integers and booleans have no distance.
fn exact<T: PartialEq + ToString + Copy>(
    got: Option<T>,
    want: Option<T>,
    as_written: &Value,
) -> Pair {
    let is_equal = got.is_some() && got == want;
    let got = got.map(|got| got.to_string()).unwrap_or_default();
    Pair { is_equal, got, want: as_written.to_string(), ..Pair::default() }
}

/// An integer, which some tools write with a fraction of zero.
fn integer(value: &Value) -> Option<i64> {
    let whole = || value.as_f64().filter(|v| v.fract() == 0.0 && v.abs() < 9e15).map(|v| v as i64);
    value.as_i64().or_else(whole)
}

/// The two zeros are equal numbers and different bits; all NaN are one.
fn is_equal(got: f64, want: f64) -> bool {
    got == want && got.is_sign_negative() == want.is_sign_negative()
        || got.is_nan() && want.is_nan()
}

fn is_close(got: f64, want: f64, distance: u64, exactness: Exactness, single: bool) -> bool {
    if is_equal(got, want) {
        return true;
    }
    if got.is_nan() || want.is_nan() {
        return false;
    }
    match exactness {
        Exactness::Ulps(0) => false,
        Exactness::Ulps(most) => distance <= most,
        Exactness::Sum | Exactness::FloatSum => {
            let floats = single || exactness == Exactness::FloatSum;
            let allowed = if floats { 1e-5 } else { 1e-9 };
            got == want || (got - want).abs() <= allowed * want.abs().max(1.0)
        }
    }
}

/// How many doubles lie between two values; signs count as they are ordered.
fn ulps(a: f64, b: f64) -> u64 {
    let order = |v: f64| {
        let bits = v.to_bits() as i64;
        if bits < 0 { i64::MIN.wrapping_sub(bits) } else { bits }
    };
    order(a).abs_diff(order(b))
}

fn ulps_f32(a: f32, b: f32) -> u64 {
    let order = |v: f32| {
        let bits = v.to_bits() as i32;
        if bits < 0 { i32::MIN.wrapping_sub(bits) } else { bits }
    };
    u64::from(order(a).abs_diff(order(b)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn distances_count_representable_values() {
        assert_eq!(ulps(1.0, 1.0 + f64::EPSILON), 1);
        assert_eq!(ulps(-0.0, 0.0), 0);
        assert_eq!(ulps_f32(-f32::from_bits(1), f32::from_bits(1)), 2);
    }

    fn compared(
        data: OutputData,
        exactness: Exactness,
        want: &[Value],
    ) -> Result<Agreement, Difference> {
        let want =
            Expected { exactness, dtype: None, shape: vec![want.len()], data: want.to_vec() };
        compare(&Output::flat(data), &want).unwrap()
    }

    #[test]
    fn labels_are_never_nearly_right() {
        let labels = OutputData::I64(vec![1, 2]);
        let wrong = compared(labels.clone(), Exactness::Sum, &[json!(1), json!(3)]).unwrap_err();
        assert!(matches!(wrong, Difference::Value { row: 1, column: None, ulps: None, .. }));
        let same = compared(labels, Exactness::Ulps(0), &[json!(1), json!(2)]).unwrap();
        assert_eq!((same.values, same.unequal), (2, 0));
    }

    #[test]
    fn the_greatest_distance_is_told() {
        let next = f64::from_bits(1.0_f64.to_bits() + 2);
        let numbers = OutputData::F64(vec![1.0, next, f64::NAN]);
        let want = [json!(1.0), json!(1.0), json!("NaN")];
        let close = compared(numbers.clone(), Exactness::Ulps(4), &want).unwrap();
        assert_eq!((close.values, close.unequal, close.most_ulps), (3, 1, 2));
        let far = compared(numbers, Exactness::Ulps(1), &want).unwrap_err();
        assert!(matches!(far, Difference::Value { row: 1, ulps: Some(2), .. }));
    }
}
