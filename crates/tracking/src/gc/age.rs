use std::{fmt, str::FromStr};

use crate::Error;

/// The units in their order, with milliseconds.
const UNITS: [(char, f64); 4] =
    [('d', 86_400_000.0), ('h', 3_600_000.0), ('m', 60_000.0), ('s', 1000.0)];

/// An age as MLflow writes it: days, hours, minutes and seconds in that order, each with a fraction if need be, as
/// `1d2h3m4s` or `1.5d`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Age {
    text: String,
    millis: i64,
}

impl Age {
    /// In milliseconds.
    pub fn millis(&self) -> i64 {
        self.millis
    }
}

impl fmt::Display for Age {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl FromStr for Age {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || {
            Error::invalid(format!(
                "Could not parse any time information from '{text}': write days, hours, minutes and seconds in this order, as '8h', '2d8h5m20s' or '1.5d'"
            ))
        };
        let (mut rest, mut millis) = (text, 0.0);
        for (unit, factor) in UNITS {
            let end = rest.find(|it: char| !it.is_ascii_digit() && it != '.');
            let (number, after) =
                rest.split_at_checked(end.unwrap_or(rest.len())).unwrap_or((rest, ""));
            if let Some(after) = after.strip_prefix(unit) {
                millis += number.parse::<f64>().map_err(|_| wrong())? * factor;
                rest = after;
            }
        }
        if text.is_empty() || !rest.is_empty() || millis > i64::MAX as f64 / 2.0 {
            return Err(wrong());
        }
        Ok(Self { text: text.to_owned(), millis: millis.round() as i64 })
    }
}

#[cfg(test)]
mod tests {
    use super::Age;

    #[test]
    fn an_age_is_read_as_mlflow_reads_it() {
        let millis = |text: &str| text.parse::<Age>().map(|it| it.millis()).ok();
        let cases = [
            ("0s", Some(0)),
            ("8h", Some(28_800_000)),
            ("2d8h5m20s", Some(201_920_000)),
            ("1.2d3h4m5s", Some(114_725_000)),
            (".5s", Some(500)),
            ("10d10h10m10s", Some(900_610_000)),
            ("", None),
            ("5", None),
            ("4m2d", None),
            ("1.2.3d", None),
            ("-1d", None),
            ("1d ", None),
            ("d", None),
        ];
        for (text, wanted) in cases {
            assert_eq!(millis(text), wanted, "{text}");
        }
    }
}
