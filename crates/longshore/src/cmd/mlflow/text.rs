//! Texts, moments and figures of a server, as people read them.

use anyhow::{Result, bail};
use k8s_openapi::jiff::Timestamp;

use crate::cmd::table::age;

/// A text of others on one line, without characters that a terminal would obey.
pub(in crate::cmd) fn clean(text: &str) -> String {
    text.chars().map(|it| if it.is_control() { ' ' } else { it }).collect()
}

/// A text of others, when there is one.
pub(in crate::cmd) fn said(text: Option<&str>) -> Option<String> {
    text.filter(|text| !text.is_empty()).map(clean)
}

/// A text in the quotes of a filter.
pub(in crate::cmd) fn quoted(text: &str) -> Result<String> {
    match (text.contains('\''), text.contains('"')) {
        (false, _) => Ok(format!("'{text}'")),
        (true, false) => Ok(format!("\"{text}\"")),
        (true, true) => bail!("`{text}` has both kinds of quotes, which no filter can hold"),
    }
}

/// How long ago milliseconds since 1970 were.
pub(in crate::cmd) fn ago(milliseconds: Option<i64>) -> String {
    age(moment(milliseconds), Timestamp::now())
}

/// The moment, and how long ago it was.
pub(in crate::cmd) fn when(milliseconds: Option<i64>) -> Option<String> {
    let moment = moment(milliseconds)?;
    Some(format!("{moment:.0} ({} ago)", age(Some(moment), Timestamp::now())))
}

fn moment(milliseconds: Option<i64>) -> Option<Timestamp> {
    Timestamp::from_millisecond(milliseconds.filter(|it| *it > 0)?).ok()
}

/// A measurement, short enough for a list: six digits that count.
pub(super) fn short(value: f64) -> String {
    let size = value.abs();
    if value == value.trunc() && size < 1e9 {
        return format!("{value}");
    }
    if (1e-4..1e9).contains(&size) {
        let digits = (5 - size.log10().floor() as i32).clamp(0, 9) as usize;
        let text = format!("{value:.digits$}");
        if text.contains('.') {
            return text.trim_end_matches('0').trim_end_matches('.').to_owned();
        }
        return text;
    }
    if value.is_finite() { format!("{value:.4e}") } else { value.to_string() }
}

/// A number of bytes.
pub(super) fn bytes(count: i64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut size = count as f64 / 1024.0;
    if size < 1.0 {
        return format!("{count} B");
    }
    for unit in UNITS {
        if size < 1024.0 {
            return format!("{size:.1} {unit}");
        }
        size /= 1024.0;
    }
    format!("{size:.1} PiB")
}

#[cfg(test)]
mod tests {
    use super::{bytes, clean, quoted, short};

    #[test]
    fn figures_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (12.0, "12"),
            (0.123_456_789, "0.123457"),
            (-1_234.567_8, "-1234.57"),
            (0.5, "0.5"),
            (99_999.96, "100000"),
            (1.5e-7, "1.5000e-7"),
            (3.2e12, "3.2000e12"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(short(value), text);
        }
        let sizes = [17, 1536, 5 << 30].map(bytes);
        assert_eq!(sizes, ["17 B", "1.5 KiB", "5.0 GiB"]);
    }

    #[test]
    fn texts_of_others_are_harmless() {
        assert_eq!(clean("a\u{1b}[31mb\nc"), "a [31mb c");
        assert_eq!(quoted("it's").unwrap(), "\"it's\"");
        assert!(quoted("'\"").is_err());
    }
}
