//! Sizes and times as people write them.

use std::{net::IpAddr, str::FromStr, time::Duration};

/// Longest time that is understood, in seconds: 31 years.
const LONGEST: f64 = 1e9;

/// A number of bytes: `67108864`, `64MiB` (or `64Mi`, `64m`: 1024 of 1024), `64MB` (1000 of 1000), `1.5GiB`. One letter
/// is a power of 1024, as Docker, nginx and the JVM read it.
pub(super) fn size<T: TryFrom<u64>>(text: &str) -> Result<T, String> {
    let wrong = || {
        format!("`{text}` is not a size: write bytes, or a size such as `64MiB`, `64MB` or `64m`")
    };
    let (number, unit) = split(text.trim());
    let unit = unit.trim_start().to_ascii_lowercase();
    let (prefix, base) = match unit.as_str() {
        "" | "b" => ("", 1024_u64),
        "k" | "m" | "g" | "t" => (unit.as_str(), 1024),
        _ => match (unit.strip_suffix("ib").or(unit.strip_suffix('i')), unit.strip_suffix('b')) {
            (Some(prefix), _) => (prefix, 1024),
            (None, Some(prefix)) => (prefix, 1000),
            (None, None) => return Err(wrong()),
        },
    };
    let power = ["", "k", "m", "g", "t"].into_iter().position(|known| known == prefix);
    let power = power.filter(|power| *power > 0 || matches!(&*unit, "" | "b")).ok_or_else(wrong)?;
    let unit = base.pow(power as u32);
    let bytes = match number.parse::<u64>() {
        Ok(whole) => whole.checked_mul(unit),
        // below 2^53 a product of doubles is exact enough for bytes
        Err(_) => match number.parse::<f64>().map(|number| (number * unit as f64).round()) {
            Ok(bytes) if (0.0..=9e15).contains(&bytes) => Some(bytes as u64),
            _ => return Err(wrong()),
        },
    };
    let bytes = bytes.and_then(|bytes| T::try_from(bytes).ok());
    bytes.ok_or_else(|| format!("`{text}` is more bytes than this machine can count"))
}

/// A size above 0: a limit of 0 would let nothing through.
pub(super) fn some_size<T: TryFrom<u64> + Default + PartialEq>(text: &str) -> Result<T, String> {
    match size(text)? {
        none if none == T::default() => {
            Err("with 0 nothing would pass: write a size such as `64MiB`".into())
        }
        size => Ok(size),
    }
}

/// A number above 0, of which a limit of 0 would let nothing through.
pub(super) fn count<T: FromStr + Default + PartialEq>(text: &str) -> Result<T, String> {
    match text.trim().parse() {
        Ok(none) if none == T::default() => {
            Err("with 0 nothing would pass: a whole number above 0 is needed".into())
        }
        Ok(count) => Ok(count),
        Err(_) => Err(format!("`{text}` is not a whole number above 0")),
    }
}

/// A number of threads, or 0 for one a core.
pub(super) fn threads(text: &str) -> Result<usize, String> {
    const MOST: usize = 1024;
    match text.trim().parse() {
        Ok(threads) if threads <= MOST => Ok(threads),
        _ => Err(format!("a whole number from 1 to {MOST} is needed, or 0 for one a core")),
    }
}

/// How deep JSON may be nested: enough for a request of each protocol, and no deeper than is safe to read.
pub(super) fn depth(text: &str) -> Result<usize, String> {
    const LEAST: usize = 4;
    const MOST: usize = 1000;
    match text.trim().parse() {
        Ok(depth) if (LEAST..=MOST).contains(&depth) => Ok(depth),
        _ => Err(format!(
            "a whole number from {LEAST}, which a request of protocol V2 has, to {MOST} is needed"
        )),
    }
}

/// An address to listen on, or the name that every machine has for itself.
pub(super) fn host(text: &str) -> Result<IpAddr, String> {
    match text {
        "localhost" => Ok(IpAddr::from([127, 0, 0, 1])),
        _ => text.parse().map_err(|_| {
            "an IP address of this machine is needed, such as `127.0.0.1` (only this machine) or `0.0.0.0` (all of its \
             addresses), or `localhost`"
                .to_owned()
        }),
    }
}

/// A time: `30s`, `500ms`, `5m`, `1h30m`, `2d`, or a bare number of seconds.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let wrong = || {
        format!(
            "`{text}` is not a time: write `500ms`, `30s`, `5m`, `1h30m`, or a number of seconds"
        )
    };
    if text.is_empty() {
        return Err(wrong());
    }
    let seconds = match text.parse::<f64>() {
        Ok(seconds) => seconds,
        Err(_) => with_units(text).ok_or_else(wrong)?,
    };
    match seconds {
        seconds if (0.0..=LONGEST).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        seconds if seconds > LONGEST && seconds.is_finite() => {
            Err(format!("`{text}` is longer than 31 years, the longest time there is here"))
        }
        _ => Err(wrong()),
    }
}

/// A time above 0.
pub(super) fn some_time(text: &str) -> Result<Duration, String> {
    match time(text)? {
        Duration::ZERO => {
            Err("with 0 there would be no time at all: write a time such as `500ms` or `30s`"
                .into())
        }
        time => Ok(time),
    }
}

/// A time that is 0 or a second at least: another server is asked several times within it.
pub(super) fn none_or_a_second(text: &str) -> Result<Duration, String> {
    match time(text)? {
        time if time.is_zero() || time >= Duration::from_secs(1) => Ok(time),
        _ => Err(format!("`{text}` is too short: write a time from `1s`, or 0 for none")),
    }
}

/// A time that is 0 or has its unit: a flag whose times are of milliseconds takes no bare number for seconds.
pub(super) fn time_with_unit(text: &str) -> Result<Duration, String> {
    match text.trim().parse::<f64>() {
        Ok(number) if number != 0.0 => {
            Err(format!("`{text}` has no unit: write a time such as `500us`, `5ms` or `0.5s`"))
        }
        _ => time(text),
    }
}

/// A time as seconds.
pub(super) fn seconds(text: &str) -> Result<f64, String> {
    time(text).map(|time| time.as_secs_f64())
}

/// A time above 0, as seconds.
pub(super) fn some_seconds(text: &str) -> Result<f64, String> {
    some_time(text).map(|time| time.as_secs_f64())
}

/// A time of whole seconds within bounds.
#[cfg(any(feature = "operator", feature = "tracking", test))]
pub(super) fn whole_seconds<const LEAST: u32, const MOST: u32>(text: &str) -> Result<u32, String> {
    let seconds = seconds(text)?;
    if seconds.fract() == 0.0 && (f64::from(LEAST)..=f64::from(MOST)).contains(&seconds) {
        return Ok(seconds as u32);
    }
    Err(format!("whole seconds from {LEAST}s to {MOST}s are needed"))
}

/// The sum of numbers with their units: `1h30m`.
fn with_units(mut rest: &str) -> Option<f64> {
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let (number, after) = split(rest);
        let number: f64 = number.parse().ok()?;
        let end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, next) = after.split_at(end);
        seconds += number
            * match unit.trim() {
                "us" | "µs" => 1e-6,
                "ms" => 1e-3,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                "d" => 86400.0,
                _ => return None,
            };
        rest = next;
    }
    Some(seconds)
}

/// The number at the start of a text, and what follows it.
fn split(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_a_number_of_bytes_with_or_without_a_unit() {
        for (text, bytes) in [
            ("0", 0),
            ("67108864", 64 << 20),
            ("64MiB", 64 << 20),
            ("64Mi", 64 << 20),
            ("64m", 64 << 20),
            ("64M", 64 << 20),
            ("64 mib", 64 << 20),
            ("64MB", 64_000_000),
            ("1.5GiB", 3 << 29),
            ("10k", 10 << 10),
            ("10kB", 10_000),
            ("2t", 2 << 40),
            ("5B", 5),
        ] {
            assert_eq!(size::<u64>(text), Ok(bytes), "{text}");
        }
        assert_eq!(size::<usize>("18446744073709551615"), Ok(usize::MAX));
        for text in ["", "MiB", "64X", "64iB", "-1", "64MiBs", "1e3", "many", "1.2.3m"] {
            assert!(size::<u64>(text).unwrap_err().contains("`64MiB`"), "{text}");
        }
        assert!(size::<u64>("99999999t").unwrap_err().contains("more bytes"));
        assert!(size::<u8>("300").unwrap_err().contains("more bytes"));
    }

    #[test]
    fn a_time_has_units_or_is_in_seconds() {
        for (text, millis) in [
            ("0", 0),
            ("30", 30_000),
            ("0.5", 500),
            ("1e1", 10_000),
            ("30s", 30_000),
            ("500ms", 500),
            ("2500us", 2),
            ("5m", 300_000),
            ("1h30m", 5_400_000),
            ("1d", 86_400_000),
            ("1m 30s", 90_000),
        ] {
            assert_eq!(time(text).map(|time| time.as_millis()), Ok(millis), "{text}");
        }
        for text in ["", "s", "-1", "-1ms", "NaN", "inf", "5 weeks", "5M", "1h30"] {
            assert!(time(text).unwrap_err().contains("`30s`"), "{text}");
        }
        assert!(time("1e30").unwrap_err().contains("31 years"));
    }

    #[test]
    fn a_limit_that_lets_nothing_through_is_refused() {
        for none in ["0", "0MiB", "0.0k"] {
            assert!(some_size::<u64>(none).unwrap_err().contains("nothing would pass"), "{none}");
        }
        assert_eq!(some_size::<usize>("1k"), Ok(1024));
        assert!(some_size::<usize>("x").unwrap_err().contains("`64MiB`"));
        assert!(count::<usize>("0").unwrap_err().contains("nothing would pass"));
        for wrong in ["-1", "1.5", "many", ""] {
            assert!(count::<u64>(wrong).unwrap_err().contains("whole number above 0"), "{wrong}");
        }
        assert_eq!(count::<u64>("7"), Ok(7));
        assert_eq!(threads("0"), Ok(0));
        assert!(threads("100000").unwrap_err().contains("0 for one a core"));
        assert_eq!(depth("64"), Ok(64));
        for wrong in ["0", "3", "1000000", "deep"] {
            assert!(depth(wrong).unwrap_err().contains("from 4"), "{wrong}");
        }
        assert!(some_time("0ms").unwrap_err().contains("`30s`"));
        assert_eq!(some_time("1ms"), Ok(Duration::from_millis(1)));
        assert_eq!(none_or_a_second("0"), Ok(Duration::ZERO));
        assert_eq!(none_or_a_second("1m"), Ok(Duration::from_mins(1)));
        assert!(none_or_a_second("5ms").unwrap_err().contains("from `1s`"));
    }

    #[test]
    fn bounds_hold_whatever_the_unit() {
        assert_eq!(whole_seconds::<6, 3600>("1m"), Ok(60));
        assert!(whole_seconds::<6, 3600>("5s").unwrap_err().contains("6s to 3600s"));
        assert!(whole_seconds::<6, 3600>("6500ms").is_err());
        assert!(some_seconds("0ms").is_err());
        assert_eq!(time_with_unit("5ms"), Ok(Duration::from_millis(5)));
        assert_eq!(time_with_unit("0"), Ok(Duration::ZERO));
        assert!(time_with_unit("5").unwrap_err().contains("no unit"));
    }
}
