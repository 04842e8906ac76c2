//! Answers compared as exactly as their class promises.

use std::str::FromStr;

use longshore_engine::{Output, OutputData};

use crate::{
    case::{Expected, number},
    report::Report,
};

/// How far an answer may be from the library's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tolerance {
    /// Units in the last place of the type of the answer.
    Ulps(u64),
    /// A difference of 1e-9 (floats: 1e-5), relative for answers beyond 1.
    Sum,
    /// A difference of 1e-5, for sums in floats that the answer widens.
    FloatSum,
}

impl FromStr for Tolerance {
    type Err = String;

    fn from_str(class: &str) -> Result<Self, String> {
        match class {
            "A" => Ok(Self::Ulps(0)),
            "B" => Ok(Self::Ulps(1)),
            "B4" => Ok(Self::Ulps(4)),
            "C" => Ok(Self::Sum),
            "C32" => Ok(Self::FloatSum),
            other => Err(format!("unknown class of exactness {other}")),
        }
    }
}

/// Compares a whole answer; the first difference of each answer is reported.
pub(crate) fn outputs(got: &Output, expected: &Expected, method: &str, report: &mut Report) {
    report.answers += 1;
    let shape: Vec<usize> = std::iter::once(got.rows).chain(got.columns).collect();
    if shape != expected.shape {
        let reason = format!("the shape is {shape:?} instead of {:?}", expected.shape);
        return report.fault(method, &reason);
    }
    if dtype(&got.data) != expected.dtype {
        let reason = format!("the type is {} instead of {}", dtype(&got.data), expected.dtype);
        return report.fault(method, &reason);
    }
    let columns = got.columns.unwrap_or(1).max(1);
    for (at, want) in expected.data.iter().enumerate() {
        let row = at / columns;
        let numbers = match &got.data {
            OutputData::Text(texts) => {
                if texts.get(at) != want.as_str() {
                    let got = texts.get(at).unwrap_or("null");
                    return report.difference(method, row, got, &want.to_string(), None);
                }
                continue;
            }
            OutputData::F64(v) => number(want).map(|want| (v[at], want, ulps(v[at], want))),
            OutputData::F32(v) => {
                number(want).map(|want| (f64::from(v[at]), want, ulps_f32(v[at], want as f32)))
            }
            OutputData::I64(v) => number(want).map(|want| (v[at] as f64, want, u64::MAX)),
            OutputData::I32(v) => number(want).map(|want| (f64::from(v[at]), want, u64::MAX)),
            OutputData::Bool(v) => {
                number(want).map(|want| (f64::from(u8::from(v[at])), want, u64::MAX))
            }
        };
        let Ok((value, want, distance)) = numbers else {
            return report.fault(method, &format!("{want} is no number"));
        };
        let single = matches!(got.data, OutputData::F32(_));
        if !close(value, want, distance, expected.tolerance, single) {
            let (value, want) = (format!("{value:?}"), format!("{want:?}"));
            return report.difference(method, row, &value, &want, Some(distance));
        }
    }
}

fn close(got: f64, want: f64, distance: u64, tolerance: Tolerance, single: bool) -> bool {
    if got == want && got.is_sign_negative() == want.is_sign_negative() {
        return true;
    }
    if got.is_nan() || want.is_nan() {
        return got.is_nan() && want.is_nan();
    }
    match tolerance {
        // the two zeros are equal numbers and different bits
        Tolerance::Ulps(0) => false,
        // integers and booleans have no distance, and equal ones returned above
        Tolerance::Ulps(most) => distance <= most,
        Tolerance::Sum | Tolerance::FloatSum => {
            let floats = single || tolerance == Tolerance::FloatSum;
            let allowed = if floats { 1e-5 } else { 1e-9 };
            distance != u64::MAX
                && (got == want || (got - want).abs() <= allowed * want.abs().max(1.0))
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

fn dtype(data: &OutputData) -> &'static str {
    match data {
        OutputData::F64(_) => "f64",
        OutputData::F32(_) => "f32",
        OutputData::I64(_) => "i64",
        OutputData::I32(_) => "i32",
        OutputData::Bool(_) => "bool",
        OutputData::Text(_) => "text",
    }
}

/// Compares one row of an answer with the answer to that row alone, bit for bit.
pub(crate) fn row(all: &Output, row: usize, alone: &Output, method: &str, report: &mut Report) {
    let columns = all.columns.unwrap_or(1);
    let range = row * columns..(row + 1) * columns;
    let same = match (&all.data, &alone.data) {
        (OutputData::F64(a), OutputData::F64(b)) => {
            a[range].iter().map(|v| v.to_bits()).eq(b.iter().map(|v| v.to_bits()))
        }
        (OutputData::F32(a), OutputData::F32(b)) => {
            a[range].iter().map(|v| v.to_bits()).eq(b.iter().map(|v| v.to_bits()))
        }
        (OutputData::I64(a), OutputData::I64(b)) => a[range] == b[..],
        (OutputData::I32(a), OutputData::I32(b)) => a[range] == b[..],
        (OutputData::Bool(a), OutputData::Bool(b)) => a[range] == b[..],
        (OutputData::Text(a), OutputData::Text(b)) => {
            range.map(|at| a.get(at)).eq(b.iter()) && alone.rows == 1
        }
        _ => false,
    };
    if !same {
        report.fault(method, &format!("row {row} alone gives another answer than in the batch"));
    }
}

#[test]
fn distances_count_representable_values() {
    assert_eq!(ulps(1.0, 1.0 + f64::EPSILON), 1);
    assert_eq!(ulps(-0.0, 0.0), 0);
    assert_eq!(ulps_f32(-f32::from_bits(1), f32::from_bits(1)), 2);
}

#[test]
fn labels_are_never_nearly_right() {
    assert!(!close(1.0, 2.0, u64::MAX, Tolerance::Sum, false));
    assert!(close(1.0, 1.0 + 1e-10, 4, Tolerance::Sum, false));
}
