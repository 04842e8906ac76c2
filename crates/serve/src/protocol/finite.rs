//! Numbers that JSON cannot say.

use longshore_engine::{Method, Output, OutputData};

use crate::failure::Failure;

/// Refuses an output that `null` would stand for without saying what it is. `null` has one meaning a
/// method: a missing value that a transformer passes on, and the logarithm of a probability of 0.
pub(super) fn check(method: Method, output: &Output) -> Result<(), Failure> {
    let is_said = |value: f64| {
        value.is_finite()
            || match method {
                Method::Transform => value.is_nan(),
                Method::PredictLogProba => value == f64::NEG_INFINITY,
                _ => false,
            }
    };
    let wrong = match &output.data {
        OutputData::F64(values) => values.iter().position(|value| !is_said(*value)),
        OutputData::F32(values) => values.iter().position(|value| !is_said(f64::from(*value))),
        OutputData::I64(_) | OutputData::I32(_) | OutputData::Bool(_) | OutputData::Text(_) => None,
    };
    let Some(at) = wrong else { return Ok(()) };
    let row = at / output.columns.unwrap_or(1).max(1);
    Err(Failure::invalid(format!(
        "row {row} of the answer to `{method}` is infinite or not a number, which JSON cannot say: \
         the values of the row are too large or too small for the model; send others, or ask by \
         gRPC or for binary tensors, which can say it"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_stands_for_one_thing_a_method() {
        let of = |method, values: &[f64]| {
            check(method, &Output::matrix(1, values.len(), OutputData::F64(values.to_vec())))
        };
        let (nan, inf) = (f64::NAN, f64::INFINITY);
        assert!(of(Method::Transform, &[1.0, nan]).is_ok());
        assert!(of(Method::PredictLogProba, &[0.0, -inf]).is_ok());
        for (method, value) in [
            (Method::Transform, inf),
            (Method::Transform, -inf),
            (Method::PredictLogProba, nan),
            (Method::PredictLogProba, inf),
            (Method::Predict, nan),
            (Method::Predict, inf),
            (Method::PredictProba, nan),
            (Method::DecisionFunction, -inf),
            (Method::Margin, inf),
        ] {
            assert!(of(method, &[0.0, value]).is_err(), "{method} {value}");
        }
        let rows = Output::matrix(2, 2, OutputData::F32(vec![0.0, 1.0, 2.0, f32::INFINITY]));
        let message = check(Method::Predict, &rows).unwrap_err().message;
        assert!(message.starts_with("row 1 of the answer to `predict`"), "{message}");
        let flat = Output::flat(OutputData::F64(vec![0.0, inf]));
        let message = check(Method::Predict, &flat).unwrap_err().message;
        assert!(message.starts_with("row 1 of"), "{message}");
    }
}
