use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// A quantity of Kubernetes, such as `500m`, `2Gi` or `1e3`, as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Quantity(String);

impl Quantity {
    /// A quantity as it is written.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Its value; `None` when it is none.
    pub fn value(&self) -> Option<f64> {
        let end = self.0.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '+' | '-')));
        let (number, suffix) = self.0.split_at(end.unwrap_or(self.0.len()));
        let factor = match suffix {
            "" => 1.0,
            "n" => 1e-9,
            "u" => 1e-6,
            "m" => 1e-3,
            "k" => 1e3,
            "M" => 1e6,
            "G" => 1e9,
            "T" => 1e12,
            "P" => 1e15,
            "E" => 1e18,
            "Ki" => 1024.0,
            "Mi" => 1_048_576.0,
            "Gi" => 1_073_741_824.0,
            "Ti" => 1_099_511_627_776.0,
            "Pi" => 1_125_899_906_842_624.0,
            "Ei" => 1_152_921_504_606_846_976.0,
            exponent => {
                let power: i32 = exponent.strip_prefix(['e', 'E'])?.parse().ok()?;
                10f64.powi(power)
            }
        };
        let number: f64 = number.parse().ok()?;
        Some(number * factor)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Self(text)),
            Value::Number(number) => Ok(Self(number.to_string())),
            _ => Err(serde::de::Error::custom("a quantity is a text such as `500m`, or a number")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Quantity;

    #[test]
    fn values_are_those_of_kubernetes() {
        let cases = [
            ("2", Some(2.0)),
            ("1500m", Some(1.5)),
            ("1Gi", Some(1_073_741_824.0)),
            ("0.5k", Some(500.0)),
            ("1e3", Some(1000.0)),
            ("2E", Some(2e18)),
            ("12E2", Some(1200.0)),
            ("-1", Some(-1.0)),
            ("1 Gi", None),
            ("Gi", None),
            ("", None),
            ("1GB", None),
        ];
        for (text, value) in cases {
            assert_eq!(Quantity::new(text).value(), value, "{text}");
        }
    }

    #[test]
    fn numbers_are_quantities_too() {
        let read: Vec<Quantity> = serde_json::from_str(r#"[5, "5", 0.5]"#).unwrap();
        assert_eq!(read, ["5", "5", "0.5"].map(Quantity::new));
        assert!(serde_json::from_str::<Quantity>("true").is_err());
    }
}
