use serde_json::Value;

use super::{Kind, Wire, place::Place};
use crate::{
    Error,
    text::{self, is_decimal},
};

impl Wire for String {
    fn read(value: Value, place: &Place<'_>) -> Result<Self, Error> {
        match value {
            Value::String(text) => Ok(text),
            Value::Number(number) if place.is_reply() && !number.is_f64() => Ok(number.to_string()),
            value => Err(place.wrong(&value, "")),
        }
    }

    fn is_blank(&self) -> bool {
        self.is_empty()
    }

    fn write(&self, out: &mut String) {
        text::quote(self, out);
    }

    fn texts(&self, out: &mut Vec<String>) {
        out.push(self.clone());
    }
}

/// Printed as a number; Protocol Buffers print a text, and clients of other languages send one.
impl Wire for i64 {
    fn read(value: Value, place: &Place<'_>) -> Result<Self, Error> {
        integer(&value).ok_or_else(|| place.wrong(&value, ""))
    }

    fn write(&self, out: &mut String) {
        out.push_str(&self.to_string());
    }

    fn texts(&self, out: &mut Vec<String>) {
        out.push(self.to_string());
    }
}

impl Wire for i32 {
    fn read(value: Value, place: &Place<'_>) -> Result<Self, Error> {
        let found = integer(&value).and_then(|integer| integer.try_into().ok());
        found.ok_or_else(|| place.wrong(&value, ""))
    }

    fn write(&self, out: &mut String) {
        i64::from(*self).write(out);
    }

    fn texts(&self, out: &mut Vec<String>) {
        i64::from(*self).texts(out);
    }
}

/// Non-finite values have no number in JSON; Protocol Buffers give them names.
impl Wire for f64 {
    fn read(value: Value, place: &Place<'_>) -> Result<Self, Error> {
        let found = match &value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => match &**text {
                "NaN" => Some(f64::NAN),
                "Infinity" => Some(f64::INFINITY),
                "-Infinity" => Some(f64::NEG_INFINITY),
                text if is_decimal(text) => {
                    text.parse().ok().filter(|value: &f64| value.is_finite())
                }
                _ => None,
            },
            _ => None,
        };
        found.ok_or_else(|| place.wrong(&value, ""))
    }

    fn write(&self, out: &mut String) {
        text::double(*self, out);
    }

    fn texts(&self, out: &mut Vec<String>) {
        let mut text = String::new();
        self.write(&mut text);
        out.push(text.trim_matches('"').to_owned());
    }
}

impl Wire for bool {
    const KIND: Kind = Kind::Bool;

    fn read(value: Value, place: &Place<'_>) -> Result<Self, Error> {
        value.as_bool().ok_or_else(|| place.wrong(&value, ""))
    }

    fn write(&self, out: &mut String) {
        out.push_str(if *self { "true" } else { "false" });
    }

    fn texts(&self, out: &mut Vec<String>) {
        out.push(self.to_string());
    }
}

/// An integer, a whole number written as a float, or a text of either.
fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) if is_decimal(text) => {
            text.parse().ok().or_else(|| whole(text.parse().ok()?))
        }
        _ => None,
    }
}

/// The integer that a float is, where every integer has a float of its own. Beyond, nobody can
/// tell which one was meant.
fn whole(value: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (value.fract() == 0.0 && value.abs() <= EXACT).then_some(value as i64)
}
