//! Instants as AWS writes them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DAY: u64 = 86_400;

/// Seconds since 1970.
pub(crate) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// `YYYYMMDDTHHMMSSZ` for seconds since 1970.
pub(crate) fn basic(seconds: u64) -> String {
    let (year, month, day) = civil((seconds / DAY) as i64);
    let second = seconds % DAY;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

/// `YYYY-MM-DDTHH:MM:SSZ` for seconds since 1970, as RFC 3339 has it.
pub(crate) fn extended(seconds: u64) -> String {
    let (year, month, day) = civil((seconds / DAY) as i64);
    let second = seconds % DAY;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Reads `YYYY-MM-DDTHH:MM:SS[.fff]Z`.
pub(crate) fn parse(text: &str) -> Option<SystemTime> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u64>().ok();
    let bytes = text.as_bytes();
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if marks.iter().any(|&(at, mark)| bytes.get(at) != Some(&mark)) || !text.ends_with('Z') {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let days = days(year as i64, month as i64, day as i64) as u64;
    Some(UNIX_EPOCH + Duration::from_secs(days * DAY + hour * 3600 + minute * 60 + second))
}

/// Year, month and day of a count of days since 1970, in years that begin on the first of March so
/// that the leap day comes last.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// The inverse of [`civil`].
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let month = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::{basic, civil, days, parse, seconds};

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(basic(0), "19700101T000000Z");
        assert_eq!(basic(1_440_938_160), "20150830T123600Z");
        assert_eq!(basic(951_782_399), "20000228T235959Z");
        assert_eq!(basic(951_782_400), "20000229T000000Z");
        for day in (0..200_000).step_by(17) {
            let (y, m, d) = civil(day);
            assert_eq!(days(y, m, d), day);
        }
    }

    #[test]
    fn expirations_are_read_with_and_without_fractions() {
        for text in ["2015-08-30T12:36:00Z", "2015-08-30T12:36:00.123456Z"] {
            assert_eq!(seconds(parse(text).unwrap()), 1_440_938_160);
        }
        for text in ["", "2015-08-30", "2015-08-30T12:36:00+02:00", "2015-13-30T12:36:00Z", "ä"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
