use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// How much two numbers may differ unless the annotation says so, relative to the larger one.
const TOLERANCE: f64 = 1e-6;

/// Which of the stable revision's requests the latest one is asked as well, such as `20%` or
/// `20% tolerance 0.001`. Clients get the stable revision's reply; the other one is held against it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Shadow {
    /// The share of requests that are copied, between 0 and 1.
    pub share: f64,
    /// How much numbers may differ, relative to the larger one.
    pub tolerance: f64,
}

impl Shadow {
    /// Reads a share, and a tolerance when there is one.
    ///
    /// # Errors
    /// When the text is something else.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is no shadow; write such as `20%` or `20% tolerance 0.001`");
        let words: Vec<_> = text.split_whitespace().collect();
        let (percent, tolerance) = match words[..] {
            [percent] => (percent, TOLERANCE),
            [percent, "tolerance", number] => (percent, number.parse().map_err(|_| wrong())?),
            _ => return Err(wrong()),
        };
        let percent: Option<f64> = percent.strip_suffix('%').and_then(|it| it.parse().ok());
        let share = percent.ok_or_else(wrong)? / 100.0;
        let is_share = share > 0.0 && share <= 1.0;
        if !is_share || !(0.0..1.0).contains(&tolerance) {
            return Err(format!(
                "{}; the share is more than `0%` and at most `100%`, the tolerance from 0 to less than 1",
                wrong()
            ));
        }
        Ok(Self { share, tolerance })
    }
}

impl FromStr for Shadow {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text)
    }
}

impl fmt::Display for Shadow {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}% tolerance {}", self.share * 100.0, self.tolerance)
    }
}

impl TryFrom<String> for Shadow {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Shadow> for String {
    fn from(shadow: Shadow) -> Self {
        shadow.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::Shadow;

    #[test]
    fn shadows_are_read() {
        assert_eq!(Shadow::parse(" 20% "), Ok(Shadow { share: 0.2, tolerance: 1e-6 }));
        let with = Shadow::parse("100% tolerance 0.01");
        assert_eq!(with, Ok(Shadow { share: 1.0, tolerance: 0.01 }));
        for text in ["20%", "100% tolerance 0.01", "12.5% tolerance 0"] {
            let shadow = Shadow::parse(text).unwrap();
            assert_eq!(shadow.to_string().parse(), Ok(shadow), "{text}");
        }
        for text in [
            "",
            "20",
            "0%",
            "101%",
            "nan%",
            "20% 0.1",
            "20% tolerance",
            "20% tolerance 1",
            "20% tolerance -1",
            "20% tolerance nan",
            "20% tolerance 0.1 x",
        ] {
            assert!(Shadow::parse(text).is_err(), "{text}");
        }
    }
}
