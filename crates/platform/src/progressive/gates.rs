use std::time::Duration;

use super::{share, span};

/// Requests that each gate asks for unless the annotation says how many.
const REQUESTS: u64 = 100;

/// What has to hold of the latest revision from one step to the next, such as
/// `errors < 1%, p99 < 200ms, disagreement < 2%, requests >= 100`.
#[derive(Clone, Debug, PartialEq)]
pub struct Gates {
    /// The share of requests that may fail by a fault of the server, between 0 and 1.
    pub errors: Option<f64>,
    /// How long requests may take.
    pub latency: Vec<LatencyGate>,
    /// The share of copied requests whose reply may differ from the stable revision's, between 0 and 1.
    pub disagreement: Option<f64>,
    /// Fewest requests of a step that say something, for each gate.
    pub requests: u64,
}

/// How long most requests may take.
#[derive(Clone, Debug, PartialEq)]
pub struct LatencyGate {
    /// The share of requests that it is said of, in percent: 99 for `p99`.
    pub percent: f64,
    /// The time that they may take.
    pub limit: Duration,
}

impl Default for Gates {
    fn default() -> Self {
        Self { errors: None, latency: Vec::new(), disagreement: None, requests: REQUESTS }
    }
}

impl Gates {
    /// True when nothing has to hold.
    pub fn is_empty(&self) -> bool {
        self.errors.is_none() && self.latency.is_empty() && self.disagreement.is_none()
    }

    /// Reads gates with commas between them, each at most once.
    ///
    /// # Errors
    /// When the text is something else.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut gates = Self::default();
        let mut seen = Vec::new();
        for gate in text.split(',').map(str::trim) {
            let wrong = || {
                format!(
                    "`{gate}` is no gate; write such as `errors < 1%`, `p99 < 200ms`, `disagreement < 2%` or `requests >= 100`"
                )
            };
            let end = gate.find(['<', '>', '=']).ok_or_else(wrong)?;
            let (name, rest) = gate.split_at(end);
            let operator = rest.trim_start_matches(['<', '>', '=']);
            let (sign, value) = rest.split_at(rest.len() - operator.len());
            let (name, value) = (name.trim(), value.trim());
            if seen.contains(&name) {
                return Err(format!("`{name}` is there twice; write one of them"));
            }
            seen.push(name);
            match (name, sign) {
                ("errors", "<") => gates.errors = Some(share(value)?),
                ("disagreement", "<") => gates.disagreement = Some(share(value)?),
                ("requests", ">=") => {
                    let requests = value.parse().ok().filter(|requests| *requests > 0);
                    gates.requests = requests.ok_or_else(wrong)?;
                }
                (quantile, "<") => {
                    let percent = quantile.strip_prefix('p').and_then(|it| it.parse::<f64>().ok());
                    let percent =
                        percent.filter(|it| *it > 0.0 && *it < 100.0).ok_or_else(wrong)?;
                    let gate = LatencyGate { percent, limit: span(value)? };
                    gates.latency.push(gate);
                }
                _ => return Err(wrong()),
            }
        }
        Ok(gates)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Gates, LatencyGate};

    #[test]
    fn gates_are_read() {
        let gates = Gates::parse(
            "errors < 1%, p99<200ms , p99.9 < 2s, disagreement < 0.5%, requests >= 500",
        );
        let latency = |percent, milliseconds| LatencyGate {
            percent,
            limit: Duration::from_millis(milliseconds),
        };
        assert_eq!(
            gates.unwrap(),
            Gates {
                errors: Some(0.01),
                latency: vec![latency(99.0, 200), latency(99.9, 2000)],
                disagreement: Some(0.005),
                requests: 500,
            }
        );
        assert_eq!(Gates::parse("errors < 1%").unwrap().requests, 100);
        assert!(Gates::default().is_empty());
    }

    #[test]
    fn what_is_no_gate_is_refused() {
        for (text, told) in [
            ("", "no gate"),
            ("errors", "no gate"),
            ("errors > 1%", "no gate"),
            ("errors <= 1%", "no gate"),
            ("errors < 0%", "no share"),
            ("errors < 1", "no share"),
            ("errors < 100%", "no share"),
            ("errors < 1%,", "no gate"),
            ("errors < 1%, errors < 2%", "twice"),
            ("latency < 200ms", "no gate"),
            ("p0 < 200ms", "no gate"),
            ("p100 < 200ms", "no gate"),
            ("p99 < 200", "no span"),
            ("requests >= 0", "no gate"),
            ("requests < 100", "no gate"),
            ("requests >= many", "no gate"),
        ] {
            let error = Gates::parse(text).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
