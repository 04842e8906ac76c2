//! Points and spans of time, which Protocol Buffers write as text.

use std::fmt::Write;

use serde_json::Value;

use super::{Wire, place::Place};
use crate::{Error, text};

/// A point in time, in milliseconds since 1970. Its text is that of RFC 3339, in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

/// A span of time, in milliseconds. Its text is a number of seconds with an `s`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(pub i64);

impl Wire for Timestamp {
    fn read(value: Value, place: &Place<'_>) -> Result<Self, Error> {
        let found = value.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
        // a part of a millisecond is left out, not rounded
        let found = found.map(|at| Self(at.as_nanosecond().div_euclid(1_000_000) as i64));
        found.ok_or_else(|| place.wrong(&value, " It must be such as \"2025-01-31T12:00:00Z\"."))
    }

    fn write(&self, out: &mut String) {
        text::quote(&self.text(), out);
    }

    fn texts(&self, out: &mut Vec<String>) {
        out.push(self.text());
    }
}

impl Timestamp {
    /// With no digits of the second, or with three.
    fn text(self) -> String {
        let at = jiff::Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        });
        let digits = if self.0.rem_euclid(1000) == 0 { 0 } else { 3 };
        format!("{at:.digits$}")
    }
}

impl Wire for Duration {
    fn read(value: Value, place: &Place<'_>) -> Result<Self, Error> {
        let found = value.as_str().and_then(|text| milliseconds(text.strip_suffix('s')?));
        found.map(Self).ok_or_else(|| place.wrong(&value, " It must be such as \"1.5s\"."))
    }

    fn write(&self, out: &mut String) {
        text::quote(&self.text(), out);
    }

    fn texts(&self, out: &mut Vec<String>) {
        out.push(self.text());
    }
}

impl Duration {
    fn text(self) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (seconds, rest) = (self.0.unsigned_abs() / 1000, self.0.unsigned_abs() % 1000);
        let mut text = format!("{sign}{seconds}");
        if rest > 0 {
            // writing to a `String` cannot fail
            let _ = write!(text, ".{rest:03}");
        }
        text + "s"
    }
}

/// From digits of seconds with up to nine behind a dot; those behind the third are left out.
fn milliseconds(text: &str) -> Option<i64> {
    let (is_negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |it: &str| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(part) || part.len() > 9 {
        return None;
    }
    let part: i64 = format!("{part:0<3}").get(..3)?.parse().ok()?;
    let total = whole.parse::<i64>().ok()?.checked_mul(1000)?.checked_add(part)?;
    Some(if is_negative { -total } else { total })
}

#[cfg(test)]
mod tests {
    use super::{Duration, Timestamp};
    use crate::rest::{
        Wire, print,
        wire::place::{Place, Side},
    };

    fn read<T: Wire>(text: &str) -> Option<T> {
        T::read(text.into(), &Place::body(Side::Request)).ok()
    }

    #[test]
    fn times_are_those_of_protocol_buffers() {
        // MessageToDict of google.protobuf.Timestamp
        for (ms, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_700_000_000_123, "2023-11-14T22:13:20.123Z"),
            (1_700_000_000_100, "2023-11-14T22:13:20.100Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(print(&Timestamp(ms)), format!("\"{text}\""));
            assert_eq!(read(text), Some(Timestamp(ms)));
        }
        assert_eq!(read("2023-11-14T23:13:20.1239+01:00"), Some(Timestamp(1_700_000_000_123)));
        assert_eq!(read::<Timestamp>("yesterday"), None);
    }

    #[test]
    fn spans_of_time_are_those_of_protocol_buffers() {
        // MessageToDict of google.protobuf.Duration
        for (ms, text) in
            [(0, "0s"), (1500, "1.500s"), (3000, "3s"), (7, "0.007s"), (-1500, "-1.500s")]
        {
            assert_eq!(print(&Duration(ms)), format!("\"{text}\""));
            assert_eq!(read(text), Some(Duration(ms)));
        }
        assert_eq!(read("1.5s"), Some(Duration(1500)));
        assert_eq!(read("0.0019999s"), Some(Duration(1)));
        for wrong in
            ["", "s", "1", "1.s", ".5s", "+1s", "1e3s", "0.0000000001s", "99999999999999999999s"]
        {
            assert_eq!(read::<Duration>(wrong), None, "{wrong}");
        }
    }
}
