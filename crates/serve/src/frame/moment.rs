//! Dates, times and decimals as texts and numbers.

use super::typed::Value;

/// Days from 0001-01-01 to 1970-01-01.
const EPOCH: i64 = 719_162;

/// Days from 0001-01-01 to 10000-01-01.
const END: i64 = 3_652_059;

/// How many units a second has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Second,
    Milli,
    Micro,
    Nano,
}

impl Unit {
    fn per_second(self) -> i64 {
        match self {
            Self::Second => 1,
            Self::Milli => 1_000,
            Self::Micro => 1_000_000,
            Self::Nano => 1_000_000_000,
        }
    }
}

/// The date of a day since 1970, as ISO 8601 has it; `None` outside of the years 1 to 9999.
pub(super) fn date(days: i64) -> Option<String> {
    let day = days.checked_add(EPOCH).filter(|day| (0..END).contains(day))?;
    // 400 years have 146,097 days; the day behind the last leap year of a part belongs to it
    let (era, day) = (day / 146_097, day % 146_097);
    let century = (day / 36_524).min(3);
    let day = day - century * 36_524;
    let (four, day) = (day / 1_461, day % 1_461);
    let single = (day / 365).min(3);
    let mut day = day - single * 365;
    let year = era * 400 + century * 100 + four * 4 + single + 1;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let february = if leap { 29 } else { 28 };
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    Some(format!("{year:04}-{month:02}-{:02}", day + 1))
}

/// A moment since 1970 as ISO 8601 has it, in UTC or in an unknown time zone.
pub(super) fn timestamp(value: i64, unit: Unit, utc: bool) -> Option<String> {
    let second = unit.per_second();
    let (seconds, part) = (value.div_euclid(second), value.rem_euclid(second));
    let (days, seconds) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let nanos = part * (Unit::Nano.per_second() / second);
    let fraction = match nanos {
        0 => String::new(),
        nanos if nanos % 1_000_000 == 0 => format!(".{:03}", nanos / 1_000_000),
        nanos if nanos % 1_000 == 0 => format!(".{:06}", nanos / 1_000),
        nanos => format!(".{nanos:09}"),
    };
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let zone = if utc { "Z" } else { "" };
    Some(format!("{}T{hours:02}:{minutes:02}:{seconds:02}{fraction}{zone}", date(days)?))
}

/// A decimal: an integer when it has no fraction and fits, else the nearest double.
pub(super) fn decimal(unscaled: i128, scale: i32) -> Option<Value<'static>> {
    if scale == 0
        && let Ok(value) = i64::try_from(unscaled)
    {
        return Some(Value::Int(value));
    }
    // the text is exact, and reading it rounds once
    format!("{unscaled}e{}", -i64::from(scale)).parse().ok().map(Value::Double)
}

/// The integer of a decimal's bytes, the lowest first; `None` when it is longer than 128 bits.
pub(super) fn integer(low_to_high: impl ExactSizeIterator<Item = u8>) -> Option<i128> {
    let mut bytes = [0; 16];
    let mut rest: Vec<u8> = Vec::new();
    for (at, byte) in low_to_high.enumerate() {
        match bytes.get_mut(at) {
            Some(place) => *place = byte,
            None => rest.push(byte),
        }
        if at + 1 < bytes.len() {
            // the bytes above this one repeat its sign
            let sign = if byte & 0x80 == 0 { 0 } else { 0xff };
            bytes.iter_mut().skip(at + 1).for_each(|byte| *byte = sign);
        }
    }
    let value = i128::from_le_bytes(bytes);
    let sign = if value < 0 { 0xff } else { 0 };
    rest.iter().all(|byte| *byte == sign).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_gregorian_calendar() {
        // python3: datetime.date(1970, 1, 1) + datetime.timedelta(days)
        for (days, expected) in [
            (0, Some("1970-01-01")),
            (-1, Some("1969-12-31")),
            (59, Some("1970-03-01")),
            (789, Some("1972-02-29")),
            (11_016, Some("2000-02-29")),
            (11_017, Some("2000-03-01")),
            (20_783, Some("2026-11-26")),
            (-25_509, Some("1900-02-28")),
            (-25_508, Some("1900-03-01")),
            (47_541, Some("2100-03-01")),
            (-719_162, Some("0001-01-01")),
            (2_932_896, Some("9999-12-31")),
            (-719_163, None),
            (2_932_897, None),
            (i64::MAX, None),
            (i64::MIN, None),
        ] {
            assert_eq!(date(days).as_deref(), expected, "{days}");
        }
    }

    #[test]
    fn moments_have_as_many_digits_as_they_need() {
        for (value, unit, utc, expected) in [
            (0, Unit::Second, false, Some("1970-01-01T00:00:00")),
            (-1, Unit::Nano, false, Some("1969-12-31T23:59:59.999999999")),
            (1_795_674_600_120, Unit::Milli, true, Some("2026-11-26T06:30:00.120Z")),
            (1_795_674_600_000_001, Unit::Micro, true, Some("2026-11-26T06:30:00.000001Z")),
            (i64::MAX, Unit::Second, false, None),
            (i64::MIN, Unit::Nano, false, Some("1677-09-21T00:12:43.145224192")),
        ] {
            assert_eq!(timestamp(value, unit, utc).as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn decimals_are_rounded_once() {
        assert_eq!(decimal(-7, 0), Some(Value::Int(-7)));
        assert_eq!(decimal(123, 1), Some(Value::Double(12.3)));
        assert_eq!(decimal(5, -2), Some(Value::Double(500.0)));
        let long = 12_345_678_901_234_567_890_123_456_789;
        assert_eq!(decimal(long, 20), Some(Value::Double(123_456_789.012_345_67)));
        assert_eq!(integer([0x85, 0xff].into_iter()), Some(-123));
        assert_eq!(integer([1; 16].into_iter()), Some(i128::from_le_bytes([1; 16])));
        assert_eq!(integer([0xff; 32].into_iter()), Some(-1));
        assert_eq!(integer([0, 0, 1].into_iter()), Some(65_536));
        let wide = (0..32).map(|at| u8::from(at == 16));
        assert_eq!(integer(wide.collect::<Vec<_>>().into_iter()), None);
    }
}
